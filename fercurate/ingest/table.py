"""The manifest's columns that follow from the pixels: ids, duplicates, conflicts, leaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fercurate.fer2013 import ferplus_name
from fercurate.workspace import MANIFEST_COLUMNS

FER2013_ROWS = 35_887
PHOTO = "photo-"
"""What the sample_id of a face cut from a photograph begins with."""


@dataclass(frozen=True)
class Rows:
    """What was read, n rows in source order.

    Attributes:
        rows: Source rows from 0, rejected ones counted.
        splits, labels, sources: As in `Batch`.
        sha256: Hex digests of the 48*48 pixel bytes.
        is_constant: Whether all pixels of the image are the same.
        n_rejected: Source rows that were refused.
    """

    rows: Sequence[int]
    splits: Sequence[str]
    labels: Sequence[str | None]
    sources: Sequence[str]
    sha256: Sequence[str]
    is_constant: Sequence[bool]
    n_rejected: int

    @property
    def n_source_rows(self) -> int:
        return len(self.rows) + self.n_rejected


def sample_ids(rows: Sequence[int], splits: Sequence[str], *, fer2013: bool) -> list[str]:
    """Unique names: "train-0000012" by split and source row, and FER+'s for FER2013."""
    return [
        (ferplus_name(row) if fer2013 else None) or f"{split}-{row:07d}"
        for row, split in zip(rows, splits, strict=True)
    ]


def photo_ids(sha256: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Names for faces cut from photographs, "photo-0123456789ab" by their pixels.

    Args:
        sha256: n different hex digests.
        taken: Names that others have; one more digit is taken until there is no clash.
    """
    known, ids = set(taken), []
    for digest in sha256:
        name = next(n for d in range(12, 65) if (n := PHOTO + digest[:d]) not in known)
        known.add(name)
        ids.append(name)
    return ids


def n_from_photos(ids: Iterable[str]) -> int:
    """How many of the images named were cut from photographs."""
    return sum(name.startswith(PHOTO) for name in ids)


def manifest_of(rows: Rows, ids: Sequence[str]) -> pd.DataFrame:
    """The manifest, columns as `workspace.MANIFEST_COLUMNS`."""
    group = duplicate_groups(rows.sha256)
    labels = np.array(rows.labels, dtype=object)
    known = pd.factorize(labels)[0]  # -1: no label
    table: pd.DataFrame = pd.DataFrame(
        {
            "row": np.arange(len(group), dtype=np.int32),
            "sample_id": list(ids),
            "split": list(rows.splits),
            "label": labels,
            "source": list(rows.sources),
            "sha256": list(rows.sha256),
            "is_constant": np.asarray(rows.is_constant, bool),
            "duplicate_group": group,
            "is_label_conflict": groups_that_differ(group, known),
            "is_split_leak": groups_that_differ(group, pd.factorize(np.array(rows.splits))[0]),
        },
        columns=list(MANIFEST_COLUMNS),
    )
    return table


def duplicate_groups(keys: Sequence[str]) -> NDArray[np.int32]:
    """Numbers of the groups of equal keys.

    Returns:
        int32 [n], groups of two or more numbered from 0 by their first row; -1 for a key
        that stands alone.
    """
    codes = pd.factorize(np.array(keys, dtype=object))[0]
    repeated = np.bincount(codes, minlength=1) > 1
    number = np.where(repeated, np.cumsum(repeated) - 1, -1)
    return number[codes].astype(np.int32)


def groups_that_differ(group: NDArray[np.int32], value: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a row belongs to a group with two or more distinct values.

    Args:
        group: int [n], -1 for none.
        value: int [n]; negative ones are unknown and count as no value.
    """
    counts = (group >= 0) & (value >= 0)
    n_values = pd.Series(value[counts]).groupby(group[counts]).nunique()
    return np.isin(group, n_values.index[n_values > 1].to_numpy())
