"""The audit's page: facts and faces in, one self-contained HTML file out."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from fercurate.labels import COLOURS
from fercurate.report import prose

HERE = Path(__file__).parent
OTHER_COLOUR = "#8a929b"
MAX_GROUPS = 60
"""Duplicate groups shown on the page; metrics.json lists all."""
N_EVIDENCE = 6
MAX_NEIGHBOURS = 5
_STRONGEST = 0.7
"""Opacity of the darkest cell: the number on it keeps a contrast of 4.5 to 1."""

VERDICTS = {
    "mislabeled": "another class is clearly better",
    "ambiguous": "two classes share it",
    "outlier": "no class fits",
    "ok": "the given label holds",
}
SCORES = {
    "label_quality": "All scores in one, 0 to 1. Low: look at it first.",
    "self_confidence": "Probability of the given label. Low: the models do not believe it.",
    "margin": "Given label against the best other class. Low: another class is ahead.",
    "entropy": "Self-confidence weighted by how undecided the prediction is. Low: doubtful.",
    "aum": "Area under the margin: lead of the given label while it was being learnt. "
    "Low: the label was resisted.",
    "neighbour_agreement": "Share of the most similar images with the same label. "
    "Low: it stands alone.",
    "typicality": "Nearness to the most similar images, as a rank. Low: unlike all others.",
}


def render(facts: Mapping[str, Any], face: Callable[[int], str] | None) -> str:
    """The page as HTML text; everything that comes from data is escaped.

    Args:
        facts: What `metrics.collect` returns.
        face: Data URI of the face in a row; None leaves all faces out.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
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
    script = (HERE / "audit.js").read_text(encoding="utf-8")
    groups = facts["duplicates"]["disagreeing"]
    return environment.get_template("audit.html.j2").render(
        facts=facts,
        face=face,
        css=Markup((HERE / "audit.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=_csp_hash(script),
        summary=prose.summary(facts),
        count=prose.count,
        matrix=heat_map(facts["matrix_classes"], facts["noise_matrix"]),
        bars=issue_bars(facts["label_issues"]["by_class"]),
        verdicts=verdict_rows(facts["verdicts"]),
        histogram=histogram(facts["label_quality"]),
        scores=[(name, SCORES.get(name, ""), medians) for name, medians in facts["scores"].items()],
        groups=groups[:MAX_GROUPS],
        more_groups=max(0, len(groups) - MAX_GROUPS),
        n_evidence=N_EVIDENCE,
        max_neighbours=MAX_NEIGHBOURS,
        sync=f"fercurate sync --dataset {shlex.quote(facts['dataset'])}",
    )


def _csp_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return Markup(base64.b64encode(digest).decode("ascii"))


def heat_map(
    classes: Sequence[str], matrix: Sequence[Sequence[float | None]] | None
) -> list[dict[str, Any]]:
    """Rows of the noise matrix with an opacity a cell, 0 to `_STRONGEST`.

    Cells off the diagonal scale to the largest of them, so that rare confusions show beside
    a strong diagonal; the diagonal scales to 1. Empty where there is no matrix.
    """
    if not matrix or len(matrix) != len(classes):
        return []
    off = [p or 0.0 for i, row in enumerate(matrix) for j, p in enumerate(row) if i != j]
    top = max(off, default=0.0) or 1.0
    return [
        {
            "given": classes[i],
            "cells": [
                {
                    "true": classes[j],
                    "share": p,
                    "diagonal": i == j,
                    "opacity": round(_STRONGEST * (p or 0.0) / (1.0 if i == j else top), 3),
                }
                for j, p in enumerate(row)
            ],
        }
        for i, row in enumerate(matrix)
    ]


def issue_bars(by_class: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One bar a class: its share of label issues, cut into what is suggested instead.

    Widths are per cent of the longest bar.
    """
    longest = max((c["share"] or 0.0 for c in by_class.values()), default=0.0) or 1.0
    bars = []
    for name, found in by_class.items():
        suggested = sorted(found["suggested"].items(), key=lambda item: -item[1])
        bars.append(
            {
                "label": name,
                **found,
                "mostly": [other for other, _ in suggested[:2]],
                "parts": [
                    {"label": other, "width": round(100 * n / found["audited"] / longest, 2)}
                    for other, n in suggested
                ],
            }
        )
    return bars


def verdict_rows(verdicts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Count, share and meaning of each verdict."""
    total = sum(verdicts.values())
    return [
        {
            "name": name,
            "kind": name if name in VERDICTS else "other",
            "count": n,
            "share": n / total if total else None,
            "meaning": VERDICTS.get(name, ""),
        }
        for name, n in verdicts.items()
    ]


def histogram(quality: Mapping[str, Any]) -> list[dict[str, float]]:
    """Two stacked heights a bin, per cent of the highest bin."""
    pairs = list(zip(quality["label_issues"], quality["others"], strict=True))
    top = max((a + b for a, b in pairs), default=0) or 1
    return [
        {
            "x": i,
            "issues": round(100 * a / top, 2),
            "others": round(100 * b / top, 2),
        }
        for i, (a, b) in enumerate(pairs)
    ]
