"""A line for each face of each frame: JSON or CSV, to a file or to standard output."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from fercurate import outputs
from fercurate.foreign import cell
from fercurate.live.frame import LiveFace, Result
from fercurate.live.look import UNCLEAR
from fercurate.live.stats import Stats
from fercurate.live.targets import not_written

STDOUT = "-"
_HOW = "as", "balance"
"""Columns: which head answered, with which balance."""


class _Rows(ABC):
    """Text that is there for others as soon as a result is; a `Sink`.

    Args:
        path: Of the file; "-" is standard output, which stays open. A pipe is waited for.
        classes: The model's, in order.
        force: Whether a file that is there is replaced.

    Raises:
        InputError: it cannot be written.
    """

    option = ""

    def __init__(self, path: Path | str, classes: Sequence[str], *, force: bool = False) -> None:
        self._path, self._classes = path, tuple(classes)
        self._file: TextIO
        if str(path) == STDOUT:
            self._file = sys.stdout
            return
        path = Path(path)
        if path.is_fifo():
            self._file = path.open("w", encoding="utf-8", newline="\n")
            return
        raw = outputs.create(path, self.option, force=force)
        self._file = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", newline="\n")

    @abstractmethod
    def _text(self, result: Result) -> str:
        """The lines of a result that has faces."""

    def take(self, result: Result, stats: Stats) -> None:
        """Write them.

        Raises:
            BrokenPipeError: nobody reads standard output any more.
            FercurateError: the disk is full, say.
        """
        if result.faces:
            self._write(self._text(result))

    def idle(self) -> None:  # noqa: B027
        pass

    def close(self) -> None:
        if self._file is not sys.stdout:
            with contextlib.suppress(OSError):  # of what could not be written, as was told
                self._file.close()

    def _write(self, text: str) -> None:
        """All of it at once."""
        try:
            self._file.write(text)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise not_written(self._path, error) from error


class JsonRows(_Rows):
    """JSON Lines.

    A line has `time` in seconds, `frame`, `track`, `label` (null: unclear), `box` (left, top,
    width, height in pixels), `score` of the detection, `probabilities` (smoothed) and `instant`
    (of this frame alone), each by class, and `as` and `balance`: which of the model's heads
    answered, and how far it made up for rare classes.
    """

    option = "jsonl"

    def _text(self, result: Result) -> str:
        return "".join(json.dumps(self._row(result, face)) + "\n" for face in result.faces)

    def _row(self, result: Result, face: LiveFace) -> dict[str, Any]:
        return {
            "time": round(result.frame.time, 4),
            "frame": result.frame.index,
            "track": face.track,
            "label": face.label,
            "box": [round(float(value), 1) for value in face.face.box],
            "score": round(float(face.face.score), 4),
            "probabilities": dict(zip(self._classes, _shares(face.probabilities), strict=True)),
            "instant": dict(zip(self._classes, _shares(face.instant), strict=True)),
            "as": None if result.point is None else result.point.head.name,
            "balance": None if result.point is None else result.point.balance,
        }


class CsvRows(_Rows):
    """The same as CSV with a header.

    Columns: time, frame, track, label ("unclear" where there is none), left, top, width, height,
    score, a column a class (smoothed), one a class of this frame alone, `instant_` before its
    name, as, balance.
    """

    option = "csv"

    def __init__(self, path: Path | str, classes: Sequence[str], *, force: bool = False) -> None:
        super().__init__(path, classes, force=force)
        names = [*classes, *(f"instant_{name}" for name in classes)]
        box = ("left", "top", "width", "height")
        self._write(_csv([["time", "frame", "track", "label", *box, "score", *names, *_HOW]]))

    def _text(self, result: Result) -> str:
        return _csv(self._row(result, face) for face in result.faces)

    def _row(self, result: Result, face: LiveFace) -> list[Any]:
        point = result.point
        return [
            f"{result.frame.time:.4f}",
            result.frame.index,
            face.track,
            face.label or UNCLEAR,
            *(f"{value:.1f}" for value in face.face.box),
            f"{face.face.score:.4f}",
            *(f"{value:.5f}" for value in (*face.probabilities, *face.instant)),
            *(("", "") if point is None else (point.head.name, f"{point.balance:g}")),
        ]


def _shares(values: Iterable[Any]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()
