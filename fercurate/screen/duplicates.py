"""Near duplicates: who belongs together, which split should keep them, which image stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.copies import NEAR, connected, near_duplicate_pairs
from fercurate.labels import SPLITS

if TYPE_CHECKING:
    import pandas as pd


def measure(
    faces: NDArray[np.uint8],
    splits: Sequence[str],
    labels: Sequence[str | None],
    on_block: Callable[[int], None] = lambda images: None,
) -> pd.DataFrame:
    """Near-duplicate groups and leaks across splits, N rows.

    The group goes to the split that is scored last (test, then val, then train): an image
    taken out of training costs little, one taken out of a test set makes results
    incomparable. Of the group's images in that split the one whose label most of the group
    shares is kept, the first one of several.

    Args:
        faces: uint8 [N, 48, 48].
        splits: train, val or test, N of them.
        labels: Class names, None where there is none.
        on_block: Called with the number of images compared since the last call.

    Returns:
        `near_duplicate_score` float32 (half the distance 1 - correlation to the most alike
        image, stretched so that 0 is an exact copy and 1 nothing alike),
        `is_near_duplicate_issue`, `near_duplicate_group` int32 (-1: alone), `is_near_leak`
        (one of its group is in another split), `keep_split` and `keep`.
    """
    import pandas as pd

    n = len(faces)
    pairs = near_duplicate_pairs(faces, on_block=on_block)
    likeness = np.zeros(n, np.float32)
    np.maximum.at(likeness, pairs.first, pairs.likeness)
    np.maximum.at(likeness, pairs.second, pairs.likeness)
    group = _numbered(connected(pairs.first, pairs.second, n))
    rank = np.array([SPLITS.index(split) for split in splits])
    known = pd.factorize(np.array(labels, object))[0]
    keep, target, leak = _keep(group, rank, known)
    score = np.where(likeness > 0, (1 - likeness) / (1 - NEAR) * 0.5, 1.0)
    table: pd.DataFrame = pd.DataFrame(
        {
            "near_duplicate_score": np.clip(score, 0, 1).astype(np.float32),
            "is_near_duplicate_issue": group >= 0,
            "near_duplicate_group": group.astype(np.int32),
            "is_near_leak": leak,
            "keep_split": [SPLITS[i] for i in target],
            "keep": keep,
        }
    )
    return table


def _numbered(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups of two and more numbered from 0 in order of appearance, -1 for the rest."""
    sizes = np.bincount(group)
    shared, first = np.unique(group[sizes[group] > 1], return_index=True)
    number = np.full(len(sizes), -1, np.int64)
    number[shared[np.argsort(first)]] = np.arange(len(shared))
    return number[group]


def _keep(
    group: NDArray[np.int64], rank: NDArray[np.int64], label: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
    """Which images stay, the split each belongs in, and which have a copy in another one."""
    keep = np.ones(len(group), bool)
    target = rank.copy()
    leak = np.zeros(len(group), bool)
    together = np.flatnonzero(group >= 0)
    order = together[np.argsort(group[together], kind="stable")]
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if not len(members):
            continue
        last = rank[members].max()
        target[members] = last
        leak[members] = rank[members].min() != last
        given = label[members][label[members] >= 0]
        common = np.bincount(given).argmax() if len(given) else -1
        here = members[rank[members] == last]
        agreeing = here[label[here] == common]
        keep[members] = False
        keep[(agreeing if len(agreeing) else here)[0]] = True
    return keep, target, leak
