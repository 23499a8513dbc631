"""Where a database listens: choosing a private address, and asking whether it answers."""

from __future__ import annotations

import re
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, unquote

from fercurate.review.mongod import SOCKET_NAME

UNIX_SOCKETS = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
OPTIONS = "/?journal=true&serverSelectionTimeoutMS=10000"
"""Journal on: no acknowledged write is lost. The time-out bounds what a dead server costs."""


_CODES = "In user and password @ is written as %40, / as %2F, : as %3A, ? as %3F, % as %25."


def free_address(directory: Path) -> tuple[str, Path | None]:
    """A socket path or "127.0.0.1:<port>" to listen on, and a folder to remove afterwards.

    The socket lies in `directory`, or in a private temporary folder (the second value) where
    the path is too long for a socket (about 100 bytes) or the file system has no sockets.
    """
    if not UNIX_SOCKETS:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return f"127.0.0.1:{probe.getsockname()[1]}", None
    path = directory / SOCKET_NAME
    if _can_bind(path):
        return str(path), None
    elsewhere = Path(tempfile.mkdtemp(prefix="fercurate-"))
    return str(elsewhere / SOCKET_NAME), elsewhere


def _can_bind(path: Path) -> bool:
    path.unlink(missing_ok=True)  # what a killed mongod left
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True


def uri_of(address: str) -> str:
    """The MongoDB address of what `free_address` gave."""
    return f"mongodb://{quote(address, safe=':')}{OPTIONS}"


def listening(uri: str) -> bool:
    """Whether something listens at one of our own addresses; answers at once.

    False for the user's own with a user in it: what seems its host may be a part of a password.
    """
    if "@" in uri:
        return False
    host = unquote(uri.removeprefix("mongodb://").split("/", 1)[0])
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(host)
        else:
            name, _, port = host.partition(":")
            socket.create_connection((name, int(port)), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True


def ping(uri: str, deadline: float) -> str | None:
    """None when the database answers before `deadline` (`time.monotonic()`), else why not.

    Nothing but the host is said of the address, and no part of a password is asked for as one.
    """
    import pymongo
    from pymongo.errors import ConfigurationError, PyMongoError

    behind = re.split("[/?]", uri.partition("://")[2], maxsplit=1)[1:]
    if "@" in "".join(behind):
        return f"which part of its address is the host is not clear. {_CODES}"

    left_ms = max(500, int(1000 * (deadline - time.monotonic())))
    client: pymongo.MongoClient[dict[str, object]] | None = None
    try:
        client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=left_ms, socketTimeoutMS=left_ms)
        client.admin.command("ping")
    except (ConfigurationError, ValueError):  # their words hold what they do not understand
        return f"its address is not well-formed. {_CODES}"
    except PyMongoError as error:
        return str(error).split(" (configured timeouts", 1)[0].split(", Timeout:", 1)[0]
    finally:
        if client is not None:
            client.close()
    return None
