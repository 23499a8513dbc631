"""What `enrich`, `screen` and `fit-screen` print when they have ended: tables, or JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fercurate.console import clock, console, table
from fercurate.show import plain, print_json, print_next
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.ingest.enrich import EnrichResult
    from fercurate.report.screen_page import ScreenReportResult
    from fercurate.review.sync import SyncResult
    from fercurate.screen.stage import ScreenResult
    from fercurate.screen.teach import FitScreenResult


_SHOWN = 10


def enriched(
    space: Workspace, result: EnrichResult, synced: SyncResult | None, *, as_json: bool
) -> None:
    """What was added by class, what was left out and why, and the next command."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result), "fiftyone": plain(synced)})
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
        out.print(f"- {rejection}")
    more = len(result.rejected) - _SHOWN
    if more > 0:
        out.print(f"- and {more:,} more left out")
    if result.rejected or result.n_duplicates:
        out.print(f"All that was left out: {space.enrich_rejected_path}")
    if result.counts.get(""):
        out.print(
            f"{result.counts['']:,} have no label, as their folders name no class. "
            "`fercurate audit` ranks labelled images alone; the review gives labels."
        )
    out.print()
    out.print(f"{space.root}: {result.n_images:,} images, in {clock(result.seconds)}")
    if result.n_added:
        print_next(space, "screen")


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
        print_json(
            {
                "dataset": space.name,
                **asdict(result),
                "report": str(report.index),
                "fiftyone": plain(synced),
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
    print_next(space, "audit")


def screen_fitted(space: Workspace, result: FitScreenResult, *, as_json: bool) -> None:
    """Cross-validated precision and recall of the screen's classifiers."""
    if as_json:
        print_json(asdict(result))
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
    print_next(space, "screen")
