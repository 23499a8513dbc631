"""One way of walking folders, and one message for what was read, rejected and not looked at.

Import, enrich, predict and live tell by this module which files are meant, so that they
agree on hidden files, links, pipes and suffixes.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fercurate.errors import InputError
from fercurate.images import is_image, unread_kind

_MOST_LINKS = 4
_SHOWN = 6
_SYSTEM = frozenset(("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r"))
_SPECIAL = (
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


@dataclass(frozen=True)
class Entry:
    """One file below a folder.

    Attributes:
        name: Its path below the folder, parts separated by "/", valid UTF-8.
        key: The same path as the system has it.
        size: Bytes.
        mtime_ns: Time of change.
        reason: Why it cannot be opened ("is a link to nothing"); empty for a regular file.
    """

    name: str
    key: str
    size: int = 0
    mtime_ns: int = 0
    reason: str = ""


def walk(folder: Path) -> list[Entry]:
    """All files below a folder by name, hidden ones left out; links are followed.

    A linked folder that leads back to one above it is not entered again.

    Raises:
        InputError: a folder in it cannot be listed.
    """
    found: list[Entry] = []
    # a stack of folders: their key with "/" behind, the real folders above, the links gone through
    left: list[tuple[str, tuple[str, ...], int]] = [("", (os.path.realpath(folder),), 0)]
    while left:
        here, above, links = left.pop()
        for entry in _listed(folder / here):
            key = here + entry.name
            name = valid_text(key.replace(os.sep, "/"))
            try:
                about = os.stat(entry.path)  # noqa: PTH116  # a Path a file takes twice as long
            except OSError as error:
                what = f"cannot be read: {error.strerror}"
                if entry.is_symlink():
                    what = "is a link to nothing, or to itself"
                found.append(Entry(name, key, reason=what))
                continue
            if not stat.S_ISDIR(about.st_mode):
                reason = _special(about.st_mode)
                found.append(Entry(name, key, about.st_size, about.st_mtime_ns, reason))
                continue
            real = os.path.realpath(entry.path)
            deeper = links + entry.is_symlink()
            if real not in above and deeper <= _MOST_LINKS:
                left.append((key + os.sep, (*above, real), deeper))
    return sorted(found, key=lambda entry: (entry.name, entry.key))


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return [entry for entry in listing if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(
            f"{valid_text(str(error.filename))} cannot be listed: {error.strerror}.",
            "Mend its permissions, or leave that folder out.",
        ) from error


def is_junk(name: str) -> bool:
    """Hidden files, and what macOS, Windows and storage boxes put beside files.

    Args:
        name: A path inside a folder or an archive, parts separated by "/".
    """
    return any(part.startswith(".") or part.lower() in _SYSTEM for part in name.split("/"))


def is_apple_double(name: str) -> bool:
    """Whether a path is one of the files that macOS keeps beside others: "._x", "__MACOSX/x"."""
    path = PurePosixPath(name)
    return path.name.startswith("._") or "__MACOSX" in path.parts


def valid_text(name: str) -> str:
    """A file name as UTF-8 can hold it; undecodable bytes become the replacement mark."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def trouble(path: Path) -> str:
    """Why a path cannot be opened as a file or a folder: "is a pipe, not a file"; else empty.

    It opens nothing: to open a pipe is to wait for its other end.
    """
    try:
        return _special(path.stat().st_mode)
    except FileNotFoundError:
        return "is a link to nothing" if path.is_symlink() else "does not exist"
    except ValueError:  # a name with a NUL
        return "does not exist"
    except OSError as error:
        return "is a link to itself" if path.is_symlink() else f"cannot be read: {error.strerror}"


def check(path: Path, fix: str) -> None:
    """Refuse a path that is neither a file nor a folder.

    Raises:
        InputError: it is missing, a link to nothing, a pipe, a socket or a device.
    """
    problem = trouble(path)
    if problem:
        raise InputError(f"{valid_text(str(path))} {problem}.", fix)


def sorted_out(names: Iterable[str]) -> tuple[list[str], list[str], Counter[str]]:
    """Names by what happens to them.

    Returns:
        Those that end like an image that is read; those that end like one of a kind that is
        not; and how many others there are by their ending, junk not counted.
    """
    read: list[str] = []
    unread: list[str] = []
    others: Counter[str] = Counter()
    for name in names:
        if is_junk(name):
            continue
        if is_image(name):
            read.append(name)
        elif unread_kind(name):
            unread.append(name)
        else:
            others[ending(name)] += 1
    return read, unread, others


def ending(name: str) -> str:
    """A name's suffix in lower case, ".txt"; "without a suffix" where there is none."""
    return PurePosixPath(name).suffix.lower() or "without a suffix"


def tally(n_read: int, n_rejected: int, others: Mapping[str, int]) -> str:
    """The one message: "Read 28, rejected 14, not looked at 3 (2 .txt, 1 .json)."."""
    said = f"Read {n_read:,}, rejected {n_rejected:,}"
    return f"{said}, {not_looked_at(others)}." if others else f"{said}."


def not_looked_at(others: Mapping[str, int]) -> str:
    """ "not looked at 3 (2 .txt, 1 .json)", the most frequent endings first."""
    ranked = sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{n:,} {kind}" for kind, n in ranked[:_SHOWN]]
    if len(ranked) > _SHOWN:
        parts.append(f"{sum(n for _, n in ranked[_SHOWN:]):,} others")
    return f"not looked at {sum(others.values()):,} ({', '.join(parts)})"


def _special(mode: int) -> str:
    return next((text for is_kind, text in _SPECIAL if is_kind(mode)), "")
