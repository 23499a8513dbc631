"""Commands that make a model of a dataset, and use it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, settings
from fercurate.cli.options import AsJson, Dataset, Force, app, help_of, named_place, option
from fercurate.errors import InputError


@app.command()
def train(
    dataset: Dataset = None,
    on: Annotated[config.TrainOn | None, option(config.TrainConfig, "on")] = None,
    labels: Annotated[config.TrainLabels | None, option(config.TrainConfig, "labels")] = None,
    model: Annotated[str | None, option(config.TrainConfig, "model")] = None,
    effort: Annotated[config.Effort | None, option(config.TrainConfig, "effort")] = None,
    epochs: Annotated[int | None, option(config.TrainConfig, "epochs")] = None,
    balance: Annotated[config.Balance | None, option(config.TrainConfig, "balance")] = None,
    teachers: Annotated[
        list[str] | None, option(config.TrainConfig, "teachers", "--teacher")
    ] = None,
    seed: Annotated[int | None, option(config.TrainConfig, "seed")] = None,
    device: Annotated[config.Device | None, option(config.TrainConfig, "device")] = None,
    resume: Annotated[bool, option(config.TrainConfig, "resume", "--resume")] = False,
    set_: Annotated[list[str] | None, option(config.TrainConfig, "set", "--set")] = None,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Train a network on the clean set; after a stop the same command goes on."""
    from fercurate import road, show, show_train, workspace

    options = {
        "on": on,
        "labels": labels,
        "model": model,
        "effort": effort,
        "epochs": epochs,
        "balance": balance,
        "teachers": teachers,
        "seed": seed,
        "device": device,
        "resume": resume,
        "set": set_,
    }
    space = workspace.find(dataset)
    chosen = settings.build(config.TrainConfig, options, "train")
    result = road.run_train(space, chosen, show.progress(), force=force)
    show_train.trained(space, result, as_json=json)


@app.command()
def compare(
    arms: Annotated[list[str], typer.Argument(help=help_of(config.CompareConfig, "arms"))],
    dataset: Dataset = None,
    seeds: Annotated[int | None, option(config.CompareConfig, "seeds")] = None,
    model: Annotated[str | None, option(config.CompareConfig, "model")] = None,
    effort: Annotated[config.Effort | None, option(config.CompareConfig, "effort")] = None,
    epochs: Annotated[int | None, option(config.CompareConfig, "epochs")] = None,
    balance: Annotated[config.Balance | None, option(config.CompareConfig, "balance")] = None,
    device: Annotated[config.Device | None, option(config.CompareConfig, "device")] = None,
    set_: Annotated[list[str] | None, option(config.CompareConfig, "set", "--set")] = None,
    as_: Annotated[str | None, option(config.CompareConfig, "as_", "--as")] = None,
    at_balance: Annotated[float | None, option(config.CompareConfig, "at_balance")] = None,
    split: Annotated[config.ScoredSplit | None, option(config.CompareConfig, "split")] = None,
    votes: Annotated[Path | None, option(config.CompareConfig, "votes")] = None,
    folder: Annotated[Path | None, option(config.CompareConfig, "folder")] = None,
    json: AsJson = False,
) -> None:
    """Did it help? Train alike on several sets, and give the differences with intervals."""
    from fercurate import road, show, show_compare, workspace

    options = {
        "arms": arms,
        "seeds": seeds,
        "model": model,
        "effort": effort,
        "epochs": epochs,
        "balance": balance,
        "device": device,
        "set": set_,
        "as_": as_,
        "at_balance": at_balance,
        "split": split,
        "votes": votes,
        "folder": folder,
    }
    chosen = settings.build(config.CompareConfig, options, "compare")
    found, page = road.run_compare(workspace.find(dataset), chosen, show.progress())
    show_compare.compared(found, page, as_json=json)


@app.command()
def predict(
    images: Annotated[
        list[Path],
        typer.Argument(help=help_of(config.PredictConfig, "images"), parser=named_place),
    ],
    crops: Annotated[bool, option(config.PredictConfig, "crops", "--crops")] = False,
    thorough: Annotated[bool, option(config.PredictConfig, "thorough", "--thorough")] = False,
    model: Annotated[Path | None, option(config.PredictConfig, "model")] = None,
    as_: Annotated[str | None, option(config.PredictConfig, "as_", "--as")] = None,
    balance: Annotated[float | None, option(config.PredictConfig, "balance")] = None,
    threshold: Annotated[float | None, option(config.PredictConfig, "threshold")] = None,
    top: Annotated[int | None, option(config.PredictConfig, "top")] = None,
    min_score: Annotated[float | None, option(config.PredictConfig, "min_score")] = None,
    jobs: Annotated[int | None, option(config.PredictConfig, "jobs")] = None,
    device: Annotated[config.Device | None, option(config.PredictConfig, "device")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON, one object a line")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="print CSV")] = False,
) -> None:
    """Name the expressions of the faces in images."""
    from fercurate import road, show, show_predict

    if json and csv:
        raise InputError("--json and --csv are two formats.", "Give one of them.")
    options = {
        "images": images,
        "crops": crops,
        "thorough": thorough,
        "model": model,
        "as_": as_,
        "balance": balance,
        "threshold": threshold,
        "top": top,
        "min_score": min_score,
        "jobs": jobs,
        "device": device,
    }
    chosen = settings.build(config.PredictConfig, options, "predict")
    progress = show.progress()
    made = road.run_predict(chosen, progress, sys.stdin)
    how = "json" if json else "csv" if csv else "table"
    show_predict.predictions(made, progress, how=how, top=chosen.top)


@app.command("export-model")
def export_model(
    to: Annotated[Path, option(config.ExportModelConfig, "to")],
    run: Annotated[str | None, option(config.ExportModelConfig, "run")] = None,
    format_: Annotated[
        config.ModelFormat | None, option(config.ExportModelConfig, "format", "--format")
    ] = None,
    mirrored: Annotated[
        bool | None, option(config.ExportModelConfig, "mirrored", "--mirrored/--not-mirrored")
    ] = None,
    as_: Annotated[str | None, option(config.ExportModelConfig, "as_", "--as")] = None,
    balance: Annotated[float | None, option(config.ExportModelConfig, "balance")] = None,
    threshold: Annotated[float | None, option(config.ExportModelConfig, "threshold")] = None,
    force: Annotated[bool, option(config.ExportModelConfig, "force", "--force")] = False,
    dataset: Dataset = None,
    json: AsJson = False,
) -> None:
    """Write a trained model as a file for other programs."""
    from fercurate import road, show, show_predict

    options = {
        "to": to,
        "run": run,
        "format": format_,
        "mirrored": mirrored,
        "as_": as_,
        "balance": balance,
        "threshold": threshold,
        "force": force,
    }
    chosen = settings.build(config.ExportModelConfig, options, "export-model")
    show_predict.exported(road.run_export_model(dataset, chosen, show.progress()), as_json=json)
