"""A model seen through fewer classes: positive, neutral, negative; or only some of the seven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.labels import CLASSES, GROUPS, INDEX, parse_class

APART = "surprise"
"""The group that has no sign of its own."""


@dataclass(frozen=True)
class Grouping:
    """Which classes count, and which of the new ones each becomes.

    A row whose label is of no part is left out; the probability of such a class is spread over
    the others by their own.

    Attributes:
        name: In words.
        parts: For each new class its name and the classes that it holds.
    """

    name: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether each of the seven classes has a part."""
        return sum(len(held) for _, held in self.parts) == len(CLASSES)

    def probabilities(self, seven: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """float64 [n, K], rows adding up to 1, of float [n, 7]."""
        summed = np.stack(
            [seven[:, [INDEX[c] for c in held]].sum(axis=1) for _, held in self.parts], axis=1
        ).astype(np.float64)
        # a model can be so sure of a class left out that nothing remains for the others
        summed = np.maximum(summed, np.finfo(np.float64).tiny)
        made: NDArray[np.float64] = summed / summed.sum(axis=1, keepdims=True)
        return made

    def labels(self, seven: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 [n], 0..K-1, of int64 [n], 0..6 or -1; -1 where the label is of no part."""
        table = np.full(len(CLASSES) + 1, -1, np.int64)
        for number, (_, held) in enumerate(self.parts):
            table[[INDEX[c] for c in held]] = number
        return table[seven]


SEVEN = Grouping("seven classes", tuple((name, (name,)) for name in CLASSES))

THREE = Grouping(
    "positive, neutral, negative",
    tuple((name, held) for name, held in GROUPS.items() if name != APART),
)

FOUR = Grouping("positive, neutral, negative, surprise", tuple(GROUPS.items()))


def limited(names: Sequence[str]) -> Grouping:
    """Only these classes, in the usual order.

    Args:
        names: Class names, or any spelling that `labels.parse_class` knows.

    Raises:
        InputError: an unknown class, or fewer than two.
    """
    chosen = {name: parse_class(name) for name in names if name.strip()}
    unknown = [name for name, found in chosen.items() if found is None]
    if unknown:
        raise InputError(
            f"There is no class {', '.join(map(repr, unknown))}.", f"Known: {', '.join(CLASSES)}"
        )
    wanted = [name for name in CLASSES if name in chosen.values()]
    if len(wanted) < 2:
        raise InputError("A model needs two classes to choose from.", "--labels happy,sad,neutral")
    return Grouping("only " + ", ".join(wanted), tuple((name, (name,)) for name in wanted))
