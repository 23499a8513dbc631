"""Whose database a database folder is: a copy of a workspace must not open the original's."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from fercurate import locks
from fercurate.files import write_json

_NAME = "home.json"
_LOCKS = ("home.lock", "users.lock", "server.lock")
_ASIDE = ".copied"
"""At the end of the name of what came with a copy: kept, and used by nobody."""


def settle(directory: Path) -> None:
    """Make sure that the database in a folder is that folder's own.

    What was copied here with a workspace that still is where it was goes aside: it is a view
    of that one, may have been copied in the middle of a write, and the dataset has all that is
    needed for a new one. A folder that was moved keeps its database.

    Args:
        directory: Resolved; exists.
    """
    with locks.hold(directory / "home.lock", f"{directory} is being set up", wait=10):
        home = _read(directory)
        here = {"path": str(directory), "inode": directory.stat().st_ino}
        if all(home.get(name) == value for name, value in here.items()):
            return
        is_here = home.get("path") == here["path"] or home.get("inode") == here["inode"]
        if home and not is_here and _is_copy(home):
            _put_aside(directory)
            home = {}
        write_json(directory / _NAME, {"id": secrets.token_hex(8), **home, **here})


def mark(directory: Path) -> str:
    """Goes with what is true of this folder alone, and of no copy of it."""
    return f"{directory.stat().st_ino} {directory}"


def _read(directory: Path) -> dict[str, Any]:
    try:
        found = json.loads((directory / _NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_copy(home: dict[str, Any]) -> bool:
    """Whether the folder that a database came from still is its home."""
    named = home.get("path")
    other = _read(Path(named)) if isinstance(named, str) else {}
    return bool(other) and other.get("id") == home.get("id")


def _put_aside(directory: Path) -> None:
    aside = directory.with_name(directory.name + _ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    for path in list(directory.iterdir()):
        # a review that is starting holds its own file and the lock
        if path.name not in _LOCKS and not path.name.startswith("reviewing-"):
            path.rename(aside / path.name)
