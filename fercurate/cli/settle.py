"""Commands with which a person settles what the audit doubts, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, settings
from fercurate.cli.options import AsJson, Dataset, Force, app, option, share


@app.command()
def review(
    dataset: Dataset = None,
    view: Annotated[str | None, option(config.ReviewConfig, "view")] = None,
    who: Annotated[str | None, option(config.ReviewConfig, "who")] = None,
    sample: Annotated[int | None, option(config.ReviewConfig, "sample")] = None,
    blind_repeats: Annotated[str | None, option(config.ReviewConfig, "blind_repeats")] = None,
    port: Annotated[int | None, option(config.ReviewConfig, "port")] = None,
    remote: Annotated[bool, option(config.ReviewConfig, "remote", "--remote")] = False,
    browser: Annotated[
        bool, option(config.ReviewConfig, "browser", "--browser/--no-browser")
    ] = True,
    export: Annotated[Path | None, option(config.ReviewConfig, "export")] = None,
    import_: Annotated[Path | None, option(config.ReviewConfig, "import_", "--import")] = None,
    rows: Annotated[int | None, option(config.ReviewConfig, "rows")] = None,
    agreement: Annotated[bool, option(config.ReviewConfig, "agreement", "--agreement")] = False,
    seed: Annotated[int | None, option(config.ReviewConfig, "seed")] = None,
    force: Annotated[bool, option(config.ReviewConfig, "force", "--force")] = False,
    json: AsJson = False,
) -> None:
    """Settle doubtful faces in the FiftyOne App, with one key each."""
    from fercurate import show_review, workspace

    options = {
        "view": view,
        "who": who,
        "sample": sample,
        "blind_repeats": share(blind_repeats, "--blind-repeats"),
        "port": port,
        "remote": remote,
        "browser": browser,
        "export": export,
        "import_": import_,
        "rows": rows,
        "agreement": agreement,
        "seed": seed,
        "force": force,
    }
    space = workspace.find(dataset)
    chosen = settings.build(config.ReviewConfig, options, "review")
    show_review.opening(space, chosen)
    from fercurate import road, show

    show_review.ended(space, road.run_review(space, chosen, show.progress()), as_json=json)


@app.command()
def clean(
    dataset: Dataset = None,
    policy: Annotated[config.CleanPolicy | None, option(config.CleanConfig, "policy")] = None,
    splits: Annotated[config.CleanSplits | None, option(config.CleanConfig, "splits")] = None,
    merge: Annotated[config.MergeCopies | None, option(config.CleanConfig, "merge")] = None,
    remove: Annotated[float | None, option(config.CleanConfig, "remove")] = None,
    relabel: Annotated[float | None, option(config.CleanConfig, "relabel")] = None,
    drop: Annotated[float | None, option(config.CleanConfig, "drop")] = None,
    soften: Annotated[float | None, option(config.CleanConfig, "soften")] = None,
    with_published: Annotated[Path | None, option(config.CleanConfig, "with_published")] = None,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Make the clean set from verdicts, audit and screen, and say what changed and why."""
    from fercurate import road, show, show_clean, workspace

    options = {
        "policy": policy,
        "splits": splits,
        "merge": merge,
        "remove": remove,
        "relabel": relabel,
        "drop": drop,
        "soften": soften,
        "with_published": with_published,
    }
    space = workspace.find(dataset)
    chosen = settings.build(config.CleanConfig, options, "clean")
    result = road.run_clean(space, chosen, show.progress(), force=force)
    show_clean.cleaned(space, result, as_json=json)


@app.command()
def export(
    to: Annotated[Path, option(config.ExportConfig, "to")],
    dataset: Dataset = None,
    as_: Annotated[str, option(config.ExportConfig, "as_", "--as")] = "csv",
    splits: Annotated[list[str] | None, option(config.ExportConfig, "splits", "--split")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an earlier export")] = False,
    json: AsJson = False,
) -> None:
    """Write the clean set for others: Kaggle's csv, class folders, FiftyOne's formats."""
    from fercurate import road, show, show_clean, workspace

    space = workspace.find(dataset)
    chosen = config.ExportConfig(to=to, as_=as_, splits=tuple(splits) if splits else None)
    result = road.run_export(space, chosen, show.progress(), force=force)
    show_clean.exported(space, result, as_json=json)
