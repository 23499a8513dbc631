"""What is shown of a result, and in which colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import COLOURS, GROUPS
from fercurate.live.controls import Controls, answers
from fercurate.live.smooth import of_groups
from fercurate.live.text import Colour, colour

UNCLEAR = "unclear"
"""Shown where the model has no answer that it is sure enough of."""

_OF_GROUP = {"positive": "happy", "neutral": "neutral", "negative": "angry", "surprise": "surprise"}
INKS: Mapping[str, Colour] = MappingProxyType(
    {
        **{name: colour(text) for name, text in COLOURS.items()},
        **{group: colour(COLOURS[name]) for group, name in _OF_GROUP.items()},
        UNCLEAR: colour("#d7dade"),
    }
)
"""Colour of each class, of each group, and of no answer; the last is no grey of neutral's."""

_FOREIGN = colour("#5aa9a4")


def ink_of(name: str) -> Colour:
    """The colour of a class, a group or `UNCLEAR`; one for all classes that are not ours."""
    return INKS.get(name, _FOREIGN)


@dataclass(frozen=True)
class Look:
    """How faces are shown.

    Attributes:
        classes: The model's, in order.
        grouped: Whether to sum them by group.
        mirror: Whether the picture is turned left to right; words are not.
        paused: Whether to say so.
        half_life: Of the smoothing, seconds.
        head, balance: How the model answers from the next frame on.
        heads: How many heads the model has.
    """

    classes: tuple[str, ...]
    grouped: bool = False
    mirror: bool = False
    paused: bool = False
    half_life: float = 0.0
    head: str = ""
    balance: float = 0.0
    heads: int = 0

    @property
    def answers(self) -> str:
        """The same in words; empty where there is no choice."""
        return answers(self.head, self.balance, self.heads)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the bars: the classes, or the groups that have one."""
        return tuple(GROUPS) if self.grouped else self.classes

    def shares(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [names], of float32 [classes]."""
        return of_groups(probabilities, self.classes) if self.grouped else probabilities


def look_of(controls: Controls, classes: Sequence[str]) -> Look:
    """How the switches stand; `classes` are the model's, in order."""
    told = controls.as_dict()
    names = ("grouped", "mirror", "paused", "half_life", "head", "balance", "heads")
    return Look(tuple(classes), **{name: told[name] for name in names})
