"""Training runs as folders: what is kept of one, whether it finished, which can go on."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import asdict, replace
from typing import Any

from fercurate.config import TrainConfig
from fercurate.errors import InputError
from fercurate.files import write_json
from fercurate.infer.runs import is_finished
from fercurate.paths import RunFiles
from fercurate.settings import build, flag
from fercurate.strict import Table, parse_json
from fercurate.train.data import Data
from fercurate.train.plan import Plan
from fercurate.workspace import Workspace, now, option


def begin(files: RunFiles, plan: Plan, data: Data) -> None:
    """Write down what a run is; an earlier start of the same run stays as it was."""
    if not files.config_path.exists():
        about = {
            "run": plan.run_id,
            "fingerprint": plan.fingerprint,
            "started": now(),
            "config": asdict(replace(plan.config, resume=False)),
            "labels": data.labels,
            "recipe": asdict(plan.recipe),
            "n_train": len(data.rows),
            "targets_from": data.sources,
            "inputs": data.inputs,
        }
        write_json(files.config_path, about)


def forget(files: RunFiles) -> None:
    """Remove what an earlier run of this name left."""
    paths = (files.metrics_path, files.last_path, files.best_path, files.logits_path)
    for path in (*paths, files.config_path):
        path.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(files.tensorboard_dir)


def metrics(files: RunFiles) -> dict[str, Any] | None:
    """What the run has measured so far, None where there is nothing that can be read."""
    try:
        found = parse_json(files.metrics_path.read_bytes(), is_finite=False)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def resumed(space: Workspace, config: TrainConfig) -> tuple[TrainConfig, str]:
    """The settings of the newest run that did not finish, and its fingerprint.

    Raises:
        InputError: there is none, or other settings were asked for than its own.
    """
    if replace(config, device="auto") != TrainConfig(resume=True):
        raise InputError(
            "--resume goes on with a run's own settings, so it takes no others but --device.",
            "Leave the others out; or leave --resume out: the same command goes on by itself.",
        )
    found = []
    for folder in space.runs_dir.glob("train-*"):
        files = RunFiles(folder)
        if files.config_path.exists() and not is_finished(folder):
            newest = files.metrics_path if files.metrics_path.exists() else files.config_path
            found.append((newest.stat().st_mtime, folder.name, files))
    if not found:
        raise InputError(
            f"No training run of {space.name} is unfinished.",
            f"Begin one with: fercurate train{option(space)}",
        )
    path = max(found)[2].config_path
    try:
        about = Table(parse_json(path.read_bytes()))
        table = about.table("config")
        if config.device != "auto":
            table["device"] = config.device
        return build(TrainConfig, table, str(path)), about.text("fingerprint")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.", f"Delete {path.parent}.") from error


def check_same(plan: Plan, wanted: str, space: Workspace) -> None:
    """Raise `InputError` where what the run was begun with is no longer there."""
    if plan.fingerprint != wanted:
        raise InputError(
            "The images or labels that the unfinished run was begun with have changed since.",
            f"Train anew: {command(plan.config, space)}",
        )


def command(config: TrainConfig, space: Workspace) -> str:
    """The command line that means this config."""
    words = ["fercurate train"]
    for name, default in asdict(TrainConfig()).items():
        value = getattr(config, name)
        if name in ("resume", "set", "teachers") or value == default:
            continue
        words.append(f"{flag(name)} {value}")
    words += [f"--teacher {run}" for run in config.teachers]
    words += [f"--set '{text}'" for text in config.set]
    return " ".join(words) + option(space)


def resume_command(space: Workspace) -> str:
    """The command that goes on with the newest unfinished run."""
    return f"fercurate train --resume{option(space)}"
