"""How a stage tells what it is doing: to a terminal, or to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[float], None]


class Progress(Protocol):
    """What every stage's `run` takes as its third argument."""

    def task(
        self, name: str, total: float, unit: str = "images"
    ) -> AbstractContextManager[Advance]:
        """Open a bar of `total` units; the value is a function that advances it."""

    def say(self, text: str) -> None:
        """One line that stays on the terminal."""

    def warn(self, text: str) -> None:
        """One line about something that went less well than it should."""


class Quiet:
    """Shows nothing; for tests and for use as a library."""

    @contextmanager
    def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
        yield lambda amount: None

    def say(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass
