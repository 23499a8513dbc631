"""FER+ votes as classes: what most people saw, and how they were divided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS

if TYPE_CHECKING:
    from fercurate.workspace import Workspace

_OURS = [FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name]) for name in CLASSES]


def imported_votes(space: Workspace) -> NDArray[np.int64]:
    """The votes that import joined: int64 [N, 10] in manifest order, columns as in
    `FERPLUS_COLUMNS`; all 0 where nobody was asked.

    Raises:
        InputError: there are none.
    """
    table = space.votes()
    if table is None:
        raise no_votes(space)
    votes: NDArray[np.int64] = table[list(FERPLUS_COLUMNS)].to_numpy(np.int64)
    return votes


def no_votes(space: Workspace) -> InputError:
    """What to raise where a dataset has no votes."""
    return InputError(
        f"{space.name} was imported without votes.",
        "Import it again with: fercurate import SOURCE --ferplus fer2013new.csv; "
        "commands that only score with votes also take --votes fer2013new.csv.",
    )


def gold_classes(votes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The class that more than half of all votes go to, -1 where there is none.

    Args:
        votes: int [N, 10], columns as in `FERPLUS_COLUMNS`; contempt, unknown and "not a
            face" count in the total.
    """
    of_class = votes[:, _OURS]
    total = votes.sum(axis=1)
    agreed = (total > 0) & (2 * of_class.max(axis=1) > total)
    return np.where(agreed, of_class.argmax(axis=1), -1)


def top_classes(votes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The class with the most votes, also where fewer than half agree; -1 where two have as many,
    or where half of the votes or more are for none of ours.

    Args:
        votes: int [N, 10], columns as in `FERPLUS_COLUMNS`.
    """
    shares = vote_shares(votes)
    known = ~np.isnan(shares).any(axis=1)
    first = np.where(known, np.nan_to_num(shares).argmax(axis=1), -1)
    alone = (shares == shares.max(axis=1, keepdims=True)).sum(axis=1) == 1
    return np.where(alone, first, -1)


def vote_shares(votes: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Shares of the votes for our seven classes.

    Args:
        votes: int [n, 10], columns as `labels.FERPLUS_COLUMNS`; all 0: nobody was asked.

    Returns:
        float32 [n, 7], rows adding up to 1; all NaN where half of the votes or more are for
        none of ours (contempt, unknown, no face), or where there are none.
    """
    ours = votes[:, _OURS].astype(np.float64)
    total = ours.sum(axis=1)
    usable = 2 * total > votes.sum(axis=1)
    shares = np.full(ours.shape, np.nan, np.float32)
    shares[usable] = ours[usable] / total[usable, None]
    return shares
