from __future__ import annotations

import numpy as np
import pytest
from screen_cases import blocky

from fercurate.copies import NEAR
from fercurate.screen import duplicates


def near(face: np.ndarray, seed: int = 0) -> np.ndarray:
    """The same picture, compressed again as it were."""
    noise = np.random.default_rng(seed).integers(-6, 7, face.shape)
    return np.clip(face.astype(int) + noise, 0, 255).astype(np.uint8)


def copies_of(n: int) -> np.ndarray:
    """n near copies of one picture."""
    return np.stack([near(blocky(1)[0], seed) for seed in range(n)])


def test_groups_are_numbered_as_they_appear_and_others_are_alone() -> None:
    faces = blocky(8)
    faces[5] = near(faces[1])
    faces[7] = faces[1][:, ::-1]
    faces[3] = faces[2]
    table = duplicates.measure(faces, ["train"] * 8, ["sad"] * 8)
    assert table["near_duplicate_group"].tolist() == [-1, 0, 1, 1, -1, 0, -1, 0]
    assert table["near_duplicate_group"].dtype == np.int32
    alone = table["near_duplicate_group"] < 0
    assert (table["is_near_duplicate_issue"] == ~alone).all()
    assert (table.loc[alone, "near_duplicate_score"] == 1).all()
    assert table.loc[alone, "keep"].all()
    assert not table["is_near_leak"].any()
    assert table["keep"].sum() == 5, "each that is alone, and one of each group"


def test_the_score_falls_with_likeness() -> None:
    faces = blocky(6)
    faces[1], faces[3] = faces[0], near(faces[2])
    table = duplicates.measure(faces, ["train"] * 6, [None] * 6)
    score = table["near_duplicate_score"]
    assert score.dtype == np.float32
    assert score[:2].tolist() == pytest.approx([0, 0], abs=1e-5)
    assert 1e-5 < score[2] == score[3] < 0.5
    assert (score[4:] == 1).all()


def test_a_pair_that_only_just_counts_scores_nearly_a_half() -> None:
    one, other = blocky(2).astype(float)
    blends = [one * (1 - share) + other * share for share in np.linspace(0, 0.5, 400)]
    faces = np.stack([np.rint(blend).astype(np.uint8) for blend in blends])
    likeness = np.array([np.corrcoef(faces[0].ravel(), face.ravel())[0, 1] for face in faces])
    last = int(np.flatnonzero(likeness >= NEAR)[-1])
    table = duplicates.measure(faces[[0, last]], ["train"] * 2, ["sad"] * 2)
    assert 0.45 < table["near_duplicate_score"][1] <= 0.5
    assert table["is_near_duplicate_issue"].all()
    table = duplicates.measure(faces[[0, last + 1]], ["train"] * 2, ["sad"] * 2)
    assert (table["near_duplicate_score"] == 1).all()


def test_constant_images_are_no_copies_of_one_another() -> None:
    faces = np.stack([np.full((48, 48), level, np.uint8) for level in (0, 0, 255)])
    table = duplicates.measure(faces, ["train", "val", "test"], [None] * 3)
    assert not table["is_near_duplicate_issue"].any()
    assert table["keep"].all()


@pytest.mark.parametrize(
    ("splits", "labels", "kept", "split"),
    [
        ("train train train", "sad happy happy", 1, "train"),
        ("train train train", "sad sad happy", 0, "train"),
        ("train train", "sad happy", 0, "train"),
        ("train val", "sad sad", 1, "val"),
        ("val train test", "sad sad sad", 2, "test"),
        ("test train test", "sad happy happy", 2, "test"),
        ("test train train", "sad happy happy", 0, "test"),
        ("val train val", "happy sad sad", 2, "val"),
        ("train train train", "- sad -", 1, "train"),
        ("train train train", "- - -", 0, "train"),
        ("test train train", "- sad sad", 0, "test"),
        ("train train train", "- - sad", 2, "train"),
    ],
)
def test_which_image_of_a_group_is_kept(splits: str, labels: str, kept: int, split: str) -> None:
    of = splits.split()
    given = [None if label == "-" else label for label in labels.split()]
    table = duplicates.measure(copies_of(len(of)), of, given)
    assert np.flatnonzero(table["keep"]).tolist() == [kept]
    assert set(table["keep_split"]) == {split}
    assert (table["is_near_leak"] == (len(set(of)) > 1)).all()


def test_a_leak_stays_in_its_group() -> None:
    faces = np.concatenate([copies_of(3), blocky(3, seed=5)])
    faces[4] = near(faces[3])
    splits = ["train", "test", "train", "val", "val", "train"]
    table = duplicates.measure(faces, splits, ["sad"] * 6)
    assert table["is_near_leak"].tolist() == [True, True, True, False, False, False]
    assert table["keep_split"].tolist() == ["test"] * 3 + ["val", "val", "train"]
    assert table["keep"].tolist() == [False, True, False, True, False, True]


def test_progress_counts_every_image() -> None:
    seen: list[int] = []
    duplicates.measure(blocky(5), ["train"] * 5, [None] * 5, seen.append)
    assert sum(seen) == 5
