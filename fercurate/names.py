"""What a dataset may be called: a name that is a folder on every system, and one only."""

from __future__ import annotations

import re
from pathlib import Path

from fercurate.errors import InputError

LONGEST = 100
"""Characters; names of reports and of files in the making are longer by some."""

_ALLOWED = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def require_name(text: str, how: str) -> str:
    """The name of a dataset, as it was given.

    Args:
        text: The name.
        how: Where another one is given, " with --name" say.

    Raises:
        InputError: it cannot be that of a folder on some system, or leads elsewhere.
    """
    if _RESERVED.fullmatch(text):
        raise InputError(
            f"{text!r} cannot name a dataset: Windows keeps that name.", f"Give another{how}."
        )
    if len(text) > LONGEST:
        raise InputError(
            f"{text[:20]}... cannot name a dataset: it has {len(text)} characters.",
            f"Give {LONGEST} or fewer{how}.",
        )
    if not _ALLOWED.fullmatch(text):
        raise InputError(
            f"{text!r} cannot name a dataset.",
            f"Give letters, digits, '.', '_' and '-'{how}; not '.' or '-' at the front, nor '.' "
            "at the end.",
        )
    return text


def is_path(text: str) -> bool:
    """Whether `--dataset` means a folder, and not a name."""
    return text in (".", "..") or "/" in text or "\\" in text or Path(text).is_absolute()


def require_unlike(name: str, datasets: Path) -> None:
    """Raise `InputError` where a dataset differs from `name` in capitals alone.

    macOS and Windows take the two for one.
    """
    if not datasets.is_dir():
        return
    there = {path.name for path in datasets.iterdir()}
    if name in there:
        return
    for other in sorted(there):
        if other.casefold() == name.casefold():
            raise InputError(
                f"{datasets / other} differs from {name!r} in capitals alone, and some systems "
                "take the two for one.",
                f"Give another name, or that one: --name {other}",
            )
