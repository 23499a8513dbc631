"""Files written whole or not at all, and fingerprints of what went into them.

Every write goes to a file beside its target and is renamed into place, so that a reader
sees the old file or the new one and never half of either.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed onto it on success, removed on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(3)}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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


def write_array(path: Path, array: NDArray[Any]) -> None:
    import numpy as np

    with replacing(path) as beside, beside.open("wb") as file:
        np.save(file, array)


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits over configuration and inputs; order matters, dict order does not."""
    text = json.dumps([_hashable(p) for p in parts], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _hashable(part: object) -> object:
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {type(part).__name__: dataclasses.asdict(part)}
    return part


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
