"""Our own mongod for FiftyOne: one a workspace, on a private Unix socket, never left behind.

FiftyOne's own database service takes over any mongod that it finds running, whichever
folder that one writes to, so it is given the address of ours instead.

Several fercurate processes may use a workspace at once: the first starts mongod, the
others join it, and `watchdog` stops it when the last has left. Two lock files in the
database folder arrange this: each user holds `users.lock` shared, the watchdog holds
`server.lock`. The kernel drops both when a process dies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from fercurate.errors import FercurateError
from fercurate.files import write_text
from fercurate.review import homes, mongod
from fercurate.review.address import UNIX_SOCKETS, free_address, listening, ping, uri_of
from fercurate.review.locks import Lock
from fercurate.review.watchdog import SHARED, STOP_SECONDS
from fercurate.workspace import Workspace

VARIABLE = "FIFTYONE_DATABASE_URI"

START_SECONDS = 30
"""How long a database may take to answer: half a second, more on a busy machine."""

_ours: set[str] = set()
_left_running: list[subprocess.Popen[bytes]] = []


@contextlib.contextmanager
def serving(place: Workspace | Path, *, timeout: float = START_SECONDS) -> Iterator[str]:
    """The address of a running database for FiftyOne, for as long as the context lasts.

    A `FIFTYONE_DATABASE_URI` that the user has set is taken as it is and nothing is started.
    A mongod that already runs for this workspace is shared; whoever leaves last stops it.

    Args:
        place: A workspace, or the folder of the database itself (made with mode 0700).
        timeout: Longest wait for the database to answer, seconds.

    Raises:
        FercurateError: no mongod is installed, or it does not start or answer in time.
    """
    given = os.environ.get(VARIABLE)
    if given and given not in _ours:
        _require_answer(given, timeout)
        yield given
        return
    directory = place.database_dir if isinstance(place, Workspace) else place
    try:
        directory = _private(directory)
        homes.settle(directory)
        server = _join(directory, time.monotonic() + timeout)
    except OSError as error:
        raise FercurateError(
            f"The database folder {directory} cannot be used: {error}", _OTHER_DATABASE
        ) from error
    _ours.add(server.uri)
    try:
        yield server.uri
    finally:
        server.leave()


def is_own(uri: str) -> bool:
    """Whether a database is one that we run, for one workspace alone."""
    return uri in _ours


_OTHER_DATABASE = (
    f"Mend that and run: fercurate sync   (or set {VARIABLE} to a MongoDB of your own)"
)


class _Server:
    """Our share in a running mongod; `process` is its watchdog where we started it."""

    def __init__(
        self, uri: str, users: Lock | None, process: subprocess.Popen[bytes] | None
    ) -> None:
        self.uri = uri
        self._users = users
        self._process = process
        self._pid = os.getpid()

    def leave(self) -> None:
        """Stop mongod if nobody else uses it; returns when it is gone or left to others."""
        if os.getpid() != self._pid:
            return
        if self._users is not None:
            self._users.release()
        if self._process is not None:
            _dismiss(self._process)


def _join(directory: Path, deadline: float) -> _Server:
    """Use the mongod that runs, or start one; with every wait bounded by `deadline`."""
    users = Lock.shared(directory / "users.lock", deadline) if UNIX_SOCKETS else None
    try:
        while True:
            uri = _running(directory, deadline)
            if uri is not None:
                return _Server(uri, users, None)
            starting = Lock.exclusive(directory / "server.lock") if UNIX_SOCKETS else None
            if starting is not None or not UNIX_SOCKETS:
                try:
                    uri, process = _start(directory, users, starting, deadline)
                finally:
                    if starting is not None:
                        starting.release()
                return _Server(uri, users, process)
            if time.monotonic() > deadline:
                raise FercurateError(
                    f"The database in {directory} is busy starting or stopping.",
                    "Try again in a moment.",
                )
            time.sleep(0.05)
    except BaseException:
        if users is not None:
            users.release()
        raise


def _running(directory: Path, deadline: float) -> str | None:
    """The address that the present mongod of this folder left, if it answers."""
    try:
        uri, *home = (directory / "address").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ValueError):
        return None
    if home != [homes.mark(directory)]:  # copied with the folder: another one's database
        return None
    return uri if listening(uri) and ping(uri, deadline) is None else None


def _start(
    directory: Path, users: Lock | None, starting: Lock | None, deadline: float
) -> tuple[str, subprocess.Popen[bytes]]:
    program = mongod.find()
    address, socket_dir = free_address(directory)
    uri = uri_of(address)
    output = mongod.fresh_log(directory)
    command = [
        sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py")),
        str(users.path) if users else "", str(socket_dir or ""),
        *mongod.command(program, directory, address),
    ]  # fmt: skip
    with output.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=(starting.fileno(),) if starting else (),
            start_new_session=True,
        )
    try:
        write_text(directory / "address", f"{uri}\n{homes.mark(directory)}\n")
        _wait_until_ready(uri, process, directory, deadline)
    except BaseException:
        if users is not None:
            users.release()
        _dismiss(process)
        raise
    return uri, process


def _wait_until_ready(
    uri: str, process: subprocess.Popen[bytes], directory: Path, deadline: float
) -> None:
    reason: str | None = "it does not listen"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise FercurateError(
                f"mongod stopped at once: {mongod.last_words(directory)}", _OTHER_DATABASE
            )
        if listening(uri):
            reason = ping(uri, deadline)
            if reason is None:
                return
        time.sleep(0.02)
    raise FercurateError(
        f"mongod did not answer in time ({reason}): {mongod.last_words(directory)}",
        _OTHER_DATABASE,
    )


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    """Close the watchdog's pipe; wait for its end unless it says that others need mongod."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        return
    stdin.close()
    deadline = time.monotonic() + STOP_SECONDS + 5
    try:
        word = _read_before(stdout, deadline)
        if word == SHARED:
            _left_running.append(process)
            return
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()  # mongod dies with it, or of the watchdog's own time limit
        process.wait()
    finally:
        stdout.close()


def _read_before(stream: IO[bytes], deadline: float) -> bytes:
    if UNIX_SOCKETS:
        readable, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return b""
    return stream.readline()


def _private(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    return directory.resolve()


def _require_answer(uri: str, timeout: float) -> None:
    reason = ping(uri, time.monotonic() + timeout)
    if reason is not None:
        raise FercurateError(
            f"The database that {VARIABLE} names does not answer: {reason}",
            f"Start it, or unset {VARIABLE}: fercurate then starts one of its own.",
        )


# -- doctor ---------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class Check:
    """What `check` found.

    `program` is the mongod or "FIFTYONE_DATABASE_URI"; `version` and `seconds` (from start
    to answer) are None where it did not come so far; `problem` and `fix` are empty when
    all is well.
    """

    program: str
    version: str | None = None
    seconds: float | None = None
    problem: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


def check(*, timeout: float = START_SECONDS) -> Check:
    """Start a database in a temporary folder and stop it again; raises nothing."""
    found = Check("mongod")
    try:
        if os.environ.get(VARIABLE):
            found = Check(VARIABLE)
        else:
            program = mongod.find()
            found = Check(str(program))
            found = dataclasses.replace(found, version=mongod.version(program))
        with tempfile.TemporaryDirectory(prefix="fercurate-") as folder:
            started = time.monotonic()
            with serving(Path(folder) / "db", timeout=timeout):
                return dataclasses.replace(found, seconds=time.monotonic() - started)
    except FercurateError as error:
        return dataclasses.replace(found, problem=error.message, fix=error.fix)
