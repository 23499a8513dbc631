"""The command line: parses, calls one stage, prints. Nothing heavy is imported here."""

from __future__ import annotations

import signal
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from fercurate import __version__, config
from fercurate.errors import EXIT_FAILED, EXIT_STOPPED, FercurateError

app = typer.Typer(
    name="fercurate",
    help="From raw FER2013 to a facial-expression dataset that a person has checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
evaluate = typer.Typer(help="Score what was made.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate, name="evaluate")


def _help(stage: type, name: str) -> str:
    return str(next(f.metadata["help"] for f in fields(stage) if f.name == name))


def _option(stage: type, name: str, *flags: str) -> Any:
    return typer.Option(*flags, help=_help(stage, name), show_default=False)


Dataset = Annotated[
    str | None,
    typer.Option("--dataset", "-d", help="name or folder; found by itself when only one"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Force = Annotated[bool, typer.Option("--force", help="repeat even if nothing changed")]
NoFiftyOne = Annotated[bool, typer.Option("--no-fiftyone", help="leave FiftyOne alone")]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help=_help(config.ImportConfig, "source"))],
    name: Annotated[
        str | None, typer.Option(help="of the dataset (default: from SOURCE)", show_default=False)
    ] = None,
    ferplus: Annotated[Path | None, _option(config.ImportConfig, "ferplus")] = None,
    max_rejected: Annotated[float | None, _option(config.ImportConfig, "max_rejected")] = None,
    max_unpacked_gb: Annotated[
        float | None, _option(config.ImportConfig, "max_unpacked_gb")
    ] = None,
    force: Force = False,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Read FER2013 in any packaging, or a folder of faces, into a dataset."""
    from fercurate import road, show, workspace

    options = {
        "source": source,
        "ferplus": ferplus,
        "max_rejected": max_rejected,
        "max_unpacked_gb": max_unpacked_gb,
    }
    space = workspace.Workspace(workspace.DATASETS / workspace.dataset_name(name, source))
    progress = show.progress()
    chosen = config.build(config.ImportConfig, options, "import")
    result = road.run_import(space, chosen, progress, force=force)
    synced = (
        None
        if no_fiftyone or result.skipped
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show.imported(space, result, synced, as_json=json)


@app.command()
def enrich(
    photos: Annotated[list[Path], typer.Argument(help=_help(config.EnrichConfig, "photos"))],
    into: Annotated[
        str | None,
        typer.Option(
            "--into", "--dataset", "-d", help="name or folder; found by itself when only one"
        ),
    ] = None,
    min_face: Annotated[int | None, _option(config.EnrichConfig, "min_face")] = None,
    min_score: Annotated[float | None, _option(config.EnrichConfig, "min_score")] = None,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Cut the faces out of photographs, and add those that are new to a dataset."""
    from fercurate import road, show, show_screen, workspace

    options = {"photos": photos, "min_face": min_face, "min_score": min_score}
    space = workspace.find(into)
    progress = show.progress()
    chosen = config.build(config.EnrichConfig, options, "enrich")
    result = road.run_enrich(space, chosen, progress)
    synced = (
        None
        if no_fiftyone or not result.n_added
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show_screen.enriched(space, result, synced, as_json=json)


@app.command()
def screen(
    dataset: Dataset = None,
    jobs: Annotated[int | None, _option(config.ScreenConfig, "jobs")] = None,
    force: Force = False,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Tell people from drawings and blanks, judge quality, find copies; write a report."""
    from fercurate import road, show, show_screen, workspace

    space = workspace.find(dataset)
    progress = show.progress()
    chosen = config.build(config.ScreenConfig, {"jobs": jobs}, "screen")
    result = road.run_screen(space, chosen, progress, force=force)
    report = road.run_screen_report(space, config.ReportConfig(), progress)
    synced = (
        None
        if no_fiftyone or result.skipped
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show_screen.screened(space, result, report, synced, as_json=json)


@app.command("fit-screen")
def fit_screen(
    dataset: Dataset = None,
    kinds: Annotated[Path | None, _option(config.FitScreenConfig, "kinds")] = None,
    flaws: Annotated[Path | None, _option(config.FitScreenConfig, "flaws")] = None,
    out: Annotated[Path | None, _option(config.FitScreenConfig, "out")] = None,
    json: AsJson = False,
) -> None:
    """Learn the screen's classifiers anew from labels made by eye, cross-validated."""
    from fercurate import road, show, show_screen, workspace

    space = workspace.find(dataset)
    options = {"kinds": kinds, "flaws": flaws, "out": out}
    chosen = config.build(config.FitScreenConfig, options, "fit-screen")
    show_screen.screen_fitted(
        space, road.run_fit_screen(space, chosen, show.progress()), as_json=json
    )


@app.command()
def audit(
    dataset: Dataset = None,
    effort: Annotated[config.Effort | None, _option(config.AuditConfig, "effort")] = None,
    folds: Annotated[int | None, _option(config.AuditConfig, "folds")] = None,
    split: Annotated[config.AuditSplit | None, _option(config.AuditConfig, "split")] = None,
    seed: Annotated[int | None, _option(config.AuditConfig, "seed")] = None,
    device: Annotated[config.Device | None, _option(config.AuditConfig, "device")] = None,
    profile: Annotated[config.Profile | None, _option(config.AuditConfig, "profile")] = None,
    force: Force = False,
    no_fiftyone: NoFiftyOne = False,
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
    }
    space = workspace.find(dataset)
    progress = show.progress()
    chosen = config.build(config.AuditConfig, options, "audit")
    result = road.run_audit(space, chosen, progress, force=force)
    report = road.run_report(space, config.ReportConfig(), progress)
    synced = (
        None
        if no_fiftyone or result.skipped
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show.audited(space, result, report, synced, as_json=json)


@app.command()
def report(
    dataset: Dataset = None,
    faces: Annotated[bool, _option(config.ReportConfig, "faces", "--faces/--no-faces")] = True,
    folder: Annotated[Path | None, _option(config.ReportConfig, "folder")] = None,
    worst: Annotated[int | None, _option(config.ReportConfig, "worst")] = None,
) -> None:
    """Write the reports again: the audit's, and the screen's."""
    from fercurate import road, show, workspace

    options = {"faces": faces, "folder": folder, "worst": worst}
    space = workspace.find(dataset)
    chosen = config.build(config.ReportConfig, options, "report")
    for written in road.run_reports(space, chosen, show.progress()):
        print(written.index)


@app.command()
def sync(
    dataset: Dataset = None,
    columns: Annotated[list[str] | None, _option(config.SyncConfig, "columns", "--column")] = None,
    json: AsJson = False,
) -> None:
    """Mirror a dataset into FiftyOne, or repair the mirror."""
    from fercurate import road, show, workspace

    space = workspace.find(dataset)
    chosen = config.SyncConfig(columns=tuple(columns) if columns else None)
    show.synced(road.run_sync(space, chosen, show.progress()), as_json=json)


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


@app.command()
def status(dataset: Dataset = None, json: AsJson = False) -> None:
    """Where a dataset stands, and the next command."""
    from fercurate import road, show, workspace

    spaces = [workspace.find(dataset)] if dataset else workspace.existing()
    show.standings([road.standing(space) for space in spaces], as_json=json)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="a pipeline, such as pipelines/demo.toml")],
    force: Force = False,
) -> None:
    """Run several stages in order; what is done already is skipped."""
    from fercurate import road, show

    pipeline = road.read_pipeline(recipe)
    for name, result in pipeline.run(show.progress(), force=force):
        show.step(pipeline.workspace, name, result)


@app.command()
def demo(force: Force = False) -> None:
    """The embedded sample through every stage: what was planted beside what was found."""
    from fercurate import road, show
    from fercurate.evaluate import planted

    pipeline = road.read_pipeline(road.demo_pipeline())
    results = {}
    for name, result in pipeline.run(show.progress(), force=force):
        results[name] = result
        show.step(pipeline.workspace, name, result)
    truth = results["sample"].truth
    show.planted(planted.compare(pipeline.workspace, truth), results["report"][-1].index)


@app.command()
def doctor(json: AsJson = False) -> None:
    """What is installed, whether a database starts, which accelerator, and what to do."""
    from fercurate import doctor, show

    checks = doctor.run()
    show.checks(checks, as_json=json)
    if not all(check.ok for check in checks):
        raise typer.Exit(EXIT_FAILED)


def main() -> None:
    """Entry point: known errors become one message and the next step, on stderr."""
    signal.signal(signal.SIGINT, _stop)
    try:
        app()
    except FercurateError as error:
        if "--debug" in sys.argv:
            raise
        prefix = "" if error.code == EXIT_STOPPED else "Error: "
        print(prefix + error.message, file=sys.stderr)
        if error.fix:
            print(error.fix, file=sys.stderr)
        raise SystemExit(error.code) from None
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        print(f"Error: {type(error).__name__}: {error}", file=sys.stderr)
        print("That was not foreseen. `fercurate --debug COMMAND` shows where.", file=sys.stderr)
        raise SystemExit(EXIT_FAILED) from None


def _stop(signum: int, frame: object) -> None:
    raise FercurateError(
        "Stopped.",
        "Run the same command again: screen and audit go on where they were, the rest begins anew.",
        code=EXIT_STOPPED,
    )


if __name__ == "__main__":
    main()
