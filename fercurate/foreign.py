"""Text that somebody else wrote, where it is shown: names of files, members, classes, and errors.

A terminal obeys control characters, and a spreadsheet computes what begins like a formula. All
that is printed passes `line`, all text in a csv `cell`, and all JSON on standard output `as_json`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_HIDDEN = (
    "\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
"""C1 controls, what turns the direction of writing, what nobody sees, and halves of characters.

The joiners of Persian and of emoji (U+200C, U+200D) stay: names are written with them.
"""
_CONTROL = re.compile(f"[\x00-\x1f{_HIDDEN}]")
_NOT_IN_JSON = re.compile(f"[{_HIDDEN}]")
_NOT_IN_CELL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{_HIDDEN}]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_BEGINS = "=+\\-@＝＋－＠"
_FORMULA = re.compile(rf"\A'*(?=[{_BEGINS}\t\r\n])|(?<=[,;|\t\r\n])'*(?=[{_BEGINS}])")
"""At the beginning, and behind what another spreadsheet takes for the end of a cell."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
"""A number computes nothing, also where it is below 0."""


def line(text: str) -> str:
    """`text` as one line that a terminal only shows.

    Controls, line ends and what turns the direction of writing come as escapes (`\\x1b`, `\\n`);
    letters of every script stay as they are.
    """
    return _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cell(value: Any) -> Any:
    """A value for a csv that no spreadsheet takes for a formula; numbers stay, as text too.

    An apostrophe comes before what would begin a formula, at the beginning and behind a
    separator; `uncell` takes it away. Control characters but tab and line ends come as escapes,
    as in `line`.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return _FORMULA.sub(lambda found: "'" + found[0], _NOT_IN_CELL.sub(_escape, value))


def uncell(text: str) -> str:
    """What `cell` was given, but for control characters."""
    return _FORMULA.sub(lambda found: found[0][1:], text)


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """`cell` for every value, and for the names of the columns."""
    made = table.copy(deep=False)
    for name in made.columns:
        if made[name].dtype.kind not in "biuf":
            made[name] = made[name].astype(object).map(cell)
    named: pd.DataFrame = made.rename(columns=cell)
    return named


def as_drawn(figure: Figure) -> Figure:
    """A plot whose words are drawn as they are: matplotlib takes what is between two $ for TeX."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(line(text.get_text()))
    return figure


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON with every script as it is; what a terminal would obey comes as JSON's own escapes.

    It reads as the very same value.
    """
    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    return _NOT_IN_JSON.sub(_in_json, text)


def _in_json(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return json.dumps(found[0])[1:-1]
