"""One way of walking folders, of telling images by name, and of saying what became of files."""

from __future__ import annotations

import os
import socket
from collections import Counter
from pathlib import Path

import pytest
import typer

from fercurate import folders
from fercurate.cli.options import named_place
from fercurate.errors import InputError
from fercurate.images import SUFFIXES, UNREAD, is_image, unread_kind


def made(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    made(tmp_path / "other", "c.png")
    root = made(tmp_path / "set", "a/1.png", "b/2.png", ".git/x.png", "a/.DS_Store")
    (root / "a" / "round").symlink_to(root)
    (root / "a" / "b").symlink_to(root / "b")
    (root / "b" / "a").symlink_to(root / "a")
    (root / "out").symlink_to(tmp_path / "other")
    names = [entry.name for entry in folders.walk(root)]
    assert names == ["a/1.png", "a/b/2.png", "b/2.png", "b/a/1.png", "out/c.png"]


def test_what_cannot_be_opened_is_listed_with_its_reason(tmp_path: Path) -> None:
    root = made(tmp_path, "fine.png")
    (root / "gone.png").symlink_to(root / "nowhere")
    (root / "self.png").symlink_to(root / "self.png")
    os.mkfifo(root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket.png"))
        found = {entry.name: entry.reason for entry in folders.walk(root)}
    assert found == {
        "fine.png": "",
        "gone.png": "is a link to nothing, or to itself",
        "pipe.png": "is a pipe, not a file",
        "self.png": "is a link to nothing, or to itself",
        "socket.png": "is a socket, not a file",
    }
    for name, reason in found.items():
        assert folders.trouble(root / name).split(",")[0] in (
            reason.split(",")[0],
            "is a link to itself",
        )
    assert folders.trouble(Path("/dev/null")) == "is a device, not a file"


def test_an_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "a/1.png")
    plain = os.scandir

    def closed(path: Path):  # type: ignore[no-untyped-def]
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(InputError, match=r"a cannot be listed: Permission denied"):
        folders.walk(tmp_path)


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    [entry] = folders.walk(tmp_path)
    assert entry.name == "caf\ufffd.png"
    assert (tmp_path / entry.key).exists()


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("a/._1.jpg", True), ("__MACOSX/1.jpg", True), ("a/.DS_Store", True),
        ("a/Thumbs.db", True), ("desktop.ini", True), (".git/1.jpg", True),
        ("a/1.jpg", False), ("a.b/1.x.jpg", False),
    ],
)  # fmt: skip
def test_junk(name: str, junk: bool) -> None:
    assert folders.is_junk(name) == junk


def test_one_list_of_suffixes() -> None:
    assert not SUFFIXES & UNREAD
    for name in ("a.JPG", "a.jfif", "a.gif", "x/a.webp", "a.tif", "a.bmp", "a.Png"):
        assert is_image(name)
        assert not unread_kind(name)
    assert unread_kind("IMG_1.HEIC") == "HEIC is not read: export it as JPEG"
    for name in ("a.txt", "a.json", "a.csv", "jpg", ".jpg", "a/.jpg", "a.jpg.part"):
        assert not is_image(name)
        assert not unread_kind(name)


def test_the_one_message() -> None:
    names = ["1.jpg", "2.heic", "3.txt", "4.TXT", "5.json", "readme", "._6.jpg"]
    read, unread, others = folders.sorted_out(names)
    assert (read, unread) == (["1.jpg"], ["2.heic"])
    assert others == Counter({".txt": 2, ".json": 1, "without a suffix": 1})
    assert folders.tally(1, 1, others) == (
        "Read 1, rejected 1, not looked at 4 (2 .txt, 1 .json, 1 without a suffix)."
    )
    assert folders.tally(1_200, 0, {}) == "Read 1,200, rejected 0."


def test_an_empty_path_is_not_the_present_folder() -> None:
    for text in ("", " "):
        with pytest.raises(InputError, match="A path is empty"):
            named_place(text)
    assert named_place(".") == Path()


@pytest.mark.parametrize(
    "arguments", [["predict", ""], ["import", ""], ["enrich", ""], ["predict", "a.jpg", ""]]
)
def test_every_command_refuses_an_empty_path(arguments: list[str]) -> None:
    from fercurate.cli import app

    with pytest.raises(InputError, match="A path is empty"):
        typer.main.get_command(app).main(arguments, standalone_mode=False)
