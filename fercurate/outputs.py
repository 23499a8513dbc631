"""Files and folders that a user names for a command to write: what is there is not lost.

Asked before the work begins, and once more when it is written. What exists is refused unless
`--force` was given; a folder, a device or what the command reads is refused with it, too.
"""

from __future__ import annotations

import contextlib
import json
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from fercurate.errors import InputError
from fercurate.files import replacing

REPORTS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "audit": ("metrics.json", frozenset({"audited", "label_issues", "label_quality"})),
        "screen": ("metrics.json", frozenset({"kinds", "not_human", "quality"})),
        "compare": ("metrics.json", frozenset({"arms", "baseline", "gains"})),
        "review-loop": ("metrics.json", frozenset({"n_gold", "points", "reliability"})),
        "evaluate": ("model.json", frozenset({"model", "sets", "temperature"})),
    }
)
"""By which of its files, and which keys in it, a folder is known as a report of each kind."""

_OTHER = "Give it another name"


def check(
    path: Path, option: str, *, force: bool, reads: Iterable[Path] = (), pipes: bool = False
) -> None:
    """Whether a command may write a file, before it does any work; nothing is made but its folder.

    Args:
        path: As the user named it.
        option: That named it, without its dashes.
        force: Whether a file that is there may be replaced.
        reads: Files that the command reads, whatever `force` says.
        pipes: Whether a pipe may be written to.

    Raises:
        InputError: it may not, or cannot.
    """
    for read in reads:
        if _is_same(path, read):
            raise InputError(
                f"--{option} {path} is what is read: it would be overwritten.", f"{_OTHER}."
            )
    _check_kind(path, option, force=force, pipes=pipes)
    _make_folder(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _cannot(path, error) from error


def create(path: Path, option: str, *, force: bool) -> BinaryIO:
    """A new file at `path`, without a buffer; what is there is refused, or with `force` removed.

    A link that is there is removed, never followed; a file with several names keeps the others.

    Raises:
        InputError: it is there, or cannot be written.
    """
    _check_kind(path, option, force=force, pipes=False)
    _make_folder(path)
    try:
        if force:
            path.unlink(missing_ok=True)
        return path.open("xb", buffering=0)
    except FileExistsError as error:
        raise _is_there(path, option) from error
    except OSError as error:
        raise _cannot(path, error) from error


@contextlib.contextmanager
def writing(path: Path, option: str, *, force: bool) -> Iterator[Path]:
    """A path beside `path` to write to, as `files.replacing` gives it; checked before and after.

    Raises:
        InputError: something is there, or came there meanwhile; it stays as it is.
    """
    _check_kind(path, option, force=force, pipes=False)
    with replacing(path) as beside:
        yield beside
        _check_kind(path, option, force=force, pipes=False)


def report_folder(folder: Path, kind: str, *, besides: Iterable[str] = ()) -> Path:
    """A folder, where a report may be written into it: new or empty, or an earlier report.

    Args:
        folder: As the user named it, or the usual one.
        kind: One of `REPORTS`.
        besides: Names of entries that are no obstacle.

    Raises:
        InputError: it holds something else, or is no folder.
    """
    try:
        if not folder.exists() and not folder.is_symlink():
            return folder
        entries = {entry.name for entry in folder.iterdir()} - set(besides)
    except OSError as error:
        raise _cannot(folder, error) from error
    if entries and not _is_report(folder, kind):
        raise InputError(
            f"{folder} is not empty, and holds no earlier {kind} report: nothing is written there.",
            "Choose a new or an empty folder with --folder.",
        )
    return folder


def _is_report(folder: Path, kind: str) -> bool:
    name, keys = REPORTS[kind]
    try:
        held = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(held, dict) and keys <= held.keys()


def _check_kind(path: Path, option: str, *, force: bool, pipes: bool) -> None:
    if not path.name:
        raise InputError(f"--{option} {path} is a folder.", "Give the name of a file.")
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) and path.exists():
            mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _cannot(path, error) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"--{option} {path} is a folder.", "Give the name of a file.")
    if stat.S_ISFIFO(mode) and pipes:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise InputError(
            f"--{option} {path} is no file, but a device, pipe or socket.",
            "Give the name of a file.",
        )
    if not force:
        raise _is_there(path, option)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{path} cannot be written: {path.parent} is no folder.", "Choose another folder."
        ) from error
    except OSError as error:
        raise _cannot(path, error) from error


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _is_there(path: Path, option: str) -> InputError:
    return InputError(
        f"{path} is there already, and is not overwritten.",
        f"Give --{option} another name, or replace it with --force.",
    )


def _cannot(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be written: {error.strerror or error}.", "Choose another folder."
    )
