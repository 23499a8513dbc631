"""The last minute, so that a page that is opened late, or again, shows it too."""

from __future__ import annotations

from collections import deque
from typing import Any

SECONDS = 60.0
STEP = 0.2
"""Seconds between two entries that are kept."""


class Recent:
    """Keeps what was seen at times a step apart, for as long as the page shows it."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque()

    def add(self, said: dict[str, Any]) -> None:
        """A result, as `messages.described` gives it."""
        entries, now = self._entries, said["time"]
        if entries and now < entries[-1]["time"]:
            entries.clear()  # a video begins anew
        if entries and now < entries[-1]["time"] + STEP:
            return
        faces = [
            {"track": f["track"], "shares": f["shares"], "label": f["label"]} for f in said["faces"]
        ]
        entries.append({"time": now, "faces": faces})
        while entries[0]["time"] < now - SECONDS:
            entries.popleft()

    def entries(self) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(self._entries)
