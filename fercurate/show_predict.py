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
    totals = made.totals
    if totals is not None:
        progress.say(
            f"{totals.n_read:,} images, {totals.n_faces:,} faces, {totals.n_without:,} images "
            f"without one, in {clock(totals.seconds)} "
            f"({totals.n_images / max(totals.seconds, 1e-9):,.0f} images/s)"
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
    header = ("file", "face", "label", "likeliest", "probability", "left", "top", "width", "height")
    out.writerow((*header, *classes, "error"))
    for image, found in _rows(made):
        if found is None:
            label = NO_FACE if image.reason is None else ""
            empty = [""] * (6 + len(classes))
            out.writerow((image.file, "", label, *empty, image.reason or ""))
            continue
        said = answer(found.probabilities, classes, made.point.threshold)
        name, share = said.ranked[0]
        box = [""] * 4 if found.box is None else [f"{v:.1f}" for v in found.box]
        shares = (f"{value:.5f}" for value in found.probabilities)
        row = (image.file, found.face, said.label, name, f"{share:.5f}", *box, *shares, "")
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
    names = [head.name for head in result.info.heads]

    def heads(form: Measured) -> list[float | None]:
        return [form.val_accuracy[name] for name in names]

    forms = [("onnx", result.onnx)]
    if result.int8 is not None:
        forms.append(("onnx-int8", result.int8))
    rows: list[list[object]] = [
        [
            name,
            f"{form.megabytes:.2f}",
            f"{form.images_per_s:,.0f}",
            *("not known" if found is None else f"{found:.2%}" for found in heads(form)),
        ]
        for name, form in forms
    ]
    out = console()
    labels = {name: "gold rows" if name == "votes" else "given labels" for name in names}
    columns = [f"as {name}: {labels[name]}" for name in names]
    out.print(table("", ["format", "MB", "images/s", *columns], rows))
    if result.n_val:
        out.print(f"Accuracy on {result.n_val:,} images, validation's half that chose nothing")
    out.print(f"- torch and ONNX differ by {result.difference:.1g} at most (random images)")
    if result.agreement is not None:
        same = ", ".join(f"{share:.2%} as {name}" for name, share in result.agreement.items())
        out.print(f"- int8 says the same on {same} of {result.n_val:,} images")
    out.print(f"Made of {result.source}", soft_wrap=True)
    out.print(f"{result.path}", soft_wrap=True)
    out.print(f"Next: fercurate predict --model {result.path} IMAGES", soft_wrap=True)
