"""How a model answers: which of its heads, at which operating point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.strict import Table

TEMPERATURES = (0.01, 100.0)
"""Ten times what `calibrate.fit_temperature` may find, and a tenth of it."""

BALANCES = (0.0, 1.0)


@dataclass(frozen=True)
class Head:
    """One last layer of a network, which learned from one kind of labels.

    Attributes:
        name: Of these labels: given, corrected or votes.
        prior: Share of each class in what taught it, in the order of the model's classes, adding
            up to 1; empty where a file of an earlier version does not say.
        temperature: Logits are divided by it before the softmax, 0.01 to 100.
        threshold: Probability of the likeliest class below which the answer is "unclear", 0..1.
        balance: The balance (see `OperatingPoint`) that it answers with by default, 0..1.

    Raises:
        ValueError: a number is out of its range.
    """

    name: str
    prior: tuple[float, ...] = ()
    temperature: float = 1.0
    threshold: float = 0.0
    balance: float = 0.0

    def __post_init__(self) -> None:
        if not TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]:
            raise ValueError(f"temperature is {self.temperature}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}")
        if not BALANCES[0] <= self.balance <= BALANCES[1] or (self.balance and not self.prior):
            raise ValueError(f"balance is {self.balance}, with {len(self.prior)} class shares")
        if self.prior and (min(self.prior) <= 0 or abs(sum(self.prior) - 1) > 1e-3):
            raise ValueError(f"class shares are {self.prior}")

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "prior": list(self.prior)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Head:
        """The reverse of `as_dict`.

        Raises:
            ValueError: a field is missing, or of the wrong type or range.
        """
        stored = Table(dict(values))
        return cls(
            name=stored.text("name"),
            prior=tuple(stored.numbers("prior", 0, 1)),
            temperature=stored.number("temperature", *TEMPERATURES),
            threshold=stored.number("threshold", 0, 1),
            balance=stored.number("balance", *BALANCES),
        )


@dataclass(frozen=True)
class OperatingPoint:
    """A head, and how its logits become an answer.

    Attributes:
        head: Which.
        place: Of the head among the model's.
        balance: How far the answer makes up for unequal classes, 0..1: `balance * log(prior)` is
            taken off the logits, before the temperature (logit adjustment, Menon et al. 2021,
            https://arxiv.org/abs/2007.07314). 0 leaves the classes as frequent as they were in
            training, 1 takes all for equally frequent.
        threshold: Probability of the likeliest class below which the answer is "unclear", 0..1.

    Raises:
        InputError: a number is out of its range, or the model's file has no class shares.
    """

    head: Head
    place: int
    balance: float
    threshold: float

    def __post_init__(self) -> None:
        if not BALANCES[0] <= self.balance <= BALANCES[1]:
            raise InputError(f"balance is {self.balance}.", "It is between 0 and 1.")
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold is {self.threshold}.", "It is between 0 and 1.")
        if self.balance and not self.head.prior:
            raise InputError(
                "This model's file does not say how frequent each class was in training, so "
                f"there is no balance of {self.balance:g}.",
                "Leave --balance out, or train a model with this version: fercurate train",
            )

    def probabilities(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """float32 [N, classes], rows adding up to 1, of the model's logits [N, heads, classes]."""
        scores = np.asarray(logits[:, self.place], np.float64)
        if self.balance:
            scores = scores - self.balance * np.log(self.head.prior)
        return softmax(scores / self.head.temperature).astype(np.float32)


def softmax(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities float64 [..., classes] of scores [..., classes]."""
    wide = np.asarray(scores, np.float64)
    raised = np.exp(wide - wide.max(axis=-1, keepdims=True, initial=-np.inf))
    made: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return made
