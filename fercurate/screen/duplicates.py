"""Near duplicates: which image stands for which, what reaches across splits, and what stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.copies import connected, stars
from fercurate.labels import SPLITS
from fercurate.likeness import NEAR, Pairs, pairs_among, thumbnails

if TYPE_CHECKING:
    import pandas as pd


def measure(
    faces: NDArray[np.uint8],
    splits: Sequence[str],
    labels: Sequence[str | None],
    on_images: Callable[[int], None] = lambda images: None,
) -> pd.DataFrame:
    """Near-duplicate groups and leaks across splits, N rows.

    A group is an image that is kept and those that it stands for, each of them near to it.
    Images of the split that is scored last are kept before others (test, then val, then
    train): an image taken out of training costs little, one taken out of a test set makes
    results incomparable. Within a split the one goes first that has its label from most of its
    near duplicates, then the one that has most of them, then the first. An image that is near
    only to images that another stands for may be alone.

    Leaks are a matter of pairs and not of groups: an image leaks where one that is near to it
    is in another split, and belongs in the last split among these and its own. With all out of
    train that belong elsewhere, no near pair is left across splits, and none is taken out for
    a chain.

    Args:
        faces: uint8 [N, 48, 48].
        splits: train, val or test, N of them.
        labels: Class names, None where there is none.
        on_images: Called with the number of images compared since the last call.

    Returns:
        `near_duplicate_score` float32 (half the distance 1 - correlation to the most alike
        image, stretched so that 0 is an exact copy and 1 nothing alike),
        `is_near_duplicate_issue` (another image is near), `near_duplicate_group` int32 (-1:
        alone), `near_duplicate_component` int32 (what a chain of near duplicates links; -1:
        nothing is near), `is_near_leak` (one that is near is in another split), `keep_split`
        and `keep`.
    """
    import pandas as pd

    n = len(faces)
    pairs = pairs_among(thumbnails(faces), on_images=on_images)
    likeness = np.zeros(n, np.float32)
    np.maximum.at(likeness, pairs.first, pairs.likeness)
    np.maximum.at(likeness, pairs.second, pairs.likeness)
    rank = np.array([SPLITS.index(split) for split in splits], np.int64)
    stands = stars(pairs, _order(pairs, rank, pd.factorize(np.array(labels, object))[0]), n)
    last, first = rank.copy(), rank.copy()
    for one, other in ((pairs.first, pairs.second), (pairs.second, pairs.first)):
        np.maximum.at(last, one, rank[other])
        np.minimum.at(first, one, rank[other])
    score = np.where(likeness > 0, (1 - likeness) / (1 - NEAR) * 0.5, 1.0)
    component = connected(pairs.first, pairs.second, n)
    table: pd.DataFrame = pd.DataFrame(
        {
            "near_duplicate_score": np.clip(score, 0, 1).astype(np.float32),
            "is_near_duplicate_issue": likeness > 0,
            "near_duplicate_group": _numbered(stands).astype(np.int32),
            "near_duplicate_component": _numbered(component).astype(np.int32),
            "is_near_leak": first != last,
            "keep_split": [SPLITS[i] for i in last],
            "keep": stands == np.arange(n),
        }
    )
    return table


def _order(pairs: Pairs, rank: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions int64 [N], those that should rather be kept first."""
    agreeing = label >= 0
    near = np.bincount(np.r_[pairs.first, pairs.second], minlength=len(rank))
    same = (label[pairs.first] == label[pairs.second]) & agreeing[pairs.first]
    shared = np.bincount(np.r_[pairs.first[same], pairs.second[same]], minlength=len(rank))
    return np.lexsort((-near, -(shared + agreeing), -rank)).astype(np.int64)


def _numbered(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups of two and more numbered from 0 in order of appearance, -1 for the rest."""
    sizes = np.bincount(group)
    shared, first = np.unique(group[sizes[group] > 1], return_index=True)
    number = np.full(len(sizes), -1, np.int64)
    number[shared[np.argsort(first)]] = np.arange(len(shared))
    return number[group]
