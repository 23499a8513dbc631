from __future__ import annotations

import pytest

from fercurate import labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", None),
        (" 3 ", None),
        ("7", None),
        ("-1", None),
        ("1e0", None),
        ("٣", None),
        ("Happy", "happy"),
        ("happiness", "happy"),
        ("0_angry", "angry"),
        ("4 - Sadness", "sad"),
        ("surprised2", "surprise"),
        ("contempt", None),
        ("unhappy", None),
        ("не_happy", None),
        ("", None),
    ],
)
def test_parse_class(text: str, expected: str | None) -> None:
    assert labels.parse_class(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", "angry"), (" 6 ", "neutral"), ("7", None), ("-1", None), ("1e0", None), ("٣", None)],
)
def test_fer2013s_numbers(text: str, expected: str | None) -> None:
    assert labels.parse_index(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Training", "train"),
        ("PublicTest", "val"),
        ("PrivateTest", "test"),
        (" validation", "val"),
        ("TEST", "test"),
        ("holdout", None),
    ],
)
def test_parse_split(text: str, expected: str | None) -> None:
    assert labels.parse_split(text) == expected


def test_every_class_has_a_group_a_key_a_colour_and_a_vote_column() -> None:
    classes = set(labels.CLASSES)
    assert {c for group in labels.GROUPS.values() for c in group} == classes
    assert set(labels.HOTKEYS.values()) == set(labels.COLOURS) == classes
    assert {labels.FERPLUS_OF_CLASS[c] for c in classes} <= set(labels.FERPLUS_COLUMNS)
