from __future__ import annotations

import pytest

from fercurate.audit.plans import plan_for
from fercurate.config import AuditConfig, Effort


@pytest.mark.parametrize("effort", ["quick", "standard", "thorough"])
def test_small_datasets_get_more_epochs_and_smaller_batches(effort: Effort) -> None:
    config = AuditConfig(effort=effort, seed=3)
    large, small = plan_for(config, 28_709), plan_for(config, 1_000)
    assert small.recipe.epochs > large.recipe.epochs
    assert small.recipe.batch < large.recipe.batch
    assert large.seed == small.seed == 3


def test_more_effort_is_more_work() -> None:
    plans = [plan_for(AuditConfig(effort=e), 28_709) for e in ("quick", "standard", "thorough")]
    cost = [p.repeats * (p.folds - 1) * p.recipe.epochs for p in plans]
    assert cost == sorted(cost)
    assert len(set(cost)) == 3


def test_folds_can_be_chosen() -> None:
    assert plan_for(AuditConfig(folds=5), 28_709).folds == 5
