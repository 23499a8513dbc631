"""Foreign JSON and TOML: whatever the bytes are, there is a value or a reason."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate.strict import Table, parse_json, parse_toml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() |
    st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_what_json_wrote_comes_back(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "Expecting value"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"[" * 61 + b"]" * 61, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "'a' stands there twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"1e999", "too large"),
        (b"1" * 5000, "5000 digits"),
        (b'["\\ud800"]', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b" " * (17 << 20), "larger than 16 MB"),
    ],
)
def test_what_is_no_value_is_a_value_error(text: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_json(text)


def test_a_number_that_is_none_may_be_taken_for_nothing_or_for_what_python_means() -> None:
    assert parse_json("[NaN, 1]", nan_as_none=True) == [None, 1]
    assert parse_json("[-Infinity]", is_finite=False) == [-math.inf]
    assert parse_json('"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("text", [b"a = " + b"[" * 5000, b"a", b"\xff", b"a = 1\na = 2", b"\0"])
def test_what_is_no_toml_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_toml(text)


@settings(deadline=None)
@given(st.binary() | st.text('ab[]{}"=,.0123456789\n\\u-+e').map(str.encode))
def test_any_bytes_give_a_value_or_a_value_error(data: bytes) -> None:
    for parse in (parse_json, parse_toml):
        try:
            parse(data)
        except ValueError as error:
            str(error).encode()


ASKED: dict[str, Any] = {"text": "a", "flag": True, "whole": 3, "number": 0.5, "names": ["a", "b"]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", 1), ("text", None), ("flag", "false"), ("flag", 0), ("whole", 3.0),
        ("whole", True), ("whole", 10**9), ("whole", "3"), ("number", math.nan),
        ("number", math.inf), ("number", "0.5"), ("number", True), ("number", -1),
        ("number", 10**400), ("names", "abc"), ("names", ["a", "a"]), ("names", []),
        ("names", ["a", 1]), ("names", [""]), ("names", {"a": 1}),
    ],
)  # fmt: skip
def test_a_table_gives_the_kind_that_was_asked_for_or_names_the_key(key: str, value: Any) -> None:
    def ask(stored: dict[str, Any]) -> list[Any]:
        table = Table(stored, "model")
        return [table.text("text"), table.flag("flag"), table.whole("whole", 0, 9),
                table.number("number", 0, 1), table.texts("names")]  # fmt: skip

    assert ask(ASKED) == list(ASKED.values())
    with pytest.raises(ValueError, match=f"model.{key}. is .*, not "):
        ask({**ASKED, key: value})
    with pytest.raises(ValueError, match=f"model.{key}. is missing"):
        ask({k: v for k, v in ASKED.items() if k != key})
