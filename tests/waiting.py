"""Waiting for states: what is waited for comes when it comes, and a limit ends what hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

HANG = 120.0
"""Seconds after which something hangs; far beyond what a busy machine needs."""


def until(what: Callable[[], object], seconds: float = HANG, *, step: float = 0.01) -> None:
    """Wait for something to be true.

    Args:
        what: Asked every `step` seconds.
        seconds: After which it hangs.

    Raises:
        AssertionError: it did not come true.
    """
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(step)
