"""A disk that is full or refuses, told apart from what else can go wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from fercurate.errors import FercurateError

_REFUSALS = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EIO", "EACCES", "EPERM")
    if hasattr(errno, name)
}
_FULL = re.compile(r"No space left|[Dd]isk quota|os error 28\b|\d+ requested and \d+ written")
_NOTHING = 1 << 16
"""Bytes: with fewer free ones nothing can be written."""


FIX = (
    "Is the disk full or read-only? Mend that and run the same command again; what was there is "
    "as it was."
)


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Where writing below `folder` fails for the disk's sake, say that and what to do.

    Raises:
        FercurateError: in place of what the libraries raise; numpy, torch and safetensors have
            an error each of their own for a full disk.
    """
    try:
        yield
    except FercurateError:
        raise
    except Exception as error:
        if not _is_refusal(error, folder):
            raise
        raise FercurateError(f"{folder} cannot be written: {reason(error)}.", FIX) from error


def reason(error: Exception) -> str:
    """What the disk says; numpy says how many bytes it wrote, others nothing of the disk."""
    said = getattr(error, "strerror", None)
    if said:
        return str(said)
    return os.strerror(errno.ENOSPC) if _FULL.search(str(error)) else str(error).rstrip(".")


def _is_refusal(error: Exception, folder: Path) -> bool:
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        named = error.filename
        if not isinstance(named, str | os.PathLike):
            return True
        place = Path(os.path.realpath(named))
        return place.is_relative_to(folder) or place.parent == folder.parent
    return _FULL.search(str(error)) is not None or _is_full(folder)


def _is_full(folder: Path) -> bool:
    there = next((place for place in (folder, *folder.parents) if place.exists()), None)
    try:
        return there is not None and shutil.disk_usage(there).free < _NOTHING
    except OSError:
        return False
