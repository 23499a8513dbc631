"""Runs mongod for as long as anybody uses it, and not a moment longer.

A script of its own, started by `database` as `python watchdog.py USERS_LOCK SOCKET_DIR
mongod...`; it imports nothing but the standard library. However its owner ends, also by
`kill -9`, the pipe on standard input closes and mongod is stopped. On Linux mongod in turn
dies with this process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

STOP_SECONDS = 10
"""How long mongod may take to write its data down before it is killed."""

SHARED = b"shared\n"
"""Told to the owner who leaves: others use mongod, do not wait for its end."""


def main(users_lock: str, socket_dir: str, *command: str) -> int:
    # Signals meant for the owner must not end mongod first: the owner disconnects, then we stop.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    owner = os.getppid()
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=_dies_with_parent()
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_stop_after, args=(owner, users_lock, child), daemon=True).start()
    code = child.wait()
    if socket_dir:
        shutil.rmtree(socket_dir, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _stop_after(owner: int, users_lock: str, child: subprocess.Popen[bytes]) -> None:
    _wait_for_owner(owner)
    with contextlib.ExitStack() as held:
        if users_lock:
            held.enter_context(_last_user(users_lock))
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for_owner(owner: int) -> None:
    """Return when the pipe closes, or when the parent changes: a fork keeps the pipe open."""
    if sys.platform == "win32":
        while sys.stdin.buffer.read(1):
            pass
        return
    import select

    while os.getppid() == owner:
        readable, _, _ = select.select([sys.stdin], [], [], 0.5)
        if readable and not os.read(sys.stdin.fileno(), 1):
            return


@contextlib.contextmanager
def _last_user(users_lock: str) -> Iterator[None]:
    """Every user holds a shared lock; the exclusive one means that the last has left."""
    import fcntl

    with open(users_lock, "rb") as file:  # noqa: PTH123 - start-up time counts
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(OSError):
                os.write(1, SHARED)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _dies_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    set_death_signal = ctypes.CDLL(None, use_errno=True).prctl
    pr_set_pdeathsig = 1
    parent = os.getpid()

    def before_exec() -> None:
        set_death_signal(pr_set_pdeathsig, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
