"""The audit on the embedded sample, with networks that train in seconds."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from recorded import forget, write_array, write_json, write_table

from fercurate.audit import crossfit, fixed, kept, plans, stage
from fercurate.audit.crossfit import Plan
from fercurate.config import AuditConfig
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.evaluate import planted
from fercurate.learn import train
from fercurate.learn.models import FaceNetConfig
from fercurate.learn.recipe import Recipe
from fercurate.progress import Quiet
from fercurate.workspace import AUDIT_COLUMNS, Workspace

SMALL = Plan(
    folds=2,
    repeats=1,
    recipe=Recipe(epochs=8, batch=32, sides=((1.0, 32),), predict_side=32),
    network=FaceNetConfig(widths=(16, 32, 64)),
    seed=0,
)


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan_for(config: AuditConfig, n_images: int) -> Plan:
        return dataclasses.replace(SMALL, folds=config.folds or 2, seed=config.seed)

    monkeypatch.setattr(plans, "plan_for", plan_for)


@pytest.fixture
def space(sample: tuple[Workspace, Path], tmp_path: Path) -> Workspace:
    """A copy of the sample that a test may write to."""
    shutil.copytree(sample[0].root, tmp_path / "demo", ignore=shutil.ignore_patterns("images"))
    return Workspace(tmp_path / "demo")


def test_an_audit_from_end_to_end(space: Workspace, sample: tuple[Workspace, Path]) -> None:
    result = stage.run(space, AuditConfig(), Quiet())
    audit, probs, manifest = space.audit(), space.pred_probs(), space.manifest()
    assert set(AUDIT_COLUMNS) <= set(audit.columns)
    train_rows = manifest.loc[manifest["split"] == "train", "row"]
    assert audit["row"].tolist() == train_rows.tolist()
    assert result.n_audited == len(audit)
    assert result.n_issues == audit["is_label_issue"].sum() > 0
    assert sum(result.verdicts.values()) == len(audit)
    assert result.profile == "generic"
    assert probs.shape == (len(manifest), 7)
    assert np.isnan(probs[manifest["split"] != "train"]).all()
    assert probs[train_rows].sum(axis=1) == pytest.approx(np.ones(len(audit)), abs=1e-4)
    assert audit["label_quality"].between(0, 1).all()
    ranked = audit.sort_values("rank")["label_quality"]
    assert ranked.is_monotonic_increasing
    sound = audit[~audit["is_label_issue"]]
    assert (sound["suggested_label"] == sound["label"]).all()
    constant = manifest.set_index("row").loc[audit["row"], "is_constant"].to_numpy()
    assert (audit["verdict"][constant] == "outlier").all()
    found = {p.what: p for p in planted.compare(space, sample[1])}
    worst = found["wrong labels among the worst ranked"]
    assert worst.found > 2 * worst.planted * worst.planted / len(audit), "twice chance"
    summary = json.loads(space.audit_summary_path.read_text())
    assert np.sum(summary["joint"]) == pytest.approx(1)


def test_a_second_run_does_nothing_and_another_profile_trains_nothing(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run(space, AuditConfig(), Quiet())
    first = space.audit()
    assert stage.run(space, AuditConfig(), Quiet()).skipped
    space.record("import", "again, with votes", {})
    assert stage.run(space, AuditConfig(), Quiet()).skipped, "pixels and labels are the same"

    def no_training(*args: Any) -> None:
        raise AssertionError("it trained")

    monkeypatch.setattr(train.Trainer, "run_epoch", no_training)
    informed = stage.run(space, AuditConfig(profile="fer2013"), Quiet())
    assert not informed.skipped
    assert informed.profile == "fer2013"
    assert (space.audit()["label_quality"] != first["label_quality"]).any()
    assert (space.audit()["margin"] == first["margin"]).all()
    with pytest.raises(AssertionError, match="it trained"):
        stage.run(space, AuditConfig(profile="fer2013"), Quiet(), force=True)


def test_a_killed_audit_goes_on_and_ends_the_same(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Workspace(tmp_path / "other")
    shutil.copytree(space.root, other.root)
    stage.run(space, AuditConfig(), Quiet())
    run_epoch = train.Trainer.run_epoch
    epochs = 0

    def killed_in_the_second_fold(self: train.Trainer, *args: Any) -> float:
        nonlocal epochs
        epochs += 1
        if epochs == 12:
            raise KeyboardInterrupt
        return run_epoch(self, *args)

    monkeypatch.setattr(train.Trainer, "run_epoch", killed_in_the_second_fold)
    with pytest.raises(KeyboardInterrupt):
        stage.run(other, AuditConfig(), Quiet())
    assert not other.audit_path.exists()
    epochs = 100
    stage.run(other, AuditConfig(), Quiet())
    assert epochs == 100 + 16 - 11, "finished epochs are not trained again"
    assert np.allclose(other.pred_probs(), space.pred_probs(), atol=2e-3, equal_nan=True)
    assert (other.audit()["is_label_issue"] == space.audit()["is_label_issue"]).mean() > 0.99


def test_a_damaged_fold_is_trained_again(tmp_path: Path) -> None:
    path = tmp_path / "0-0.npz"
    path.write_bytes(b"PK\x03\x04 half a file")
    assert crossfit._load(path) is None
    assert crossfit._load(tmp_path / "none.npz") is None


@pytest.mark.parametrize("harm", ["cut", "bit", "text", "empty"])
def test_the_state_of_a_fold_that_is_damaged_is_known_as_such(tmp_path: Path, harm: str) -> None:
    path, cpu = tmp_path / "0-1.pt", torch.device("cpu")
    crossfit._write_state(path, {"logits": torch.ones(500)})
    assert crossfit._read_state(path, cpu)["logits"].sum() == 500
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    harmed = {"cut": data[:900], "bit": data, "text": b"hello", "empty": b""}
    path.write_bytes(harmed[harm])
    with pytest.raises(ValueError):  # noqa: PT011
        crossfit._read_state(path, cpu)
    torch.save({"logits": torch.ones(3)}, path)
    assert len(crossfit._read_state(path, cpu)["logits"]) == 3, "as older versions wrote it"


def test_all_splits_can_be_audited(space: Workspace) -> None:
    result = stage.run(space, AuditConfig(split="all"), Quiet())
    assert result.n_audited == len(space.manifest())


@pytest.fixture
def screened(space: Workspace) -> Workspace:
    """The sample with components as a screen leaves them, here of the images' own pixels."""
    pixels = space.faces()[:, ::3, ::3].reshape(-1, 256).astype(np.float32)
    write_array(space.components_path, fixed.principal(pixels, 64).astype(np.float16))
    return space


INSTANT = AuditConfig(effort="instant")


def test_an_instant_audit_trains_no_network(
    screened: Workspace, sample: tuple[Workspace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train.Trainer, "__init__", lambda *args: pytest.fail("it trained"))
    result = stage.run(screened, INSTANT, Quiet())
    audit, manifest = screened.audit(), screened.manifest()
    is_train = (manifest["split"] == "train").to_numpy()
    assert set(AUDIT_COLUMNS) <= set(audit.columns)
    assert result.n_audited == len(audit) == is_train.sum()
    assert result.n_issues == audit["is_label_issue"].sum() > 0
    assert np.isnan(screened.pred_probs()[~is_train]).all()
    truth = pd.read_csv(sample[1], keep_default_na=False).iloc[audit["row"]]
    wrong = ((truth["kind"] == "human") & (truth["true_label"] != truth["given_label"])).to_numpy()
    worst = audit["rank"].to_numpy() < wrong.sum()
    assert wrong[worst].mean() > 2 * wrong.mean(), "twice chance"
    about = screened.audit_summary()
    assert (about["effort"], about["folds"], about["repeats"], about["epochs"]) == (
        "instant", 5, 1, 0,
    )  # fmt: skip
    assert stage.run(screened, INSTANT, Quiet()).skipped
    assert stage.run(screened, dataclasses.replace(INSTANT, relearn=True), Quiet()).skipped
    again = dataclasses.replace(INSTANT, seed=1, folds=3)
    assert not stage.run(screened, again, Quiet()).skipped
    assert screened.audit_summary()["folds"] == 3
    assert "--effort instant" in screened.stages()["audit"]["command"]


def test_an_instant_audit_learns_from_verdicts(
    screened: Workspace, sample: tuple[Workspace, Path]
) -> None:
    stage.run(screened, INSTANT, Quiet())
    before, truth = screened.audit(), pd.read_csv(sample[1], keep_default_na=False)
    human = truth["kind"].to_numpy()[before["row"]] == "human"
    Log(screened.decisions_path).append(
        [
            Decision(
                row.sample_id, "relabel", "anna", given=row.label,
                label=truth["true_label"][row.row], mode="sample",
            )
            for row in before[human].sample(100, random_state=0).itertuples()
        ]
    )  # fmt: skip
    found = stage.run(screened, AuditConfig(relearn=True), Quiet())
    assert found.n_verdicts == 100
    assert (screened.audit()["label_quality"] != before["label_quality"]).any()
    assert (screened.audit()["margin"] == before["margin"]).all()


def test_an_instant_audit_of_all_splits(screened: Workspace) -> None:
    config = dataclasses.replace(INSTANT, split="all")
    assert stage.run(screened, config, Quiet()).n_audited == len(screened.manifest())


def test_an_instant_audit_follows_the_screen(screened: Workspace) -> None:
    stage.run(screened, INSTANT, Quiet())
    first = screened.audit_summary()["trained"]
    stages = screened.stages()
    stages["screen"]["fingerprint"] = "another"
    write_json(screened.stages_path, stages)
    assert not stage.run(screened, INSTANT, Quiet()).skipped
    assert screened.audit_summary()["trained"] != first


def test_an_instant_audit_needs_a_screen(space: Workspace) -> None:
    with pytest.raises(InputError, match="no screen") as caught:
        stage.run(space, INSTANT, Quiet())
    assert "fercurate screen" in caught.value.fix


def test_networks_and_the_screen_are_heard_together(screened: Workspace) -> None:
    stage.run(screened, AuditConfig(), Quiet())
    evidence = kept.load(screened).evidence
    assert evidence.beside is not None
    assert evidence.beside.probs.shape == evidence.probs.shape
    assert not np.allclose(evidence.beside.probs, evidence.probs, atol=0.05)
    forget(screened, "screen")
    stage.run(screened, AuditConfig(), Quiet())
    assert kept.load(screened).evidence.beside is None


@pytest.mark.parametrize(
    ("config", "says"),
    [(AuditConfig(folds=1), "folds"), (AuditConfig(device="cuda"), "no cuda")],
)
def test_what_cannot_be_done_is_said(space: Workspace, config: AuditConfig, says: str) -> None:
    if config.device == "cuda":
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=says) as caught:
        stage.run(space, config, Quiet())
    assert caught.value.fix


def test_too_few_labels(space: Workspace) -> None:
    manifest = space.manifest()
    manifest.loc[5:, "label"] = None
    write_table(space.manifest_path, manifest)
    with pytest.raises(InputError, match="too few"):
        stage.run(space, AuditConfig(), Quiet())


def test_neighbours_leave_copies_out() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(30, 8)).astype(np.float32)
    embeddings[1] = embeddings[0]
    groups = np.r_[0, 0, np.arange(2, 30)]
    found, similarity = crossfit.nearest(embeddings, groups, k=5)
    assert found.shape == similarity.shape == (30, 5)
    assert 1 not in found[0]
    assert not (found == np.arange(30)[:, None]).any()
    assert (np.diff(similarity, axis=1) <= 1e-6).all()
    few, far = crossfit.nearest(embeddings[:3], groups[:3], k=5)
    assert (few[0] == [2, -1, -1, -1, -1]).all()
    assert np.isnan(far[0, 1:]).all()
