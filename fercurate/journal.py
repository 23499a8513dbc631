"""A file of JSON objects, one a line, that is only ever appended to and notices damage.

Each line ends in a check: eight hex digits over the line itself and eight over the line before
it. So a line that was changed, taken out or moved is noticed. What the last line is stands in a
small file beside (`end_path`), so that a file that was cut or deleted is noticed too. Lines of
older versions have no check and are taken as they are. All this is against accidents; whoever
wants to can forge it.
"""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from fercurate.durable import BINARY, free_name, line_before, lock, sync_folder, write_all
from fercurate.errors import InputError

FIRST = "0" * 8
"""Stands for the line before the first one."""

_CHECK = re.compile(rb', "check": "([0-9a-f]{8})([0-9a-f]{8})"\}$')
_END = re.compile(rb"[0-9a-f]{8}\n")


def digest(body: bytes) -> str:
    """Eight hex digits of a line without its check."""
    return f"{zlib.crc32(body):08x}"


def checked(body: bytes, before: str) -> bytes:
    """A line as it stands in the file.

    Args:
        body: A JSON object with a key or more, ending in "}".
        before: Digest of the line before; `FIRST` where there is none.
    """
    return body[:-1] + f', "check": "{digest(body)}{before}"}}'.encode() + b"\n"


def chained(bodies: Sequence[bytes], before: str = FIRST) -> bytes:
    """Several lines as they stand in the file, after a line of the digest `before`."""
    lines = []
    for body in bodies:
        lines.append(checked(body, before))
        before = digest(body)
    return b"".join(lines)


def write_copy(path: Path, bodies: Sequence[bytes], ready: bytes = b"") -> None:
    """Write lines, behind those that are `ready`, to a new private file and to the disk.

    Raises:
        OSError: it cannot be written; then there is no file.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600)
    try:
        write_all(file, ready + chained(bodies))
        os.fsync(file)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)


class Journal:
    """The file; several processes may append to it at once.

    Args:
        path: Of the file; made private by the first line.
        what: One line of it in words, for the errors: "verdict".
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.end_path = path.with_suffix(".end")
        self.what = what

    # -- reading ------------------------------------------------------------------------
    def read(self) -> list[bytes]:
        """The lines without their checks, oldest first; empty where there is no file.

        A torn last line was never acknowledged and is left out.

        Raises:
            InputError: a line was changed, taken out, moved or cut off.
        """
        end = self._end()  # first: whoever appends meanwhile moves it on
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            if end is not None:
                raise self._cut("is gone") from None
            return []
        lines = data.split(b"\n")
        torn = lines.pop()
        bodies, seen = [], {FIRST}
        for number, line in enumerate(lines, start=1):
            body, before = self._opened(line, number)
            if before is not None and before not in seen:
                raise InputError(
                    f"{self.path}: what stood before line {number} is gone or was moved.",
                    f"Put a copy of the file back. Without one, delete the check "
                    f'(, "check": "...") from line {number}: what is left then counts.',
                )
            seen.add(digest(body))
            bodies.append(body)
        if (last := self._whole(torn)) is not None:
            seen.add(digest(last))
            bodies.append(last)
        if end is not None and end not in seen:
            raise self._cut("ends before it")
        return bodies

    def _opened(self, line: bytes, number: int) -> tuple[bytes, str | None]:
        """A line without its check, and the digest of the line before it."""
        line = line.lstrip(b"\0")  # older versions appended behind what a power cut left
        found = _CHECK.search(line)
        if found is None:
            return line, None
        body = line[: found.start()] + b"}"
        if digest(body) != found[1].decode():
            raise InputError(
                f"{self.path}, line {number} is not as it was saved.",
                f"Put a copy of the file back. Without one, mend line {number} by hand and delete "
                f'the check (, "check": "...") from it and from the line after it.',
            )
        return body, found[2].decode()

    def _whole(self, torn: bytes) -> bytes | None:
        """The last line where nothing but its newline is missing."""
        found = _CHECK.search(torn)
        if found is None:
            return torn if _is_object(torn) else None
        body = torn[: found.start()] + b"}"
        return body if digest(body) == found[1].decode() else None

    def _cut(self, how: str) -> InputError:
        return InputError(
            f"The last {self.what} that was saved is not in {self.path}: the file {how}.",
            f"Put a copy of the file back. Without one, delete {self.end_path}: "
            f"what is there then counts.",
        )

    def _end(self) -> str | None:
        """Digest of the last line that was saved; None where nobody noted it."""
        try:
            data = self.end_path.read_bytes()
        except OSError:
            return None
        return data[:8].decode() if _END.fullmatch(data) else None

    # -- writing ------------------------------------------------------------------------
    def append(self, bodies: Sequence[bytes]) -> int:
        """Write lines to the disk; all of them are there when this returns.

        Returns:
            How many bytes they take.

        Raises:
            InputError: lines that were saved are gone; nothing was written.
            OSError: they could not be written; then none of them counts.
        """
        if self._end() is not None and not self.path.exists():
            raise self._cut("is gone")
        with self._alone() as (file, is_new):
            before = self._mended(file)
            end = self._end()
            if end not in (None, before):
                self.read()
            start = os.lseek(file, 0, os.SEEK_END)
            lines = chained(bodies, before)
            try:
                write_all(file, lines)
                os.fsync(file)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, start)
                    os.fsync(file)
                raise
            if is_new:
                sync_folder(self.path.parent)
            self._note(digest(bodies[-1]))
        return len(lines)

    def rewrite(self, bodies: Sequence[bytes]) -> None:
        """Put other lines in place of all; the file as it was is kept beside it.

        Raises:
            OSError: they could not be written; then the file is as it was.
        """
        with self._alone():  # whoever waits for the file finds that another one is there
            kept = free_name(self.path, "before")
            write_copy(kept, [], self.path.read_bytes())
            beside = free_name(self.path, "new")
            write_copy(beside, bodies)
            beside.replace(self.path)
            sync_folder(self.path.parent)
            self._note(digest(bodies[-1]))

    def _note(self, end: str) -> None:
        # not synced: where a power cut takes it, an earlier line is looked for
        with contextlib.suppress(OSError):
            file = os.open(self.end_path, os.O_WRONLY | os.O_CREAT | BINARY, 0o600)
            try:
                os.write(file, end.encode() + b"\n")
            finally:
                os.close(file)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[tuple[int, bool]]:
        """The file, open and held alone, and whether it was made here."""
        while True:
            is_new = not self.path.exists()
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY
            file = os.open(self.path, flags, 0o600)
            try:
                lock(file)
                if self._is_in_place(file):
                    yield file, is_new
                    return
            finally:
                os.close(file)  # gives the lock back

    def _is_in_place(self, file: int) -> bool:
        """Whether nobody put another file there before this one was held."""
        try:
            return os.path.samestat(os.fstat(file), self.path.stat())
        except FileNotFoundError:
            return False

    def _mended(self, file: int) -> str:
        """End the file with a newline: after a whole line add one, a torn line take away.

        Returns:
            The digest of the last line.
        """
        size = os.lseek(file, 0, os.SEEK_END)
        line, start = line_before(file, size)
        if line:
            if self._whole(line) is not None:
                write_all(file, b"\n")
                size += 1
            else:
                os.ftruncate(file, start)
                size = start
        if not size:
            return FIRST
        line, _ = line_before(file, size - 1)
        found = _CHECK.search(line)
        line = line.lstrip(b"\0")
        return digest(line if found is None else _CHECK.sub(b"}", line))


def _is_object(line: bytes) -> bool:
    from fercurate.strict import parse_json

    try:
        return isinstance(parse_json(line, nan_as_none=True), dict)
    except ValueError:
        return False
