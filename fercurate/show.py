"""What each command prints when its stage has ended: a table for people, or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.console import Terminal, clock, console, table
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    from fercurate.audit.stage import AuditResult
    from fercurate.doctor import Check
    from fercurate.evaluate.audit_scores import AuditScores
    from fercurate.evaluate.planted import Planted
    from fercurate.ingest.enrich import EnrichResult
    from fercurate.ingest.result import ImportResult
    from fercurate.report.audit_page import ReportResult
    from fercurate.report.screen_page import ScreenReportResult
    from fercurate.review.sync import SyncResult
    from fercurate.road import Standing
    from fercurate.screen.stage import ScreenResult
    from fercurate.screen.teach import FitScreenResult


_SHOWN = 10


def progress() -> Terminal:
    return Terminal()


def _json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def _plain(result: Any) -> Any:
    return None if result is None else asdict(result)


def imported(
    space: Workspace, result: ImportResult, synced: SyncResult | None, *, as_json: bool
) -> None:
    """Class by split, imbalance, what is wrong already, and the next command."""
    if as_json:
        _json({"dataset": space.name, **asdict(result), "fiftyone": _plain(synced)})
        return
    out = console()
    rows: list[list[object]] = [
        [name or "(no label)", *(by_split.get(s, 0) for s in SPLITS), sum(by_split.values())]
        for name, by_split in result.counts.items()
    ]
    rows.append(["all", *(sum(r[i] for r in rows) for i in range(1, 5))])  # type: ignore[misc]
    out.print(table("", ["class", *SPLITS, "all"], rows))
    facts = [
        f"{result.imbalance:.1f} : 1 from the largest class to the smallest",
        f"{result.n_duplicate_groups:,} groups of exact duplicates, "
        f"{result.n_conflicting_groups:,} of them with different labels",
        f"{result.n_leaked:,} val and test images are also in train",
        f"{result.n_constant:,} constant images",
    ]
    if result.n_rejected:
        facts.append(f"{result.n_rejected:,} input rows rejected: {space.rejected_path}")
    if result.is_fer2013:
        facts.append("this is FER2013 itself, by its pixels")
    for fact in facts:
        out.print(f"- {fact}")
    done = "was there already" if result.skipped else f"in {clock(result.seconds)}"
    out.print(f"\n{space.root}: {result.n_images:,} images {done}")
    _next(space, "screen")


def enriched(
    space: Workspace, result: EnrichResult, synced: SyncResult | None, *, as_json: bool
) -> None:
    """What was added by class, what was left out and why, and the next command."""
    if as_json:
        _json({"dataset": space.name, **asdict(result), "fiftyone": _plain(synced)})
        return
    out = console()
    added = [(name or "(no label)", n) for name, n in result.counts.items() if n]
    if added:
        out.print(table("", ["class", "added"], [list(row) for row in added]))
    out.print(
        f"Photographs read: {result.n_read:,}. Faces: {result.n_faces:,} found, "
        f"{result.n_added:,} added, {result.n_duplicates:,} left out as near duplicates"
    )
    for rejection in result.rejected[:_SHOWN]:
        out.print(f"- {rejection}", markup=False)
    more = len(result.rejected) - _SHOWN
    if more > 0:
        out.print(f"- and {more:,} more left out")
    if result.rejected or result.n_duplicates:
        out.print(f"All that was left out: {space.enrich_rejected_path}")
    if result.counts.get(""):
        out.print(
            f"{result.counts['']:,} have no label, as their folders name no class. "
            "`fercurate audit` ranks labelled\nimages alone; the review gives labels."
        )
    out.print(f"\n{space.root}: {result.n_images:,} images, in {clock(result.seconds)}")
    if result.n_added:
        _next(space, "screen")


def screened(
    space: Workspace,
    result: ScreenResult,
    report: ScreenReportResult,
    synced: SyncResult | None,
    *,
    as_json: bool,
) -> None:
    """How many images are no human face, which issues there are, where the report is."""
    if as_json:
        _json(
            {
                "dataset": space.name,
                **asdict(result),
                "report": str(report.index),
                "fiftyone": _plain(synced),
            }
        )
        return
    out = console()
    rows: list[list[object]] = [[name, count] for name, count in result.kinds.items()]
    out.print(table("", ["kind", "images"], rows))
    found: list[list[object]] = [
        [name, count] for name, count in result.issues.items() if count and name != "human"
    ]
    out.print(table("", ["issue", "images"], found))
    if result.n_by_eye:
        out.print(f"The kind of {result.n_by_eye:,} images is a label made by eye")
    out.print(
        f"{result.n_near_groups:,} groups of near duplicates; "
        f"{result.n_near_leaks:,} images have one in another split"
    )
    done = "was there already" if result.skipped else f"took {clock(result.seconds)}"
    out.print(f"The screening {done}")
    out.print(f"Report: {report.index}")
    _next(space, "audit")


def screen_fitted(space: Workspace, result: FitScreenResult, *, as_json: bool) -> None:
    """Cross-validated precision and recall of the screen's classifiers."""
    if as_json:
        _json(asdict(result))
        return
    out = console()
    header = ["labelled by eye", "images", "recall"]
    for scope, title in (("random", "drawn at random"), ("all", "all that were labelled")):
        figures = result.report[scope]
        rows: list[list[object]] = [
            [name, n, figures["recall"].get(name, 1 - figures["human_flagged"])]
            for name, n in figures["labelled"].items()
        ]
        out.print(table(title, header, rows))
        out.print(
            f"precision of what is flagged {figures['precision']:.3f}; "
            f"{figures['human_flagged']:.2%} of the humans are flagged"
        )
    flaws: list[list[object]] = [
        [name, f["there"], f["precision"], f["recall"]]
        for name, f in result.report["flaws"].items()
    ]
    if flaws:
        out.print(table("", ["flaw", "images", "precision", "recall"], flaws))
    out.print(f"{result.report['folds']}-fold cross-validation, {clock(result.seconds)}")
    out.print(f"Classifiers: {result.heads}")
    _next(space, "screen")


def audited(
    space: Workspace,
    result: AuditResult,
    report: ReportResult,
    synced: SyncResult | None,
    *,
    as_json: bool,
) -> None:
    """How many labels look wrong, of which verdict, where the report is."""
    if as_json:
        _json(
            {
                "dataset": space.name,
                **asdict(result),
                "report": str(report.index),
                "fiftyone": _plain(synced),
            }
        )
        return
    out = console()
    share = result.n_issues / result.n_audited
    out.print(f"{result.n_issues:,} of {result.n_audited:,} labels look wrong ({share:.0%})")
    out.print(
        table("", ["verdict", "images"], [[name, count] for name, count in result.verdicts.items()])
    )
    done = "was there already" if result.skipped else f"took {clock(result.seconds)}"
    out.print(f"The audit {done} on {result.device}; noise profile: {result.profile}")
    out.print(f"Report: {report.index}")
    out.print(f"Next: look at the worst in {report.index}, or in FiftyOne at {space.name!r}")


def synced(result: SyncResult, *, as_json: bool) -> None:
    if as_json:
        _json(asdict(result))
        return
    console().print(
        f"FiftyOne dataset {result.dataset!r}: {result.n_samples:,} samples "
        f"({result.n_added:,} added, {result.n_updated:,} updated) in {clock(result.seconds)}"
    )


def step(space: Workspace, name: str, result: Any) -> None:
    """One line for a stage of a pipeline."""
    if result is None:  # it has warned already
        return
    if name == "import":
        line = f"{result.n_images:,} images in {clock(result.seconds)}"
    elif name == "audit":
        share = f"{result.n_issues:,} of {result.n_audited:,} labels"
        line = f"{share} look wrong, {clock(result.seconds)}"
    elif name == "screen":
        strangers = sum(n for kind, n in result.kinds.items() if kind != "human")
        line = f"{strangers:,} of {result.n_images:,} images show no human face"
        line += f", {clock(result.seconds)}"
    elif name == "report":
        line = ", ".join(str(written.index) for written in result)
    elif name == "sync":
        line = f"{result.n_samples:,} samples in FiftyOne, {clock(result.seconds)}"
    else:
        line = f"{result.rows:,} rows in {result.csv}"
    again = " (was there already)" if getattr(result, "skipped", False) else ""
    console().print(f"{name:8} {line}{again}")


def audit_scores(scores: AuditScores, *, as_json: bool) -> None:
    """The scores of an audit against votes."""
    if as_json:
        _json(scores.as_dict())
        return
    out = console()
    out.print(f"{scores.n_gold:,} gold rows, {scores.n_errors:,} of them labelled wrongly\n")
    rows: list[list[object]] = [
        ["average precision", scores.average_precision],
        ["precision of the worst 5 %", scores.precision_worst_5],
        ["precision of the worst 10 %", scores.precision_worst_10],
        ["label issues: precision", scores.issue_precision],
        ["label issues: recall", scores.issue_recall],
        ["suggested label right, of all errors", scores.suggestion_accuracy],
        ["suggested label right, of flagged errors", scores.suggestion_accuracy_flagged],
    ]
    out.print(table("", ["score", ""], rows))
    ranked = sorted(scores.by_score.items(), key=lambda item: -item[1])
    out.print(
        table("", ["ranking by", "average precision"], [[name, value] for name, value in ranked])
    )
    header = ["given label", "gold", "errors", "flagged", "precision", "recall"]
    by_class: list[list[object]] = [
        [name, *(found[key] for key in header[1:])] for name, found in scores.by_class.items()
    ]
    out.print(table("", header, by_class))


def planted(found: list[Planted], report: Path) -> None:
    """What was planted in the demo beside what was found."""
    rows: list[list[object]] = [[f.what, f.planted, f.found, f.note] for f in found]
    out = console()
    shown = table("", ["planted in the sample", "planted", "found", ""], rows)
    shown.columns[-1].justify = "left"
    shown.columns[-1].no_wrap = False
    out.print(shown)
    out.print(f"Report: {report}")
    out.print("Next: fercurate import YOUR/fer2013.csv")


def standings(found: list[Standing], *, as_json: bool) -> None:
    """Where each dataset stands, and its next command."""
    if as_json:
        _json([s.as_dict() for s in found])
        return
    out = console()
    if not found:
        out.print("No dataset yet.\nNext: fercurate import fer2013.csv   (or: fercurate demo)")
        return
    for standing in found:
        out.print(f"{standing.dataset}: {standing.images:,} images")
        for name, state in standing.stages.items():
            when = standing.finished[name]
            out.print(f"  {name:8} {state:6} {when[:16].replace('T', ' ')}".rstrip())
        out.print(f"  next: {standing.next_command}")


def checks(found: list[Check], *, as_json: bool) -> None:
    """What doctor found, one line each, with what to do where something is missing."""
    if as_json:
        _json([asdict(check) for check in found])
        return
    out = console()
    for check in found:
        mark = "ok     " if check.ok else "MISSING" if check.needed else "-      "
        out.print(f"{mark}  {check.name:14} {check.finding}", markup=False)
        if check.fix:
            out.print(f"{'':25}{check.fix}", markup=False)


def _next(space: Workspace, command: str) -> None:
    console().print(f"Next: fercurate {command}{option(space)}")
