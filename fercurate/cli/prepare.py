"""Commands that bring images in and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, settings
from fercurate.cli.options import (
    AsJson,
    Dataset,
    Force,
    NoFiftyOne,
    app,
    help_of,
    named_place,
    option,
)


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help=help_of(config.ImportConfig, "source"), parser=named_place)
    ],
    name: Annotated[
        str | None, typer.Option(help="of the dataset (default: from SOURCE)", show_default=False)
    ] = None,
    ferplus: Annotated[Path | None, option(config.ImportConfig, "ferplus")] = None,
    max_rejected: Annotated[float | None, option(config.ImportConfig, "max_rejected")] = None,
    max_unpacked_gb: Annotated[float | None, option(config.ImportConfig, "max_unpacked_gb")] = None,
    classes: Annotated[str | None, option(config.ImportConfig, "classes")] = None,
    val_share: Annotated[float | None, option(config.ImportConfig, "val_share")] = None,
    seed: Annotated[int | None, option(config.ImportConfig, "seed")] = None,
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
        "classes": classes,
        "val_share": val_share,
        "seed": seed,
    }
    space = workspace.Workspace(workspace.DATASETS / workspace.dataset_name(name, source))
    progress = show.progress()
    chosen = settings.build(config.ImportConfig, options, "import")
    result = road.run_import(space, chosen, progress, force=force)
    synced = (
        None
        if no_fiftyone or result.skipped
        else road.try_sync(space, config.SyncConfig(), progress)
    )
    show.imported(space, result, synced, as_json=json)


@app.command()
def enrich(
    photos: Annotated[
        list[Path],
        typer.Argument(help=help_of(config.EnrichConfig, "photos"), parser=named_place),
    ],
    into: Annotated[
        str | None,
        typer.Option(
            "--into", "--dataset", "-d", help="name or folder; found by itself when only one"
        ),
    ] = None,
    min_face: Annotated[int | None, option(config.EnrichConfig, "min_face")] = None,
    min_score: Annotated[float | None, option(config.EnrichConfig, "min_score")] = None,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Cut the faces out of photographs, and add those that are new to a dataset."""
    from fercurate import road, show, show_screen, workspace

    options = {"photos": photos, "min_face": min_face, "min_score": min_score}
    space = workspace.find(into)
    progress = show.progress()
    chosen = settings.build(config.EnrichConfig, options, "enrich")
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
    jobs: Annotated[int | None, option(config.ScreenConfig, "jobs")] = None,
    force: Force = False,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Tell people from drawings and blanks, judge quality, find copies; write a report."""
    from fercurate import road, show, show_screen, workspace

    space = workspace.find(dataset)
    progress = show.progress()
    chosen = settings.build(config.ScreenConfig, {"jobs": jobs}, "screen")
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
    kinds: Annotated[Path | None, option(config.FitScreenConfig, "kinds")] = None,
    flaws: Annotated[Path | None, option(config.FitScreenConfig, "flaws")] = None,
    out: Annotated[Path | None, option(config.FitScreenConfig, "out")] = None,
    force: Annotated[bool, option(config.FitScreenConfig, "force", "--force")] = False,
    json: AsJson = False,
) -> None:
    """Learn the screen's classifiers anew from labels made by eye, cross-validated."""
    from fercurate import road, show, show_screen, workspace

    space = workspace.find(dataset)
    options = {"kinds": kinds, "flaws": flaws, "out": out, "force": force}
    chosen = settings.build(config.FitScreenConfig, options, "fit-screen")
    show_screen.screen_fitted(
        space, road.run_fit_screen(space, chosen, show.progress()), as_json=json
    )
