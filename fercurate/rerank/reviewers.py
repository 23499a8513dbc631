"""How far each reviewer's verdicts can be believed, told from what is believed without them.

A verdict follows the picture, or it is one of the reviewer's own habits: a slip of the finger, a
favourite class, a key held down. MACE (Hovy, Berg-Kirkpatrick, Vaswani and Hovy 2013, Learning
Whom to Trust with MACE) has the two as a mixture for each annotator; the audit's belief stands
here for the other annotators, so that one reviewer is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import CLASSES

Matrix = NDArray[np.float64]

EXPECTED = 8.0
"""Images that must be expected of a class before it is missed among somebody's answers."""

AVOIDED = 0.1
"""Share of the expected answers up to which a class is avoided. Reviewers played by FER+'s votes,
whose idea of disgust and fear differs most from FER2013's, give 0.33 and more."""

DOUBTFUL = 0.6
"""Share of verdicts that follow the pictures under which a reviewer is told so; FER+'s votes have
0.78 to 0.9 as a majority and 0.6 to 0.75 one by one, 30 % of slips bring it to 0.4 to 0.5."""

USELESS = 0.25
"""The same, under which nothing is learned from them but that."""

ENOUGH = 10
"""Verdicts of one reviewer before anything is said of them."""

_TURNS = 100
_LEAST = 1e-6


@dataclass(frozen=True)
class Reviewer:
    """What the verdicts of one person are worth.

    Attributes:
        who: The reviewer.
        n: Verdicts that name a class.
        follows: Share of them that follow the pictures, 0 to 1, low = bad: answers that fit what
            is believed without them, beyond the reviewer's own habits.
        uncertainty: Twice the standard error of `follows`.
        avoided: Classes that were hardly ever answered, each with how often that was expected.
    """

    who: str
    n: int
    follows: float
    uncertainty: float
    avoided: tuple[tuple[str, float], ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Fewer of the verdicts follow the pictures than of any careful reviewer's."""
        return self.n >= ENOUGH and self.follows + self.uncertainty < DOUBTFUL

    @property
    def is_useless(self) -> bool:
        """Nothing can be learned from the verdicts."""
        return self.n >= ENOUGH and self.follows < USELESS

    def messages(self) -> list[str]:
        """What the reviewer should know, a sentence each; empty where all is well."""
        said = []
        percent = f"{self.follows:.0%}".replace("%", " %")
        if self.is_useless:
            said.append(
                f"The audit does not learn from {self.who}: about {percent} of {self.n:,} verdicts "
                "go with the pictures. Are the keys the right ones?"
            )
        elif self.is_doubtful:
            said.append(
                f"About {percent} of {self.who}'s {self.n:,} verdicts go with the pictures; each "
                "counts as much as it is likely to be one of them."
            )
        for name, expected in () if self.is_useless else self.avoided:
            said.append(
                f"{self.who} hardly ever answered {name}, and about {expected:.0f} of "
                f"{self.n:,} were expected: what is {name} the audit does not learn from them."
            )
        return said


@dataclass(frozen=True)
class Trust:
    """The mixture over n verdicts of R reviewers, refined as learning goes on.

    Attributes:
        who: int64 [n], the reviewer's number.
        answer: int64 [n], the class that each verdict names.
        habit: float64 [R, K], how often each reviewer answers what.
        instead: float64 [R, K, K], what each answers where an image is of a class that they
            avoid: class by answer; all 0 for classes that they do not avoid.
        follows: float64 [R], see `Reviewer`; 0 where nothing is to be learned.
        each: float64 [n], 0 to 1, low = bad: how probable it is that a verdict follows its
            picture.
        targets: float32 [n, K], what each verdict says of the class if it does: 1 for its
            answer, or shared with the classes that its reviewer avoids.
    """

    who: NDArray[np.int64]
    answer: NDArray[np.int64]
    habit: Matrix
    instead: NDArray[np.float64]
    follows: Matrix
    each: Matrix
    targets: NDArray[np.float32]


def first_trust(
    belief: NDArray[np.float32],
    answer: NDArray[np.int64],
    who: NDArray[np.int64],
    names: Sequence[str],
) -> tuple[Trust, tuple[Reviewer, ...]]:
    """What verdicts are worth before anything was learned from them.

    Args:
        belief: float32 [n, K], of their images, made without them.
        answer: int64 [n], the class that each names.
        who: int64 [n], place of the reviewer in `names`.
        names: Of the R reviewers.
    """
    n, k = belief.shape
    habit = np.full((len(names), k), 0.5)
    np.add.at(habit, (who, answer), 1.0)
    habit /= habit.sum(axis=1, keepdims=True)
    fits = belief[np.arange(n), answer].astype(np.float64)
    follows, instead = np.zeros(len(names)), np.zeros((len(names), k, k))
    found = []
    for number, name in enumerate(names):
        mine = who == number
        share = _follows(fits[mine], habit[number][answer[mine]])
        expected = belief[mine].sum(axis=0)
        avoided = _avoided(expected, np.bincount(answer[mine], minlength=k))
        instead[number, avoided] = _shares_of(belief[mine][:, avoided], answer[mine], k)
        m = int(mine.sum())
        missed = tuple((CLASSES[c], float(expected[c])) for c in avoided)
        found.append(Reviewer(name, m, share, _doubt(share, m), missed))
        follows[number] = 0.0 if found[-1].is_useless else share
    begun = Trust(who, answer, habit, instead, follows, np.ones(n), np.zeros_like(belief))
    return refined(begun, belief), tuple(found)


def refined(trust: Trust, belief: NDArray[np.float32]) -> Trust:
    """One step of expectation-maximisation with a newer belief, float32 [n, K]."""
    n, k = belief.shape
    scores = belief * trust.instead[trust.who, :, trust.answer]
    scores[np.arange(n), trust.answer] = belief[np.arange(n), trust.answer]
    fits = scores.sum(axis=1)
    targets = (scores / np.maximum(fits, 1e-12)[:, None]).astype(np.float32)
    each = _each(fits, trust.habit[trust.who, trust.answer], trust.follows[trust.who])
    count = np.bincount(trust.who, minlength=len(trust.follows))
    follows = np.bincount(trust.who, each, len(trust.follows)) / np.maximum(count, 1)
    instead = trust.instead.copy()
    for number, given in enumerate(trust.instead):
        avoided = np.flatnonzero(given.any(axis=1))
        mine = trust.who == number
        blamed = targets[mine][:, avoided] * each[mine, None]
        instead[number, avoided] = _shares_of(blamed, trust.answer[mine], k)
    return Trust(trust.who, trust.answer, trust.habit, instead, follows, each, targets)


def _shares_of(
    blame: NDArray[np.floating[Any]], answer: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """What is answered in place of each avoided class, float64 [A, K]; rows add up to 1.

    Args:
        blame: float [n, A], how probable it is that an image is of each.
        answer: int64 [n].
        k: Classes.
    """
    total = np.full((blame.shape[1], k), 1e-3)
    for place in range(blame.shape[1]):
        total[place] += np.bincount(answer, blame[:, place], k)
    shares: NDArray[np.float64] = total / total.sum(axis=1, keepdims=True)
    return shares


def _doubt(share: float, n: int) -> float:
    """Twice the standard error of the share; 1.3 times what a coin's would be (simulated)."""
    return 2.6 * float(np.sqrt(max(share * (1 - share), 0.05) / max(n, 1)))


def _each(fits: Matrix, habits: Matrix, follows: Matrix | float) -> Matrix:
    honest = follows * fits
    probable: Matrix = honest / np.maximum(honest + (1 - follows) * habits, 1e-12)
    return probable


def _follows(fits: Matrix, habits: Matrix) -> float:
    """Share of one reviewer's verdicts that follow the pictures (maximum likelihood)."""
    share = 0.8
    for _ in range(_TURNS):
        share = float(np.clip(_each(fits, habits, share).mean(), _LEAST, 1.0)) if len(fits) else 1.0
    return share


def _avoided(expected: NDArray[np.float32], given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Classes that somebody hardly ever answers though they are expected."""
    return np.flatnonzero((expected >= EXPECTED) & (given <= AVOIDED * expected))
