from __future__ import annotations

from pathlib import Path

import pytest

from fercurate.ingest.layout import Place, has_splits, label_of_photo, place


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/angry/1.jpg", Place("train", "angry")),
        ("test/Happy/1.jpg", Place("test", "happy")),
        ("validation/fear/1.jpg", Place("val", "fear")),
        ("Training/3/1.jpg", Place(reason="unknown class '3'")),
        ("fer2013/train/0_angry/1.jpg", Place("train", "angry")),
        ("a/b/test/sad/1.jpg", Place("test", "sad")),
        ("test/train/sad/1.jpg", Place("train", "sad")),
        ("test/1.jpg", Place("test", None)),
        ("train/1.jpg", Place(reason="is in no class folder")),
        ("1.jpg", Place(reason="is in no class folder")),
        ("train/contempt/1.jpg", Place(reason="unknown class 'contempt'")),
        ("train/angry/happy/1.jpg", Place(reason="a class folder inside a class folder")),
        ("sad/1.jpg", Place(reason="is in no train, val or test folder, as others are")),
    ],
)
def test_place_in_a_tree_with_splits(name: str, expected: Place) -> None:
    assert place([name, "train/neutral/x.jpg"])[0] == expected


def test_class_folders_without_splits_are_train() -> None:
    names = ["faces/angry/1.jpg", "faces/sad/1.jpg"]
    assert place(names) == [Place("train", "angry"), Place("train", "sad")]
    assert not has_splits(names)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("holiday/Happy/1.jpg", "happy"),
        ("happy/holiday/1.jpg", None),
        ("0_angry/1.jpg", "angry"),
        ("2024/05/1.jpg", None),
        ("3/1.jpg", None),
        ("sad/../fear/1.jpg", "fear"),
    ],
)
def test_a_photograph_is_labelled_by_its_folder_unless_that_is_a_number(
    path: str, label: str | None
) -> None:
    assert label_of_photo(Path(path)) == label


def test_a_photograph_right_here_is_labelled_by_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disgust").mkdir()
    monkeypatch.chdir(tmp_path / "disgust")
    assert label_of_photo(Path("1.jpg")) == "disgust"
