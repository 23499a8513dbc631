"""Commands that find labels which are probably wrong, and score that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, settings
from fercurate.cli.options import AsJson, Dataset, Force, NoFiftyOne, app, evaluate, option
from fercurate.foreign import line


@app.command()
def audit(
    dataset: Dataset = None,
    effort: Annotated[config.AuditEffort | None, option(config.AuditConfig, "effort")] = None,
    folds: Annotated[int | None, option(config.AuditConfig, "folds")] = None,
    split: Annotated[config.AuditSplit | None, option(config.AuditConfig, "split")] = None,
    seed: Annotated[int | None, option(config.AuditConfig, "seed")] = None,
    device: Annotated[config.Device | None, option(config.AuditConfig, "device")] = None,
    profile: Annotated[str | None, option(config.AuditConfig, "profile")] = None,
    relearn: Annotated[bool, option(config.AuditConfig, "relearn", "--relearn")] = False,
    save_profile: Annotated[Path | None, option(config.AuditConfig, "save_profile")] = None,
    force: Force = False,
    no_fiftyone: NoFiftyOne = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="write no report")] = False,
    json: AsJson = False,
) -> None:
    """Find and rank the labels that are probably wrong, and write a report."""
    from fercurate import road, show, workspace

    options = {
        "effort": effort,
        "folds": folds,
        "split": split,
        "seed": seed,
        "device": device,
        "profile": profile,
        "relearn": relearn,
        "save_profile": save_profile,
    }
    space = workspace.find(dataset)
    progress = show.progress()
    chosen = settings.build(config.AuditConfig, options, "audit")
    result = road.run_audit(space, chosen, progress, force=force)
    report = None if no_report else road.run_report(space, config.ReportConfig(), progress)
    synced = (
        None
        if no_fiftyone or result.skipped
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show.audited(space, result, report, synced, as_json=json)


@app.command()
def report(
    dataset: Dataset = None,
    faces: Annotated[bool, option(config.ReportConfig, "faces", "--faces/--no-faces")] = True,
    folder: Annotated[Path | None, option(config.ReportConfig, "folder")] = None,
    worst: Annotated[int | None, option(config.ReportConfig, "worst")] = None,
) -> None:
    """Write the reports again: the audit's, and the screen's."""
    from fercurate import road, show, workspace

    options = {"faces": faces, "folder": folder, "worst": worst}
    space = workspace.find(dataset)
    chosen = settings.build(config.ReportConfig, options, "report")
    for written in road.run_reports(space, chosen, show.progress()):
        print(line(str(written.index)))


@evaluate.command("audit")
def evaluate_audit(
    votes: Annotated[
        Path | None, typer.Option(help="fer2013new.csv (default: the votes that import joined)")
    ] = None,
    dataset: Dataset = None,
    json: AsJson = False,
) -> None:
    """Score an audit against FER+ votes."""
    from fercurate import show, workspace
    from fercurate.evaluate import audit_scores

    show.audit_scores(audit_scores.run(workspace.find(dataset), votes), as_json=json)


@evaluate.command("review-loop")
def evaluate_review_loop(
    votes: Annotated[Path | None, option(config.ReviewLoopConfig, "votes")] = None,
    dataset: Dataset = None,
    profile: Annotated[str | None, option(config.ReviewLoopConfig, "profile")] = None,
    seeds: Annotated[int | None, option(config.ReviewLoopConfig, "seeds")] = None,
    folder: Annotated[Path | None, option(config.ReviewLoopConfig, "folder")] = None,
    json: AsJson = False,
) -> None:
    """Let FER+ votes play the reviewer: what do verdicts buy?"""
    from fercurate import road, show, workspace

    options = {"votes": votes, "profile": profile, "seeds": seeds, "folder": folder}
    chosen = settings.build(config.ReviewLoopConfig, options, "evaluate review-loop")
    found, page = road.run_review_loop(workspace.find(dataset), chosen, show.progress())
    show.review_loop(found, page, as_json=json)
