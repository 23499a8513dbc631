"""Which files are meant by what the user named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fercurate.errors import InputError
from fercurate.folders import check, is_apple_double, not_looked_at, sorted_out, walk
from fercurate.images import READ_KINDS

STDIN = Path("-")
"""Stands for paths on standard input, one a line."""


@dataclass(frozen=True)
class Found:
    """What some places mean.

    Attributes:
        paths: Image files in the order of the places, each once; also those of kinds that are
            not read and links to nothing, whose reason is seen on reading.
        others: How many files of folders are not looked at, by their endings.
    """

    paths: Sequence[Path]
    others: Mapping[str, int]


def find_images(places: Sequence[Path], lines: Iterable[str] = ()) -> Found:
    """The image files that some places mean.

    Args:
        places: Files, whatever they are called; folders, searched recursively for names that
            end like an image's, in the order of their names; or `STDIN`.
        lines: Standard input. Its files need not exist: what they are is seen on reading.

    Raises:
        InputError: no place, one that does not exist or is a pipe or a device, a folder that
            cannot be listed, or no image in any.
    """
    if not places:
        raise InputError("No image was named.", "Give images, folders of them, or - for stdin.")
    found: dict[Path, None] = {}
    others: Counter[str] = Counter()
    for place in places:
        if place == STDIN:
            listed = [line for line in map(_without_end, lines) if line]
            named = [Path(line) for line in listed if not is_apple_double(line)]
            others["of macOS"] += len(listed) - len(named)
        elif place.is_dir():
            named, rest = _below(place)
            others.update(rest)
        else:
            check(place, "Give images, or folders of them.")
            named = [place]
        found.update(dict.fromkeys(named))
    others = +others
    if not found:
        where = ", ".join("standard input" if p == STDIN else str(p) for p in places)
        seen = f" It has {not_looked_at(others)}." if others else ""
        raise InputError(
            f"There is no image in {where}.{seen}", f"Images are files that end in {READ_KINDS}."
        )
    return Found(list(found), others)


def _below(folder: Path) -> tuple[list[Path], Counter[str]]:
    entries = walk(folder)
    read, unread, others = sorted_out(entry.name for entry in entries)
    wanted = {*read, *unread}
    return [folder / entry.key for entry in entries if entry.name in wanted], others


def _without_end(line: str) -> str:
    return line.rstrip("\r\n")
