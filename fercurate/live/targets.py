"""Whether a file can be written, found out before a camera is opened."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fercurate.errors import FercurateError, InputError


def claim(path: Path) -> None:
    """Make sure that a file can be written; its folder is made, a file there is left as it is.

    Raises:
        InputError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            return  # a pipe: opening it waits for its reader
        if path.exists():
            with path.open("ab"):
                pass
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except FileExistsError as error:
        raise InputError(
            f"{path} cannot be written: {path.parent} is no folder.", "Choose another folder."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another folder."
        ) from error


def not_written(path: Path | str, error: OSError) -> FercurateError:
    """What is said when writing fails in the middle: the disk is full, say."""
    return FercurateError(
        f"{path} cannot be written any more: {error.strerror or error}.",
        "Make room, or choose another disk. What was written until then is kept.",
    )
