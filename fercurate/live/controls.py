"""What a person can change while it runs, from the window's keys or from the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
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


def answers(head: str, balance: float, heads: int) -> str:
    """How a model with so many heads answers, in words; empty where there is nothing to say."""
    name = f"answers as {head}" if heads > 1 else ""
    share = f"balance {balance:g}" if heads > 1 or balance else ""
    return ", ".join(part for part in (name, share) if part)


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
        self._heads = 0
        self._point: OperatingPoint | None = None
        self._points: list[OperatingPoint] = []
        self._say: Callable[[str], None] = lambda text: None
        self.quit = threading.Event()

    def answer_with(
        self,
        info: ModelInfo,
        head: str | None = None,
        balance: float | None = None,
        threshold: float | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Say which model answers, and how at first; see `ModelInfo.point`.

        The threshold is for all heads, the balance for the one that begins; each head keeps its
        own while another one answers.

        Args:
            info: The model's.
            head, balance, threshold: As for `ModelInfo.point`.
            say: Told what the keys v and b came to, in the thread of who pressed them.

        Raises:
            InputError: the model has no such head, or a number is out of its range.
        """
        first = info.point(head, balance, threshold)
        points = [info.point(each.name, threshold=threshold) for each in info.heads]
        points[first.place] = first
        with self._lock:
            self._heads, self._points, self._point = len(points), points, first
            self._say = say or self._say

    def press(self, key: str) -> bool:
        """Do what a key of `KEYS` stands for; others do nothing.

        Returns:
            Whether it is one of them.
        """
        key = {"=": "+", "_": "-"}.get(key, key.lower())
        if key not in KEYS:
            return False
        said = ""
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
                said = self._next_head()
            elif key == "b":
                said = self._next_balance()
            elif key == "+":
                longer = [step for step in HALF_LIVES if step > self._half_life]
                self._half_life = min(longer, default=self._half_life)
            else:
                shorter = [step for step in HALF_LIVES if step < self._half_life]
                self._half_life = max(shorter, default=self._half_life)
        if said:
            self._say(said)
        return True

    def _next_head(self) -> str:
        if self._point is None:
            return ""
        if self._heads < 2:
            return f"This model has one head, {self._point.head.name}: there is nothing to switch."
        self._point = self._points[(self._point.place + 1) % self._heads]
        return self._answered()

    def _next_balance(self) -> str:
        if self._point is None:
            return ""
        if not self._point.head.prior:
            return "This model's file does not say how frequent each class was: no other balance."
        more = [step for step in BALANCES if step > self._point.balance]
        self._point = replace(self._point, balance=min(more, default=BALANCES[0]))
        self._points[self._point.place] = self._point
        return self._answered()

    def _answered(self) -> str:
        if self._point is None or self._paused:  # the paused picture says it
            return ""
        return f"It answers as {self._point.head.name}, balance {self._point.balance:g}."

    @property
    def point(self) -> OperatingPoint | None:
        """How the model answers from the next frame on; None before `answer_with`."""
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
        its balance, how many heads there are, and whether it can have another balance."""
        point = self._point
        return {
            "head": "" if point is None else point.head.name,
            "balance": 0.0 if point is None else point.balance,
            "heads": self._heads,
            "balances": point is not None and bool(point.head.prior),
            "half_life": self._half_life,
            "mirror": self._mirror,
            "grouped": self._grouped,
            "paused": self._paused,
        }
