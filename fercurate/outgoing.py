"""Handing a clean set out: which images, and a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.errors import FercurateError, InputError
from fercurate.files import write_json
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

MARK = "export.json"
"""By this file a folder is known as an export, and may be replaced."""


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

    Raises:
        InputError: `folder` holds something: with `force` an earlier export is replaced, and
            nothing else is.
        FercurateError: the disk refuses.
    """
    _check(folder, force)
    folder = folder.absolute()
    beside = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(3)}")
    old = beside.with_name(beside.name + "-old")
    try:
        beside.mkdir(parents=True)
        yield beside
        write_json(beside / MARK, about)
        if folder.exists():
            folder.rename(old)
        try:
            beside.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    except OSError as error:
        raise FercurateError(
            f"{folder} cannot be written: {error.strerror or error}.", "Choose another --to."
        ) from error
    finally:
        for leftover in (beside, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _check(folder: Path, force: bool) -> None:
    if not folder.name:
        raise InputError("No folder was named.", "Name one with --to DIR.")
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
