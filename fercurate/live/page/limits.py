"""How much a page may send."""

from __future__ import annotations

import json
import time
from typing import Any

MOST_BYTES = 4 << 20
"""Of a frame; 1280x720 takes about 0.2 MB."""

MOST_TEXT = 1 << 10
"""Bytes of any other message."""

STAMP_BYTES = 8
"""Before a frame: the page's clock, milliseconds, float64, big-endian."""


class Pace:
    """A token bucket.

    Args:
        rate: Messages a second in the long run.
        burst: At once.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left = rate, burst, burst
        self._then = time.monotonic()

    def allows(self) -> bool:
        """Whether one more is within the limit; it is counted then."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class BadMessage(Exception):
    """A message that no page of ours sends: the connection is closed.

    Args:
        code: Of the WebSocket's close (RFC 6455, 7.4).
        reason: In words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def parsed(text: str) -> dict[str, Any]:
    """A small message.

    Raises:
        BadMessage: too long, or no object of JSON.
    """
    if len(text) > MOST_TEXT or len(text.encode("utf-8", "replace")) > MOST_TEXT:
        raise BadMessage(1009, "too long")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage(1007, "no JSON") from None
    if not isinstance(said, dict):
        raise BadMessage(1007, "no object")
    return said
