"""Every number of the screen's report, as plain values: a table in, one JSON-ready dict out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fercurate.labels import SPLITS
from fercurate.report.metrics import (
    count_values,
    distribution,
    none_if_missing,
    plain_values,
)

KINDS = ("human", "drawn", "nonface")
ISSUES = (
    "face", "dark", "light", "low_information", "blurry", "odd_size", "face_close", "face_small",
    "cut_off", "rotated", "occluded", "watermark", "near_duplicate",
)  # fmt: skip
"""Issues in the order of the report; others that the table has follow by name."""

NOT_QUALITY = ("human", "near_duplicate", "label")
"""Issues that say nothing of how well an image can be seen."""

SCREEN_COLUMNS = ("row", "sample_id", "split", "label", "kind", "human_score")
"""Columns that the report cannot do without."""

N_SHEET = 40
"""Images listed of each kind and issue."""

N_GROUPS = 24
MAX_MEMBERS = 6
"""Near-duplicate groups listed, and images of each; the table has all."""


def collect(name: str, screen: pd.DataFrame, summary: Mapping[str, Any]) -> dict[str, Any]:
    """All facts of one screening.

    Args:
        name: The dataset's name.
        screen: One row an image (`Workspace.screen`); `SCREEN_COLUMNS` at least. Scores are
            0..1, low = suspicious. Every `is_<x>_issue` is reported, with `<x>_score` where
            there is one.
        summary: What `Workspace.screen_summary` returns; a missing key is reported as None.

    Returns:
        Nested dict of str, int, float, bool, None and lists; no NaN, no numpy. Shares are
        0 to 1.
    """
    issues = issue_names(screen)
    facts = {
        "dataset": name,
        "images": len(screen),
        "run": {key: summary.get(key) for key in ("fingerprint", "seconds", "versions")},
        **_kinds(screen),
        "quality": _found(screen, _any(screen, [i for i in issues if i not in NOT_QUALITY])),
        "issues": {
            issue: _found(screen, _flags(screen, issue)) for issue in issues if issue != "human"
        },
        "scores": {
            f"{issue}_score": distribution(
                screen[f"{issue}_score"], _flags(screen, issue), "issues"
            )
            for issue in issues
            if f"{issue}_score" in screen
        },
        "sheets": _sheets(screen, issues),
        "near_duplicates": _near_duplicates(screen),
        "links": summary.get("links"),
        "spurious_links": sum(bool(k["is_spurious_issue"]) for k in summary.get("links") or []),
        "predictability": summary.get("predictability"),
        "classifier": summary.get("classifier"),
    }
    plain: dict[str, Any] = plain_values(facts)
    return plain


def issue_names(screen: pd.DataFrame) -> list[str]:
    """Every <x> of the `is_<x>_issue` columns: "human", then the known, then the rest by name."""
    matches = (re.fullmatch(r"is_(\w+)_issue", str(column)) for column in screen.columns)
    found = {match[1] for match in matches if match} - {"label"}
    known = [name for name in ("human", *ISSUES) if name in found]
    return [*known, *sorted(found.difference(known))]


def _flags(screen: pd.DataFrame, issue: str) -> pd.Series[Any]:
    flags: pd.Series[Any] = screen[f"is_{issue}_issue"].astype(bool)
    return flags


def _any(screen: pd.DataFrame, issues: list[str]) -> pd.Series[Any]:
    flags: pd.Series[Any] = screen[[f"is_{i}_issue" for i in issues]].any(axis=1)
    return flags


def _found(screen: pd.DataFrame, flags: pd.Series[Any]) -> dict[str, Any]:
    n = int(flags.sum())
    return {"images": n, "share": n / len(screen) if len(screen) else None}


def _kinds(screen: pd.DataFrame) -> dict[str, Any]:
    counted = count_values(screen["kind"].dropna(), KINDS)
    by_eye: dict[str, int] = dict.fromkeys(counted, 0)
    if "kind_by_eye" in screen:
        by_eye |= count_values(screen["kind_by_eye"].dropna(), KINDS)
    n = len(screen)
    return {
        "kinds": {
            kind: {"images": k, "share": k / n if n else None, "by_eye": by_eye[kind]}
            for kind, k in counted.items()
        },
        "by_eye": sum(by_eye.values()),
        "not_human": _found(screen, screen["kind"] != "human"),
    }


def _sheets(screen: pd.DataFrame, issues: list[str]) -> list[dict[str, Any]]:
    """The first `N_SHEET` images of each kind and issue, lowest score first."""
    wanted = [(kind, "human_score", screen["kind"] == kind) for kind in ("drawn", "nonface")]
    wanted += [
        (issue, f"{issue}_score", _flags(screen, issue))
        for issue in issues
        if issue not in ("human", "near_duplicate")
    ]
    sheets = []
    for name, score, flags in wanted:
        rows = screen[flags]
        if not len(rows):
            continue
        if score in rows:
            rows = rows.sort_values([score, "row"], kind="stable")
        listed = [
            {**_image(record), "score": record.get(score)}
            for record in rows.head(N_SHEET).to_dict("records")
        ]
        sheets.append({"name": name, "by": score, "count": len(rows), "images": listed})
    return sheets


def _image(record: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: none_if_missing(record[key]) for key in ("row", "sample_id", "split", "label")}


def _near_duplicates(screen: pd.DataFrame) -> dict[str, Any] | None:
    """Counts, and the groups to look at first: leaks, then labels that disagree.

    None where the screen did not look for near duplicates.
    """
    if "near_duplicate_group" not in screen:
        return None
    near = screen[screen["near_duplicate_group"] >= 0]
    # one that leaks may be in no group: what it is near to may stand behind another image
    leaking = screen.iloc[:0]
    if "is_near_leak" in screen:
        leaking = screen[screen["is_near_leak"].astype(bool)]
    leak = near["row"].isin(leaking["row"])
    score = near.get("near_duplicate_score", 0.0)
    groups = (
        near.assign(leak=leak, score=score)
        .groupby("near_duplicate_group")
        .agg(
            size=("row", "size"),
            leak=("leak", "any"),
            labels=("label", "nunique"),
            score=("score", "min"),
        )
    )
    groups["disagree"] = groups["labels"] > 1
    first = groups.sort_values(
        ["leak", "disagree", "score"], ascending=[False, False, True], kind="stable"
    ).head(N_GROUPS)
    members = dict(iter(near.groupby("near_duplicate_group")))
    return {
        "groups": len(groups),
        "images": len(near),
        "disagreeing": int(groups["disagree"].sum()),
        "not_kept": int((~near["keep"].astype(bool)).sum()) if "keep" in near else None,
        "leaks": len(leaking),
        "leaks_by_split": count_values(leaking["split"], SPLITS),
        "shown": [
            _group(int(str(group)), members[group], bool(row["leak"]))
            for group, row in first.iterrows()
        ],
    }


def _group(group: int, rows: pd.DataFrame, leak: bool) -> dict[str, Any]:
    """One group, the image to keep first."""
    kept = rows["keep"].astype(bool) if "keep" in rows else rows["row"] < 0
    rows = rows.assign(keep=kept).sort_values(["keep", "row"], ascending=[False, True])
    return {
        "group": group,
        "size": len(rows),
        "is_leak": leak,
        "keep_split": none_if_missing(rows["keep_split"].iloc[0]) if "keep_split" in rows else None,
        "images": [
            {**_image(record), "keep": record["keep"]}
            for record in rows.head(MAX_MEMBERS).to_dict("records")
        ],
    }
