"""What `compare` prints when it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fercurate.console import console, table
from fercurate.report import compare_text
from fercurate.show import print_json

if TYPE_CHECKING:
    from fercurate.evaluate.compare_runs import Comparison


def compared(result: Comparison, page: Path, *, as_json: bool) -> None:
    """Scores of each arm, differences with their intervals, and what they mean."""
    found = result.as_dict()
    if as_json:
        print_json({**found, "report": str(page)})
        return
    out = console()
    scores = compare_text.truths(found)
    header = [*scores, *(f"balanced {truth}" for truth in scores)]
    rows: list[list[object]] = [list(row) for row in compare_text.arm_rows(found)]
    out.print(
        table(
            "Accuracy, per cent (sd over seeds)",
            ["arm", "labels", "images", "seeds", *header],
            rows,
        )
    )
    gains: list[list[object]] = [list(row) for row in compare_text.gain_rows(found)]
    half = 2 + len(scores)
    # accuracy and balanced accuracy apart: with their intervals they fill a line
    for title, begin in (
        ("Accuracy, points (95 %)", 2),
        ("Balanced accuracy, points (95 %)", half),
    ):
        cut = [[*row[:2], *row[begin : begin + len(scores)]] for row in gains]
        out.print(table(title, ["arm", "against", *scores], cut))
    for part in compare_text.summary(found).splitlines():
        out.print(part)
    for note in compare_text.notes(found):
        out.print(note)
    out.print(f"Report: {page}")
