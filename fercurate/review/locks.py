"""File locks that the kernel drops when their process dies (POSIX only)."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from pathlib import Path

from fercurate.errors import FercurateError


class Lock:
    """An advisory lock on a file; make it with `shared` or `exclusive`.

    A process forked while it is held does not keep it alive.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def shared(cls, path: Path, deadline: float) -> Lock:
        """Hold the file with others, from when nobody holds it alone.

        Args:
            path: Made when missing, mode 0600.
            deadline: `time.monotonic()` to give up at.

        Raises:
            FercurateError: somebody holds it alone for too long.
        """
        while True:
            lock = cls._try(path, shared=True)
            if lock is not None:
                return lock
            if time.monotonic() > deadline:
                raise FercurateError(
                    f"The database in {path.parent} takes long to stop.", "Try again in a moment."
                )
            time.sleep(0.02)

    @classmethod
    def exclusive(cls, path: Path) -> Lock | None:
        """Hold the file alone, or None when somebody else does."""
        return cls._try(path, shared=False)

    @classmethod
    def _try(cls, path: Path, *, shared: bool) -> Lock | None:
        if sys.platform == "win32":
            raise FercurateError(
                "This system has no file locks for the database.",
                "Start a MongoDB yourself and set FIFTYONE_DATABASE_URI.",
            )
        import fcntl

        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def release(self) -> None:
        """Let go of our hold; a process that inherited the descriptor keeps its own."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_held: weakref.WeakSet[Lock] = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in list(_held):
        with contextlib.suppress(OSError):
            lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
