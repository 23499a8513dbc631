"""What a person can change while it runs, from the window's keys or from the page."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "q": "quit",
        "p": "pause",
        "s": "snapshot",
        "m": "mirror",
        "g": "classes or groups",
        "+": "smoother",
        "-": "quicker",
    }
)
"""The keys and what each does; the same in the window and on the page."""

HALF_LIVES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8, 1.2, 2.0)
"""Steps of the smoothing, seconds; 0 is none."""


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
        self.quit = threading.Event()

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
            elif key == "+":
                longer = [step for step in HALF_LIVES if step > self._half_life]
                self._half_life = min(longer, default=self._half_life)
            else:
                shorter = [step for step in HALF_LIVES if step < self._half_life]
                self._half_life = max(shorter, default=self._half_life)
        return True

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
        """For the page: half_life in seconds, mirror, grouped, paused."""
        return {
            "half_life": self._half_life,
            "mirror": self._mirror,
            "grouped": self._grouped,
            "paused": self._paused,
        }
