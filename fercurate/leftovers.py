"""What killed processes left behind: found by its name, and removed by the next that owns it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fercurate.paths import Paths

_BESIDE = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)-[0-9a-f]{6}")
"""What `files.replacing` writes to before it renames."""

_IDLE = 60.0
"""Seconds since the last write: on a shared disk the process may live on another machine."""


def clear_dataset(space: Paths) -> None:
    """Remove what killed writers of a dataset left in it and beside it.

    Only for the one writer: nobody else can be at work on these files.
    """
    beside = re.compile(rf"\.{re.escape(space.root.name)}\.import-\d+")
    for entry in _entries(space.root.parent):
        if beside.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
    # verdicts are written by others at the same time, and so is the record
    theirs = {space.decisions_path.name, space.stages_path.name}
    ours = {path.name for path in _files(space)} - theirs
    _remove(space.root, lambda name, _: name in ours)
    _remove(space.root, lambda name, entry: name in theirs and _is_left(entry))
    for folder in _entries(space.runs_dir):
        if folder.name.startswith(("audit-", "screen-")) and folder.is_dir(follow_symlinks=False):
            clear_folder(Path(folder.path))


def clear_folder(folder: Path) -> None:
    """Remove what killed processes left in a folder; only for the one process that writes there."""
    _remove(folder, lambda name, entry: True)


def clear_dead(folder: Path) -> None:
    """Remove what killed processes left in a folder that others may be writing to.

    A file of a process that lives stays. A number that another process has taken since is told
    by when that one started.
    """
    _remove(folder, lambda name, entry: _is_left(entry))


def is_gone(pid: int, since: float | None = None) -> bool:
    """Whether a process of this machine has ended.

    Args:
        pid: Its number.
        since: When it was alive, seconds since 1970: another one may have its number now.
    """
    import psutil

    try:
        begun = float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False
    return since is not None and begun > since + 2


def _is_left(entry: os.DirEntry[str]) -> bool:
    found = _BESIDE.fullmatch(entry.name)
    if found is None:
        return False
    written = entry.stat(follow_symlinks=False).st_mtime
    pid = int(found["pid"])
    return pid != os.getpid() and time.time() - written > _IDLE and is_gone(pid, written)


def _remove(folder: Path, is_left: Callable[[str, os.DirEntry[str]], bool]) -> None:
    for entry in _entries(folder):
        found = _BESIDE.fullmatch(entry.name)
        with contextlib.suppress(OSError):
            if found and entry.is_file(follow_symlinks=False) and is_left(found["name"], entry):
                Path(entry.path).unlink()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from list(entries)
    except OSError:
        return


def _files(space: Paths) -> list[Path]:
    """The files of a dataset that lie in its folder itself."""
    names = [name for name, value in vars(Paths).items() if isinstance(value, property)]
    paths = [getattr(space, name) for name in names]
    return [path for path in paths if path.parent == space.root]
