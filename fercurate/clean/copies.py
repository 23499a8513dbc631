"""Copies: those of scored images leave, of others one stays, joined where labels disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.clean import reasons
from fercurate.clean.targets import normalised
from fercurate.config import MergeCopies
from fercurate.labels import SPLITS

if TYPE_CHECKING:
    import pandas as pd

    from fercurate.clean.plan import Plan

_RANK = {name: i for i, name in enumerate(SPLITS)}


def leaks(manifest: pd.DataFrame, known: pd.DataFrame) -> NDArray[np.bool_]:
    """Images with a copy, exact or near, in a split that is scored later: bool [N].

    Splits are scored in the order train, val, test; an image of the test split never leaks.
    """
    import pandas as pd

    rank = manifest["split"].map(_RANK).to_numpy(np.int64)
    near = known["copy_split"].map(_RANK).to_numpy(np.int64) > rank
    group = manifest["duplicate_group"].to_numpy()
    last = pd.Series(rank).groupby(group).transform("max").to_numpy()
    leaks: NDArray[np.bool_] = near | ((group >= 0) & (last > rank))
    return leaks


def follow_exclusions(made: Plan, manifest: pd.DataFrame, open_: NDArray[np.bool_]) -> None:
    """Exact copies of an image that a person excluded leave with it, unless they were decided."""
    exact = manifest["duplicate_group"].to_numpy()
    out = (made.why == reasons.DECIDED_EXCLUDE) & (exact >= 0)
    for first in np.flatnonzero(out):
        same = open_ & made.stays & (exact == exact[first]) & (made.who == "")
        made.drop(same, reasons.DECIDED_EXCLUDE, np.nan)
        made.who[same] = made.who[first]


def join(
    made: Plan,
    manifest: pd.DataFrame,
    known: pd.DataFrame,
    decided: NDArray[np.bool_],
    open_: NDArray[np.bool_],
    merge: MergeCopies,
) -> None:
    """Keep one of each group of copies within a split, and join the labels of exact ones.

    One that a person decided stays, else the one that the screen would keep, else the first.
    Exact copies share their labels with it, only those that persons decided where there are
    such. Near copies are other pictures, so that theirs do not count.

    Args:
        made: The plan so far; changed in place.
        manifest: N images.
        known: The evidence on them.
        decided: bool [N], a person decided.
        open_: bool [N], images of the splits that are cleaned.
        merge: "soft": exact copies with different labels become one, with the mean of their
            soft labels; "drop": all of them leave.
    """
    exact = manifest["duplicate_group"].to_numpy()
    split = manifest["split"].map(_RANK).to_numpy(np.int64)
    keep = known["copy_keep"].to_numpy(bool)
    for members in _groups(np.where(made.stays & open_, exact, -1), split):
        voices = members[decided[members]] if decided[members].any() else members
        if len(np.unique(made.label[voices])) < 2:
            continue
        if merge == "drop":
            made.drop(_mask(len(split), members), reasons.CONFLICT, np.nan)
            continue
        target = normalised(made.target[voices].mean(axis=0)[None])[0]
        own = made.label[voices]
        made.label[voices] = np.where(target[own] >= target.max(), own, target.argmax())
        made.target[voices] = target
        made.why[voices] = reasons.MERGED
        made.confidence[voices] = np.nan
    for groups in (exact, known["copy_group"].to_numpy()):
        for members in _groups(np.where(made.stays & open_, groups, -1), split):
            order = np.lexsort((members, ~keep[members], ~decided[members]))
            made.drop(_mask(len(split), members[order[1:]]), reasons.COPY, np.nan)


def _mask(n: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask = np.zeros(n, bool)
    mask[members] = True
    return mask


def _groups(group: NDArray[np.int32], split: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Positions of each group of two and more within one split, ascending."""
    together = np.flatnonzero(group >= 0)
    key = group[together].astype(np.int64) * len(SPLITS) + split[together]
    order = together[np.argsort(key, kind="stable")]
    ordered = np.sort(key, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(ordered)) + 1)
    return [part for part in parts if len(part) > 1]
