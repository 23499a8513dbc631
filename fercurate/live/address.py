"""Addresses of streams: what may be shown of one, and which of them are clear enough to open.

User and password stand before the host, or in the path of some cameras. A character in them that
also divides an address makes a part of the password look like a host: such an address is not
guessed at, for a guess would be shown, and asked of a name server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fercurate.errors import InputError

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "srt")
_USERLESS = ("udp", "tcp", "srt")
"""They have no user, so that what follows a "?" may hold an "@"; and no host where they listen."""

_HOST = re.compile(r"(?:[\w-]+\.)*[\w-]+\.?|\[[0-9A-Fa-f:.]+(?:%\w+)?\]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,19}", re.IGNORECASE | re.ASCII)
_FORM = "rtsp://USER:PASSWORD@HOST:554/PATH"
_CODES = "@ is %40, / is %2F, : is %3A, ? is %3F, # is %23, % is %25"


@dataclass(frozen=True)
class Address:
    """What is no secret of one.

    Attributes:
        scheme: In small letters.
        host: Name or number, an IPv6 number in brackets; "" where it listens.
        port: None where none is given.
    """

    scheme: str
    host: str
    port: int | None


def parsed(address: str) -> Address:
    """Read an address as FFmpeg reads it.

    Raises:
        InputError: it is not clear which part is the host; says nothing of what it holds.
    """
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower()
    end = re.search(r"[/?#]", rest)
    place, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    if scheme in _USERLESS:
        tail = tail.partition("?")[0]
    host, mark, port = _divided(place.rpartition("@")[2])
    if "@" in tail or "\\" in place:
        raise InputError(
            f"{_kind(scheme)} has an @ in its path, or user or password hold a / ? # or \\, "
            "so that its host is not clear.",
            f"Write such characters in user, password and path as their codes: {_CODES}",
        )
    known = _HOST.fullmatch(host) or (not host and scheme in _USERLESS)
    if not known or (mark and not re.fullmatch(r"\d{0,5}", port, re.ASCII)):
        raise _not_well_formed(scheme)
    number = int(port) if port else None
    if number is not None and number > 65535:
        raise _not_well_formed(scheme)
    return Address(scheme, host, number)


def public_name(address: str) -> str:
    """An address as it may be shown, whatever it is: its scheme and its host alone."""
    try:
        found = parsed(address)
    except InputError:
        scheme, mark, _ = address.partition("://")
        return f"{scheme.lower()}://..." if mark and _SCHEME.fullmatch(scheme) else "the stream"
    return f"{found.scheme}://{found.host}" if _SCHEME.fullmatch(found.scheme) else "the stream"


def seems_one(text: str) -> bool:
    """Whether what has no "://" may be an address all the same, its scheme forgotten say."""
    return bool(re.search("[@?]", text) or re.match(f"({'|'.join(SCHEMES)}):", text, re.IGNORECASE))


def no_file() -> InputError:
    """For a name that may hold a password and is no file's."""
    return InputError(
        "There is no such file, and an address has :// behind its kind.",
        f"Give a video's path, or an address: {_FORM}",
    )


def _divided(place: str) -> tuple[str, str, str]:
    """Host, colon and port."""
    if place.startswith("["):
        host, bracket, port = place.partition("]")
        return host + bracket, ":" * port.startswith(":"), port[1:] if port else ""
    return place.partition(":")


def _kind(scheme: str) -> str:
    return f"The {scheme}:// address" if scheme in SCHEMES else "The address"


def _not_well_formed(scheme: str) -> InputError:
    return InputError(
        f"{_kind(scheme)} of the stream is not well-formed.",
        f"Its port is a number up to 65535, and special characters in user and password are "
        f"written as codes ({_CODES}): {_FORM}",
    )
