"""A digest of a whole file inside the file, so that one changed byte of it is noticed.

Whoever writes the file puts `BLANK` where the format takes a text, and `sealed` fills in the
digest of everything else. The digest stands there twice: damage to one of them is not taken for a
file of an older version, which has none. It is against accidents, not against forgers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.errors import FercurateError, first_line
from fercurate.files import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = "digest"
"""Under which the formats' metadata hold it."""

_MARK = "fercurate-xxh3-128:"
_ZERO = "0" * 32
BLANK = f"{_MARK}{_ZERO} {_MARK}{_ZERO}"
_FOUND = re.compile(_MARK.encode() + rb"([0-9a-f]{32})")


def sealed(data: bytes) -> bytes:
    """The bytes with `BLANK`, which stands there once, filled in.

    Raises:
        ValueError: it does not stand there once.
    """
    if len(_FOUND.findall(data)) != 2:
        raise ValueError("the file has no place for its digest")
    return data.replace(f"{_MARK}{_ZERO}".encode(), f"{_MARK}{digest(data)}".encode())


def sealed_zip(data: bytes) -> bytes:
    """A zip archive, such as numpy's .npz, with its digest as its comment."""
    whole = io.BytesIO(data)
    with zipfile.ZipFile(whole, "a") as archive:
        archive.comment = BLANK.encode()
    return sealed(whole.getvalue())


def is_sealed(data: bytes) -> bool:
    """Whether the bytes hold their own digest; those of older versions do not.

    Raises:
        ValueError: they are not those that the digest was made of.
    """
    found = list(_FOUND.finditer(data))
    if not found:
        return False
    blank = bytearray(data)
    for mark in found:
        blank[mark.start(1) : mark.end(1)] = _ZERO.encode()
    wanted = digest(bytes(blank)).encode()
    if len(found) != 2 or any(mark[1] != wanted for mark in found):
        raise ValueError("it is not as it was written: damaged on the disk or on its way")
    return True


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as an .npz file that holds its digest; raises `OSError`."""
    import numpy as np

    whole = io.BytesIO()
    np.savez(whole, **arrays)  # type: ignore[arg-type]
    with replacing(path) as beside:
        beside.write_bytes(sealed_zip(whole.getvalue()))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """What `write_arrays` was given, or numpy's own `savez`; no pickle is read.

    Raises:
        OSError: the file cannot be opened.
        ValueError: it is damaged.
    """
    import numpy as np

    data = path.read_bytes()
    is_sealed(data)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FercurateError:  # Ctrl-C
        raise
    except Exception as error:  # numpy and zipfile let through whatever the bytes bring about
        raise ValueError(first_line(error)) from error


def digest(data: bytes) -> str:
    """xxh3-128 of bytes, 32 hex digits."""
    import xxhash

    return xxhash.xxh3_128_hexdigest(data)
