"""What is said at the beginning and at the end of a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fercurate.config import LiveConfig
from fercurate.console import clock
from fercurate.infer.info import ModelInfo
from fercurate.live.controls import KEYS, answers
from fercurate.live.tally import LiveSummary

if TYPE_CHECKING:
    from fercurate.live.ports import Source

MEANING = (
    "It names the expression that a face seems to show, as someone who sees the picture would.",
    'What a person feels it does not know. Where it is not sure it says "unclear".',
)


def first_screen(config: LiveConfig, source: Source, view: str, info: ModelInfo) -> list[str]:
    """What is opened, what it means, what is stored, and how to go on.

    Args:
        config: As it was asked for.
        source: That is open.
        view: "window", "browser" or "none".
        info: The model's.
    """
    speed = f", {source.rate:.3g} frames/s" if source.rate else ""
    model = "the model of the package" if config.model is None else str(config.model)
    point = info.point(config.as_, config.balance, config.threshold)
    how = answers(point.head.name, point.balance, len(info.heads))
    how = f", {how}" if how else ""
    lines = [
        f"{source.name}{speed}; {model} ({info.architecture}), "
        f"{len(info.classes)} expressions{how}, unclear below {point.threshold:.0%}",
        *MEANING,
        *stored(config, view),
    ]
    if view != "none":
        lines.append("Keys: " + ", ".join(f"{key} {what}" for key, what in KEYS.items()))
    else:
        lines.append("No view: Ctrl-C ends it.")
    return lines


def outputs(config: LiveConfig) -> dict[str, Path]:
    """The files that were asked for, by option, without standard output."""
    named = {name: getattr(config, name) for name in ("record", "jsonl", "csv", "summary")}
    return {name: path for name, path in named.items() if path is not None and str(path) != "-"}


def stored(config: LiveConfig, view: str) -> list[str]:
    """What is stored and what is sent, in words that are true of this session."""
    what = {
        "record": "the video" if config.plain else "the video with what is drawn in it",
        "jsonl": "the faces' boxes and probabilities",
        "csv": "the faces' boxes and probabilities",
        "summary": "a plot",
    }
    lines = [f"Stored, as you asked: {what[n]} in {path}" for n, path in outputs(config).items()]
    if not lines:
        kept = "" if view == "none" else f", but what the key s keeps in {config.snapshots}/"
        lines = [f"Nothing is stored{kept}."]
    if "-" in (str(config.jsonl), str(config.csv)):
        lines.append("The faces' boxes and probabilities go to standard output.")
    return [*lines, "Nothing leaves this machine."]


def last_lines(summary: LiveSummary) -> list[str]:
    """What a session came to."""
    if not summary.frames:
        return [f"{summary.source}: no frame was read."]
    followed = "no face" if not summary.faces else _number(summary.faces, "face") + " followed"
    lines = [
        f"{_number(summary.frames, 'frame')}, {followed}, in {clock(summary.seconds)} "
        f"({summary.fps:,.0f} frames/s); from frame to result {1000 * summary.p50:.1f} ms, "
        f"95% within {1000 * summary.p95:.1f} ms"
    ]
    if summary.dropped:
        lines.append(f"{_number(summary.dropped, 'frame')} dropped, so as not to lag behind")
    return [*lines, *(f"Written: {path}" for path in summary.files)]


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
