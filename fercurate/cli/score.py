"""`fercurate evaluate` by itself: scores of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fercurate import config, parts, settings
from fercurate.cli.options import AsJson, Dataset, NoFiftyOne, evaluate, option
from fercurate.errors import InputError


@evaluate.callback(invoke_without_command=True)
def evaluate_model(
    context: typer.Context,
    run: Annotated[str | None, option(config.EvaluateConfig, "run")] = None,
    model: Annotated[Path | None, option(config.EvaluateConfig, "model")] = None,
    votes: Annotated[Path | None, option(config.EvaluateConfig, "votes")] = None,
    split: Annotated[config.ScoredSplit | None, option(config.EvaluateConfig, "split")] = None,
    as_: Annotated[str | None, option(config.EvaluateConfig, "as_", "--as")] = None,
    balance: Annotated[float | None, option(config.EvaluateConfig, "balance")] = None,
    labels: Annotated[str | None, option(config.EvaluateConfig, "labels")] = None,
    groups: Annotated[bool, option(config.EvaluateConfig, "groups", "--groups")] = False,
    surprise: Annotated[bool, option(config.EvaluateConfig, "surprise", "--surprise")] = False,
    device: Annotated[config.Device | None, option(config.EvaluateConfig, "device")] = None,
    folder: Annotated[Path | None, option(config.EvaluateConfig, "folder")] = None,
    dataset: Dataset = None,
    no_fiftyone: NoFiftyOne = False,
    json: AsJson = False,
) -> None:
    """Score a trained model on held-out images; or, with a command, something else."""
    command = context.invoked_subcommand
    if command is not None:
        sources = (context.get_parameter_source(name) for name in context.params)
        if any(source is not None and source.name == "COMMANDLINE" for source in sources):
            raise InputError(
                f"Options of {command} come after its name.", f"fercurate evaluate {command} --help"
            )
        return
    parts.need("evaluate")
    from fercurate import road, show, show_evaluate, workspace

    options = {
        "run": run,
        "model": model,
        "votes": votes,
        "split": split,
        "as_": as_,
        "balance": balance,
        "labels": None if labels is None else labels.split(","),
        "groups": groups,
        "surprise": surprise,
        "device": device,
        "folder": folder,
    }
    space = workspace.find(dataset)
    progress = show.progress()
    chosen = settings.build(config.EvaluateConfig, options, "evaluate")
    found, outputs, page = road.run_evaluate(space, chosen, progress)
    synced = None if no_fiftyone else road.try_predictions(space, outputs, progress)
    show_evaluate.model(
        found, page, synced, groups=chosen.groups, surprise=chosen.surprise, as_json=json
    )
