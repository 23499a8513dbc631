"""Which files are meant by what the user named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fercurate.errors import InputError
from fercurate.images import is_image

STDIN = Path("-")
"""Stands for paths on standard input, one a line."""


def find_images(places: Sequence[Path], lines: Iterable[str] = ()) -> list[Path]:
    """The image files that some places mean, in the order of the places, each once.

    Args:
        places: Files, whatever they are called; folders, searched recursively for names that
            end like an image's, in the order of their names; or `STDIN`.
        lines: Standard input. Its files need not exist: what they are is seen on reading.

    Raises:
        InputError: no place, one that does not exist, or no image in any.
    """
    if not places:
        raise InputError("No image was named.", "Give images, folders of them, or - for stdin.")
    found: dict[Path, None] = {}
    for place in places:
        if place == STDIN:
            named = [Path(line) for line in map(_without_end, lines) if line]
        elif place.is_dir():
            named = list(_below(place))
        elif place.exists():
            named = [place]
        else:
            raise InputError(f"{place} does not exist.", "Give images, or folders of them.")
        found.update(dict.fromkeys(named))
    if not found:
        where = ", ".join("standard input" if p == STDIN else str(p) for p in places)
        raise InputError(
            f"There is no image in {where}.",
            "Images are files that end in .jpg, .png, .webp, .bmp or .tif.",
        )
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(root, name) for name in sorted(files) if is_image(name))


def _without_end(line: str) -> str:
    return line.rstrip("\r\n")
