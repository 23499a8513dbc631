"""What one training run is: its settings, resolved, and the name that they give it."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from fercurate import settings
from fercurate.config import TrainConfig
from fercurate.errors import InputError
from fercurate.files import fingerprint
from fercurate.learn import zoo
from fercurate.learn.augment import Augmentation
from fercurate.learn.recipe import Recipe
from fercurate.train.data import Data

VERSION = 2
"""Raised when the same settings would train another model."""


@dataclass(frozen=True)
class Plan:
    """A run before it begins.

    Attributes:
        config: As asked for.
        recipe: As the effort and the settings make it.
        fingerprint: Over the recipe, the network, the data and the seed; not over the device.
        run_id: Name of its folder.
    """

    config: TrainConfig
    recipe: Recipe
    fingerprint: str
    run_id: str


def plan_for(config: TrainConfig, data: Data) -> Plan:
    """The plan of a run on this data.

    Raises:
        InputError: there is no such network, or a setting is unknown or out of range.
    """
    recipe = recipe_of(config)
    wanted = fingerprint(
        "train", VERSION, config.model, _settings(recipe), config.balance, config.seed, data.content
    )
    name = config.model.replace(zoo.TORCHVISION, "")
    labels = "-".join(data.heads)
    run_id = f"train-{config.on}-{labels}-{name}-s{config.seed}-{wanted[:8]}"
    return Plan(config, recipe, wanted, run_id)


def _settings(recipe: Recipe) -> dict[str, Any]:
    """What decides about a run, by the names under which it was always noted. A setting that
    comes later is added where it is not at its default."""
    augmentation = recipe.augmentation
    return {
        "Recipe": {
            "epochs": recipe.epochs,
            "batch": recipe.batch,
            "optimizer": recipe.optimizer,
            "lr": recipe.lr,
            "lr_rest": recipe.lr_rest,
            "weight_decay": recipe.weight_decay,
            "warmup": recipe.warmup,
            "label_smoothing": recipe.label_smoothing,
            "dropout": recipe.dropout,
            "mixup": recipe.mixup,
            "ema": recipe.ema,
            "sides": recipe.sides,
            "predict_side": recipe.predict_side,
            "whiten": recipe.whiten,
            "augmentation": {
                "rotate": augmentation.rotate,
                "scale": augmentation.scale,
                "shift": augmentation.shift,
                "flip": augmentation.flip,
                "cutout": augmentation.cutout,
            },
            "compile": recipe.compile,
        }
    }


def recipe_of(config: TrainConfig) -> Recipe:
    """The recipe of a network and an effort, with what `--epochs` and `--set` change.

    Raises:
        InputError: there is no such network, or a setting is unknown or out of range.
    """
    if config.model not in zoo.NAMES and not config.model.startswith(zoo.TORCHVISION):
        raise InputError(
            f"There is no network {config.model!r}.",
            f"There are: {', '.join(zoo.NAMES)}, {zoo.TORCHVISION}resnet18 and its like",
        )
    recipe = zoo.recipe_for(config.model, config.effort)
    changed: dict[str, Any] = {} if config.epochs is None else {"epochs": config.epochs}
    of_augmentation: dict[str, Any] = {}
    known = {field.name for field in dataclasses.fields(Augmentation)}
    of_recipe = {field.name for field in dataclasses.fields(Recipe)} - {"augmentation"}
    for text in config.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text} is no setting.", "Write it as --set lr=0.05")
        if name == "augmentation":
            raise InputError(
                "--set augmentation sets nothing.", f"It has: {', '.join(sorted(known))}"
            )
        if name not in known | of_recipe:
            raise InputError(
                f"--set: unknown setting {name!r}.",
                f"Known: {', '.join(sorted(known | of_recipe))}",
            )
        where = of_augmentation if name in known else changed
        where[name] = _value(value)
    augmentation = _replaced(recipe.augmentation, of_augmentation)
    made: Recipe = _replaced(dataclasses.replace(recipe, augmentation=augmentation), changed)
    _check(made)
    return made


def _replaced(base: Any, values: dict[str, Any]) -> Any:
    """A frozen dataclass with other values, which are checked against its fields' types."""
    before = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    return settings.build(type(base), {**before, **values}, "--set")


def _value(text: str) -> Any:
    try:
        return _as_tuples(json.loads(text))
    except ValueError:
        return text


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _check(recipe: Recipe) -> None:
    for name in ("epochs", "batch"):
        if getattr(recipe, name) < 1:
            raise InputError(f"{name} must be 1 or more.", "Leave it out.")
    for name in ("lr", "lr_rest", "weight_decay", "mixup"):
        if not 0 <= getattr(recipe, name) < math.inf:
            raise InputError(f"{name} is {getattr(recipe, name)}.", "It is 0 or more.")
    for name in ("warmup", "ema", "label_smoothing", "dropout"):
        if not 0 <= getattr(recipe, name) < 1:
            raise InputError(f"{name} is {getattr(recipe, name)}.", "It is from 0 to below 1.")
    try:
        sides = [recipe.side(epoch) for epoch in range(recipe.epochs)]
    except (TypeError, ValueError, StopIteration) as error:
        raise InputError(
            f"sides is {recipe.sides!r}.",
            "Give shares of the epochs with a side in pixels: --set 'sides=[[0.5, 32], [1, 48]]'",
        ) from error
    if not all(isinstance(side, int) and side >= 8 for side in [*sides, recipe.predict_side]):
        raise InputError("Faces need a side of 8 pixels or more.", "Change sides or predict_side.")
