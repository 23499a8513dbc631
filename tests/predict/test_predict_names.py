"""Names of images and of a model's classes that would steer a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from fercurate import show_predict
from fercurate.foreign import uncell
from fercurate.predict.result import Found, Image
from fercurate.progress import Quiet

NAMES = ("=cmd|' calc'!A0.png", "a;=1.png", "b\x1b[31m\nError: forged\u202e.png", "\udcff怒り.png")
CLASSES = ("=HYPERLINK(1)", "sad\x1b[2J")


POINT = SimpleNamespace(head=SimpleNamespace(name="given"), balance=0.0, threshold=0.5)


class Given:
    """Images that were looked at, as `predict` gives them."""

    def __init__(self) -> None:
        self._left = [
            *(
                Image(name, (Found(name, 1, (-3.5, 2.0, 9.0, 9.0), (0.75, 0.25)),), None)
                for name in NAMES
            ),
            Image("-none.png", (), None),
            Image("@bad.png", (), "=not an image\x1b"),
        ]

    def __iter__(self) -> Any:
        return iter(self._left)

    def close(self) -> None:
        pass


def made() -> Any:
    info = SimpleNamespace(classes=CLASSES)
    return SimpleNamespace(info=info, point=POINT, images=Given(), totals=None)


def is_harmless(text: str) -> bool:
    return not any(c in text for c in "\x1b\x9b\u202e") and "\nError" not in text


def test_csv_has_no_formula_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    show_predict.predictions(made(), Quiet(), how="csv", top=2)
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    header, *rest = rows
    cells = [cell for row in rows for cell in row if cell != "-3.5"]  # a number is no formula
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert [uncell(cell) for cell in header[11:]] == ["=HYPERLINK(1)", "sad\\x1b[2J", "error"]
    assert [uncell(row[0]) for row in rest[:2]] == list(NAMES[:2])
    assert rest[3][0] == "\\xff怒り.png"
    assert {row[4] for row in rest[:4]} == {"'=HYPERLINK(1)"}
    assert rest[0][6:11] == ["0.75000", "-3.5", "2.0", "9.0", "9.0"]


def test_csv_on_a_terminal_is_a_line_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_predict.predictions(made(), Quiet(), how="csv", top=2)
    text = capsys.readouterr().out
    assert is_harmless(text)
    assert len(text.splitlines()) == 7


def test_json_is_harmless_and_exact(capsys: pytest.CaptureFixture[str]) -> None:
    show_predict.predictions(made(), Quiet(), how="json", top=2)
    text = capsys.readouterr().out
    assert is_harmless(text)
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["file"] for row in rows[:4]] == list(NAMES)
    assert rows[0]["label"] == CLASSES[0]
    assert "怒り" in text


def test_the_table_is_harmless(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show_predict.predictions(made(), Quiet(), how="table", top=2)
    text = capsys.readouterr().out
    assert is_harmless(text)
    assert "\\xff怒り.png" in text
