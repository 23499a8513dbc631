"""A copied workspace gets a database of its own; a moved one keeps its own."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from fercurate.review import database, homes
from fercurate.review.database import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    homes.settle(folder)
    (folder / "WiredTiger").write_text("data")
    return folder


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    homes.settle(to)
    return to


def test_a_copy_begins_anew_and_keeps_what_came_with_it_aside(tmp_path: Path) -> None:
    one = made(tmp_path / "a" / ".fiftyone")
    (one / "reviewing-ann").write_text("")
    other = copied(one, tmp_path / "b" / ".fiftyone")
    assert not (other / "WiredTiger").exists()
    assert (other / "reviewing-ann").exists()
    assert (tmp_path / "b" / ".fiftyone.copied" / "WiredTiger").exists()
    homes.settle(one)
    assert (one / "WiredTiger").exists()
    (other / "WiredTiger").write_text("new")
    homes.settle(other)
    assert (other / "WiredTiger").read_text() == "new"
    third = copied(other, tmp_path / "c" / ".fiftyone")
    assert not (third / "WiredTiger").exists()


def test_a_folder_that_was_moved_keeps_its_database(tmp_path: Path) -> None:
    one = made(tmp_path / "a" / ".fiftyone")
    (tmp_path / "a").rename(tmp_path / "b")
    moved = tmp_path / "b" / ".fiftyone"
    homes.settle(moved)
    assert (moved / "WiredTiger").exists()
    assert json.loads((moved / "home.json").read_text())["path"] == str(moved)
    shutil.copytree(moved, one)  # now the copy lies where it once was
    homes.settle(one)
    homes.settle(moved)
    assert not (one / "WiredTiger").exists()
    assert (moved / "WiredTiger").exists()


def test_across_disks_a_move_is_a_copy_whose_original_is_gone(tmp_path: Path) -> None:
    one = made(tmp_path / "a" / ".fiftyone")
    shutil.copytree(one, tmp_path / "b" / ".fiftyone")
    shutil.rmtree(tmp_path / "a")
    homes.settle(tmp_path / "b" / ".fiftyone")
    assert (tmp_path / "b" / ".fiftyone" / "WiredTiger").exists()


def test_a_damaged_note_is_written_anew(tmp_path: Path) -> None:
    one = made(tmp_path / "a" / ".fiftyone")
    for text in ("", "[]", "{", '{"path": 3, "inode": "x"}'):
        (one / "home.json").write_text(text)
        homes.settle(one)
        assert (one / "WiredTiger").exists()


def test_a_copy_made_while_the_original_runs_has_its_own_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pymongo

    monkeypatch.delenv(database.VARIABLE, raising=False)
    one, other = tmp_path / "a" / ".fiftyone", tmp_path / "b" / ".fiftyone"
    with serving(one, timeout=120) as uri, pymongo.MongoClient(uri) as client:
        client.kept.things.insert_one({"_id": 1})
        shutil.copytree(one, other, ignore=shutil.ignore_patterns("*.sock"))
        with serving(other, timeout=120) as second, pymongo.MongoClient(second) as copy:
            assert second != uri
            assert copy.kept.things.count_documents({}) == 0
            copy.kept.things.insert_one({"_id": 2})
            assert client.kept.things.count_documents({}) == 1
