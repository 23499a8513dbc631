"""How much to train for each effort, and for each size of dataset."""

from __future__ import annotations

import dataclasses
import math

from fercurate.audit.crossfit import Plan
from fercurate.config import AuditConfig, AuditEffort
from fercurate.learn.models import FaceNetConfig
from fercurate.learn.recipe import Recipe

_EFFORTS: dict[AuditEffort, Plan] = {
    "quick": Plan(
        folds=2,
        repeats=1,
        recipe=Recipe(epochs=6, sides=((0.6, 32), (1.0, 40))),
        network=FaceNetConfig(),
        seed=0,
        average_epochs=1,
    ),
    "standard": Plan(
        folds=3,
        repeats=2,
        recipe=Recipe(epochs=6, sides=((0.5, 32), (1.0, 40))),
        network=FaceNetConfig(),
        seed=0,
        average_epochs=2,
    ),
    "thorough": Plan(
        folds=4,
        repeats=4,
        recipe=Recipe(epochs=12, sides=((0.4, 32), (0.8, 40), (1.0, 48)), predict_side=48),
        network=FaceNetConfig(widths=(64, 128, 256)),
        seed=0,
        average_epochs=3,
    ),
}

_ENOUGH_IMAGES = {"quick": 14_000, "standard": 40_000, "thorough": 120_000}
"""Images that a network should see in training, repetitions included: small datasets get
more epochs."""

_SMALL = 8_000
"""Below this many training images batches are smaller, or there are too few steps."""


def plan_for(config: AuditConfig, n_images: int) -> Plan:
    """What to train for `n_images` images; instant has no plan, since it trains nothing."""
    plan = _EFFORTS[config.effort]
    folds = config.folds or plan.folds
    seen = n_images * (folds - 1) / folds
    epochs = max(plan.recipe.epochs, math.ceil(_ENOUGH_IMAGES[config.effort] / max(seen, 1)))
    recipe = dataclasses.replace(
        plan.recipe, epochs=min(epochs, 60), batch=plan.recipe.batch if seen >= _SMALL else 64
    )
    return dataclasses.replace(plan, folds=folds, recipe=recipe, seed=config.seed)
