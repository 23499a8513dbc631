"""Handing a clean set out: which images, and a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate import locks
from fercurate.errors import FercurateError, InputError
from fercurate.files import write_json
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

MARK = "export.json"
"""By this file a folder is known as an export, and may be replaced."""

_OLD = "-old"
"""At the end of the name of an export that is being replaced."""


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes:
        folder: Where it is.
        format: As it was asked for.
        counts: Images by split.
        n_without_label: Images that no format could carry.
        hint: How to open it; may be empty.
        seconds: Of this run.
    """

    folder: Path
    format: str
    counts: dict[str, int]
    n_without_label: int
    hint: str
    seconds: float


def chosen(space: Workspace, splits: Sequence[str] | None) -> tuple[pd.DataFrame, int]:
    """The clean table's labelled images of some splits, and how many have no label.

    Raises:
        InputError: nothing was cleaned, an unknown split, or no image is left.
    """
    unknown = set(splits or ()) - set(SPLITS)
    if unknown:
        raise InputError(f"There is no split {min(unknown)!r}.", f"Splits: {', '.join(SPLITS)}")
    table = space.clean()
    table = table[table["split"].isin(splits or SPLITS)]
    labelled = table[table["label"].notna()].reset_index(drop=True)
    if labelled.empty:
        raise InputError(
            "The clean set has no labelled image in these splits.", f"Splits: {', '.join(SPLITS)}"
        )
    return labelled, len(table) - len(labelled)


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Images of each split that has some."""
    found = table["split"].value_counts()
    return {split: int(found[split]) for split in SPLITS if split in found}


@contextlib.contextmanager
def making(folder: Path, about: Mapping[str, Any], *, force: bool) -> Iterator[Path]:
    """A folder beside `folder` to write to; takes its place on success, goes on failure.

    What exports that were killed left there is cleared up first.

    Raises:
        InputError: `folder` holds something: with `force` an earlier export is replaced, and
            nothing else is; or another process exports to it.
        FercurateError: the disk refuses.
    """
    if not folder.name:
        raise InputError("No folder was named.", "Name one with --to DIR.")
    folder = folder.absolute()
    lock = folder.with_name(f".{folder.name}.export.lock")
    with _disk_named(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locks.hold(lock, f"{folder} is being written"):
            _clear(folder)
            _check(folder, force)
            yield from _made(folder, about)


def _made(folder: Path, about: Mapping[str, Any]) -> Iterator[Path]:
    beside = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(3)}")
    old = beside.with_name(beside.name + _OLD)
    try:
        beside.mkdir(parents=True)
        yield beside
        write_json(beside / MARK, {**about, "n_files": _n_files(beside)})
        if folder.exists():
            folder.rename(old)
        try:
            beside.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        for leftover in (beside, old):
            shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def _disk_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FercurateError(
            f"{folder} cannot be written: {error.strerror or error}.", "Choose another --to."
        ) from error


def _clear(folder: Path) -> None:
    """Clear up what killed exports left; only for the one process that exports to `folder`."""
    made = re.compile(rf"\.{re.escape(folder.name)}\.\d+-[0-9a-f]{{6}}(?:{_OLD})?")
    left = [p for p in folder.parent.iterdir() if made.fullmatch(p.name) and p.is_dir()]
    for path in left:
        # killed between two renames: what was there before comes back
        if path.name.endswith(_OLD) and not folder.exists() and (path / MARK).exists():
            path.rename(folder)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _check(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Name a folder with --to.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / MARK).exists():
        raise InputError(
            f"{folder} is not empty, and no export of fercurate.", "Choose a new folder with --to."
        )
    if not force:
        raise InputError(f"{folder} holds an earlier export.", "Replace it with --force.")
    n_more = _n_files(folder) - _n_noted(folder)
    if n_more > 0:
        raise InputError(
            f"{folder} holds files that the export did not write: {n_more}.",
            "Move them elsewhere, or choose a new folder with --to.",
        )


def _n_files(folder: Path) -> int:
    """Files that somebody would miss."""
    return sum(
        path.is_file() and path.name != MARK and "__pycache__" not in path.parts
        for path in folder.rglob("*")
        if not path.name.startswith(".")
    )


def _n_noted(folder: Path) -> int:
    """How many files an export wrote; those that are there where it is of an earlier version."""
    try:
        noted = json.loads((folder / MARK).read_text(encoding="utf-8")).get("n_files")
    except (OSError, ValueError, AttributeError):
        noted = None
    return noted if isinstance(noted, int) else _n_files(folder)
