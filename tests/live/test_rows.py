"""Rows of faces: what is in them, and what happens when nobody reads or the disk is full."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_cases import CLASS_NAMES, DOUBTFUL, HAPPY, live_face, result

from fercurate import outputs
from fercurate.errors import FercurateError, InputError
from fercurate.infer.heads import Head, OperatingPoint
from fercurate.live.frame import LiveFace
from fercurate.live.rows import CsvRows, JsonRows
from fercurate.live.stats import Meter

STATS = Meter().stats()
KINDS = [JsonRows, CsvRows]
POINT = OperatingPoint(Head("votes", (1 / 7,) * 7), 1, balance=0.25, threshold=0.4)


def two_faces() -> list[LiveFace]:
    sure = live_face((10, 20.25, 30, 40), HAPPY, "happy", track=3)
    unsure = live_face((200, 20, 60, 60), DOUBTFUL, None, track=4)
    return [sure, replace(unsure, instant=np.full(7, 1 / 7, np.float32))]


def test_a_line_of_json_for_each_face_and_frame(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    rows = JsonRows(path, CLASS_NAMES)
    rows.take(replace(result(*two_faces(), time=1.5, index=45), point=POINT), STATS)
    rows.take(result(time=1.6, index=46), STATS)  # nobody: no line
    rows.idle()
    read = [json.loads(line) for line in path.read_text().splitlines()]  # before it is closed
    rows.close()
    assert [row["track"] for row in read] == [3, 4]
    assert read[0]["time"] == 1.5
    assert read[0]["frame"] == 45
    assert read[0]["label"] == "happy"
    assert read[0]["box"] == pytest.approx([10, 20.25, 30, 40], abs=0.051)
    assert read[0]["score"] == 0.9
    assert read[0]["probabilities"] == dict(zip(CLASS_NAMES, HAPPY, strict=True))
    assert read[1]["label"] is None
    assert read[1]["probabilities"] == dict(zip(CLASS_NAMES, DOUBTFUL, strict=True))
    assert set(read[1]["instant"].values()) == {0.14286}
    assert {(row["as"], row["balance"]) for row in read} == {("votes", 0.25)}


def test_the_same_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = CsvRows(path, CLASS_NAMES)
    rows.take(replace(result(*two_faces(), time=1.5, index=45), point=POINT), STATS)
    rows.take(result(time=1.6, index=46), STATS)
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    rows.close()
    assert [row["track"] for row in read] == ["3", "4"]
    assert [row["label"] for row in read] == ["happy", "unclear"]
    assert {row["time"] for row in read} == {"1.5000"}
    assert [float(read[0][side]) for side in ("left", "width", "height")] == [10, 30, 40]
    assert [float(read[1][name]) for name in CLASS_NAMES] == pytest.approx(DOUBTFUL)
    assert float(read[1]["instant_sad"]) == pytest.approx(1 / 7, abs=1e-5)
    assert {(row["as"], row["balance"]) for row in read} == {("votes", "0.25")}
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_standard_output(
    kind: type[JsonRows] | type[CsvRows], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = kind("-", CLASS_NAMES)
    rows.take(result(*two_faces()), STATS)
    rows.close()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + (kind is CsvRows)
    print("it is still open")
    assert capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_there_stays_as_it_is_but_with_force(
    kind: type[JsonRows] | type[CsvRows], tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("older\n" * 9)
    with pytest.raises(InputError, match="not overwritten") as error:
        kind(tmp_path / "a", CLASS_NAMES)
    assert f"--{kind.option}" in error.value.fix
    assert (tmp_path / "a").read_text() == "older\n" * 9
    kind(tmp_path / "a", CLASS_NAMES, force=True).close()
    assert "older" not in (tmp_path / "a").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_written(
    kind: type[JsonRows] | type[CsvRows], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        kind(tmp_path / "file" / "a", CLASS_NAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_is_written_to(kind: type[JsonRows] | type[CsvRows], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    reader = os.open(tmp_path / "a", os.O_RDONLY | os.O_NONBLOCK)
    rows = kind(tmp_path / "a", CLASS_NAMES)
    rows.take(result(*two_faces()), STATS)
    assert os.read(reader, 1 << 16).count(b"\n") == 2 + (kind is CsvRows)
    rows.close()
    os.close(reader)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    monkeypatch.setattr(outputs, "create", lambda path, option, *, force: full)
    rows = JsonRows("a.jsonl", CLASS_NAMES)
    with pytest.raises(FercurateError, match="No space left") as error:
        rows.take(result(*two_faces()), STATS)
    assert error.value.code == 1
    rows.close()


def test_nobody_reads_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        rows = JsonRows("-", CLASS_NAMES)
        rows.take(result(*two_faces()), STATS)
        os.close(read)
        with pytest.raises(BrokenPipeError):
            rows.take(result(*two_faces()), STATS)
        rows.close()
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)


def test_no_class_is_a_formula_and_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    classes = ("=HYPERLINK(1)", "b;=1", "c\x1b", *CLASS_NAMES[3:])
    rows = CsvRows(path, classes)
    rows.take(result(live_face((-10, 20, 30, 40), HAPPY, classes[0])), STATS)
    rows.close()
    with path.open(newline="") as file:
        header, row = csv.reader(file)
    assert header[9:12] == ["'=HYPERLINK(1)", "b;'=1", "c\\x1b"]
    assert (row[3], row[4]) == ("'=HYPERLINK(1)", "-10.0")
