"""Fingerprints name their keys: what exists stays valid, and what matters changes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fercurate.audit import ranking
from fercurate.audit import stage as audit
from fercurate.clean import stage as clean
from fercurate.clean.policy import policy_of
from fercurate.config import AuditConfig, CleanConfig, ImportConfig
from fercurate.files import fingerprint
from fercurate.ingest import stage as ingest
from fercurate.learn import zoo
from fercurate.learn.augment import Augmentation
from fercurate.learn.recipe import Recipe
from fercurate.rerank import profiles
from fercurate.train import plan

FER2013 = profiles.load("fer2013")
GENERIC = profiles.GENERIC


def of_audit(config: AuditConfig) -> str:
    return fingerprint(audit.STAGE, audit.TRAINING, "content", audit._for_training(config))


def of_train(recipe: Recipe) -> str:
    return fingerprint("train", plan.VERSION, "facenet", plan._settings(recipe), "none", 0, "c")


def of_import(config: ImportConfig) -> str:
    return fingerprint("import", ingest._VERSION, ingest._settings(config), "hash", None)


def of_clean(config: CleanConfig) -> str:
    return fingerprint("clean", clean._settings(config, policy_of(config)))


QUICK = AuditConfig(effort="quick", folds=3, split="all", seed=4, device="cpu", profile="x")


@pytest.mark.parametrize(
    ("found", "noted"),
    [
        (lambda: of_audit(AuditConfig()), "40945dc0feba5e10"),
        (lambda: of_audit(QUICK), "f70602130e12459e"),
        (lambda: of_import(ImportConfig(source=Path("fer2013.csv"))), "ea7dec807bead047"),
        (
            lambda: fingerprint(
                "train", 2, "vit", plan._settings(zoo.recipe_for("vit", "quick")), "none", 0,
                "content",
            ),
            "03960a2c5e6c5f24",
        ),
        (
            lambda: fingerprint("trained", 8, "screened", "fer2013", ranking._prior(FER2013), {}),
            "ce9a5314f773a6b5",
        ),
        (
            lambda: fingerprint(
                "trained", 8, None, "generic", ranking._prior(GENERIC), {"s": [("sad", "a", True)]}
            ),
            "242e810ad8f0c81b",
        ),
    ],
    ids=["audit", "quick audit", "import", "train", "profile", "generic"],
)  # fmt: skip
def test_what_version_0_1_noted_is_valid_still(found: Callable[[], str], noted: str) -> None:
    assert found() == noted


def renamed(config: Any) -> Any:
    """The same settings in a class of another name that has an option more."""
    cls = dataclasses.make_dataclass(
        "Another", [("unrelated", int, dataclasses.field(default=3))], bases=(type(config),),
        frozen=True,
    )  # fmt: skip
    return cls(**{f.name: getattr(config, f.name) for f in dataclasses.fields(config)})


@pytest.mark.parametrize(
    ("of", "config"),
    [
        (of_audit, AuditConfig()),
        (of_train, Recipe()),
        (of_train, Recipe(augmentation=renamed(Augmentation()))),
        (of_import, ImportConfig(source=Path("a.csv"))),
        (of_clean, CleanConfig()),
    ],
    ids=["audit", "train", "augmentation", "import", "clean"],
)
def test_another_name_or_a_new_option_changes_none(of: Callable[[Any], str], config: Any) -> None:
    assert of(renamed(config)) == of(config)


CHANGES: list[tuple[Callable[[Any], str], Any, dict[str, Any]]] = [
    *((of_audit, AuditConfig(), {n: v}) for n, v in
      {"effort": "quick", "folds": 5, "split": "all", "seed": 1, "device": "cpu"}.items()),
    *((of_train, Recipe(), {n: v}) for n, v in
      {"epochs": 9, "batch": 8, "optimizer": "adamw", "lr": 1.0, "lr_rest": 1.0,
       "weight_decay": 1.0, "warmup": 0.5, "label_smoothing": 0.0, "dropout": 0.5, "mixup": 1.0,
       "ema": 0.5, "sides": ((1.0, 48),), "predict_side": 48, "whiten": True, "compile": "always",
       "augmentation": Augmentation(cutout=0.5)}.items()),
    *((of_import, ImportConfig(source=Path("a.csv")), {n: v}) for n, v in
      {"source": Path("b.csv"), "max_rejected": 0.5, "max_unpacked_gb": 1.0, "val_share": 0.1,
       "classes": "1=sad,2=fear"}.items()),
    *((of_clean, CleanConfig(), {n: v}) for n, v in
      {"policy": "strict", "splits": "all", "merge": "drop", "remove": 0.5, "relabel": 0.5,
       "drop": 0.2, "soften": 0.5}.items()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("of", "config", "change"),
    CHANGES,
    ids=[f"{o.__name__} {next(iter(c))}" for o, _, c in CHANGES],
)
def test_what_matters_changes_them(
    of: Callable[[Any], str], config: Any, change: dict[str, Any]
) -> None:
    assert of(dataclasses.replace(config, **change)) != of(config)


def test_every_setting_that_shapes_a_run_is_named() -> None:
    """A setting that nobody names would let another run pass for this one."""
    named = plan._settings(Recipe())["Recipe"]
    assert set(named) == {field.name for field in dataclasses.fields(Recipe)}
    assert set(named["augmentation"]) == {f.name for f in dataclasses.fields(Augmentation)}
    of_ranking = {"profile", "relearn", "save_profile"}
    fields = {field.name for field in dataclasses.fields(AuditConfig)}
    assert set(audit._for_training(AuditConfig())) == fields - of_ranking
