"""FER+ votes (Barsoum et al. 2016, https://arxiv.org/abs/1608.01041) joined to a source."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from fercurate import dialect
from fercurate.errors import InputError
from fercurate.folders import check
from fercurate.ingest.streams import Meter, damage_named, decompressed
from fercurate.labels import FERPLUS_COLUMNS, parse_split

Votes = NDArray[np.int16]

_MAX_BYTES = 64 << 20
_IMAGE_NAME = re.compile(r"fer\d{7}", re.ASCII)
_MOST_VOTES = 1000
_FIX = "Give the fer2013new.csv that belongs to it, or leave --ferplus out."


@dataclass(frozen=True)
class FerPlus:
    """fer2013new.csv.

    Attributes:
        path: The file, for messages.
        splits: n names, one a row of FER2013.
        names: n image names without suffix; FER+ leaves some empty, and its numbers are
            not row numbers.
        votes: int16 [n, 10], columns as `labels.FERPLUS_COLUMNS`; all 0: not annotated.
    """

    path: Path
    splits: Sequence[str]
    names: Sequence[str]
    votes: Votes


def read_ferplus(path: Path) -> FerPlus:
    """The votes in a file, plain or compressed.

    Raises:
        InputError: missing, unreadable, or not in FER+'s format.
    """
    check(path, "Give FER+'s fer2013new.csv.")
    with damage_named(str(path)), path.open("rb") as raw:
        data = decompressed(raw, Meter(), str(path)).read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES >> 20} MB")
        lines = dialect.text_of(data).splitlines()
        rows = list(csv.reader(lines, delimiter=dialect.delimiter_of(lines[0] if lines else "")))
    rows = [row for row in rows if row]
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    wanted = ["usage", "image name", *(name.lower() for name in FERPLUS_COLUMNS)]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InputError(f"{path} is no FER+ file: it has no column {missing[0]!r}.", _FIX)
    places = [header.index(name) for name in wanted]
    splits, names = [], []
    votes = np.zeros((len(rows) - 1, len(FERPLUS_COLUMNS)), np.int16)
    for index, row in enumerate(rows[1:]):
        cells = [row[place].strip() if place < len(row) else "" for place in places]
        split = parse_split(cells[0])
        counts = cells[2:]
        if split is None or not all(
            re.fullmatch(r"\d{1,4}", cell, re.ASCII) and int(cell) <= _MOST_VOTES for cell in counts
        ):
            raise InputError(f"{path} is no FER+ file: row {index + 1} is {row!r}.", _FIX)
        splits.append(split)
        names.append(PurePosixPath(cells[1]).stem)
        votes[index] = [int(cell) for cell in counts]
    return FerPlus(path, splits, names, votes)


def join_by_row(
    ferplus: FerPlus, rows: Sequence[int], splits: Sequence[str], n_source_rows: int
) -> Votes:
    """The votes of a csv's rows.

    Args:
        ferplus: All votes.
        rows: n source rows that were kept, from 0.
        splits: n splits of theirs.
        n_source_rows: Rows of the source, the rejected ones included.

    Returns:
        int16 [n, 10].

    Raises:
        InputError: another number of rows, or a row with another Usage.
    """
    if len(ferplus.votes) != n_source_rows:
        raise _mismatch(ferplus, f"it has {len(ferplus.votes)} rows, the csv {n_source_rows}")
    for row, split in zip(rows, splits, strict=True):
        _check_split(ferplus, row, split, f"row {row}")
    return ferplus.votes[np.asarray(rows, np.int64)]


def join_by_name(ferplus: FerPlus, sources: Sequence[str], splits: Sequence[str] | None) -> Votes:
    """The votes of images whose files bear FER+'s names (fer0000012.png).

    Args:
        ferplus: All votes.
        sources: n paths.
        splits: n splits, None when the source gives none.

    Returns:
        int16 [n, 10].

    Raises:
        InputError: a file without such a name, one that FER+ does not know, or one with
            another Usage.
    """
    row_of = {name: row for row, name in enumerate(ferplus.names) if name}
    rows = []
    for index, source in enumerate(sources):
        stem = PurePosixPath(source).stem.lower()
        if not _IMAGE_NAME.fullmatch(stem):
            raise InputError(
                f"FER+ votes cannot be joined: {source} bears no FER+ name (fer0000012.png).",
                "Import fer2013.csv, whose rows the votes follow, or leave --ferplus out.",
            )
        if stem not in row_of:
            raise _mismatch(ferplus, f"it has no image {stem}")
        if splits is not None:
            _check_split(ferplus, row_of[stem], splits[index], source)
        rows.append(row_of[stem])
    return ferplus.votes[np.asarray(rows, np.int64)]


def _check_split(ferplus: FerPlus, row: int, split: str, what: str) -> None:
    if ferplus.splits[row] != split:
        raise _mismatch(ferplus, f"{what} is {split} here and {ferplus.splits[row]} there")


def _mismatch(ferplus: FerPlus, why: str) -> InputError:
    return InputError(f"{ferplus.path} is not the FER+ file of this csv: {why}.", _FIX)
