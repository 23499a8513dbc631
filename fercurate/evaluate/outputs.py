"""What a model says of a split: kept by a training run, or asked of a model file now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, InputError
from fercurate.evaluate.kept_runs import read_logits
from fercurate.files import hash_file
from fercurate.halves import reporting
from fercurate.infer.classifier import BATCH, Classifier, open_classifier
from fercurate.infer.heads import OperatingPoint
from fercurate.infer.info import ModelInfo
from fercurate.infer.runs import find_run
from fercurate.labels import CLASSES
from fercurate.paths import RunFiles
from fercurate.progress import Progress
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outputs:
    """A model's answers to the images of one split.

    Attributes:
        name: The run's id, or the file's name.
        split: val or test.
        rows: int64 [n], rows of the manifest: of validation the half that chose nothing.
        n_split: Images in the whole split.
        logits: float32 [n, heads, 7], before the temperature.
        info: What the model's file says about it.
        point: Which head answers, and how.
        run: What the run was told (config.json); empty for a model file.
        curve: What it measured (metrics.json); empty for a model file.
    """

    name: str
    split: str
    rows: NDArray[np.int64]
    n_split: int
    logits: NDArray[np.float32]
    info: ModelInfo
    point: OperatingPoint
    run: dict[str, Any] = field(default_factory=dict)
    curve: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, temperature: float | None = None) -> NDArray[np.float32]:
        """float32 [n, 7]; at the head's own temperature unless another is given."""
        point = self.point
        if temperature is not None:
            point = replace(point, head=replace(point.head, temperature=temperature))
        return point.probabilities(self.logits)


def others(found: Outputs) -> dict[str, NDArray[np.float32]]:
    """Probabilities of the heads that do not answer, float32 [n, 7] by name, each at its own
    operating point."""
    names = [head.name for head in found.info.heads if head.name != found.point.head.name]
    return {name: found.info.point(name).probabilities(found.logits) for name in names}


def of_run(
    workspace: Workspace,
    named: str | None,
    split: str,
    head: str | None = None,
    balance: float | None = None,
) -> Outputs:
    """The outputs that a finished training run kept; no image is looked at.

    Args:
        workspace: Its dataset.
        named: The run's id, or a part that no other run's id has; None for the newest.
        split: val or test.
        head, balance: How it answers; see `ModelInfo.point`.

    Raises:
        InputError: there is no such run or head, or it kept nothing of the split.
        FercurateError: one of its files is damaged.
    """
    folder = find_run(workspace, named)
    files = RunFiles(folder)
    from fercurate.infer.checkpoint import read_info

    info = read_info(files.best_path)
    _require_classes(info, files.best_path)
    point = info.point(head, balance)
    try:
        run, curve = _json(files.config_path), _json(files.metrics_path)
    except (OSError, ValueError) as error:
        raise FercurateError(
            f"The run {folder.name} is damaged: {error}", "Train it again with --force."
        ) from error
    manifest = workspace.manifest(["split", "sha256"])
    rows, n_split = _rows(workspace, manifest, split)
    logits = read_logits(folder, workspace, manifest["sha256"].iloc[rows].tolist())
    return Outputs(folder.name, split, rows, n_split, logits, info, point, run, curve)


def of_file(
    workspace: Workspace,
    path: Path,
    split: str,
    device: str,
    progress: Progress,
    head: str | None = None,
    balance: float | None = None,
) -> Outputs:
    """Run a model file over a split.

    Raises:
        InputError: there is no such model or head, or no image in the split.
    """
    classifier = open_classifier(path, device)
    _require_classes(classifier.info, path)
    point = classifier.info.point(head, balance)
    rows, n_split = _rows(workspace, workspace.manifest(["split", "sha256"]), split)
    with progress.task("Classify", len(rows)) as advance:
        logits = _logits(classifier, workspace.faces()[rows], advance)
    return Outputs(path.name, split, rows, n_split, logits, classifier.info, point)


def _rows(
    workspace: Workspace, manifest: pd.DataFrame, split: str
) -> tuple[NDArray[np.int64], int]:
    """The rows of a split that report, and how many the whole split has."""
    whole = np.flatnonzero(manifest["split"].to_numpy(str) == split)
    rows = whole[reporting(split, manifest["sha256"].iloc[whole].tolist())]
    if not len(rows):
        raise InputError(
            f"{workspace.name} has no image in the split {split}.",
            _others(workspace, manifest["split"].to_numpy(str), split),
        )
    return rows, len(whole)


def _others(workspace: Workspace, splits: NDArray[np.str_], split: str) -> str:
    """What works where a split is empty: another one that is there, or to make one."""
    there = [name for name in ("val", "test") if name != split and (splits == name).any()]
    ways = [f"score the other one: fercurate evaluate --split {name}{option(workspace)}"
            for name in there]  # fmt: skip
    if split == "val" and not (splits == "val").any():
        ways.append(f"make one, and train again: {workspace.command('import')} --val-share 0.1")
    text = "; or ".join(ways) or f"See which it has: fercurate status{option(workspace)}"
    return text[0].upper() + text[1:]


def _logits(
    classifier: Classifier, faces: NDArray[np.uint8], advance: Callable[[float], None]
) -> NDArray[np.float32]:
    found = []
    step = 8 * BATCH
    for start in range(0, len(faces), step):
        found.append(classifier.logits(faces[start : start + step]))
        advance(len(found[-1]))
    return np.concatenate(found)


def _json(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def _require_classes(info: ModelInfo, path: Path) -> None:
    if info.classes != CLASSES:
        raise InputError(
            f"{path} tells other classes apart: {', '.join(info.classes)}.",
            f"It takes a model of {', '.join(CLASSES)}.",
        )


def training_rows(workspace: Workspace, run: dict[str, Any]) -> tuple[NDArray[np.int64], str]:
    """The rows that a model was trained on, and how surely that is known.

    The whole training split where it is not known more exactly: of a model file, of a random
    subset, and of a clean set that was made anew since.

    Returns:
        int64 [m], rows of the manifest, and what they are in words.
    """
    split = workspace.manifest(["split"])["split"].to_numpy(str)
    whole = np.flatnonzero(split == "train")
    on = run.get("config", {}).get("on")
    path = workspace.clean_path
    used = run.get("inputs", {}).get("clean")
    if on == "clean" and used is not None and path.exists() and used == hash_file(path):
        clean = workspace.clean()
        rows = clean.loc[clean["split"] == "train", "row"].to_numpy(np.int64)
        return rows, "the clean set that the run was trained on"
    if on == "raw":
        return whole, "the raw training split that the run was trained on"
    return whole, "the whole training split"
