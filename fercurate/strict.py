"""JSON and TOML that others may have written, read strictly: the value that was asked for.

Whatever the bytes are, `parse_json` and `parse_toml` give plain values or raise `ValueError`, and
so does each question to a `Table`. The readers turn that into an `InputError` with the file's name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

MAX_BYTES = 16 << 20
"""Far above what any such file needs, far below what fills the memory."""

MAX_DEPTH = 60
MAX_DIGITS = 20
"""Of a whole number; 64 bits have no more."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_REQUIRED: Any = object()


def parse_json(text: str | bytes, *, nan_as_none: bool = False, is_finite: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        text: UTF-8 where it is bytes.
        nan_as_none: Take NaN and the infinities, which are no JSON, for null.
        is_finite: False takes them for the numbers that Python means by them.

    Raises:
        ValueError: it is no JSON; or a key stands twice in one object, a number is none or too
            large, text is not Unicode, or it is nested deeper than `MAX_DEPTH`.
    """
    text = _text(text)
    try:
        decoder = _LENIENT if nan_as_none else _STRICT if is_finite else _INFINITE
        value = decoder.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if _ESCAPED_HALF.search(text):
        _check_texts(value)
    return value


def parse_toml(data: bytes) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: it is no TOML, or as for `parse_json`.
    """
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

    text = _text(data)
    try:
        value = dict(tomllib.loads(text))
    except (RecursionError, OverflowError) as error:
        raise ValueError("it is nested too deeply, or a number is too large") from error
    _check_depth(value)
    return value


def _text(data: str | bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{_shown(twice)} stands there twice")
    return made


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:12]} is too large")
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _decoder(constant: Callable[[str], float | None]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object, parse_constant=constant, parse_int=_whole, parse_float=_fraction
    )


_STRICT = _decoder(_no_number)
_LENIENT = _decoder(lambda name: None)
_INFINITE = _decoder(float)


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        level = [item for holder in level for item in _inside(holder)]


def _check_texts(value: Any) -> None:
    """Refuse halves of surrogate pairs: JSON can name them, and no file or terminal takes them."""
    level = [value]
    while level:
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                for key in item:
                    _check_text(key)
        level = [item for holder in level for item in _inside(holder)]


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character") from None


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _shown(value: object) -> str:
    """A foreign value on one short line."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


class Table:
    """A JSON object or TOML table that is asked for its values by name and kind.

    Each question takes a `default` for a key that is not there; without one it is required.

    Raises:
        ValueError: `value` is no such object; and from each question, where the value is missing
            or another one than was asked for. The text names the key.
    """

    def __init__(self, value: object, name: str = "") -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{name or 'it'} is no object: {_shown(value)}")
        self.value: dict[str, Any] = value
        self._name = name

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def table(self, key: str, default: Any = _REQUIRED) -> Any:
        return self._get(key, default, "an object", lambda value: isinstance(value, dict))

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        return self._get(key, default, "text", lambda value: isinstance(value, str))

    def text_or_none(self, key: str) -> str | None:
        """Text; None where the key is not there or null."""
        return None if self.value.get(key) is None else str(self.text(key))

    def flag(self, key: str, default: Any = _REQUIRED) -> Any:
        return self._get(key, default, "true or false", lambda value: isinstance(value, bool))

    def whole(self, key: str, low: int, high: int, default: Any = _REQUIRED) -> Any:
        """A whole number from `low` to `high`; 3.0 is none."""
        return self._get(
            key, default, f"a whole number from {low} to {high}",
            lambda value: type(value) is int and low <= value <= high,
        )  # fmt: skip

    def number(self, key: str, low: float, high: float, default: Any = _REQUIRED) -> Any:
        """A number from `low` to `high`, both included."""
        found = self._get(
            key, default, f"a number from {low:g} to {high:g}",
            lambda value: type(value) in (int, float) and low <= value <= high,
        )  # fmt: skip
        return float(found) if found is not None else found

    def texts(self, key: str, default: Any = _REQUIRED) -> Any:
        """A list of different texts, none empty."""
        return self._get(key, default, "a list of names, each once", _are_names)

    def numbers(self, key: str, low: float, high: float, default: Any = _REQUIRED) -> Any:
        """A list of numbers from `low` to `high`; it may be empty."""
        return self._get(
            key, default, f"a list of numbers from {low:g} to {high:g}",
            lambda value: isinstance(value, list)
            and all(type(item) in (int, float) and low <= item <= high for item in value),
        )  # fmt: skip

    def tables(self, key: str, default: Any = _REQUIRED) -> Any:
        """A list of objects, one or more."""
        return self._get(
            key, default, "a list of objects",
            lambda value: isinstance(value, list) and len(value) > 0
            and all(isinstance(item, dict) for item in value),
        )  # fmt: skip

    def _get(self, key: str, default: Any, kind: str, fits: Callable[[Any], bool]) -> Any:
        name = f"{self._name}.{key}" if self._name else key
        if key not in self.value:
            if default is _REQUIRED:
                raise ValueError(f"{_shown(name)} is missing")
            return default
        found = self.value[key]
        if not fits(found):
            raise ValueError(f"{_shown(name)} is {_shown(found)}, not {kind}")
        return found


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(item, str) and item for item in value)
        and len(set(value)) == len(value) > 0
    )
