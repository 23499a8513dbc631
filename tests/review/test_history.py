"""The running desk follows its own log and what others write to it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.identity import Images
from fercurate.review.history import History

NAMES = list("abcdez")
IMAGES = Images(
    pd.DataFrame(
        {
            "sample_id": NAMES,
            "split": "train",
            "label": "sad",
            "sha256": [f"{ord(name):064x}" for name in NAMES],
        }
    )
)


def given(
    sample_id: str, label: str, who: str = "ann", when: str = "1", mode: str = "queue"
) -> Decision:
    return Decision(
        sample_id, "relabel", who, label=label, when=when, mode=mode,  # type: ignore[arg-type]
        sha256=IMAGES.digest_of[sample_id],
    )  # fmt: skip


def test_own_and_foreign_events_are_known(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    history = History(log, IMAGES)
    assert history.settled == {}
    history.append([given("a", "sad")])
    Log(log.path).append([given("a", "fear", "bob"), given("b", "happy", "bob")])
    history.refresh()
    assert history.settled["a"].is_disputed
    history.append([given("c", "sad")])
    assert set(history.settled) == {"a", "b", "c"}
    assert [e.sample_id for e in history.events] == [e.sample_id for e in log.read()]


def test_an_append_while_others_write_misses_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    history = History(log, IMAGES)
    Log(log.path).append([given("b", "happy", "bob")])
    history.append([given("a", "sad")])
    history.refresh()
    assert set(history.settled) == {"a", "b"}
    assert len(history.events) == 2


def test_an_undo_takes_away_and_brings_back(tmp_path: Path) -> None:
    history = History(Log(tmp_path / "log"), IMAGES)
    first, second = given("a", "sad", when="1"), given("a", "fear", when="2")
    history.append([first])
    history.append([second])
    history.append([Decision("a", "undo", "ann", undoes=second.id)])
    assert history.settled["a"].outcome == "sad"
    history.append([Decision("a", "undo", "ann", undoes=first.id)])
    assert history.settled == {}


def test_the_last_key_press_of_a_reviewer(tmp_path: Path) -> None:
    history = History(Log(tmp_path / "log"), IMAGES)
    one, two, three = given("a", "sad"), given("b", "sad", when="2"), given("c", "sad", when="2")
    blind = given("d", "sad", when="3", mode="sample")
    history.append([one, two, three, blind, given("e", "sad", "bob", "4")])
    assert history.last_of("ann", ("queue",)) == [two, three]
    assert history.last_of("ann", ("sample",)) == [blind]
    undone = [Decision(d.sample_id, "undo", "ann", undoes=d.id) for d in (two, three)]
    history.append(undone)
    assert history.last_of("ann", ("queue",)) == [one]
    assert history.last_of("eve", ("queue",)) == []


def emptied(log: Log) -> None:
    log.path.write_bytes(b"")


def cut(log: Log) -> None:
    log.path.write_bytes(log.path.read_bytes()[:300])


def deleted(log: Log) -> None:
    log.path.unlink()


def deleted_with_its_end(log: Log) -> None:
    log.path.unlink()
    log.journal.end_path.unlink()


def replaced(log: Log) -> None:
    deleted_with_its_end(log)
    log.append([given("z", "sad", "eve")])


def changed(log: Log) -> None:
    """One letter, the size as it was."""
    log.path.write_bytes(log.path.read_bytes().replace(b'"sad"', b'"bad"', 1))
    os.utime(log.path, ns=(1, 1))


@pytest.mark.parametrize("harm", [emptied, cut, deleted, deleted_with_its_end, replaced, changed])
def test_what_is_lost_during_a_review_is_noticed_kept_and_put_back(
    tmp_path: Path, harm: Callable[[Log], None]
) -> None:
    history = History(Log(tmp_path / "decisions.jsonl"), IMAGES)
    verdicts = [given(name, "sad") for name in "abc"]
    for verdict in verdicts:
        history.append([verdict])
    harm(history.log)
    for _ in range(3):
        with pytest.raises(InputError, match=r"are kept in decisions-kept-1\.jsonl") as caught:
            history.append([given("d", "sad")])
        assert str(history.trouble) == str(caught.value)
    assert [event.id for event in history.events] == [v.id for v in verdicts]
    found = re.fullmatch(r"No verdict is taken until it is back: mv (\S+) (\S+)", caught.value.fix)
    assert found is not None
    assert Path(found[1]).stat().st_mode & 0o777 == 0o600
    Path(found[1]).replace(found[2])
    added = [given("z", "sad", "eve")] if harm is replaced else []
    history.append([given("d", "sad")])
    assert history.trouble is None
    names = [event.sample_id for event in Log(history.log.path).read()]
    assert names == ["a", "b", "c", *(event.sample_id for event in added), "d"]
    assert set(history.settled) == set(names)


def test_what_cannot_be_kept_beside_stays_in_memory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(Log(tmp_path / "decisions.jsonl"), IMAGES)
    history.append([given("a", "sad")])
    emptied(history.log)

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="in this review's memory alone") as caught:
        history.refresh()
    assert "No space left" in caught.value.fix
    assert not list(tmp_path.glob("*kept*"))
    monkeypatch.undo()
    with pytest.raises(InputError, match="kept-1"):
        history.refresh()
    (kept,) = tmp_path.glob("*kept*")
    assert json.loads(kept.read_text())["sample_id"] == "a"


def test_the_last_key_press_is_found_by_place_when_the_clock_was_set_back(tmp_path: Path) -> None:
    history = History(Log(tmp_path / "log"), IMAGES)
    one, two = given("a", "sad", when="9"), given("b", "sad", when="1")
    history.append([one])
    history.append([two])
    assert history.last_of("ann", ("queue",)) == [two]
