"""Folder trees of images: which split and which class a path stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fercurate.ingest.batch import excerpt
from fercurate.labels import parse_class, parse_split


@dataclass(frozen=True)
class Place:
    """Split and label of an image; `reason` says why it has none, else it is empty."""

    split: str = ""
    label: str | None = None
    reason: str = ""


def has_splits(names: Sequence[str]) -> bool:
    """Whether any of the paths goes through a folder named like a split."""
    return any(_split_among(name.split("/")[:-1]) for name in names)


def place(names: Sequence[str]) -> list[Place]:
    """Where images belong, by their paths.

    Understood are `train/<class>/x.jpg` beside `test/<class>/x.jpg` (and validation),
    `<class>/x.jpg` alone (all train), `test/x.jpg` (no label), each below any folders whose
    names say nothing.

    Args:
        names: Paths of images relative to the source, parts separated by "/".

    Returns:
        One place a path, in order.
    """
    splits = has_splits(names)
    return [_place(name.split("/")[:-1], splits) for name in names]


def _place(folders: list[str], splits: bool) -> Place:
    label = parse_class(folders[-1]) if folders else None
    if label is None:
        if folders and parse_split(folders[-1]) == "test":
            return Place("test")
        if not folders or parse_split(folders[-1]):
            return Place(reason="is in no class folder")
        return Place(reason=f"unknown class {excerpt(folders[-1])}")
    if len(folders) > 1 and parse_class(folders[-2]) is not None:
        return Place(reason="a class folder inside a class folder")
    split = _split_among(folders[:-1])
    if split is None and splits:
        return Place(reason="is in no train, val or test folder, as others are")
    return Place(split or "train", label)


def _split_among(folders: Sequence[str]) -> str | None:
    """The split that the innermost folder with such a name stands for."""
    return next((split for name in reversed(folders) if (split := parse_split(name))), None)


def label_of_photo(path: Path) -> str | None:
    """The class that a photograph's folder is named after, else None.

    A bare number is none: photographs are kept by month and day, and "3" would be happy.
    """
    folder = Path(os.path.abspath(path)).parent.name  # noqa: PTH100  # a link stays where it is
    return None if folder.strip().isdecimal() else parse_class(folder)
