"""How a review ends: by a signal, or because its server or its database did."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

from fercurate.review import server
from fercurate.review.address import listening
from fercurate.review.connection import disconnect
from fercurate.review.database import VARIABLE

CHECK_SECONDS = 1.0
"""How often it is asked whether the database and the server are still there."""


class Stop(threading.Event):
    """Set by Ctrl-C, and by whatever else asks a program to end."""

    is_starting = True
    """Until the review is open a signal does what it did before as well."""


@contextlib.contextmanager
def until_signal() -> Iterator[Stop]:
    stopped = Stop()
    before: dict[int, Any] = {}

    def stop(number: int, frame: Any) -> None:
        stopped.set()
        if stopped.is_starting and callable(before[number]):
            before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                before[number] = signal.getsignal(number)
                signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait(stopped: threading.Event, running: server.Server) -> str | None:
    """Return when the reviewer stops (None), or with what failed."""
    uri = os.environ[VARIABLE]
    is_near = listening(uri)  # a database of the user's own may be anywhere
    while not stopped.wait(CHECK_SECONDS):
        if not running.is_running:
            return f"The review's server stopped: {running.failure}."
        if not is_near or listening(uri) or stopped.wait(CHECK_SECONDS):
            continue
        if not listening(uri):
            _leave_dead_database()
            return "The database stopped in the middle."
    return None


def _leave_dead_database() -> None:
    """Close FiftyOne's connections now: each would look for the database for 10 s otherwise."""
    import pymongo

    with pymongo.timeout(0.5):
        disconnect()
