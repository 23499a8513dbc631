from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from screen_cases import blocky

from fercurate.likeness import NEAR, thumbnails
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
    pd.testing.assert_series_equal(
        table["near_duplicate_component"], table["near_duplicate_group"], check_names=False
    )
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


def chain(n: int) -> np.ndarray:
    """n pictures of which only neighbours are near duplicates."""
    one, other = blocky(2, seed=3).astype(float)
    centre = (one + other) / 2
    angles = np.arange(n) * np.deg2rad(14)
    u, v = one - centre, blocky(1, seed=4)[0].astype(float)
    u, v = u - u.mean(), v - v.mean()
    v -= u * (u * v).sum() / (u * u).sum()
    v *= np.linalg.norm(u) / np.linalg.norm(v)
    waves = np.cos(angles)[:, None, None] * u + np.sin(angles)[:, None, None] * v
    return np.rint(128 + waves * 100 / np.abs(waves).max()).astype(np.uint8)


def test_chained_images_are_in_one_group_only_with_what_is_near_to_them() -> None:
    faces = chain(6)
    small = thumbnails(faces)
    near = small @ small.T >= NEAR
    assert (near == (np.abs(np.subtract.outer(range(6), range(6))) <= 1)).all()
    table = duplicates.measure(faces, ["train"] * 6, ["sad"] * 6)
    assert table["near_duplicate_group"].tolist() == [0, 0, 0, 1, 1, -1]
    assert np.flatnonzero(table["keep"]).tolist() == [1, 3, 5]
    assert table["near_duplicate_component"].tolist() == [0] * 6
    assert table["is_near_duplicate_issue"].all(), "another image is near, if none stands for it"
    assert (table["near_duplicate_score"] < 0.5).all()


def test_a_leak_is_a_pair_and_no_chain() -> None:
    splits = ["test", "test", "train", "train", "train"]
    table = duplicates.measure(chain(5), splits, [None] * 5)
    assert table["is_near_leak"].tolist() == [False, True, True, False, False]
    assert table["keep_split"].tolist() == ["test", "test", "test", "train", "train"]
    assert np.flatnonzero(table["keep"]).tolist() == [1, 3]
    # 0 stands for 1 where it is as good; 2 is near to 1 all the same, and leaks
    table = duplicates.measure(chain(5), splits, ["sad", "sad", "happy", "happy", "sad"])
    assert table["near_duplicate_group"].tolist()[:2] == [0, 0]
    assert table["keep_split"].tolist() == ["test", "test", "test", "train", "train"]
