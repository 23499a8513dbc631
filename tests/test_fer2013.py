from __future__ import annotations

import pytest

from fercurate.fer2013 import _KNOWN, ferplus_name, is_fer2013


def test_the_known_hashes_are_hashes() -> None:
    assert len(set(_KNOWN)) == 32
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in _KNOWN)


@pytest.mark.parametrize(("n", "expected"), [(0, False), (23, False), (24, True), (32, True)])
def test_most_of_the_known_images_must_be_there(n: int, expected: bool) -> None:
    digests = [digest + "0" * 48 for digest in _KNOWN[:n]] + ["f" * 64] * 3
    assert is_fer2013(digests) == expected


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (0, "fer0000000"),
        (17, None),
        (18, "fer0000018"),
        (60, "fer0000059"),
        (5274, None),
        (5275, "fer0005265"),
        (35886, "fer0035801"),
    ],
)
def test_images_bear_the_names_that_ferplus_gave_them(row: int, name: str | None) -> None:
    assert ferplus_name(row) == name


def test_ferplus_names_are_unique() -> None:
    names = [ferplus_name(row) for row in range(35_887)]
    assert names.count(None) == 177
    assert len(set(names)) == 35_887 - 177 + 1
