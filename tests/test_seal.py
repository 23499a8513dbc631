"""A file that holds its own digest."""

from __future__ import annotations

import pytest

from fercurate.seal import BLANK, is_sealed, sealed

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
