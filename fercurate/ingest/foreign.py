"""Kinds of files that import does not read: each is named, with a way to get it read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from fercurate.errors import InputError
from fercurate.folders import is_junk, valid_text
from fercurate.images import is_image, unread_kind

_UNPACK = "Unpack it, and import what was in it."
_SAVE_AS_CSV = "Save it as csv with the columns emotion,pixels,Usage, and import that."

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"PK\x07\x08", "one part of a zip archive", "Put its parts together again first."),
    (b"\x28\xb5\x2f\xfd", "a file compressed with zstd", _UNPACK),
    (b"\x04\x22\x4d\x18", "a file compressed with lz4", _UNPACK),
    (b"\x1f\x9d", "a file compressed with compress", _UNPACK),
    (b"LZIP", "a file compressed with lzip", _UNPACK),
    (b"MSCF", "a cabinet archive", _UNPACK),
    (b"!<arch>", "an ar archive", _UNPACK),
    (b"ARROW1", "an Arrow file", _SAVE_AS_CSV),
    (b"\x89HDF\r\n", "an HDF5 file", _SAVE_AS_CSV),
    (b"\x93NUMPY", "a numpy array", _SAVE_AS_CSV),
    (b"SQLite format 3", "a SQLite database", _SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document", _SAVE_AS_CSV),
    (b"%PDF", "a PDF document", "Give a csv, an archive or a folder of images."),
    (b"\x80\x04", "a Python pickle, which may run code when it is read", _SAVE_AS_CSV),
    (b"\x80\x05", "a Python pickle, which may run code when it is read", _SAVE_AS_CSV),
)
_ARCHIVES = (
    ".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".tbz2", ".txz", ".7z", ".rar", ".zst",
)  # fmt: skip
_SPREADSHEETS = ("[Content_Types].xml", "content.xml")


def kind_of(head: bytes) -> tuple[str, str]:
    """What a file is by its first bytes, and what to do; two empty texts where that is unknown."""
    for magic, what, fix in _MAGIC:
        if head.startswith(magic):
            return what, fix
    return "", ""


def refuse_foreign(path: Path, head: bytes) -> None:
    """Refuse a single file of a kind that is known and not read.

    Args:
        path: Named in the message.
        head: Its first bytes, decompressed.

    Raises:
        InputError: it is of such a kind.
    """
    what, fix = kind_of(head)
    if what:
        raise InputError(f"{valid_text(str(path))} is {what}, which import does not read.", fix)
    if is_image(path.name) or unread_kind(path.name):
        raise InputError(
            f"{valid_text(str(path))} is one image; a dataset is many: it holds nothing to import.",
            "Give a csv with the columns emotion,pixels,Usage, or a folder of images as "
            "train/<class>/1.jpg. To classify one image: fercurate predict "
            f"{shlex.quote(valid_text(str(path)))}",
        )


def refuse_nested(path: Path, names: Sequence[str]) -> None:
    """Refuse a source that holds nothing to read but other archives, or is a spreadsheet.

    Args:
        path: The source.
        names: All that is in it.

    Raises:
        InputError: that is so.
    """
    where = valid_text(str(path))
    if any(name in _SPREADSHEETS for name in names):
        raise InputError(f"{where} is a spreadsheet, which import does not read.", _SAVE_AS_CSV)
    if any(name.lower().endswith(".parquet") for name in names) and not path.is_dir():
        raise InputError(f"{where} holds parquet files, which are read from folders.", _UNPACK)
    inner = [name for name in names if not is_junk(name) and name.lower().endswith(_ARCHIVES)]
    if not inner:
        return
    shown = ", ".join(inner[:3]) + (", ..." if len(inner) > 3 else "")
    many = "archives" if len(inner) > 1 else "an archive"
    first = PurePosixPath(inner[0])
    if path.is_dir():
        fix = f"Import it by itself: fercurate import {shlex.quote(valid_text(str(path / first)))}"
    else:
        fix = f"Unpack {where}, then: fercurate import {shlex.quote(first.name)}"
    raise InputError(
        f"{where} holds {many} ({shown}) and nothing else to import; an archive in an archive "
        "is not read.",
        fix,
    )


def refuse_layout(path: Path, names: Sequence[str]) -> None:
    """Refuse a tree whose meaning is known to be elsewhere than in its folders' names.

    Raises:
        InputError: it is the one that FER+'s own program makes.
    """
    parts = {part for name in names for part in PurePosixPath(name).parts}
    if any(re.fullmatch("FER2013(Train|Valid|Test)", part) for part in parts):
        raise InputError(
            f"{valid_text(str(path))} is laid out as FER+'s own program does it (FER2013Train, "
            "FER2013Valid, FER2013Test, with the votes in label.csv), which import does not read.",
            "The same images and votes are read with: fercurate import fer2013.csv "
            "--ferplus fer2013new.csv",
        )
