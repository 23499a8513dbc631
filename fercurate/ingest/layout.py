"""Folder trees of images: which split and which class a path stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fercurate.ingest.batch import excerpt
from fercurate.ingest.classes import LEFT_OUT, Classes, is_number
from fercurate.labels import parse_class, parse_split


@dataclass(frozen=True)
class Place:
    """Split and label of an image; `reason` says why it has none, else it is empty.

    Attributes:
        split: Out of `labels.SPLITS`; empty where there is a reason.
        label: A class.
        reason: For people.
        named: The class as the folder calls it; empty where the path names none.
        within: The split that the path leads through, also where there is a reason.
        left_out: Whether the user said that this class is to be left out.
        known: The class that `named` stands for, where there is a reason all the same.
    """

    split: str = ""
    label: str | None = None
    reason: str = ""
    named: str = field(default="", compare=False)
    within: str = field(default="", compare=False)
    left_out: bool = field(default=False, compare=False)
    known: str = field(default="", compare=False)


def has_splits(names: Sequence[str], root: str = "") -> bool:
    """Whether any of the paths goes through a folder named like a split, or `root` is one."""
    if split_of_root(root):
        return True
    return any(_split_among(name.split("/")[:-1]) for name in names)


def place(names: Sequence[str], root: str = "", classes: Classes | None = None) -> list[Place]:
    """Where images belong, by their paths.

    Understood are `train/<class>/x.jpg` beside `test/<class>/x.jpg` (and validation),
    `<class>/train/x.jpg`, `<class>/x.jpg` alone (all train), `test/x.jpg` (no label), each
    below any folders whose names say nothing.

    Args:
        names: Paths of images relative to the source, parts separated by "/".
        root: What the source is called: of "test" all is test, if its folders say nothing else.
        classes: What the user said of its classes.

    Returns:
        One place a path, in order.
    """
    said = classes or Classes()
    splits = has_splits(names)
    whole = None if splits else split_of_root(root)
    return [_place(name.split("/")[:-1], splits, whole, said) for name in names]


def split_of_root(root: str) -> str | None:
    """The split that a source's own name stands for; "dev" is a folder of developers too."""
    return None if root.strip().lower() == "dev" else parse_split(root)


def _place(folders: list[str], splits: bool, whole: str | None, said: Classes) -> Place:
    inside = _split_among(folders)
    split = inside or whole or ""

    def refused(reason: str, named: str = "", *, left_out: bool = False) -> Place:
        known = (said.of_folder(named) if named else "") or ""
        return Place(reason=reason, named=named, within=split, left_out=left_out, known=known)

    if len(folders) > 1 and parse_split(folders[-1]) and _is_or_may_be_class(folders[-2], said):
        folders = [*folders[:-2], folders[-1], folders[-2]]  # <class>/train is train/<class>
    named = folders[-1] if folders else ""
    label = said.of_folder(named) if folders else None
    if label is None:
        if not folders or parse_split(named):
            return Place("test") if split == "test" else refused("is in no class folder")
        above = next((name for name in reversed(folders[:-1]) if _is_class(name, said)), None)
        if above is not None:
            inner = f"is in {excerpt(named)} inside the class folder {excerpt(above)}"
            return refused(inner, above)
        return refused(f"unknown class {excerpt(named)}", named)
    if label == LEFT_OUT:
        return refused("left out, as --classes says", named, left_out=True)
    if len(folders) > 1 and _is_class(folders[-2], said):
        return refused("a class folder inside a class folder", named)
    if splits and inside is None:
        return refused("is in no train, val or test folder, as others are", named)
    return Place(split or "train", label, named=named)


def _is_or_may_be_class(name: str, said: Classes) -> bool:
    return is_number(name) or _is_class(name, said)


def _is_class(name: str, said: Classes) -> bool:
    return said.of_folder(name) is not None


def _split_among(folders: Sequence[str]) -> str | None:
    """The split that the innermost folder with such a name stands for."""
    return next((split for name in reversed(folders) if (split := parse_split(name))), None)


def label_of_photo(path: Path) -> str | None:
    """The class that a photograph's folder is named after, else None.

    A bare number is none: photographs are kept by month and day.
    """
    return parse_class(Path(os.path.abspath(path)).parent.name)  # noqa: PTH100  # a link stays where it is
