"""Names that somebody else gave, on a terminal, in a csv and in JSON."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fercurate import cli, console
from fercurate.errors import FercurateError, InputError
from fercurate.foreign import as_json, cell, cells, line, uncell
from fercurate.ingest.batch import Rejection, excerpt

PACKAGE = Path(__file__).parent.parent / "fercurate"
EVIL = "a\x1b[31m\x1b]0;x\x07\x9b2Jb\r\nError: forged\u202egnp.exe\u2028\udcff[bold]:warning:"
SHOWN = (
    "a\\x1b[31m\\x1b]0;x\\x07\\x9b2Jb\\r\\nError: forged\\u202egnp.exe\\u2028\\xff[bold]:warning:"
)
THEMSELVES = "Ärger 怒り sinirli-öfke خنده‌دار гнев 👩‍🔬 ☺️ C:\\a\\b 'x' \"y\""
ANY = st.text(st.characters(exclude_categories=[]), max_size=20)
START = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_harmless(text: str) -> bool:
    """Nothing that a terminal obeys; line ends are looked at by themselves."""
    return not any(
        ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2028\u2066" or 0xD800 <= ord(c) < 0xE000
        for c in text
        if c != "\n"
    )


def test_a_line_is_one_line_and_harmless() -> None:
    assert line(EVIL) == SHOWN
    assert line("tab\tnul\x00del\x7f\U000e0041") == "tab\\tnul\\x00del\\x7f\\U000e0041"


@pytest.mark.parametrize("show", [line, cell, lambda text: str(Rejection(text, None, "x"))[:-3]])
def test_every_script_shows_as_itself(show: object) -> None:
    assert callable(show)
    assert show(THEMSELVES) == THEMSELVES


def test_an_excerpt_shows_every_script_as_itself() -> None:
    assert excerpt("怒り") == "'怒り'"
    assert excerpt("a\nb") == "'a\\nb'"
    assert excerpt("x" * 40) == f"'{'x' * 24}...'"


@given(ANY)
def test_any_line_is_harmless_and_can_be_written(text: str) -> None:
    found = line(text)
    assert is_harmless(found)
    assert "\n" not in found
    found.encode()
    assert line(found) == found


# -- csv ----------------------------------------------------------------------------------
@pytest.mark.parametrize("start", START)
def test_no_cell_begins_a_formula(start: str) -> None:
    formula = f"{start}cmd|' /C calc'!A0"
    assert cell(formula) == f"'{formula}"
    assert cell(cell(formula)) == f"''{formula}"


@pytest.mark.parametrize("separator", list(",;|\t\n"))
def test_no_part_of_a_cell_begins_a_formula_elsewhere(separator: str) -> None:
    """A German spreadsheet takes ; for the end of a cell, another one the tab."""
    parts = cell(f"a{separator}=1+1{separator}@b").split(separator)
    assert parts == ["a", "'=1+1", "'@b"]


@pytest.mark.parametrize(
    "value", [-1.5, -1, 0, None, "", "0.5", "-3.2", "-1e-05", "a-b", "it's", "a, -b", "'x"]
)
def test_what_is_no_formula_stays(value: object) -> None:
    assert cell(value) == value


@given(st.text(st.sampled_from("=+-@\t\r\n,;|'ab ＝\\\""), max_size=12))
def test_a_cell_reads_back_as_it_was(text: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerow([cell(text), "b"])
    (row,) = csv.reader(io.StringIO(written.getvalue(), newline=""))
    assert [uncell(row[0]), row[1]] == [text, "b"]


@given(ANY)
def test_any_cell_is_harmless_and_can_be_written(text: str) -> None:
    found = cell(text)
    assert not found.startswith(START) or found[1:].replace(".", "").replace("e", "").isdigit()
    assert is_harmless(found.replace("\t", "").replace("\r", ""))
    found.encode()


def test_a_table_s_cells_and_columns() -> None:
    table = pd.DataFrame(
        {
            "=a": ["=1", None, "x"],
            "n": [-1, 2, 3],
            "f": [-0.5, np.nan, 1.0],
            "c": pd.Categorical(["+x", "y", "y"]),
        }
    )
    text = cells(table).to_csv(index=False, lineterminator="\n")
    assert text == "'=a,n,f,c\n'=1,-1,-0.5,'+x\n,2,,y\nx,3,1.0,y\n"
    assert table["=a"][0] == "=1"


def test_every_csv_is_written_through_one_function() -> None:
    """What calls a writer of csv names `cell` or `cells`; what holds nothing foreign is listed."""
    # our own words and numbers; a list of the user's own, written back as it was
    own = {"samples/stage.py", "screen/kinds.py"}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if not ("csv.writer(" in text or "csv.DictWriter(" in text or ".to_csv(" in text):
            continue
        if text.count("to_csv(") == text.count("sheet.to_csv(") > 0:
            continue
        name = path.relative_to(PACKAGE).as_posix()
        assert name in own or "cell(" in text or "cells(" in text, name


# -- JSON ---------------------------------------------------------------------------------
@given(ANY)
def test_json_is_harmless_and_reads_back(text: str) -> None:
    found = as_json({text: [text]})
    assert is_harmless(found)
    assert "\n" not in found
    assert json.loads(found) == {text: [text]}


def test_json_shows_every_script_as_itself() -> None:
    assert "怒り" in as_json({"怒り": 1})


# -- what is printed ----------------------------------------------------------------------
@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("COLUMNS", "200")

    def read() -> str:
        out, err = capsys.readouterr()
        return out + err

    return read


@pytest.mark.parametrize(
    "show",
    [
        lambda: console.console().print(f"read {EVIL}", soft_wrap=True),
        lambda: console.Terminal().say(EVIL),
        lambda: console.Terminal().warn(EVIL),
        lambda: console.console().print(console.table(EVIL, [EVIL, EVIL], [[EVIL, EVIL]])),
        lambda: console._Log(EVIL, 1, console.Terminal().say)._say(EVIL),
    ],
    ids=["print", "say", "warn", "table", "log"],
)
def test_nothing_foreign_is_obeyed(show: object, said: object) -> None:
    assert callable(show)
    assert callable(said)
    show()
    text = said()
    assert is_harmless(text)
    assert not any(part.startswith("Error") for part in text.splitlines())
    assert "[bold]:warning:" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError(f"{EVIL} is no image", f"see {EVIL}"), 2),
        (FercurateError(("first", EVIL), ["a", EVIL]), 1),
        (ValueError(EVIL), 1),
    ],
)
def test_an_error_is_as_many_lines_as_it_was_given(
    error: Exception, code: int, said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**options: object) -> None:
        raise error

    assert callable(said)
    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["fercurate"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == code
    text = said()
    assert is_harmless(text)
    assert len(text.splitlines()) == (4 if isinstance(error, FercurateError) and code == 1 else 2)
    assert not text.splitlines()[1].startswith("Error")
    assert SHOWN in text


@pytest.mark.parametrize("given", [[f"--{EVIL}"], ["status", f"--{EVIL}"], ["status", EVIL]])
def test_an_argument_that_is_a_file_s_name_is_not_obeyed(
    given: list[str], said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell's * puts any name into a command."""
    assert callable(said)
    monkeypatch.setattr(sys, "argv", ["fercurate", *given])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    text = said()
    assert is_harmless(text)
    assert "\nError: forged" not in text


def test_all_that_is_printed_passes_one_function() -> None:
    """The consoles of `console.py` do by themselves; what prints without them names `foreign`."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        assert "Console(" not in text or path.name == "console.py", path.name
        assert not re.search(r"std(out|err)\.write\(", text), path.name
        if re.search(r"(?<![.\w])print\(", text):
            assert "from fercurate.foreign import" in text, path.name


def test_opencv_decodes_no_picture_that_others_give() -> None:
    """Pillow does: one decoder to keep up to date, and OpenCV's of JPEG 2000 had a hole (4.11)."""
    for path in PACKAGE.rglob("*.py"):
        assert not re.search(r"\bcv2\.im(read|decode)", path.read_text()), path.name


def test_lines_of_an_error_are_given_apart() -> None:
    """A line end within a text is taken for a name's and escaped."""
    names = ("InputError", "FercurateError")
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if "\\n" not in text or not any(f"{name}(" in text for name in names):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        assert "\n" not in part.value, f"{path.name}: {part.value!r}"
