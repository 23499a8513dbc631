"""The screen as both pages show it: facts in, rows, bars and cells for the template out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fercurate.report import prose
from fercurate.report.environment import STRONGEST, histogram

ROWS_WITHOUT_FACES = 20
"""Row numbers listed of each kind and issue where faces are left out."""

STRONG_LINK = 0.2
"""How far from 0.5 an area has to be for the darkest cell."""

ROOT = 0.5
"""Exponent of the histograms: in most scores one image in a hundred is flagged."""

KINDS = {
    "human": "a photograph of a human face",
    "drawn": "a drawing, painting, statue, mask or computer graphic",
    "nonface": "no human face: blank, text, a logo, an animal, an object",
}
ISSUES = {
    "face": "the detector finds no face",
    "dark": "too dark to see much",
    "light": "washed out, or a white card",
    "low_information": "few grey levels: a card, a sign, a flat drawing",
    "blurry": "fine detail is missing",
    "odd_size": "another size or shape than the rest",
    "face_close": "only a part of the face fits in",
    "face_small": "the face fills little of the picture",
    "cut_off": "a good part of the face lies outside",
    "rotated": "the head is clearly tilted",
    "occluded": "something covers a part of the face",
    "watermark": "text or a logo lies over the picture",
    "near_duplicate": "another image is nearly the same",
}
PROPERTIES = {
    "border_brightness": "brightness of the outermost pixels, mostly background",
    "brightness": "mean grey level",
    "contrast": "standard deviation of the grey levels",
    "dark_share": "share of nearly black pixels",
    "sharpness": "fine detail, as in the score blurry",
}


def view(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `screen_section.html.j2` shows of the facts of `screen_metrics.collect`."""
    anchors = {sheet["name"]: f"sheet-{sheet['name']}" for sheet in facts["sheets"]}
    if facts["near_duplicates"] and facts["near_duplicates"]["groups"]:
        anchors["near_duplicate"] = "near"
    return {
        "facts": facts,
        "kinds": [
            {"name": name, "meaning": KINDS.get(name, ""), **found}
            for name, found in facts["kinds"].items()
        ],
        "issues": [
            {
                "name": title(name),
                "meaning": ISSUES.get(name, ""),
                "target": anchors.get(name),
                **found,
            }
            for name, found in facts["issues"].items()
        ],
        "plots": [_plot(name, score) for name, score in facts["scores"].items()],
        "properties": _properties(facts["links"]),
        "links": link_rows(facts["links"]),
        "predictability": predictability_cells(facts),
        "classifier": classifier_rows(facts["classifier"]),
        "sheets": [
            {**sheet, "title": title(sheet["name"]), "score": title(sheet["by"])}
            for sheet in facts["sheets"]
        ],
        "n_listed": ROWS_WITHOUT_FACES,
    }


def title(name: str) -> str:
    """low_information -> "low information", is_ and _score left out."""
    return name.removesuffix("_score").replace("_", " ")


def _plot(name: str, score: Mapping[str, Any]) -> dict[str, Any]:
    n = sum(score["issues"])
    median = prose.decimal(score["median"])
    return {
        "title": title(name),
        "bars": histogram(score["issues"], score["others"], ROOT),
        "flagged": n,
        "median": median,
        "label": f"Histogram of {name} from 0 to 1. Median {median}, "
        f"{prose.count(n, 'image')} flagged.",
    }


def _properties(links: Sequence[Mapping[str, Any]] | None) -> list[dict[str, str]]:
    """The columns of the table of links, in their order."""
    names = dict.fromkeys(link["property"] for link in links or [])
    return [{"name": title(name), "meaning": PROPERTIES.get(name, "")} for name in names]


def link_rows(links: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """One row a class, one cell a property; the opacity is 0 to `STRONGEST`.

    The scale is fixed: weak links look weak even where there are no others.
    """
    names = dict.fromkeys(link["property"] for link in links or [])
    by_class: dict[str, dict[str, Mapping[str, Any]]] = {}
    for link in links or []:
        by_class.setdefault(link["class"], {})[link["property"]] = link
    return [
        {"class": name, "cells": [_cell(found.get(p)) for p in names]}
        for name, found in by_class.items()
    ]


def _cell(link: Mapping[str, Any] | None) -> dict[str, Any]:
    auc = None if link is None else link["auc"]
    if link is None or auc is None:
        return {"auc": None, "flagged": False, "less": False, "opacity": 0.0, "tip": "too few"}
    low, high, inside, rest = (
        prose.decimal(link.get(key))
        for key in ("auc_low", "auc_high", "median_class", "median_rest")
    )
    return {
        "auc": auc,
        "flagged": bool(link["is_spurious_issue"]),
        "less": auc < 0.5,
        "opacity": round(STRONGEST * min(1.0, abs(auc - 0.5) / STRONG_LINK), 3),
        "tip": f"{link['class']}, {title(link['property'])}: {prose.decimal(auc)} "
        f"(95 % interval {low} to {high}); median {inside}, other classes {rest}",
    }


def predictability_cells(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Balanced accuracy of each property of the links, and what chance gives."""
    found = {row["property"]: row for row in facts["predictability"] or []}
    if not found:
        return None
    names = dict.fromkeys(link["property"] for link in facts["links"] or [])
    return {
        "accuracy": [found.get(name, {}).get("balanced_accuracy") for name in names],
        "chance": [found.get(name, {}).get("chance") for name in names],
    }


def classifier_rows(classifier: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Labels by eye, precision and recall of each kind and flaw, as far as they are known."""
    if not classifier:
        return []
    labelled, precision, recall = (
        classifier.get(key) or {} for key in ("labelled", "precision", "recall")
    )
    known = {*labelled, *recall, *precision}
    names = [name for name in KINDS if name in known] + sorted(known.difference(KINDS))
    return [
        {
            "name": name,
            "labelled": labelled.get(name),
            "precision": precision.get(name),
            "recall": recall.get(name),
        }
        for name in names
    ]
