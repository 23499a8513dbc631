"""A validation split out of train, for sources that have none."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fercurate import copies
from fercurate.errors import InputError


def check_share(share: float) -> None:
    """Raises `InputError` unless it is above 0 and at most a half."""
    if not 0 < share <= 0.5:
        raise InputError(f"val_share is {share}.", "It is above 0 and at most 0.5, such as 0.1.")


def with_val(
    faces: NDArray[np.uint8],
    splits: Sequence[str],
    labels: Sequence[str | None],
    sha256: Sequence[str],
    share: float,
    seed: int,
) -> list[str]:
    """The splits with a share of train's labelled images moved to val.

    Each class gives the share. Copies, exact and near, stay together. An image is chosen by
    a hash of its pixels, so that the order of the rows does not matter.

    Args:
        faces: uint8 [n, 48, 48].
        splits, labels, sha256: n of each, as in `table.Rows`.
        share: Of each class, above 0 and at most 0.5.
        seed: Same seed, same choice.

    Raises:
        InputError: there is a validation split already, or no class has two images that are
            no copies of each other.
    """
    check_share(share)
    if "val" in splits:
        raise InputError(
            f"It has a validation split already, of {splits.count('val'):,} images.",
            "Leave --val-share out.",
        )
    train = np.flatnonzero(np.asarray(splits) == "train")
    group = copies.near_duplicate_groups(faces[train]) if len(train) else np.empty(0, np.int64)
    members: dict[int, list[int]] = defaultdict(list)
    for row, number in zip(train.tolist(), group.tolist(), strict=True):
        members[number].append(row)
    of_class: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for rows in members.values():
        label = _label_of(labels, rows)
        if label is not None:
            key = min(sha256[row] for row in rows)
            rank = hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()
            of_class[label].append((rank, rows))
    made = list(splits)
    n_moved = 0
    for groups in of_class.values():
        for row in _chosen([rows for _, rows in sorted(groups)], share):
            made[row] = "val"
            n_moved += 1
    if not n_moved:
        raise InputError(
            "No class of train has two images that are no copies of each other.",
            "Leave --val-share out.",
        )
    return made


def _label_of(labels: Sequence[str | None], rows: Sequence[int]) -> str | None:
    """The label that most copies have, of equals the first by name; None without any, or if
    one copy has none: it would take an unlabelled image to val."""
    counts = Counter(labels[row] for row in rows)
    if counts[None]:
        return None
    ranked = sorted((-n, str(label)) for label, n in counts.items())
    return ranked[0][1]


def _chosen(groups: Sequence[Sequence[int]], share: float) -> list[int]:
    """Rows of the first groups, about `share` of all; one group at least stays."""
    wanted = max(1, round(share * sum(map(len, groups))))
    taken: list[int] = []
    n_groups = 0
    for rows in groups:
        fits = len(taken) + len(rows) <= wanted + len(rows) // 2
        if len(taken) < wanted and fits and n_groups < len(groups) - 1:
            taken += rows
            n_groups += 1
    return taken
