"""Files written whole or not at all, their digests, and fingerprints of what went into them.

Every write goes to a file beside its target and is renamed into place, so that a reader
sees the old file or the new one and never half of either.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate import disk, leftovers
from fercurate.errors import FercurateError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed onto it on success, removed on failure.

    Within `together` it is renamed when all others have been written too.

    Raises:
        FercurateError: the disk refuses; what was at `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(3)}")
    waiting = _waiting.get()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_once(path.parent)
        yield beside
        if waiting is None:
            beside.replace(path)
        else:
            waiting.append((beside, path))
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FercurateError(
                f"{path} cannot be written: {disk.reason(error)}.", disk.FIX
            ) from error
        raise


_waiting: ContextVar[list[tuple[Path, Path]] | None] = ContextVar("waiting", default=None)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """What is written meanwhile is put in place at the end: all of it, or nothing.

    For files that fit each other, so that a disk which is full at the second of them leaves the
    earlier set whole. They cannot be read back before the end.
    """
    waiting: list[tuple[Path, Path]] = []
    token = _waiting.set(waiting)
    try:
        yield
        for beside, path in waiting:
            beside.replace(path)
    except OSError as error:
        raise FercurateError(
            f"{path} cannot be written: {disk.reason(error)}.", disk.FIX
        ) from error
    finally:
        _waiting.reset(token)
        for beside, _ in waiting:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


_cleared: set[Path] = set()


def _clear_once(folder: Path) -> None:
    """Remove what killed processes left in a folder, the first time that we write to it."""
    if folder not in _cleared:
        _cleared.add(folder)
        leftovers.clear_dead(folder)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    """numpy scalars and arrays, and paths, as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")


def write_table(path: Path, table: pd.DataFrame) -> None:
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table from parquet. Text is as pandas 2 has it: objects, and None where there is none.

    pandas 3 has NaN there. Fingerprints are made from these values, and NaN is no equal of
    itself: what was written under one pandas would be out of date under the other.

    Raises:
        Exception: whatever pandas and pyarrow say of a file that is missing or broken.
    """
    import pandas as pd

    table = pd.read_parquet(path, columns=None if columns is None else list(columns))
    for name in table.columns[(table.dtypes == "str").to_numpy()]:
        text = table[name]
        table[name] = text.astype(object).where(text.notna(), None)
    return table


def write_array(path: Path, array: NDArray[Any]) -> None:
    import numpy as np

    with replacing(path) as beside, beside.open("wb") as file:
        np.save(file, array)


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits over plain values; order matters, dict order does not.

    A dataclass is refused (`TypeError`): what goes in is named key by key where it is called, so
    that a renamed class or a new option changes no fingerprint that exists.
    """
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def digest_file(path: Path) -> str:
    """xxh3 of a file's bytes, 32 hex digits: against damage, not against malice.

    Some 10 GB a second, so that a file can be checked each time before it is used.
    """
    import xxhash

    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
