"""What the audit and the screen say of each image, looked up by `sample_id`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fercurate.errors import FercurateError
from fercurate.review.queue import Facts
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SCORES = {
    "self_confidence": "own class unlikely",
    "margin": "another class ahead",
    "entropy": "nets undecided",
    "aum": "hard to learn",
    "neighbour_agreement": "neighbours disagree",
    "typicality": "unlike its class",
}
"""The audit's scores, low = bad, in the words of the panel."""

FIRED = 0.1
"""A score has fired where the image is among this share of the lowest."""


@dataclass(frozen=True)
class Evidence:
    """One state of the audit.

    Attributes:
        run: The audit's fingerprint.
        facts: What decides about the queue, of every image of the manifest.
        flagged: Images that the audit holds for mislabeled.
        table: The audit, by `sample_id`.
        shares: For each score of `SCORES` the share of images that are as low, 0 to 1.
        flaws: What the screen found wrong with an image.
    """

    run: str
    facts: Mapping[str, Facts]
    flagged: frozenset[str]
    table: pd.DataFrame
    shares: pd.DataFrame
    flaws: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]
    """`sample_id` of each manifest row."""
    reviewers: tuple[Mapping[str, Any], ...] = ()
    """What the audit learnt of each reviewer; none in older audits."""

    @classmethod
    def read(cls, workspace: Workspace) -> Evidence:
        """The present audit and screen of a workspace; raises `InputError` without an audit."""
        manifest = workspace.manifest(["row", "sample_id", "label"])
        audit = workspace.audit()
        names = dict(zip(manifest["row"], manifest["sample_id"], strict=True))
        audit.index = audit["row"].map(names)
        summary = workspace.audit_summary()
        scores = [name for name in SCORES if name in audit.columns]
        return cls(
            run=str(summary.get("fingerprint", "")),
            facts=_facts(manifest, audit),
            flagged=frozenset(audit.index[audit["is_label_issue"].astype(bool)]),
            table=audit,
            shares=audit[scores].rank(pct=True),
            flaws=_flaws(workspace.screen()),
            names=tuple(manifest["sample_id"]),
            reviewers=tuple(summary.get("reviewers") or ()),
        )

    def stamp(self, sample_id: str) -> dict[str, Any]:
        """What a decision keeps of it."""
        if sample_id not in self.table.index:
            return {"run": self.run}
        row = self.table.loc[sample_id]
        second = {"is_second_choice": True} if self.facts[sample_id].is_second_choice else {}
        return {
            "label_quality": round(float(row["label_quality"]), 4),
            "suggested_label": row["suggested_label"],
            "suggested_confidence": round(float(row["suggested_confidence"]), 4),
            "run": self.run,
            **second,
        }

    def shown(self, sample_id: str) -> dict[str, Any]:
        """What the panel shows: given label, suggestion, bars, scores, neighbours' names."""
        facts = self.facts[sample_id]
        found: dict[str, Any] = {
            "given": facts.label,
            "suggestion": facts.suggestion,
            "confidence": facts.confidence if facts.suggestion else None,
            "is_second_choice": facts.is_second_choice,
            "quality": facts.quality,
            "verdict": None, "top": [], "fired": [], "neighbours": [],
            "flaws": list(self.flaws.get(sample_id, ())),
        }  # fmt: skip
        if sample_id not in self.table.index:
            return found
        row = self.table.loc[sample_id]
        found["verdict"] = row["verdict"]
        found["top"] = [
            {"label": row[f"top{i}_label"], "probability": float(row[f"top{i}_prob"])}
            for i in (1, 2, 3)
            if f"top{i}_label" in row
        ]
        shares = self.shares.loc[sample_id].sort_values()
        found["fired"] = [
            {"name": SCORES[str(name)], "share": float(share)}
            for name, share in shares.items()
            if share <= FIRED
        ]
        found["neighbours"] = [
            {"sample_id": self.names[row_], "label": self.facts[self.names[row_]].label}
            for row_ in row["neighbours"]
        ]
        return found


def _facts(manifest: pd.DataFrame, audit: pd.DataFrame) -> dict[str, Facts]:
    facts = {
        str(sample_id): Facts(label if isinstance(label, str) else None)
        for sample_id, label in zip(manifest["sample_id"], manifest["label"], strict=True)
    }
    columns = ("label_quality", "suggested_label", "suggested_confidence")
    try:
        values = [audit[name].tolist() for name in columns]
    except KeyError as error:
        raise FercurateError(
            f"The audit has no column {error}.", "Make it again with: fercurate audit --force"
        ) from error
    # an audit of an earlier version has no probabilities
    likeliest = audit["top1_label"].tolist() if "top1_label" in audit else [None] * len(audit)
    for sample_id, quality, suggested, confidence, top in zip(
        audit.index, *values, likeliest, strict=True
    ):
        label = facts[sample_id].label
        differs = isinstance(suggested, str) and suggested != label
        facts[sample_id] = Facts(
            label, quality, suggested if differs else None, confidence if differs else 0.0,
            differs and top == label,
        )  # fmt: skip
    return facts


def _flaws(screen: pd.DataFrame | None) -> dict[str, tuple[str, ...]]:
    if screen is None:
        return {}
    found: dict[str, list[str]] = {}
    for name in screen.columns:
        if not (name.startswith("is_") and name.endswith("_issue")) or name == "is_human_issue":
            continue
        for sample_id in screen.loc[screen[name].fillna(False).astype(bool), "sample_id"]:
            found.setdefault(sample_id, []).append(name[3:-6].replace("_", " "))
    if "kind" in screen:
        for sample_id, kind in zip(screen["sample_id"], screen["kind"], strict=True):
            if kind != "human":
                found.setdefault(sample_id, []).insert(0, str(kind))
    return {sample_id: tuple(flaws) for sample_id, flaws in found.items()}
