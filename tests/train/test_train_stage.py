"""A training run from end to end, on faces whose class can be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import train_cases as cases

from fercurate.errors import EXIT_STOPPED, FercurateError, InputError
from fercurate.halves import is_choosing
from fercurate.infer.checkpoint import load_model, load_state, save_state
from fercurate.labels import FERPLUS_COLUMNS
from fercurate.learn.predict import logits_of
from fercurate.paths import RunFiles
from fercurate.progress import Advance, Quiet
from fercurate.standing import standing
from fercurate.train import runs, stage
from fercurate.train.curve import scores
from fercurate.train.loop import Loop
from fercurate.workspace import Workspace


class Heard(Quiet):
    """Keeps what was said; `at` is told each line."""

    def __init__(self, at: Any = lambda text: None) -> None:
        self.lines: list[str] = []
        self._at = at

    def say(self, text: str) -> None:
        self.lines.append(text)
        self._at(text)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return cases.dataset(tmp_path / "datasets" / "toy")


def metrics(result: stage.TrainResult) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RunFiles(result.folder).metrics_path.read_text())
    return found


def curve(result: stage.TrainResult) -> list[tuple[float, ...]]:
    keys = ("epoch", "loss", "val_accuracy", "val_loss", "lr")
    return [tuple(epoch[key] for key in keys) for epoch in metrics(result)["epochs"]]


def weights(result: stage.TrainResult) -> dict[str, torch.Tensor]:
    model, _ = load_model(RunFiles(result.folder).best_path)
    return dict(model.state_dict())


def shown(result: stage.TrainResult) -> list[int]:
    """The epochs that TensorBoard shows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(RunFiles(result.folder).tensorboard_dir)).Reload()
    values = [event.value for event in events.Scalars("accuracy/val")]
    assert values == pytest.approx([found[2] for found in curve(result)], rel=1e-6)
    return [event.step for event in events.Scalars("loss/train")]


def test_a_run_leaves_a_model_that_has_learnt(space: Workspace) -> None:
    heard = Heard()
    result = stage.run(space, cases.config(epochs=8), heard)
    files = RunFiles(result.folder)
    assert result.run_id.startswith("train-raw-given-facenet-s0-")
    assert result.folder == space.run_dir(result.run_id)
    assert result.val_accuracy is not None
    assert result.val_accuracy > 0.5
    chooses = is_choosing(space.manifest()["sha256"].iloc[64:120].tolist())
    assert (result.n_train, result.n_val, result.epochs) == (64, chooses.sum(), 8)
    epochs = metrics(result)["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, 9))
    assert result.val_accuracy == max(epoch["val_accuracy"] for epoch in epochs)
    assert epochs[result.best_epoch - 1]["val_accuracy"] == result.val_accuracy
    assert [line.split(":")[0] for line in heard.lines] == [f"Epoch {i}/8" for i in range(1, 9)]

    model, info = load_model(files.best_path)
    assert (info.architecture, info.side, info.mirrored) == ("facenet", 16, True)
    assert info.heads[0].temperature == result.temperature["given"] > 0
    assert info.heads[0].prior == pytest.approx([10 / 64] + [9 / 64] * 6)
    made = info.provenance
    assert (made["on"], made["labels"], made["seed"]) == ("raw", "given", 0)
    assert made["metrics"]["val_accuracy"] == result.val_accuracy
    assert made["recipe"]["batch"] == 16
    assert len(made["manifest_sha256"]) == 64
    assert made["code"].startswith("0.")

    with np.load(files.logits_path) as kept:
        rows, logits = kept["row"], kept["logits"]
    assert rows.dtype == np.int32
    assert rows.tolist() == list(range(64, 148))
    again = logits_of(model, np.asarray(space.faces())[rows], torch.device("cpu"), 16)
    assert logits[:, 0] == pytest.approx(again, abs=1e-2)
    chosen_by = logits[:56, 0][chooses], (np.arange(64, 120) % 7)[chooses]
    assert scores(*chosen_by)[0] == result.val_accuracy
    state, meta = load_state(files.last_path)
    assert state["trainer"]["epochs_done"] == 8
    assert len(state["trainer"]["optimizers"]) == 2
    assert meta["fingerprint"].startswith(result.run_id[-8:])
    assert any(files.tensorboard_dir.iterdir())
    assert space.stages()["train"]["summary"]["run"] == result.run_id


def test_a_run_that_only_compares_is_not_the_datasets_training(space: Workspace) -> None:
    compared = stage.run(space, cases.config(), Quiet(), record=False)
    assert standing(space).stages["train"] == "to do"
    trained = stage.run(space, cases.config(), Quiet())
    assert trained == replace(compared, skipped=True)
    assert standing(space).stages["train"] == "done"
    other = stage.run(space, cases.config(seed=1), Quiet(), record=False)
    assert other.run_id != trained.run_id
    assert space.stages()["train"]["summary"]["run"] == trained.run_id


def test_the_same_again_does_nothing_and_force_gives_the_same(space: Workspace) -> None:
    first = stage.run(space, cases.config(), Quiet())
    before = RunFiles(first.folder).metrics_path.stat().st_mtime_ns
    second = stage.run(space, cases.config(), Quiet())
    assert second == replace(first, skipped=True)
    assert RunFiles(first.folder).metrics_path.stat().st_mtime_ns == before
    third = stage.run(space, cases.config(), Quiet(), force=True)
    assert not third.skipped
    assert curve(third) == curve(first)
    other = stage.run(space, cases.config(seed=1), Quiet())
    assert other.run_id != first.run_id
    assert curve(other) != curve(first)


def stopped_in_epoch(space: Workspace, number: int, **options: Any) -> FercurateError:
    """Train until an epoch is over, and stop in the next one as Ctrl-C does."""

    def stop(text: str) -> None:
        if text.startswith(f"Epoch {number}/"):
            raise KeyboardInterrupt

    with pytest.raises(FercurateError) as caught:
        stage.run(space, cases.config(**options), Heard(stop))
    return caught.value


def test_stopped_in_the_first_epoch_nothing_is_kept_and_resume_begins(space: Workspace) -> None:
    class Impatient(Quiet):
        @contextmanager
        def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
            def advance(amount: float) -> None:
                raise KeyboardInterrupt

            assert (name, total) == ("Training", 128)
            yield advance

    with pytest.raises(FercurateError, match="Stopped: no epoch was whole"):
        stage.run(space, cases.config(), Impatient())
    assert "train" not in space.stages()
    result = stage.run(space, stage.TrainConfig(resume=True, device="cpu"), Quiet())
    assert result.epochs == 2


class Said(Quiet):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def say(self, text: str) -> None:
        self.texts.append(text)


def turned_over(path: Path, at: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_damaged_state_is_said_and_trained_anew(space: Workspace) -> None:
    stopped_in_epoch(space, 1)
    (folder,) = space.runs_dir.iterdir()
    path = RunFiles(folder).last_path
    turned_over(path, -300)
    said = Said()
    assert stage.run(space, cases.config(), said).epochs == 2
    assert f"{path} cannot be used as a checkpoint" in said.texts[0]
    assert said.texts[0].endswith("Training begins anew")


@pytest.fixture
def untrained(tmp_path: Path) -> Loop:
    """A loop over a network that is not to be touched, with a state of its run on the disk."""
    files = RunFiles(tmp_path)
    save_state(files.last_path, {"trainer": {}, "best": {}}, {"fingerprint": "a", "epochs": []})
    faces, labels = np.empty((0, 48, 48), np.uint8), np.empty(0, np.int64)
    return Loop(None, ("given",), faces, labels, files, "a")  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [None, 9, 150, -30, -1])
def test_whatever_is_damaged_of_a_state_it_is_not_gone_on_from(
    untrained: Loop, at: int | None
) -> None:
    path = untrained.files.last_path
    if at is None:
        path.write_bytes(path.read_bytes()[:-9])
    else:
        turned_over(path, at)
    assert (untrained.load() or "").endswith("Training begins anew")
    assert untrained.epochs == []


def test_the_state_of_another_run_is_refused(untrained: Loop) -> None:
    untrained.fingerprint = "b"
    with pytest.raises(FercurateError, match="state of another run") as caught:
        untrained.load()
    assert caught.value.fix == "Begin anew: give the same command with --force."


@pytest.mark.parametrize("model", ["facenet", "simple", "vit"])
def test_a_stopped_run_goes_on_with_the_same_curve_and_weights(tmp_path: Path, model: str) -> None:
    whole = cases.dataset(tmp_path / "whole" / "toy")
    expected = stage.run(whole, cases.config(epochs=5, model=model), Quiet())
    space = cases.dataset(tmp_path / "stopped" / "toy")
    error = stopped_in_epoch(space, 2, epochs=5, model=model)
    assert error.code == EXIT_STOPPED
    assert error.message == "Stopped: 2 of 5 epochs are kept."
    assert error.fix.startswith("Go on with: fercurate train --resume")
    heard = Heard()
    result = stage.run(space, cases.config(epochs=5, model=model), heard)
    assert heard.lines[0] == "Going on after epoch 2 of 5"
    assert curve(result) == curve(expected)
    assert shown(result) == shown(expected) == [1, 2, 3, 4, 5]
    found, wanted = weights(result), weights(expected)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_resume_takes_the_settings_of_the_newest_unfinished_run(space: Workspace) -> None:
    stage.run(space, cases.config(), Quiet())
    stopped_in_epoch(space, 1, epochs=3, seed=5, balance="sampler")
    begun = runs.resumed(space, stage.TrainConfig(resume=True))[0]
    assert begun.device == "cpu", "its own: another device gives another curve"
    assert runs.resumed(space, stage.TrainConfig(resume=True, device="cuda"))[0].device == "cuda"
    resume = replace(stage.TrainConfig(), resume=True)
    with pytest.raises(InputError, match="own settings"):
        stage.run(space, replace(resume, seed=5), Quiet())
    heard = Heard()
    result = stage.run(space, resume, heard)
    assert (result.seed, result.balance, result.epochs) == (5, "sampler", 3)
    assert heard.lines[0] == "Going on after epoch 1 of 3"
    with pytest.raises(InputError) as caught:
        stage.run(space, resume, Quiet())
    assert caught.value.message == "No training run of toy is unfinished."
    assert caught.value.fix.startswith("Begin one with: fercurate train")


def test_resume_refuses_what_has_changed_since(space: Workspace) -> None:
    cases.cleaned(space, list(range(40)))
    stopped_in_epoch(space, 1, on="clean")
    cases.cleaned(space, list(range(30)))
    with pytest.raises(InputError) as caught:
        stage.run(space, stage.TrainConfig(resume=True), Quiet())
    assert "have changed since" in caught.value.message
    assert caught.value.fix.startswith("Train anew: fercurate train --epochs 2")


@pytest.mark.parametrize(
    ("options", "labels", "sources"),
    [
        ({"on": "clean"}, "corrected", {"corrected": "clean"}),
        ({"on": "clean", "labels": "given", "balance": "weights"}, "given", {"given": "given"}),
        ({"on": "random-control", "balance": "logit-adjust"}, "given", {"given": "given"}),
        ({"labels": "corrected", "balance": "sampler"}, "corrected", {"corrected": "audit"}),
        ({"labels": "votes"}, "votes", {"votes": "votes audit"}),
        ({"labels": "given+votes"}, "given+votes", {"given": "given", "votes": "votes"}),
        (
            {"labels": "given+corrected", "balance": "weights"},
            "given+corrected",
            {"given": "given", "corrected": "audit"},
        ),
    ],
)
def test_every_kind_of_set_labels_and_balance_trains(
    space: Workspace, options: dict[str, Any], labels: str, sources: dict[str, str]
) -> None:
    cases.cleaned(space, list(range(50)))
    cases.audited(space)
    cases.voted(space, {3: {"happiness": 10}})
    result = stage.run(space, cases.config(**options), Quiet())
    files = RunFiles(result.folder)
    assert result.labels == labels
    assert {head: " ".join(counts) for head, counts in result.targets_from.items()} == sources
    for head, counts in result.targets_from.items():
        n = 1 if head == "votes" and "given" in sources else result.n_train
        assert sum(counts.values()) == n
    assert np.isfinite([epoch["loss"] for epoch in metrics(result)["epochs"]]).all()
    assert f"-{result.on}-{labels.replace('+', '-')}-" in result.run_id
    assert json.loads(files.config_path.read_text())["labels"] == labels
    _, info = load_model(files.best_path)
    assert [head.name for head in info.heads] == list(sources)
    with np.load(files.logits_path) as kept:
        assert kept["logits"].shape == (84, len(sources), 7)


def test_each_heads_temperature_is_fitted_on_its_own_labels(space: Workspace) -> None:
    """Votes that contradict every given label of validation leave their head far too sure."""
    gold = {row: {FERPLUS_COLUMNS[(row + 3) % 7]: 10} for row in range(64, 120)}
    train = {row: {FERPLUS_COLUMNS[(row + 3) % 7]: 10} for row in range(64)}
    cases.voted(space, gold | train)
    config = cases.config(labels="given+votes", epochs=6)
    found = stage.run(space, config, Quiet())
    fits = metrics(found)["calibration"]
    assert fits["given"]["fitted_on"] == "given labels of one half of validation"
    assert fits["votes"]["fitted_on"] == "gold rows of one half of validation"
    assert found.temperature == {name: fit["temperature"] for name, fit in fits.items()}
    assert fits["given"]["images"] == fits["votes"]["images"] == found.n_val
    wrong = {row: {FERPLUS_COLUMNS[(row + 1) % 7]: 10} for row in range(64, 120)}
    cases.voted(space, wrong | train)
    contradicted = stage.run(space, config, Quiet())
    assert contradicted.run_id != found.run_id
    assert contradicted.temperature["votes"] > 3 * found.temperature["votes"]
    assert contradicted.temperature["given"] == found.temperature["given"]


def test_corrected_labels_are_calibrated_on_images_that_were_held_out(tmp_path: Path) -> None:
    space = cases.dataset(tmp_path / "toy", n_train=200)
    cases.audited(space, share=0.5)
    found = stage.run(space, cases.config(labels="corrected", epochs=4), Quiet())
    fit = metrics(found)["calibration"]["corrected"]
    assert fit["fitted_on"] == "corrected labels of training images that were held out"
    assert fit["images"] == 200 - found.n_train >= 20
    assert fit["temperature"] != 1


def test_without_validation_the_last_epoch_is_the_model(tmp_path: Path) -> None:
    space = cases.dataset(tmp_path / "toy", n_val=0)
    heard = Heard()
    heard.warn = heard.say  # type: ignore[method-assign]
    result = stage.run(space, cases.config(), heard)
    assert heard.lines[0].startswith("toy has no validation images with a label")
    assert "fercurate import SOURCE --name toy --force --val-share 0.1" in heard.lines[0]
    assert (result.val_accuracy, result.n_val, result.best_epoch) == (None, 0, 2)
    assert (result.chosen_by, result.temperature) == ("last epoch", {"given": 1.0})
    with np.load(RunFiles(result.folder).logits_path) as kept:
        assert kept["row"].tolist() == list(range(64, 92))


def test_what_diverges_says_so(space: Workspace) -> None:
    settings = (*cases.FAST, "optimizer=adamw", "lr_rest=1e6")
    with pytest.raises(FercurateError) as caught:
        stage.run(space, cases.config(set=settings), Quiet())
    assert "no number any more" in caught.value.message
    assert "--set lr" in caught.value.fix


def test_a_network_of_torchvision_and_one_that_there_is_not(space: Workspace) -> None:
    with pytest.raises(InputError, match="Torchvision has no network 'no'"):
        stage.run(space, cases.config(model="torchvision:no"), Quiet())
    settings = ("batch=32", "sides=[[1, 32]]", "predict_side=32")
    chosen = cases.config(model="torchvision:shufflenet_v2_x0_5", epochs=1, set=settings)
    result = stage.run(space, chosen, Quiet())
    assert "-shufflenet_v2_x0_5-" in result.run_id
    model, info = load_model(RunFiles(result.folder).best_path)
    assert info.architecture == "torchvision:shufflenet_v2_x0_5"
    assert model(torch.zeros(2, 1, 32, 32)).shape == (2, 7)


def test_a_pupil_learns_from_its_teachers(space: Workspace) -> None:
    teacher = stage.run(space, cases.config(), Quiet())
    pupil = stage.run(space, cases.config(teachers=(teacher.run_id,), seed=3), Quiet())
    _, info = load_model(RunFiles(pupil.folder).best_path)
    assert info.provenance["teachers"] == [teacher.run_id]
    alone = stage.run(space, cases.config(seed=3), Quiet())
    assert alone.run_id != pupil.run_id
    assert any(
        not torch.equal(a, b)
        for a, b in zip(weights(alone).values(), weights(pupil).values(), strict=True)
    )


def test_a_teacher_that_is_not_there(space: Workspace) -> None:
    with pytest.raises(InputError, match="has no run 'nobody'"):
        stage.run(space, cases.config(teachers=("nobody",)), Quiet())
