"""One writer a dataset at a time; who reads, or appends a verdict, waits for nobody.

The locks are the kernel's, so that they end with their process, however it ends, and a file
that stays behind locks nothing. filelock keeps them out of forked children. Where a file system
has no locks it marks files instead, and tells a dead owner by its process number.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fercurate import leftovers, ownership
from fercurate.disk import explained
from fercurate.errors import FercurateError, InputError
from fercurate.paths import Paths, RunFiles

if TYPE_CHECKING:
    from filelock import BaseFileLock

AT_ONCE = 0.3
"""Seconds that are allowed for somebody who is just letting go."""

_A_MOMENT = 30.0
"""Seconds that a note in `stages.json` may take, on the slowest of disks."""

_MIRRORING = 300.0
"""Seconds that others may take to bring FiftyOne up to date."""

_LONGEST = 120

_held: set[tuple[int, str]] = set()
"""Threads of this process and what they hold."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_held.clear)


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock, as it has signed."""

    pid: int
    command: str
    since: str
    host: str

    def __str__(self) -> str:
        elsewhere = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{elsewhere} ({self.command}, since {self.since})"


@contextlib.contextmanager
def writing(space: Paths, *, wait: float = AT_ONCE) -> Iterator[None]:
    """Be the one process that writes to a dataset, which need not exist yet.

    May be entered again by who is in it. What killed writers left behind is removed.

    Args:
        space: The dataset.
        wait: Seconds for another writer to end.

    Raises:
        InputError: another process writes to it, or the folder is not of fercurate.
        FercurateError: the disk refuses.
    """
    root = space.root.resolve()  # a link and its target are one dataset
    space = Paths(root)
    what = f"The dataset {root.name} is being written"
    with contextlib.ExitStack() as stack:
        stack.enter_context(explained(root))
        ownership.require_ours(root)
        while True:
            is_new = not root.is_dir()
            if is_new:
                stack.enter_context(_parents_of(root))
            held = contextlib.ExitStack()
            held.enter_context(
                hold(space.new_lock_path if is_new else space.lock_path, what, wait=wait)
            )
            if not is_new or not root.is_dir():
                break
            held.close()  # somebody has just made it: from now on the lock is in it
        with held:
            leftovers.clear_dataset(space)
            yield


@contextlib.contextmanager
def noting(space: Paths) -> Iterator[None]:
    """Read `stages.json` and write it again with nobody in between."""
    space.root.mkdir(parents=True, exist_ok=True)
    with hold(space.stages_lock_path, f"{space.stages_path} is being written", wait=_A_MOMENT):
        yield


@contextlib.contextmanager
def mirroring(space: Paths) -> Iterator[None]:
    """Be the one process that writes to a dataset's FiftyOne mirror; waits for the others."""
    what = f"The FiftyOne dataset of {space.root.resolve().name} is being written"
    with hold(Paths(space.root.resolve()).mirror_lock_path, what, wait=_MIRRORING):
        yield


@contextlib.contextmanager
def training(files: RunFiles) -> Iterator[None]:
    """Be the one process that trains a run; several runs of a dataset may be trained at once.

    Raises:
        InputError: another process trains it.
    """
    files.folder.mkdir(parents=True, exist_ok=True)
    with hold(files.lock_path, f"The run {files.folder.name} is being trained"):
        leftovers.clear_folder(files.folder)
        yield


@contextlib.contextmanager
def hold(path: Path, what: str, *, wait: float = AT_ONCE) -> Iterator[None]:
    """Hold a lock file, which is made, and removed at the end.

    May be entered again by the thread that is in it.

    Args:
        path: The lock file; its folder exists.
        what: The beginning of the message, "The dataset faces is being written".
        wait: Seconds.

    Raises:
        InputError: somebody else holds it.
        FercurateError: it cannot be made.
    """
    mine = (threading.get_ident(), str(path))
    if mine in _held:
        yield
        return
    pid, (lock, file) = os.getpid(), _acquire(path, what, wait)
    _held.add(mine)
    try:
        yield
    finally:
        if os.getpid() == pid:  # a forked child holds nothing
            _held.discard(mine)
            with contextlib.suppress(OSError):
                # who has it open already finds that it is gone, and makes a new one
                if file is not None and path.stat().st_ino == file:
                    path.unlink()
            lock.release()


def _acquire(path: Path, what: str, wait: float) -> tuple[BaseFileLock, int | None]:
    """The lock, held, and the inode of its file; None where the file itself is the lock."""
    from filelock import FileLock, SoftFileLock, Timeout

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that marks stand in for locks
            lock = FileLock(path, thread_local=False)
            lock.acquire(timeout=wait, poll_interval=0.02)
    except Timeout:
        by = _signed(path)
        raise InputError(
            f"{what} by {by or 'another process'}.", "Run this again when that one has ended."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise FercurateError(
            f"{path.parent} cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Is the disk full or read-only?",
        ) from error
    if isinstance(lock, SoftFileLock):
        return lock, None
    with contextlib.suppress(OSError):
        _sign(path)
    return lock, path.stat().st_ino


def _sign(path: Path) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    about = {
        "pid": os.getpid(), "command": _command(), "since": since, "host": socket.gethostname()
    }  # fmt: skip
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(about, file)


def _command() -> str:
    program, *arguments = sys.argv or [""]
    name = "fercurate" if "fercurate" in program else Path(program).name or "python"
    return shlex.join([name, *arguments])


def _signed(path: Path) -> Owner | None:
    """Who holds a lock; None where that cannot be told."""
    for _ in range(5):  # it may be about to sign
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            words = (_plain(str(about[name])) for name in ("command", "since", "host"))
            owner = Owner(int(about["pid"]), *words)
        except (OSError, ValueError, KeyError, TypeError):
            owner = None
        if owner is not None and not (
            owner.host == socket.gethostname() and leftovers.is_gone(owner.pid)
        ):
            return owner
        time.sleep(0.02)
    return None


def _plain(text: str) -> str:
    """What another process wrote, fit for a terminal."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


@contextlib.contextmanager
def _parents_of(root: Path) -> Iterator[None]:
    """The folders above a dataset; those that were made go again where nothing came of it."""
    made = [folder for folder in root.parents if not folder.exists()]
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
