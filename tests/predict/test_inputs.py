"""Which files are meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fercurate.errors import InputError
from fercurate.predict.inputs import STDIN, find_images
from fercurate.predict.work import PhotoReader, read_crop


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.png", "sub/deep/c.WEBP", "sub/notes.txt", "odd"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (["."], ["a.png", "b.jpg", "sub/deep/c.WEBP"]),
        (["b.jpg", "a.png", "b.jpg"], ["b.jpg", "a.png"]),
        (["odd", "sub"], ["odd", "sub/deep/c.WEBP"]),
        (["b.jpg", "."], ["b.jpg", "a.png", "sub/deep/c.WEBP"]),
    ],
)
def test_files_and_folders(tree: Path, places: list[str], expected: list[str]) -> None:
    found = find_images([tree / place for place in places])
    assert found.paths == [tree / name for name in expected]


def test_paths_on_stdin_need_not_exist() -> None:
    lines = ["here.jpg\n", "\n", "with space.png\r\n", "last"]
    found = find_images([STDIN], lines)
    assert found.paths == [Path("here.jpg"), Path("with space.png"), Path("last")]


@pytest.mark.parametrize(
    ("places", "message"),
    [([], "No image was named"), (["nowhere.jpg"], "does not exist"), (["empty"], "no image in")],
)
def test_nothing_to_look_at_is_an_error(tmp_path: Path, places: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        find_images([tmp_path / place for place in places])
    assert caught.value.fix


def test_folders_are_walked_as_import_does(tmp_path: Path) -> None:
    names = ("a.jpg", "._a.jpg", "__MACOSX/b.jpg", ".git/c.jpg", "d.HEIC", "e.jfif", "notes.txt")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    found = find_images([tmp_path])
    assert [path.name for path in found.paths] == ["a.jpg", "d.HEIC", "e.jfif", "gone.png"]
    assert found.others == {".txt": 1}
    lines = [f"{tmp_path / name}\n" for name in names[:3]]
    assert find_images([STDIN], lines).paths == [tmp_path / "a.jpg"]


def test_a_pipe_is_refused_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="is a pipe, not a file"):
        find_images([tmp_path / "pipe.jpg"])
    [named] = find_images([STDIN], [str(tmp_path / "pipe.jpg")]).paths
    for read in (read_crop, PhotoReader(0, False, 0.5)):
        assert read(named).reason == "is a pipe or a device, not a file"
        assert read(tmp_path).reason == "is a folder, not a file"
    assert "null" in str(read_crop(Path("a\0.jpg")).reason)


def test_empty_stdin_is_an_error() -> None:
    with pytest.raises(InputError, match="standard input"):
        find_images([STDIN], ["\n"])
