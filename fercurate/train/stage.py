"""The front of train: a dataset in, a model and its curve in a run's folder out."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fercurate import locks
from fercurate.config import TrainConfig
from fercurate.errors import EXIT_STOPPED, FercurateError, InputError
from fercurate.files import hash_file
from fercurate.infer.runs import is_finished
from fercurate.learn import device as devices
from fercurate.learn import distributed, zoo
from fercurate.learn.models import count_multiply_adds, count_parameters
from fercurate.learn.train import Trainer
from fercurate.paths import RunFiles
from fercurate.progress import Progress, Quiet
from fercurate.train import data as datas
from fercurate.train import finish, plan, runs, tracking
from fercurate.train.balance import balanced, priors_of
from fercurate.train.curve import Epoch
from fercurate.train.data import MIN_VAL, Data
from fercurate.train.loop import Loop
from fercurate.train.plan import Plan
from fercurate.train.teachers import models_of, taught
from fercurate.workspace import Workspace

STAGE = "train"


@dataclass(frozen=True)
class TrainResult:
    """A finished run.

    Attributes:
        run_id: Its name; `fercurate evaluate` takes it.
        folder: What it left; see `paths.RunFiles`.
        on, labels, model, balance, seed: What was trained how.
        n_train, n_val: Images trained on; validation images that chose the epoch.
        targets_from: For each head how many targets come from votes, clean, audit, given.
        epochs, best_epoch: How many there were, and which one's weights are the model.
        chosen_by: "validation accuracy", or "last epoch" where there are too few images.
        val_accuracy: Of the model on the images that chose, with their given labels, 0..1, or
            None.
        temperature: Of each head; 1 where there was too little to fit one on.
        seconds: Of all epochs.
        images_per_s: Of training.
        device: In words.
        skipped: The run was finished already.
        is_first: False in the processes of `torchrun` that are to print nothing.
    """

    run_id: str
    folder: Path
    on: str
    labels: str
    model: str
    balance: str
    seed: int
    n_train: int
    n_val: int
    targets_from: dict[str, dict[str, int]]
    epochs: int
    best_epoch: int
    chosen_by: str
    val_accuracy: float | None
    temperature: dict[str, float]
    seconds: float
    images_per_s: float
    device: str
    skipped: bool = False
    is_first: bool = True


def run(
    workspace: Workspace,
    config: TrainConfig,
    progress: Progress,
    *,
    force: bool = False,
    record: bool = True,
) -> TrainResult:
    """Train a network; the same command again goes on where it was stopped.

    The epoch is chosen on one half of the validation split (see `halves`), with the given
    labels. Test images are looked at once, at the end, and what the model says of them goes into
    the run's logits alone.
    Where `torchrun` started several processes, they share the work and the first one writes.

    Args:
        workspace: An imported dataset; cleaned, unless `config.on` is raw.
        config: What to train on, which network, how long; with `config.resume`, none of that.
        progress: Told of each epoch.
        force: Train again even if the run is finished.
        record: Note in the workspace that it is trained; not for a run that only compares.

    Raises:
        InputError: nothing to train on, an unknown network, setting or device, nothing to
            resume, or another process trains the same run.
        FercurateError: stopped (exit 130), or the training diverged.
    """
    begun = None
    if config.resume:
        config, begun = runs.resumed(workspace, config)
    teachers = models_of(workspace, config.teachers)
    data = datas.gather(workspace, config, teachers)
    n_val = int((data.val_labels >= 0).sum())
    if n_val < MIN_VAL:
        has = f"only {n_val}" if n_val else "no"
        progress.warn(
            f"{workspace.name} has {has} validation images with a label in the half that chooses: "
            "the last epoch is kept, whichever was best, and no temperature is fitted. To make a "
            f"validation split, before reviewing: {workspace.command('import')} --val-share 0.1"
        )
    planned = plan.plan_for(config, data)
    if begun is not None:
        runs.check_same(planned, begun, workspace)
    files = RunFiles(workspace.run_dir(planned.run_id))
    is_first = distributed.ranks().is_first
    skipped = not force and is_finished(files.folder)
    if not skipped:
        held = contextlib.ExitStack()
        device = distributed.start(_device(config))
        try:
            if is_first:
                held.enter_context(locks.training(files))
                if force:
                    runs.forget(files)
                runs.begin(files, planned, data)
            distributed.wait()
            shown = progress if is_first else Quiet()
            _train(workspace, planned, data, teachers, device, files, shown)
            distributed.wait()
        finally:
            held.close()
            distributed.stop()
    found = runs.metrics(files) or {}
    if is_first and record:
        summary = {"run": planned.run_id, "inputs": data.inputs, **_brief(found)}
        workspace.record(STAGE, planned.fingerprint, summary)
    return _result(planned, data, files, found, skipped=skipped)


def _device(config: TrainConfig) -> torch.device:
    try:
        return devices.choose(config.device)
    except ValueError as error:
        raise InputError(
            f"--device {config.device}: {error}.", "Leave it out, or use cpu."
        ) from error


def _train(
    workspace: Workspace,
    planned: Plan,
    data: Data,
    teachers: Sequence[Path],
    device: torch.device,
    files: RunFiles,
    progress: Progress,
) -> None:
    devices.keep_memory()
    recipe, config = planned.recipe, planned.config
    faces = workspace.faces()
    torch.manual_seed(config.seed)
    model = _network(config.model, len(data.heads), recipe.dropout)
    about: dict[str, Any] = {
        "run": planned.run_id,
        "device": devices.describe(device),
        "processes": distributed.ranks().world,
        "n_train": len(data.rows),
        "parameters": count_parameters(model),
        "multiply_adds": count_multiply_adds(model, recipe.predict_side),
    }
    train_faces, targets = np.ascontiguousarray(faces[data.rows]), data.targets
    if teachers:
        targets = taught(targets, data.heads, train_faces, teachers, device, progress)
    trainer = Trainer(
        model,
        train_faces,
        targets,
        recipe,
        device,
        config.seed,
        **balanced(config.balance, targets),
    )
    labelled = np.flatnonzero(data.val_labels >= 0)
    labelled = labelled if len(labelled) >= MIN_VAL else labelled[:0]
    val_faces = np.ascontiguousarray(faces[data.val_rows[labelled]])
    loop = Loop(
        trainer, data.heads, val_faces, data.val_labels[labelled], files, planned.fingerprint
    )
    if problem := loop.load():
        progress.say(problem)
    about["n_val"] = len(labelled)
    if loop.epochs:
        progress.say(f"Going on after epoch {len(loop.epochs)} of {recipe.epochs}")
    _epochs(loop, about, files, progress, workspace)
    if distributed.ranks().is_first:
        provenance = {
            "dataset": workspace.name,
            "manifest_sha256": hash_file(workspace.manifest_path),
            "on": config.on,
            "labels": data.labels,
            "targets_from": data.sources,
            **({"teachers": list(config.teachers)} if config.teachers else {}),
            "recipe": dataclasses.asdict(recipe),
            "balance": config.balance,
            "seed": config.seed,
        }
        priors = priors_of(config.balance, data.targets)
        finish.write(loop, files, faces, data, config.model, priors, provenance, about)


def _network(name: str, n_heads: int, dropout: float) -> torch.nn.Module:
    try:
        return zoo.create(name, n_heads=n_heads, dropout=dropout)
    except ValueError as error:
        text = str(error)
        raise InputError(f"{text[0].upper()}{text[1:]}.", "Leave --model out.") from error


def _epochs(
    loop: Loop, about: dict[str, Any], files: RunFiles, progress: Progress, space: Workspace
) -> None:
    recipe, done = loop.trainer.recipe, len(loop.epochs)
    images = len(loop.trainer.margins)
    with _stop_explained(loop, space):
        if not distributed.ranks().is_first:
            loop.run(lambda curve: None)
            return
        with (
            tracking.tensorboard(files, loop.epochs) as board,
            progress.task("Training", images * (recipe.epochs - done)) as advance,
        ):

            def after_epoch(curve: list[Epoch]) -> None:
                tracking.write_metrics(files, curve, about)
                board.add(curve[-1])
                progress.say(tracking.line(curve, recipe.epochs))

            loop.run(after_epoch, advance)


@contextmanager
def _stop_explained(loop: Loop, space: Workspace) -> Iterator[None]:
    """Ctrl-C says what is kept, and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, FercurateError) as error:
        if isinstance(error, FercurateError) and error.code != EXIT_STOPPED:
            raise
        done, total = len(loop.epochs), loop.trainer.recipe.epochs
        kept = f"{done} of {total} epochs are kept" if done else "no epoch was whole"
        raise FercurateError(
            f"Stopped: {kept}.",
            f"Go on with: {runs.resume_command(space)}",
            code=EXIT_STOPPED,
        ) from None


def _brief(found: dict[str, Any]) -> dict[str, Any]:
    keys = ("n_train", "epochs_done", "best_epoch", "val_accuracy", "seconds", "device")
    return {key: found.get(key) for key in keys}


def _result(
    planned: Plan, data: Data, files: RunFiles, found: dict[str, Any], *, skipped: bool
) -> TrainResult:
    config = planned.config
    return TrainResult(
        run_id=planned.run_id,
        folder=files.folder,
        on=config.on,
        labels=data.labels,
        model=config.model,
        balance=config.balance,
        seed=config.seed,
        n_train=len(data.rows),
        n_val=found["n_val"],
        targets_from=data.sources,
        epochs=found["epochs_done"],
        best_epoch=found["best_epoch"],
        chosen_by=found["chosen_by"],
        val_accuracy=found["val_accuracy"],
        temperature={name: fit["temperature"] for name, fit in found["calibration"].items()},
        seconds=found["seconds"],
        images_per_s=found["images_per_s"],
        device=found["device"],
        skipped=skipped,
        is_first=distributed.ranks().is_first,
    )
