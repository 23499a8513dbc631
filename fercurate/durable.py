"""What a file that must not lose anything needs of the system, by file descriptor."""

from __future__ import annotations

import os
from pathlib import Path

BINARY = getattr(os, "O_BINARY", 0)
_BLOCK = 1 << 16


def free_name(path: Path, why: str) -> Path:
    """A name beside a file that no other file has: log.jsonl to log-why-1.jsonl."""
    number = 1
    while (free := path.with_name(f"{path.stem}-{why}-{number}{path.suffix}")).exists():
        number += 1
    return free


def line_before(file: int, end: int) -> tuple[bytes, int]:
    """What stands between the last newline before `end` and `end`, and where that begins."""
    parts: list[bytes] = []
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(file, start, os.SEEK_SET)
        block = os.read(file, end - start)
        newline = block.rfind(b"\n")
        parts.append(block[newline + 1 :])
        if newline >= 0:
            return b"".join(reversed(parts)), start + newline + 1
        end = start
    return b"".join(reversed(parts)), 0


def write_all(file: int, data: bytes) -> None:
    """Write all of it, where the system takes it in parts too; raises `OSError`."""
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def lock(file: int) -> None:
    """Wait until nobody else holds the file, where the system has file locks."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def sync_folder(folder: Path) -> None:
    """Make a new file's name outlive a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
