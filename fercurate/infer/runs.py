"""Which training run is meant."""

from __future__ import annotations

from pathlib import Path

from fercurate.errors import InputError
from fercurate.paths import RunFiles
from fercurate.strict import Table, parse_json
from fercurate.workspace import Workspace, option


def find_run(workspace: Workspace, named: str | None) -> Path:
    """The folder of a finished training run.

    Args:
        workspace: Its dataset.
        named: The run's id, or a part that no other run's id has; None for the newest.

    Raises:
        InputError: there is none, none or several of that name, or it did not finish.
    """
    train = f"Train one with: fercurate train{option(workspace)}"
    folders = sorted(workspace.runs_dir.glob("train-*"))
    if named is None:
        finished = [f for f in folders if is_finished(f)]
        if not finished:
            raise InputError(f"{workspace.name} has no finished training run.", train)
        return max(finished, key=lambda f: RunFiles(f).metrics_path.stat().st_mtime)
    matching = [f for f in folders if f.name == named] or [f for f in folders if named in f.name]
    if not matching:
        known = ["Runs:", *(f"  {f.name}" for f in folders)] if folders else train
        raise InputError(f"{workspace.name} has no run {named!r}.", known)
    if len(matching) > 1:
        names = [f"  {f.name}" for f in matching]
        raise InputError(f"{named!r} is a part of several runs' names.", ["One of:", *names])
    if not is_finished(matching[0]):
        raise InputError(
            f"The run {matching[0].name} did not finish.", "Give its command again: it goes on."
        )
    return matching[0]


def is_finished(folder: Path) -> bool:
    """Whether a run reached its last epoch and wrote all that is made of it."""
    files = RunFiles(folder)
    if not (files.best_path.exists() and files.logits_path.exists()):
        return False
    try:
        stored = Table(parse_json(files.metrics_path.read_bytes(), is_finite=False))
        return bool(stored.value.get("finished"))
    except (OSError, ValueError):
        return False
