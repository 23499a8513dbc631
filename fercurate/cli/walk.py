"""Commands about the whole road: where a dataset stands, several stages, the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config
from fercurate.cli.options import AsJson, Dataset, Force, app, option
from fercurate.errors import EXIT_FAILED


@app.command()
def sync(
    dataset: Dataset = None,
    columns: Annotated[list[str] | None, option(config.SyncConfig, "columns", "--column")] = None,
    json: AsJson = False,
) -> None:
    """Mirror a dataset into FiftyOne, or repair the mirror."""
    from fercurate import road, show, workspace

    space = workspace.find(dataset)
    chosen = config.SyncConfig(columns=tuple(columns) if columns else None)
    show.synced(road.run_sync(space, chosen, show.progress()), as_json=json)


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
    from fercurate import pipeline as pipelines
    from fercurate import show

    pipeline = pipelines.read_pipeline(recipe)
    for name, result in pipeline.run(show.progress(), force=force):
        show.step(pipeline.workspace, name, result)


@app.command()
def demo(force: Force = False) -> None:
    """The embedded sample through every stage: what was planted beside what was found."""
    from fercurate import pipeline as pipelines
    from fercurate import show
    from fercurate.evaluate import planted

    pipeline = pipelines.demo()
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
    if not all(check.ok or not check.needed for check in checks):
        raise typer.Exit(EXIT_FAILED)
