"""Our plugin and the user's own in one folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fercurate.review import plugin_links
from fercurate.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        plugin_links.VARIABLE, plugin_links.REMEMBERED,
        "FIFTYONE_CONFIG_PATH", "FIFTYONE_DEFAULT_DATASET_DIR",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(plugin_links.sys, "modules", {})  # no fiftyone to tell
    return tmp_path


def plugin(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "fiftyone.yml").write_text("name: theirs\n")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_ours_and_theirs_are_linked(home: Path) -> None:
    theirs = plugin(home / "fiftyone" / "__plugins__" / "theirs")
    (theirs.parent / ".hidden").mkdir()
    folder = plugin_links.prepare(Workspace(home / "faces"))
    assert names(folder) == ["fercurate-review", "own-theirs"]
    assert (folder / "fercurate-review").resolve() == plugin_links.OURS.resolve()
    assert (folder / "own-theirs" / "fiftyone.yml").read_text() == "name: theirs\n"
    assert os.environ[plugin_links.VARIABLE] == str(folder)


def test_links_are_brought_up_to_date(home: Path) -> None:
    theirs = plugin(home / "fiftyone" / "__plugins__" / "theirs")
    workspace = Workspace(home / "faces")
    folder = plugin_links.prepare(workspace)
    theirs.rename(theirs.with_name("renamed"))
    (folder / "fercurate-review").unlink()
    (folder / "fercurate-review").symlink_to(home / "gone")
    (folder / "kept").mkdir()
    plugin_links.prepare(workspace)
    assert names(folder) == ["fercurate-review", "kept", "own-renamed"]
    assert (folder / "fercurate-review").resolve() == plugin_links.OURS.resolve()


def test_without_links_copies_are_made_and_renewed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError("A required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    theirs = plugin(home / "fiftyone" / "__plugins__" / "theirs")
    workspace = Workspace(home / "faces")
    folder = plugin_links.prepare(workspace)
    (theirs / "fiftyone.yml").write_text("name: newer\n")
    plugin_links.prepare(workspace)
    assert names(folder) == ["fercurate-review", "own-theirs"]
    assert not (folder / "own-theirs").is_symlink()
    assert (folder / "own-theirs" / "fiftyone.yml").read_text() == "name: newer\n"


@pytest.mark.parametrize("how", ["environment", "config", "datasets"])
def test_the_users_folder_is_found_as_fiftyone_finds_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    folder = home / "mine" / ("__plugins__" if how == "datasets" else "")
    if how == "environment":
        monkeypatch.setenv("FIFTYONE_PLUGINS_DIR", str(folder))
    elif how == "config":
        (home / ".fiftyone").mkdir()
        (home / ".fiftyone" / "config.json").write_text(f'{{"plugins_dir": "{folder}"}}')
    else:
        monkeypatch.setenv("FIFTYONE_DEFAULT_DATASET_DIR", str(home / "mine"))
    plugin(folder / "theirs")
    assert plugin_links.users_folder() == folder
    workspace = Workspace(home / "faces")
    for _ in range(2):  # the second time the environment names our own folder
        assert names(plugin_links.prepare(workspace)) == ["fercurate-review", "own-theirs"]


def test_a_damaged_config_is_passed_over(home: Path) -> None:
    (home / ".fiftyone").mkdir()
    (home / ".fiftyone" / "config.json").write_text("{")
    assert plugin_links.users_folder() == home / "fiftyone" / "__plugins__"
