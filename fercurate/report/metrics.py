"""Every number of the audit report, as plain values: tables in, one JSON-ready dict out.

The page is rendered from this dict alone (and the faces), so it shows nothing that
metrics.json does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fercurate.labels import CLASSES, SPLITS

VERDICTS = ("mislabeled", "ambiguous", "outlier", "ok")
N_BINS = 40

AUDIT_COLUMNS = (
    "row", "sample_id", "split", "label", "label_quality", "is_label_issue", "suggested_label",
    "suggested_confidence", "verdict", "rank", "neighbours",
)  # fmt: skip
"""Columns that the report cannot do without."""

_TOP = tuple(f"top{i}_{part}" for i in (1, 2, 3) for part in ("label", "prob"))
_RUN_FACTS = (
    "fingerprint", "effort", "folds", "repeats", "seed", "device", "profile", "n_verdicts",
    "seconds", "held_out_accuracy", "versions",
)  # fmt: skip


def collect(
    name: str,
    manifest: pd.DataFrame,
    audit: pd.DataFrame,
    summary: Mapping[str, Any],
    worst: int = 100,
) -> dict[str, Any]:
    """All facts of one audit.

    Args:
        name: The dataset's name.
        manifest: One row an image (`Workspace.manifest`).
        audit: One row an audited image (`Workspace.audit`), any order.
        summary: What audit.json holds; a missing key is reported as None.
        worst: How many of the lowest-ranked images to list.

    Returns:
        Nested dict of str, int, float, bool, None and lists; no NaN, no numpy. Shares and
        probabilities are 0 to 1; `label_quality` is low where the label is doubtful.
    """
    audit = audit.sort_values("rank", kind="stable")
    classes = class_order(summary.get("classes") or CLASSES, manifest["label"], audit["label"])
    facts = {
        "dataset": name,
        "images": len(manifest),
        "audited": len(audit),
        "audited_splits": count_values(audit["split"], SPLITS),
        "classes": classes,
        "run": {key: summary.get(key) for key in _RUN_FACTS},
        "class_counts": _class_counts(manifest, classes),
        "label_issues": _label_issues(audit, classes),
        "verdicts": count_values(audit["verdict"], VERDICTS),
        "label_quality": distribution(
            audit["label_quality"], audit["is_label_issue"], "label_issues"
        ),
        "joint": summary.get("joint"),
        "noise_matrix": summary.get("noise_matrix"),
        "matrix_classes": list(summary.get("classes") or []),
        "scores": _scores(audit),
        "worst": _worst(audit.head(worst), manifest),
        "duplicates": _duplicates(manifest),
        "split_leaks": count_values(manifest.loc[manifest["is_split_leak"], "split"], SPLITS),
        "constant_images": int(manifest["is_constant"].sum()),
    }
    plain: dict[str, Any] = plain_values(facts)
    return plain


def class_order(known: Sequence[str], *columns: pd.Series[Any]) -> list[str]:
    """The known classes in their order, then by name what else the label columns hold."""
    found = {label for column in columns for label in column.dropna().unique()}
    return [*known, *sorted(found.difference(known))]


def plain_values(value: Any) -> Any:
    """The same value as JSON has it: numpy to Python, NaN and infinity to None.

    Floats keep six significant digits: more are noise of float32.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain_values(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def count_values(column: pd.Series[Any], order: Sequence[str]) -> dict[str, int]:
    """How often each value of `order` occurs, and whatever else occurs, after it."""
    counted = {str(key): int(n) for key, n in column.value_counts().items()}
    keys = [*order, *sorted(set(counted).difference(order))]
    return {key: counted.get(key, 0) for key in keys}


def _class_counts(manifest: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    present = count_values(manifest["split"], SPLITS)
    return {
        "splits": {
            split: _of_labels(manifest.loc[manifest["split"] == split, "label"], classes)
            for split, n in present.items()
            if n
        },
        "total": _of_labels(manifest["label"], classes),
    }


def _of_labels(labels: pd.Series[Any], classes: Sequence[str]) -> dict[str, Any]:
    by_class = count_values(labels.dropna(), classes)
    return {
        "images": len(labels),
        "unlabelled": int(labels.isna().sum()),
        "by_class": by_class,
        "imbalance": imbalance(by_class),
    }


def imbalance(by_class: Mapping[str, int]) -> dict[str, Any] | None:
    """Largest and smallest class and the ratio of their sizes; empty classes do not count.

    None where fewer than two classes have an image.
    """
    filled = {name: n for name, n in by_class.items() if n}
    if len(filled) < 2:
        return None
    majority = max(filled, key=lambda c: filled[c])
    minority = min(filled, key=lambda c: filled[c])
    return {
        "majority": majority,
        "minority": minority,
        "ratio": round(filled[majority] / filled[minority], 2),
    }


def _label_issues(audit: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    issues = audit[audit["is_label_issue"]]
    audited = audit["label"].value_counts()
    by_class = {}
    for name in classes:
        flagged = issues[issues["label"] == name]
        n = int(audited.get(name, 0))
        suggested = flagged["suggested_label"].value_counts()
        by_class[name] = {
            "audited": n,
            "issues": len(flagged),
            "share": len(flagged) / n if n else None,
            "suggested": {c: int(suggested[c]) for c in classes if c in suggested},
        }
    moved = issues[issues["label"] != issues["suggested_label"]]
    pairs = moved.groupby(["label", "suggested_label"]).size().sort_values(ascending=False)
    return {
        "count": len(issues),
        "share": len(issues) / len(audit) if len(audit) else None,
        "by_class": by_class,
        "confusions": [
            {"given": given, "suggested": suggested, "count": int(n)}
            for (given, suggested), n in pairs.items()
        ],
    }


def distribution(
    score: pd.Series[Any], is_flagged: pd.Series[Any], flagged_name: str
) -> dict[str, Any]:
    """Counts of a score 0..1 in `N_BINS` bins, those flagged and the others apart."""
    values = score.to_numpy(dtype=np.float64)
    flagged = is_flagged.to_numpy(dtype=bool)
    edges = np.linspace(0.0, 1.0, N_BINS + 1)
    return {
        "bin_edges": [round(float(e), 4) for e in edges],
        flagged_name: np.histogram(values[flagged], edges)[0],
        "others": np.histogram(values[~flagged], edges)[0],
        "median": float(np.median(values)) if len(values) else None,
    }


def _scores(audit: pd.DataFrame) -> dict[str, Any]:
    """Median of each score column over the label issues and over the rest."""
    known = {*AUDIT_COLUMNS, *_TOP}
    columns = [c for c in audit.columns if c not in known and audit[c].dtype.kind == "f"]
    flagged = audit["is_label_issue"]
    return {
        c: {
            "median_label_issues": float(audit.loc[flagged, c].median()),
            "median_others": float(audit.loc[~flagged, c].median()),
        }
        for c in ("label_quality", *columns)
    }


def _worst(rows: pd.DataFrame, manifest: pd.DataFrame) -> list[dict[str, Any]]:
    label_of = pd.Series(manifest["label"].to_numpy(), index=manifest["row"].to_numpy())
    plain = (
        "rank", "row", "sample_id", "split", "label", "suggested_label", "suggested_confidence",
        "label_quality", "verdict", "is_label_issue",
    )  # fmt: skip
    listed = []
    for record in rows.to_dict("records"):
        entry: dict[str, Any] = {key: none_if_missing(record[key]) for key in plain}
        entry["top"] = [
            {"label": record[f"top{i}_label"], "prob": record[f"top{i}_prob"]}
            for i in (1, 2, 3)
            if none_if_missing(record.get(f"top{i}_label")) is not None
        ]
        entry["neighbours"] = [
            {"row": int(r), "label": none_if_missing(label_of.get(r))}
            for r in _list(record["neighbours"])
        ]
        listed.append(entry)
    return listed


def _duplicates(manifest: pd.DataFrame) -> dict[str, Any]:
    copies = manifest[manifest["duplicate_group"] >= 0]
    disagree = copies[copies["is_label_conflict"]]
    return {
        "groups": int(copies["duplicate_group"].nunique()),
        "images": len(copies),
        "disagreeing": [
            {
                "group": int(str(group)),
                "images": [
                    {
                        "row": int(image.row),
                        "sample_id": image.sample_id,
                        "split": image.split,
                        "label": none_if_missing(image.label),
                    }
                    for image in rows.sort_values("row").itertuples()
                ],
            }
            for group, rows in disagree.groupby("duplicate_group")
        ],
    }


def none_if_missing(value: Any) -> Any:
    """None for what pandas calls missing."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else []
