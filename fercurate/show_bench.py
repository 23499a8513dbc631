"""What `fercurate bench` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fercurate.console import console, table
from fercurate.show import print_json

if TYPE_CHECKING:
    from fercurate.live.bench import BenchResult, Pass

_STEPS = {
    "wait": "wait for its turn",
    "detect": "find faces",
    "track": "follow them",
    "crop": "cut them out",
    "classify": "classify them",
    "total": "from frame read to result",
}


def measured(result: BenchResult, *, as_json: bool) -> None:
    """Step by step, on stdout.

    Args:
        result: What was measured.
        as_json: As one JSON object; times in seconds.
    """
    if as_json:
        print_json(asdict(result))
        return
    width, height = result.size
    passes = result.passes
    paces = ["at full speed" if p.rate is None else f"at {p.rate:g} frames/s" for p in passes]
    rows: list[list[object]] = [["read and decode", *(_times(p.read) for p in passes)]]
    rows += [[text, *(_times(p.steps[step]) for p in passes)] for step, text in _STEPS.items()]
    totals = [_totals(p) for p in passes]
    rows += [[text, *(of_pass[text] for of_pass in totals)] for text in totals[0]]
    out = console()
    out.print(
        f"{result.video}, {width}x{height}, on {result.cores} cores; "
        f"from the command to the first result {result.first_result:.1f} s"
    )
    out.print(table("", ["ms: median (95 % within)", *paces], rows))


def _times(seconds: tuple[float, float]) -> str:
    return f"{1000 * seconds[0]:.1f} ({1000 * seconds[1]:.1f})"


def _totals(found: Pass) -> dict[str, str]:
    return {
        "frames": f"{found.frames:,} in {found.seconds:.0f} s",
        "frames/s": f"{found.fps:.1f}",
        "dropped": f"{found.dropped:,}",
        "faces in a frame": f"{found.faces:.1f}",
        "of all cores' time": f"{found.cpu:.0%}",
    }
