"""What `predict` and `export-model` print."""

from __future__ import annotations

import csv
import gc
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fercurate.console import clock, console, table
from fercurate.foreign import as_json, cell, line
from fercurate.predict.result import NO_FACE, Found, Image, answer
from fercurate.progress import Progress
from fercurate.show import print_json

if TYPE_CHECKING:
    from fercurate.predict.export_model import ExportedModel, Measured
    from fercurate.predict.stage import Predictions


def predictions(made: Predictions, progress: Progress, *, how: str, top: int) -> None:
    """Each face, on stdout as it is found, and the totals on stderr.

    Args:
        made: What the stage gave.
        progress: Takes the totals.
        how: "table", "json" (one object a line) or "csv".
        top: How many classes a table names.
    """
    _settle()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a kill leaves whole rows
    try:
        {"json": _json, "csv": _csv, "table": _table}[how](made, top)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        made.images.close()  # what has not begun is not begun
    totals, point = made.totals, made.point
    if totals is not None:
        says = len(made.info.heads) > 1 or point.balance
        how = f"; answered as {point.head.name}, balance {point.balance:g}" if says else ""
        progress.say(
            f"{totals.n_read:,} images, {totals.n_faces:,} faces, {totals.n_without:,} images "
            f"without one, in {clock(totals.seconds)} "
            f"({totals.n_images / max(totals.seconds, 1e-9):,.0f} images/s){how}"
        )


def _settle() -> None:
    """Never search for garbage in what is loaded by now: a tenth of a second less at exit."""
    if "torch" not in sys.modules:  # its libraries count what is left over then, and print that
        gc.freeze()


def _rows(made: Predictions) -> Iterator[tuple[Image, Found | None]]:
    """One a face, and one for an image without any."""
    for image in _shown(made.images):
        if not image.faces:
            yield image, None
        for found in image.faces:
            yield image, found


def _shown(images: Iterator[Image]) -> Iterator[Image]:
    """On a terminal the bar comes first, or both would write into each other."""
    if not sys.stdout.isatty():
        yield from images
        return
    seen: list[Image] = []
    try:
        seen.extend(images)
    finally:
        yield from seen


def _json(made: Predictions, top: int) -> None:
    out = sys.stdout  # while a bar is shown, rich puts something else there
    for image, found in _rows(made):
        row: dict[str, Any] = {
            "file": image.file,
            "face": None,
            "as": None,
            "balance": None,
            "label": NO_FACE if image.reason is None else None,
            "likeliest": None,
            "probability": None,
            "box": None,
            "probabilities": None,
            "error": image.reason,
        }
        if found is not None:
            said = answer(found.probabilities, made.info.classes, made.point.threshold)
            shares = zip(made.info.classes, found.probabilities, strict=True)
            row |= {
                "face": found.face,
                "as": made.point.head.name,
                "balance": made.point.balance,
                "label": said.label,
                "likeliest": said.ranked[0][0],
                "probability": round(said.ranked[0][1], 5),
                "box": None if found.box is None else [round(v, 1) for v in found.box],
                "probabilities": {name: round(share, 5) for name, share in shares},
            }
        print(as_json(row), file=out)


def _csv(made: Predictions, top: int) -> None:
    out = _Cells()
    classes = made.info.classes
    header = ("file", "face", "as", "balance", "label", "likeliest", "probability")
    out.writerow((*header, "left", "top", "width", "height", *classes, "error"))
    how = (made.point.head.name, made.point.balance)
    for image, found in _rows(made):
        if found is None:
            label = NO_FACE if image.reason is None else ""
            empty = [""] * (6 + len(classes))
            out.writerow((image.file, "", "", "", label, *empty, image.reason or ""))
            continue
        said = answer(found.probabilities, classes, made.point.threshold)
        name, share = said.ranked[0]
        box = [""] * 4 if found.box is None else [f"{v:.1f}" for v in found.box]
        shares = (f"{value:.5f}" for value in found.probabilities)
        row = (image.file, found.face, *how, said.label, name, f"{share:.5f}", *box, *shares, "")
        out.writerow(row)


class _Cells:
    """Writes csv to standard output; on a terminal a name's line ends are escaped as well."""

    def __init__(self) -> None:
        self._out = csv.writer(sys.stdout, lineterminator="\n")
        self._shown = line if sys.stdout.isatty() else str

    def writerow(self, row: Iterable[object]) -> None:
        self._out.writerow([cell(self._shown(str(value))) for value in row])


def _table(made: Predictions, top: int) -> None:
    rows: list[list[object]] = []
    top = min(top, len(made.info.classes))
    try:
        for image, found in _rows(made):
            if image.reason is not None:  # a line on stderr says so
                continue
            if found is None:
                rows.append([image.file, "", NO_FACE, *[""] * (top - 1)])
                continue
            said = answer(found.probabilities, made.info.classes, made.point.threshold)
            named = [f"{name} {share:.0%}" for name, share in said.ranked[:top]]
            if said.label != said.ranked[0][0]:
                named[0] = f"{said.label} ({named[0]})"
            rows.append([image.file, str(found.face), *named, *[""] * (top - len(named))])
    finally:  # also what was done when Ctrl-C came
        if rows:
            others = ["runner-up", "third", "fourth", "fifth", "sixth", "seventh"]
            shown = table("", ["file", "face", "expression", *others][: top + 2], rows)
            shown.columns[0].no_wrap, shown.columns[0].overflow = False, "fold"
            console().print(shown)


def exported(result: ExportedModel, *, as_json: bool) -> None:
    """Where the model lies, how large and how fast it is, and what int8 costs."""
    if as_json:
        print_json({**asdict(result), "info": result.info.as_dict()})
        return
    forms = [("onnx", result.onnx)]
    if result.int8 is not None:
        forms.append(("onnx-int8", result.int8))
    columns = ["format", "MB", "images/s", "answers as", "given labels"]
    has_gold = any(share is not None for share in result.onnx.gold_accuracy.values())
    columns += ["gold rows"] if has_gold else []
    rows = [row for name, form in forms for row in _form(name, form, has_gold=has_gold)]
    out = console()
    out.print(table("", columns, rows))
    if result.n_val:
        out.print(f"Accuracy on {result.n_val:,} images: the half of validation that chose nothing")
    out.print(f"- torch and ONNX differ by {result.difference:.1g} at most (random images)")
    if result.agreement is not None:
        same = ", ".join(f"{share:.2%} as {name}" for name, share in result.agreement.items())
        out.print(f"- int8 says the same on {same} of {result.n_val:,} images")
    out.print(f"Made of {result.source}", soft_wrap=True)
    out.print(f"{result.path}", soft_wrap=True)
    out.print(f"Next: fercurate predict --model {result.path} IMAGES", soft_wrap=True)


def _form(name: str, form: Measured, *, has_gold: bool) -> list[list[object]]:
    """A row a head."""
    rows: list[list[object]] = []
    for head, share in form.val_accuracy.items():
        file = (
            ["", "", ""] if rows else [name, f"{form.megabytes:.2f}", f"{form.images_per_s:,.0f}"]
        )
        gold = [_percent(form.gold_accuracy[head])] if has_gold else []
        rows.append([*file, head, _percent(share), *gold])
    return rows


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.2%}"
