"""The audit report: index.html for people, metrics.json and label_issues.csv for programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fercurate.config import ReportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.files import write_json, write_text
from fercurate.foreign import cells
from fercurate.progress import Progress
from fercurate.report import images, metrics, page, screen_page
from fercurate.workspace import REPORTS, Workspace, option

ISSUE_COLUMNS = (
    "rank", "row", "sample_id", "sha256", "split", "label", "suggested_label",
    "suggested_confidence", "label_quality", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class ReportResult:
    """The files that were written, and what they say in two numbers."""

    index: Path
    metrics: Path
    label_issues: Path
    n_audited: int
    n_label_issues: int


def run(workspace: Workspace, config: ReportConfig, progress: Progress) -> ReportResult:
    """Write the audit report of a workspace; the same input gives the same bytes.

    Raises:
        InputError: import or audit did not run, or `config.worst` is negative.
        FercurateError: the audit's files are damaged or lack what the report shows.
    """
    if config.worst < 0:
        raise InputError(f"worst is {config.worst}.", "It is a number of images: 0 or more.")
    manifest, audit, summary = _read(workspace)
    folder = config.folder or REPORTS / f"{workspace.name}-audit"
    result = ReportResult(
        index=folder / "index.html",
        metrics=folder / "metrics.json",
        label_issues=folder / "label_issues.csv",
        n_audited=len(audit),
        n_label_issues=int(audit["is_label_issue"].sum()),
    )
    with progress.task("Report", total=3, unit="files") as advance:
        facts = metrics.collect(workspace.name, manifest, audit, summary, config.worst)
        facts |= _screen(workspace, progress)
        write_json(result.metrics, facts)
        advance(1)
        write_text(result.label_issues, issues_csv(audit))
        advance(1)
        faces = workspace.faces() if config.faces else None
        face = None if faces is None else (lambda row: images.data_uri(faces[row]))
        write_text(result.index, page.render(facts, face))
        advance(1)
    return result


def _screen(workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """What the screen found, where it ran; the audit is worth a page without it, too."""
    found = screen_page.read(workspace)
    return {} if found is None else {"screen": found}


def issues_csv(audit: pd.DataFrame) -> str:
    """The label issues as csv, worst first."""
    issues = audit[audit["is_label_issue"]].sort_values("rank", kind="stable")
    text: str = cells(issues[list(ISSUE_COLUMNS)]).to_csv(
        index=False, float_format="%.4f", lineterminator="\n"
    )
    return text


def _read(workspace: Workspace) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    manifest, audit = workspace.manifest(), workspace.audit()
    again = f"fercurate audit{option(workspace)}"
    missing = [c for c in metrics.AUDIT_COLUMNS if c not in audit.columns]
    if missing:
        raise FercurateError(
            f"{workspace.audit_path} lacks {', '.join(missing)}.", f"Make it again: {again} --force"
        )
    return manifest, audit, workspace.audit_summary()
