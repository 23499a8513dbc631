"""Which files are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from fercurate.errors import InputError
from fercurate.predict.inputs import STDIN, find_images


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
    assert found == [tree / name for name in expected]


def test_paths_on_stdin_need_not_exist() -> None:
    lines = ["here.jpg\n", "\n", "with space.png\r\n", "last"]
    found = find_images([STDIN], lines)
    assert found == [Path("here.jpg"), Path("with space.png"), Path("last")]


@pytest.mark.parametrize(
    ("places", "message"),
    [([], "No image was named"), (["nowhere.jpg"], "does not exist"), (["empty"], "no image in")],
)
def test_nothing_to_look_at_is_an_error(tmp_path: Path, places: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message) as caught:
        find_images([tmp_path / place for place in places])
    assert caught.value.fix


def test_empty_stdin_is_an_error() -> None:
    with pytest.raises(InputError, match="standard input"):
        find_images([STDIN], ["\n"])
