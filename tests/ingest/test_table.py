from __future__ import annotations

import numpy as np
import pytest

from fercurate.ingest.result import result_of
from fercurate.ingest.table import (
    Rows,
    duplicate_groups,
    groups_that_differ,
    manifest_of,
    n_from_photos,
    photo_ids,
    sample_ids,
)
from fercurate.workspace import MANIFEST_COLUMNS


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", []),
        ("a", [-1]),
        ("abc", [-1, -1, -1]),
        ("aa", [0, 0]),
        ("xbabxaa", [0, 1, 2, 1, 0, 2, 2]),
        ("qbabxaa", [-1, 0, 1, 0, -1, 1, 1]),
    ],
)
def test_groups_are_numbered_by_their_first_row(keys: str, expected: list[int]) -> None:
    group = duplicate_groups(list(keys))
    assert group.dtype == np.int32
    assert group.tolist() == expected


@pytest.mark.parametrize(
    ("group", "value", "expected"),
    [
        ([-1, -1], [0, 1], [0, 0]),
        ([0, 0, 1, 1, -1], [0, 1, 2, 2, 3], [1, 1, 0, 0, 0]),
        ([0, 0, 0], [1, 1, 2], [1, 1, 1]),
        ([0, 0], [-1, 2], [0, 0]),
        ([0, 0, 0], [-1, 2, 1], [1, 1, 1]),
        ([], [], []),
    ],
)
def test_groups_that_differ(group: list[int], value: list[int], expected: list[int]) -> None:
    found = groups_that_differ(np.array(group, np.int32), np.array(value, np.int64))
    assert found.tolist() == [bool(e) for e in expected]


def test_sample_ids() -> None:
    assert sample_ids([17, 60], ["train", "val"], fer2013=True) == ["train-0000017", "fer0000059"]
    assert sample_ids([0, 12], ["train", "val"], fer2013=False) == [
        "train-0000000",
        "val-0000012",
    ]


def test_manifest_and_its_numbers() -> None:
    rows = Rows(
        rows=[0, 1, 3, 4, 5, 6],
        splits=["train", "train", "train", "test", "val", "test"],
        labels=["happy", "sad", "happy", "happy", None, None],
        sources=["x"] * 6,
        sha256=["a", "b", "b", "a", "c", "a"],
        is_constant=[False, False, False, False, True, False],
        n_rejected=1,
    )
    manifest = manifest_of(rows, sample_ids(rows.rows, rows.splits, fer2013=False))
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert manifest["row"].dtype == manifest["duplicate_group"].dtype == np.int32
    assert manifest["duplicate_group"].tolist() == [0, 1, 1, 0, -1, 0]
    assert manifest["is_label_conflict"].tolist() == [False, True, True, False, False, False]
    assert manifest["is_split_leak"].tolist() == [True, False, False, True, False, True]

    result = result_of(manifest, n_rejected=1, is_fer2013=False, seconds=0.0, skipped=False)
    assert result.counts["happy"] == {"train": 2, "val": 0, "test": 1}
    assert result.counts[""] == {"train": 0, "val": 1, "test": 1}
    assert (result.imbalance, result.n_constant) == (2.0, 1)
    assert (result.n_duplicate_groups, result.n_conflicting_groups, result.n_leaked) == (2, 1, 2)


def test_photo_ids_follow_the_pixels_and_clash_with_none() -> None:
    first, second = "0123456789ab" + "c" * 52, "0123456789ab" + "d" * 52
    assert photo_ids([first], ["train-0000001"]) == ["photo-0123456789ab"]
    ids = photo_ids([first, second], ["photo-0123456789ab"])
    assert ids == ["photo-0123456789abc", "photo-0123456789abd"]
    assert n_from_photos([*ids, "train-0000001", "fer0000002"]) == 2
