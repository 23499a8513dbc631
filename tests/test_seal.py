"""A file that holds its own digest."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from fercurate.seal import BLANK, is_sealed, read_arrays, sealed, write_arrays

DATA = b"head " + BLANK.encode() + b" tail " + b"0" * 64


def test_it_is_checked_where_it_is_there() -> None:
    assert is_sealed(sealed(DATA))
    assert sealed(DATA).endswith(b"0" * 64), "nothing but the marks is filled in"
    assert not is_sealed(b"an older file")


def test_any_one_byte_is_noticed() -> None:
    whole = sealed(DATA)
    for position in range(len(whole)):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(whole)
            changed[position] ^= bit
            with pytest.raises(ValueError, match="not as it was written"):
                is_sealed(bytes(changed))


def test_more_or_less_is_noticed() -> None:
    for changed in (sealed(DATA)[:-1], sealed(DATA) + b"0", sealed(DATA) * 2, DATA):
        with pytest.raises(ValueError, match="not as it was written"):
            is_sealed(changed)


@pytest.mark.parametrize("data", [b"no place", DATA * 2])
def test_a_file_needs_one_place_for_it(data: bytes) -> None:
    with pytest.raises(ValueError, match="no place"):
        sealed(data)


def test_arrays_come_back_and_any_one_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "part.npz"
    write_arrays(path, {"a": np.arange(5), "b": np.ones(2, np.float32)})
    found = read_arrays(path)
    assert (found["a"] == np.arange(5)).all()
    assert list(found) == ["a", "b"]
    whole = path.read_bytes()
    for place in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError):  # noqa: PT011
            read_arrays(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 half", b"text", pickle.dumps([1])])
def test_what_holds_no_arrays_is_a_value_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "part.npz"
    path.write_bytes(data)
    with pytest.raises(ValueError):  # noqa: PT011
        read_arrays(path)


def test_what_numpy_wrote_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "part.npz", a=np.arange(3))
    assert (read_arrays(tmp_path / "part.npz")["a"] == np.arange(3)).all()
