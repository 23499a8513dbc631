"""What each command prints when its stage has ended: a table for people, or JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.console import Terminal, clock, console, table
from fercurate.foreign import as_json as json_text
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    from fercurate.audit.ranking import AuditResult
    from fercurate.doctor import Check
    from fercurate.evaluate.audit_scores import AuditScores
    from fercurate.evaluate.planted import Planted
    from fercurate.evaluate.review_loop import ReviewLoop
    from fercurate.ingest.result import ImportResult
    from fercurate.report.audit_page import ReportResult
    from fercurate.review.sync import SyncResult
    from fercurate.standing import Standing


def progress() -> Terminal:
    return Terminal()


def print_json(value: Any) -> None:
    print(json_text(value, indent=2))


def plain(result: Any) -> Any:
    return None if result is None else asdict(result)


def imported(
    space: Workspace, result: ImportResult, synced: SyncResult | None, *, as_json: bool
) -> None:
    """Class by split, imbalance, what is wrong already, and the next command."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result), "fiftyone": plain(synced)})
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
    if result.verdicts.here:
        facts.append(
            f"{result.verdicts.here:,} images with a verdict, {result.verdicts.moved:,} of them "
            "under another name than before"
        )
    if result.is_fer2013:
        facts.append("this is FER2013 itself, by its pixels")
    for fact in facts:
        out.print(f"- {fact}")
    done = "was there already" if result.skipped else f"in {clock(result.seconds)}"
    out.print()
    out.print(f"{space.root}: {result.n_images:,} images {done}")
    print_next(space, "screen")


_BOUGHT = (
    "Nobody has looked yet. On FER2013, 200 verdicts on images drawn at random, about ten",
    "minutes, took the average precision of this ranking from 0.83 to 0.87 and the share of",
    "right labels from 0.77 to 0.85.",
)
"""Measured: reports/record/fer2013-review-loop."""


def audited(
    space: Workspace,
    result: AuditResult,
    report: ReportResult | None,
    synced: SyncResult | None,
    *,
    as_json: bool,
) -> None:
    """How many labels look wrong, of which verdict, what it learnt from, where the report is."""
    if as_json:
        print_json(
            {
                "dataset": space.name,
                **asdict(result),
                "report": None if report is None else str(report.index),
                "fiftyone": plain(synced),
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
    out.print(f"The audit {done} on {result.device}")
    out.print(
        f"Profile: {result.profile}; verdicts that the ranking learnt from: {result.n_verdicts:,}"
    )
    if not result.n_verdicts and result.profile == "generic":
        for part in _BOUGHT:
            out.print(part)
    if report is not None:
        out.print(f"Report: {report.index}")
    print_next(space, "review" if result.n_verdicts else "review --sample 200")


def synced(result: SyncResult, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(result))
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
    elif name == "clean":
        line = f"{result.summary['n_kept']:,} images kept, {result.summary['n_dropped']:,} dropped"
    elif name == "train":
        accuracy = "" if result.val_accuracy is None else f", {result.val_accuracy:.1%} validation"
        line = f"{result.run_id}{accuracy}, {clock(result.seconds)}"
    elif name == "evaluate":
        found, _, page = result
        right = ", ".join(f"{m.scores.accuracy:.1%} {of}" for of, m in found.sets.items())
        line = f"right on {right} labels ({found.split}): {page}"
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
        print_json(scores.as_dict())
        return
    out = console()
    out.print(f"{scores.n_gold:,} gold rows, {scores.n_errors:,} of them labelled wrongly")
    out.print()
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


def review_loop(found: ReviewLoop, page: Path, *, as_json: bool) -> None:
    """What verdicts bought in the simulation."""
    if as_json:
        print_json({**found.as_dict(), "report": str(page)})
        return
    header = ["verdicts", "", "reviewer", "average precision", "label right", "suggestion right"]
    rows: list[list[object]] = [
        [
            f"{p.n:,}", p.how, p.reviewer,
            p.average_precision, p.label_accuracy, p.suggestion_accuracy,
        ]
        for p in found.points
    ]  # fmt: skip
    out = console()
    out.print(f"{found.n_gold:,} gold rows; the given label is right on {found.given_accuracy:.1%}")
    out.print(table("", header, rows))
    out.print(f"Report: {page}")


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
        print_json([s.as_dict() for s in found])
        return
    out = console()
    if not found:
        out.print("No dataset yet.")
        out.print("Next: fercurate import fer2013.csv   (or: fercurate demo)")
        return
    for standing in found:
        out.print(f"{standing.dataset}: {standing.images:,} images")
        for name, state in standing.stages.items():
            when = standing.finished[name]
            out.print(f"  {name:8} {state:7} {when[:16].replace('T', ' ')}".rstrip())
        out.print(f"  {standing.verdicts:,} images decided by a person")
        for problem in standing.problems:
            out.print(f"  ! {problem}", markup=False, soft_wrap=True)
        out.print(f"  next: {standing.next_command}", markup=False, soft_wrap=True)


def checks(found: list[Check], *, as_json: bool) -> None:
    """What doctor found, one line each, with what to do where something is missing."""
    if as_json:
        print_json([asdict(check) for check in found])
        return
    out = console()
    for check in found:
        mark = "ok     " if check.ok else "MISSING" if check.needed else "-      "
        out.print(f"{mark}  {check.name:14} {check.finding}")
        if check.fix:
            out.print(f"{'':25}{check.fix}")


def print_next(space: Workspace, command: str) -> None:
    console().print(f"Next: fercurate {command}{option(space)}")
