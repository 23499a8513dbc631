"""What is said when a file cannot be written any more."""

from __future__ import annotations

from pathlib import Path

from fercurate.errors import FercurateError


def not_written(path: Path | str, error: OSError) -> FercurateError:
    """What is said when writing fails in the middle: the disk is full, say."""
    return FercurateError(
        f"{path} cannot be written any more: {error.strerror or error}.",
        "Make room, or choose another disk. What was written until then is kept.",
    )
