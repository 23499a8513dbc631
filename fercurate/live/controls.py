"""What a person can change while it runs, from the window's keys or from the page."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from fercurate.infer.heads import OperatingPoint
from fercurate.infer.info import ModelInfo

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "q": "quit",
        "p": "pause",
        "s": "snapshot",
        "m": "mirror",
        "g": "classes or groups",
        "v": "which labels to answer as",
        "b": "balance of rare classes",
        "+": "smoother",
        "-": "quicker",
    }
)
"""The keys and what each does; the same in the window and on the page."""

HALF_LIVES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8, 1.2, 2.0)
"""Steps of the smoothing, seconds; 0 is none."""

BALANCES = (0.0, 0.25, 0.5, 1.0)
"""Steps of the balance; after the last comes the first."""


class Controls:
    """The session's switches; any thread may press a key.

    Args:
        half_life: Of the smoothing, seconds.
        mirror: Whether to show the picture as a mirror does.
        grouped: Whether to show groups instead of classes.
    """

    def __init__(
        self, half_life: float = 0.35, *, mirror: bool = False, grouped: bool = False
    ) -> None:
        self._lock = threading.Lock()
        self._half_life, self._mirror, self._grouped = half_life, mirror, grouped
        self._paused, self._snapshots = False, 0
        self._info: ModelInfo | None = None
        self._threshold: float | None = None
        self._point: OperatingPoint | None = None
        self.quit = threading.Event()

    def answer_with(
        self,
        info: ModelInfo,
        head: str | None = None,
        balance: float | None = None,
        threshold: float | None = None,
    ) -> None:
        """Say which model answers, and how at first; see `ModelInfo.point`.

        Raises:
            InputError: the model has no such head, or a number is out of its range.
        """
        point = info.point(head, balance, threshold)
        with self._lock:
            self._info, self._threshold, self._point = info, threshold, point

    def press(self, key: str) -> bool:
        """Do what a key of `KEYS` stands for; others do nothing.

        Returns:
            Whether it is one of them.
        """
        key = {"=": "+", "_": "-"}.get(key, key.lower())
        if key not in KEYS:
            return False
        with self._lock:
            if key == "q":
                self.quit.set()
            elif key == "p":
                self._paused = not self._paused
            elif key == "s":
                self._snapshots += 1
            elif key == "m":
                self._mirror = not self._mirror
            elif key == "g":
                self._grouped = not self._grouped
            elif key == "v":
                self._point = self._next_head()
            elif key == "b":
                self._point = self._next_balance()
            elif key == "+":
                longer = [step for step in HALF_LIVES if step > self._half_life]
                self._half_life = min(longer, default=self._half_life)
            else:
                shorter = [step for step in HALF_LIVES if step < self._half_life]
                self._half_life = max(shorter, default=self._half_life)
        return True

    def _next_head(self) -> OperatingPoint | None:
        if self._info is None or self._point is None:
            return self._point
        heads = self._info.heads
        following = heads[(self._point.place + 1) % len(heads)]
        if following == self._point.head:
            return self._point
        return self._info.point(following.name, threshold=self._threshold)

    def _next_balance(self) -> OperatingPoint | None:
        if self._point is None or not self._point.head.prior:
            return self._point
        more = [step for step in BALANCES if step > self._point.balance]
        return replace(self._point, balance=min(more, default=BALANCES[0]))

    @property
    def point(self) -> OperatingPoint | None:
        """How the model answers; None before `answer_with`."""
        return self._point

    @property
    def half_life(self) -> float:
        """Of the smoothing, seconds."""
        return self._half_life

    @property
    def mirror(self) -> bool:
        return self._mirror

    @property
    def grouped(self) -> bool:
        return self._grouped

    @property
    def paused(self) -> bool:
        return self._paused

    def take_snapshot(self) -> bool:
        """Whether a snapshot was asked for since the last call."""
        with self._lock:
            wanted, self._snapshots = self._snapshots > 0, 0
        return wanted

    def as_dict(self) -> dict[str, Any]:
        """For what shows it: half_life in seconds, mirror, grouped, paused; the head that answers,
        its balance, and how many heads there are."""
        point = self._point
        return {
            "head": "" if point is None else point.head.name,
            "balance": 0.0 if point is None else point.balance,
            "heads": 0 if self._info is None else len(self._info.heads),
            "half_life": self._half_life,
            "mirror": self._mirror,
            "grouped": self._grouped,
            "paused": self._paused,
        }
