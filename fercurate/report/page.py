"""The audit's page: facts and faces in, one self-contained HTML file out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from fercurate.report import prose, screen_section
from fercurate.report.environment import HERE, STRONGEST, csp_hash, environment, histogram

MAX_GROUPS = 60
"""Duplicate groups shown on the page; metrics.json lists all."""
N_EVIDENCE = 6
MAX_NEIGHBOURS = 5

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
    script = (HERE / "audit.js").read_text(encoding="utf-8")
    groups = facts["duplicates"]["disagreeing"]
    screened = facts.get("screen")
    return (
        environment()
        .get_template("audit.html.j2")
        .render(
            facts=facts,
            face=face,
            script=Markup(script),
            script_hash=csp_hash(script),
            summary=prose.summary(facts),
            matrix=heat_map(facts["matrix_classes"], facts["noise_matrix"]),
            bars=issue_bars(facts["label_issues"]["by_class"]),
            verdicts=verdict_rows(facts["verdicts"]),
            histogram=histogram(
                facts["label_quality"]["label_issues"], facts["label_quality"]["others"]
            ),
            scores=[
                (name, SCORES.get(name, ""), medians) for name, medians in facts["scores"].items()
            ],
            groups=groups[:MAX_GROUPS],
            more_groups=max(0, len(groups) - MAX_GROUPS),
            n_evidence=N_EVIDENCE,
            max_neighbours=MAX_NEIGHBOURS,
            screen=None if screened is None else screen_section.view(screened),
            screen_summary="" if screened is None else prose.screen_summary(screened),
            alone=False,
            review=f"fercurate review --sample 200 --dataset {shlex.quote(facts['dataset'])}",
        )
    )


def heat_map(
    classes: Sequence[str], matrix: Sequence[Sequence[float | None]] | None
) -> list[dict[str, Any]]:
    """Rows of the noise matrix with an opacity a cell, 0 to `STRONGEST`.

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
                    "opacity": round(STRONGEST * (p or 0.0) / (1.0 if i == j else top), 3),
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
