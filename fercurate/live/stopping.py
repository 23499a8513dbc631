"""Ctrl-C and other requests to end, and work that begins in the background."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from fercurate.errors import EXIT_STOPPED, FercurateError

T = TypeVar("T")

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """Whether somebody asked for the end, and what to do about it.

    Until `gently` is set a signal ends at once, by an error; from then on the first one sets
    the event, so that files are finished, and the second one ends at once.
    """

    def __init__(self) -> None:
        self.gently: threading.Event | None = None
        self.asked = False

    def signalled(self, signum: int, frame: object) -> None:
        """The handler."""
        if self.gently is None or self.asked:
            raise FercurateError("Stopped.", code=EXIT_STOPPED)
        self.asked = True
        self.gently.set()


@contextlib.contextmanager
def listening() -> Iterator[Stop]:
    """Take the signals meanwhile; outside the main thread they are left to others."""
    stop = Stop()
    kept = {}
    if threading.current_thread() is threading.main_thread():
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                kept[number] = signal.signal(number, stop.signalled)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


class Begun(Generic[T]):
    """Work in a thread that does not keep the process from ending.

    Args:
        work: Called in the thread.
        unwanted: Called with what `work` gave if `drop` was called before it was ready.
    """

    def __init__(self, work: Callable[[], T], unwanted: Callable[[T], None] | None = None) -> None:
        self._work, self._unwanted = work, unwanted
        self._value: T
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._is_dropped = False
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="live-begin").start()

    def result(self) -> T:
        """What `work` gave, as soon as it has; raises what it raised."""
        while not self._done.wait(0.2):
            pass  # on Windows no signal ends a wait that has no end
        if self._error is not None:
            raise self._error
        return self._value

    def drop(self) -> None:
        """Its result will not be asked for any more: give back what it holds."""
        with self._lock:
            self._is_dropped = True
            ready = self._done.is_set() and self._error is None
        if ready and self._unwanted is not None:
            self._unwanted(self._value)

    def _run(self) -> None:
        try:
            value = self._work()
        except BaseException as error:
            self._error = error
            self._done.set()
            return
        with self._lock:
            self._value = value
            late = self._is_dropped
            self._done.set()
        if late and self._unwanted is not None:
            self._unwanted(value)
