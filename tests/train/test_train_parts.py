"""Balance, the choice of the epoch, the recipe, the command of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import train_cases as cases

from fercurate.config import TrainConfig
from fercurate.errors import InputError
from fercurate.learn import zoo
from fercurate.train import balance, curve, plan, runs, tracking
from fercurate.train.curve import Epoch
from fercurate.workspace import Workspace

HARD = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 3])
SOFT = np.eye(7, dtype=np.float32)[HARD]


@pytest.mark.parametrize("targets", [HARD, SOFT], ids=["hard", "soft"])
def test_balance_weighs_by_inverse_frequency(targets: Any) -> None:
    assert balance.balanced("none", targets) == {}
    weights = balance.balanced("weights", targets)["class_weights"]
    assert weights[[0, 1, 3]] == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert weights[[2, 4, 5, 6]].tolist() == [1, 1, 1, 1]
    assert weights[HARD].mean() == pytest.approx(1)
    drawn = balance.balanced("sampler", targets)["sample_weights"]
    assert [drawn[k == HARD].sum() for k in (0, 1, 3)] == pytest.approx([10 / 3] * 3)
    prior = balance.balanced("logit-adjust", targets)["prior_logits"]
    assert np.exp(prior[[0, 1, 3]] - prior[0]) == pytest.approx([1, 0.3 / 0.6, 0.1 / 0.6])
    assert np.isfinite(prior).all()
    assert {array.dtype for array in (weights, drawn, prior)} == {np.dtype(np.float32)}


def test_soft_labels_count_in_shares() -> None:
    targets = np.array([[0.5, 0.5, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0]], np.float32)
    assert balance.class_counts(targets).tolist() == [0.5, 1.5, 0, 0, 0, 0, 0]


def test_each_head_has_its_own_shares_and_weights() -> None:
    """The second head knows two of four images."""
    first, second = np.eye(7)[[0, 0, 0, 1]], np.eye(7)[[2, 3, 0, 0]]
    second[2:] = 0
    targets = np.stack([first, second], axis=1).astype(np.float32)
    priors = balance.priors_of("none", targets)
    assert priors.sum(axis=1) == pytest.approx([1, 1])
    assert priors[0, 0] / priors[0, 1] == pytest.approx(3)
    assert priors[1, 2] == priors[1, 3] == max(priors[1])
    assert priors.min() > 0
    assert balance.priors_of("weights", targets) == pytest.approx(np.full((2, 7), 1 / 7))
    weights = balance.balanced("weights", targets)["class_weights"]
    assert weights[0, :2] == pytest.approx([4 / 6, 4 / 2])
    assert weights[1, 2:4] == pytest.approx([1, 1])
    drawn = balance.balanced("sampler", targets)["sample_weights"]
    assert drawn == pytest.approx([4 / 6] * 3 + [2])


def epoch(number: int, accuracy: float | None, loss: float | None = 1.0) -> Epoch:
    return Epoch(number, 1.5, accuracy, loss, 0.1, 60.0, 500.0)


@pytest.mark.parametrize(
    ("epochs", "best"),
    [
        ([epoch(1, 0.4), epoch(2, 0.6), epoch(3, 0.5)], 2),
        ([epoch(1, 0.6, 0.9), epoch(2, 0.6, 1.0)], 1),
        ([epoch(1, 0.6, 1.0), epoch(2, 0.6, 0.9)], 2),
        ([epoch(1, None, None), epoch(2, None, None)], 2),
    ],
)
def test_validation_accuracy_chooses_the_epoch(epochs: list[Epoch], best: int) -> None:
    assert curve.best_epoch(epochs).epoch == best


def test_scores_of_logits() -> None:
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]], np.float32))
    accuracy, loss = curve.scores(logits, np.array([0, 1]))
    assert accuracy == 0.5
    assert loss == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2, rel=1e-6)


def test_the_line_of_an_epoch() -> None:
    epochs = [epoch(1, 0.6), epoch(2, 0.5)]
    line = tracking.line(epochs, 12)
    assert line == (
        "Epoch  2/12: loss 1.500, validation 50.0% (best 60.0%), 500 images/s, 10 min left"
    )
    assert tracking.line([epoch(1, None, None)], 1) == "Epoch 1/1: loss 1.500, 500 images/s"


def test_settings_change_the_recipe() -> None:
    settings = (
        "lr=0.5",
        "cutout=0.25",
        "batch=64",
        "optimizer=adamw",
        "sides=[[0.5, 24], [1, 40]]",
    )
    recipe = plan.recipe_of(TrainConfig(epochs=3, set=settings))
    assert (recipe.epochs, recipe.lr, recipe.batch, recipe.optimizer) == (3, 0.5, 64, "adamw")
    assert recipe.augmentation.cutout == 0.25
    assert [recipe.side(e) for e in range(3)] == [24, 24, 40]
    assert TrainConfig().model == zoo.DEFAULT
    plain = plan.recipe_of(TrainConfig())
    assert plan.recipe_of(TrainConfig(effort="quick")).epochs < plain.epochs
    assert recipe.weight_decay == plain.weight_decay


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"set": ("speed=3",)}, "unknown setting 'speed'"),
        ({"set": ("lr",)}, "no setting"),
        ({"set": ("lr=fast",)}, "lr is 'fast'"),
        ({"set": ("batch=0.5",)}, "batch is 0.5"),
        ({"set": ("flip=twice",)}, "flip is 'twice'"),
        ({"set": ("augmentation=1",)}, "augmentation"),
        ({"set": ("batch=0",)}, "batch must be 1 or more"),
        ({"epochs": 0}, "epochs must be 1 or more"),
        ({"set": ("lr=-0.1",)}, "lr is -0.1"),
        ({"set": ("lr=NaN",)}, "lr is nan"),
        ({"set": ("warmup=1",)}, "warmup is 1"),
        ({"set": ("ema=1.5",)}, "ema is 1.5"),
        ({"set": ("sides=[[0.5, 32]]",)}, "sides is"),
        ({"set": ("sides=[32]",)}, "sides is"),
        ({"set": ("predict_side=2",)}, "8 pixels"),
        ({"model": "resnet"}, "no network 'resnet'"),
    ],
)
def test_settings_that_are_wrong_say_so(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        plan.recipe_of(TrainConfig(**options))
    assert says in caught.value.message
    assert caught.value.fix


def test_an_unknown_setting_names_those_of_the_recipe_and_the_augmentation() -> None:
    with pytest.raises(InputError, match="unknown setting 'nonsense'") as caught:
        plan.recipe_of(TrainConfig(set=("nonsense=1",)))
    known = caught.value.fix.removeprefix("Known: ").split(", ")
    assert {"lr", "sides", "rotate", "cutout"} <= set(known)
    assert "augmentation" not in known
    for name in known:  # each can be set
        with pytest.raises(InputError, match=name):
            plan.recipe_of(TrainConfig(set=(f"{name}={{}}",)))


def test_the_command_of_a_run(tmp_path: Path) -> None:
    space = Workspace(cases.dataset(tmp_path / "datasets" / "toy").root)
    chosen = TrainConfig(on="raw", epochs=2, set=("lr=0.1",), resume=True)
    command = "fercurate train --on raw --epochs 2 --set 'lr=0.1'"
    assert runs.command(chosen, space) == f"{command} --dataset {space.root}"
