"""What a stage noted of the files that it wrote, and what is wrong with them since; pure.

A record is written last, and holds for each file its schema, its number of rows and a digest.
A file counts for what its stage wrote only while it fits that record.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fercurate.files import digest_file
from fercurate.settings import flag

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SCHEMA = 1
"""Raised when a stage writes other columns or arrays than a reader of today expects."""

Fault = Literal["missing", "older", "newer", "damaged", "stale"]

CONTENT = ("row", "sample_id", "split", "label", "sha256")
"""Of the manifest: what other stages are about."""


def describe(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """The record of those files that are there, by name."""
    return {
        path.name: {"schema": SCHEMA, "rows": n_rows(path), "digest": digest_file(path)}
        for path in paths
        if path.exists()
    }


def n_rows(path: Path) -> int | None:
    """Rows of a table or an array; None for what has none."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        return int(parquet.read_metadata(path).num_rows)
    if path.suffix == ".npy":
        import numpy as np

        try:
            return len(np.load(path, mmap_mode="r"))
        except (OSError, ValueError):
            return None
    return None


def content_of(manifest: pd.DataFrame) -> str:
    """32 hex digits over `CONTENT`, images and labels in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for name in CONTENT:
        values = manifest[name].tolist()
        text = "\0".join("" if value is None or value != value else str(value) for value in values)
        digest.update(f"{name}:{len(values)}:{text}\n".encode())
    return digest.hexdigest()


def fault_of(path: Path, entry: Mapping[str, Any] | None) -> Fault | None:
    """What is wrong with a file, None where it is as its stage wrote it.

    Args:
        path: Where it is.
        entry: What its stage noted of it; None where it noted nothing.
    """
    if not path.exists():
        return "missing"
    if not isinstance(entry, Mapping):
        return "damaged"
    schema = entry.get("schema")
    if schema != SCHEMA:
        return "newer" if isinstance(schema, int) and schema > SCHEMA else "older"
    found = present_digest(path)
    # `was`: a write that was about to replace it was killed
    return None if found in (entry.get("digest"), entry.get("was")) else "damaged"


def present_digest(path: Path) -> str:
    """As `digest_file`; a large file that did not change is not read again."""
    state = path.stat()
    if state.st_size < _LARGE:
        return digest_file(path)
    return _digest(str(path.absolute()), state.st_size, state.st_mtime_ns, state.st_ino)


_LARGE = 16 << 20


@lru_cache(maxsize=64)
def _digest(path: str, size: int, modified: int, inode: int) -> str:
    return digest_file(Path(path))


def shows_itself(manifest: pd.DataFrame, faces: NDArray[Any]) -> bool:
    """Whether the pixels are those that the manifest names: of imports without a record.

    Args:
        manifest: With `sha256`, N rows.
        faces: uint8 [N, 48, 48].
    """
    if len(manifest) != len(faces):
        return False
    return all(
        hashlib.sha256(face.tobytes()).hexdigest() == digest
        for face, digest in zip(faces, manifest["sha256"], strict=True)
    )


def command_of(stage: str, config: Any) -> str:
    """The command line that asks for a stage's settings: its fields that are no defaults."""
    words = ["fercurate", stage]
    for field in dataclasses.fields(config):
        value, option = getattr(config, field.name), flag(field.name)
        if value == field.default or isinstance(value, tuple):
            continue
        if isinstance(value, bool):
            words.append(option if value else option.replace("--", "--no-", 1))
        else:
            words += [option, shlex.quote(str(value))]
    return " ".join(words)


def earlier_command(stage: str, record: Mapping[str, Any]) -> str:
    """The command of a stage that an earlier version recorded, as far as its summary tells."""
    summary = record.get("summary")
    if stage != "audit" or not isinstance(summary, Mapping):
        return ""
    asked = {"effort": "standard", "split": "train", "seed": 0, "profile_key": "generic"}
    words = ["fercurate audit"]
    for name, default in asked.items():
        value = summary.get(name, default)
        if value != default:
            words.append(f"--{name.removesuffix('_key')} {shlex.quote(str(value))}")
    return " ".join(words)


IN_WORDS: Mapping[Fault, str] = {
    "missing": "is missing",
    "older": "was written by an earlier version of fercurate, which did not tie it to its images",
    "newer": "was written by a later version of fercurate",
    "damaged": "is not as fercurate wrote it: it is damaged, or was put there from elsewhere",
    "stale": "is older than what it was made from",
}
