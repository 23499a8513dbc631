"""What both pages are made with: the templates, their filters, and the policy's hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from fercurate.labels import COLOURS
from fercurate.report import prose

HERE = Path(__file__).parent
OTHER_COLOUR = "#8a929b"
STRONGEST = 0.7
"""Opacity of the darkest cell: the number on it keeps a contrast of 4.5 to 1."""


def environment() -> jinja2.Environment:
    """The templates of this folder; everything that comes from data is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters.update(
        number=prose.number,
        percent=prose.percent,
        cell=prose.cell,
        decimal=prose.decimal,
        duration=prose.duration,
        colour=lambda name: COLOURS.get(name, OTHER_COLOUR),
        splits=lambda counts: prose.listed(
            [f"{prose.number(n)} {name}" for name, n in counts.items() if n]
        ),
    )
    made.globals["count"] = prose.count
    made.globals["css"] = Markup((HERE / "audit.css").read_text(encoding="utf-8"))
    return made


def csp_hash(script: str) -> str:
    """sha256 of an inline script as a Content-Security-Policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return Markup(base64.b64encode(digest).decode("ascii"))


def histogram(
    flagged: Sequence[int], others: Sequence[int], power: float = 1.0
) -> list[dict[str, float]]:
    """Two stacked heights a bin, per cent of the highest bin.

    Args:
        flagged: Counts of the lower part of each bar.
        others: Counts of the upper part.
        power: Exponent of a bar's whole height; below 1 a few images show beside many.
            Both parts keep their share of the bar.
    """
    totals = [a + b for a, b in zip(flagged, others, strict=True)]
    top = max(totals, default=0) or 1
    stretch = [(n / top) ** (power - 1) if n else 0.0 for n in totals]
    return [
        {
            "x": i,
            "issues": round(100 * flagged[i] / top * stretch[i], 2),
            "others": round(100 * others[i] / top * stretch[i], 2),
        }
        for i in range(len(totals))
    ]
