"""The front of export-model: a trained model as a file that runs without fercurate."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate import outputs
from fercurate.config import ExportModelConfig
from fercurate.errors import FercurateError, InputError
from fercurate.infer import onnx_export
from fercurate.infer.checkpoint import load_model
from fercurate.infer.classifier import Classifier, OnnxClassifier
from fercurate.infer.info import ModelInfo
from fercurate.infer.runs import find_run
from fercurate.infer.torch_classifier import best_of
from fercurate.labels import FACE_SIDE, INDEX
from fercurate.progress import Progress
from fercurate.workspace import Workspace

TOLERANCE = 1e-4
"""Largest difference of a probability between torch and ONNX."""

_N_TIMED = 256


@dataclass(frozen=True)
class Measured:
    """One form of a model.

    Attributes:
        megabytes: Size of the file, 10^6 bytes.
        images_per_s: Faces classified a second here, on all cores.
        val_accuracy: On the given labels of the validation split; None where there is none.
    """

    megabytes: float
    images_per_s: float
    val_accuracy: float | None


@dataclass(frozen=True)
class ExportedModel:
    """What `fercurate export-model` prints.

    Attributes:
        path: The file.
        format: "onnx" or "onnx-int8".
        source: The checkpoint that it was made of.
        info: What the file says of the model.
        difference: Largest difference of a probability between torch and the ONNX model in
            floating point, on random faces.
        onnx: The model in floating point.
        int8: The model in whole numbers, where that was asked for.
        agreement: Share of the validation images that both forms call the same.
        n_val: Validation images.
    """

    path: Path
    format: str
    source: Path
    info: ModelInfo
    difference: float
    onnx: Measured
    int8: Measured | None = None
    agreement: float | None = None
    n_val: int = 0


def run(
    workspace: Workspace | None, config: ExportModelConfig, progress: Progress
) -> ExportedModel:
    """Export a model, and check and measure what came out.

    Args:
        workspace: Where the run is, and the faces that int8 is fitted to and measured on. None
            where `config.run` is a path and the format is onnx.
        config: Which run, which format, and where to.
        progress: Says what is being done.

    Raises:
        InputError: there is no such run or file, the dataset has no training images, or
            `config.to` is there already.
        FercurateError: the model cannot be exported, or says something else as ONNX.
    """
    if config.to.suffix != ".onnx":
        raise InputError(f"{config.to} does not end in .onnx.", "Give --to FILE.onnx")
    if config.threshold is not None and not 0 <= config.threshold <= 1:
        raise InputError(f"threshold is {config.threshold}.", "It is between 0 and 1.")
    source = checkpoint_of(workspace, config.run)
    outputs.check(config.to, "to", force=config.force, reads=[source])
    model, info = load_model(source)
    told: dict[str, Any] = {"mirrored": config.mirrored, "threshold": config.threshold}
    info = dataclasses.replace(info, **{k: v for k, v in told.items() if v is not None})
    faces, labels = _validation(workspace) if workspace is not None else _nothing()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / config.to.name
        progress.say(f"Exporting {source} as ONNX")
        onnx_export.export(model, info, made)
        difference = onnx_export.difference(model, info, made)
        if not difference <= TOLERANCE:
            raise FercurateError(
                f"As ONNX the model's probabilities differ by {difference:.1g}.",
                "Export another network: facenet, simple and vit are known to work.",
            )
        float_model = OnnxClassifier(made)
        by_float = float_model.probabilities(faces)
        result = ExportedModel(
            config.to, config.format, source, info, difference,
            _measured(float_model, made, by_float, labels), n_val=len(faces),
        )  # fmt: skip
        if config.format == "onnx":
            _put(made, config)
            return result
        if workspace is None:
            raise InputError("int8 needs a dataset's faces.", "Name one with --dataset")
        from fercurate.infer import quantise

        progress.say(f"Fitting int8 to {quantise.N_CALIBRATION} training faces")
        small = Path(folder) / "int8.onnx"
        quantise.quantise(made, _training_faces(workspace, quantise.N_CALIBRATION), small)
        int8_model = OnnxClassifier(small)
        by_int8 = int8_model.probabilities(faces)
        agreed = by_float.argmax(1) == by_int8.argmax(1)
        result = dataclasses.replace(
            result,
            int8=_measured(int8_model, small, by_int8, labels),
            agreement=float(agreed.mean()) if len(agreed) else None,
        )
        _put(small, config)
        return result


def _put(made: Path, config: ExportModelConfig) -> None:
    with outputs.writing(config.to, "to", force=config.force) as beside:
        onnx_export.write(onnx_export.load(made), beside)


def checkpoint_of(workspace: Workspace | None, run: str | None) -> Path:
    """The `.safetensors` file that `run` means: a path, or a run of the dataset.

    Raises:
        InputError: there is none.
    """
    if run is not None and Path(run).exists():
        return best_of(Path(run))
    if workspace is None:
        raise InputError(f"There is no run {run}.", "Name its dataset with --dataset")
    return best_of(find_run(workspace, run))


def _validation(workspace: Workspace) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The faces of the validation split that have a label, and their labels."""
    manifest = workspace.manifest(["split", "label"])
    is_labelled = manifest["label"].notna() & (manifest["label"] != "")
    rows = np.flatnonzero((manifest["split"] == "val") & is_labelled)
    labels = np.array([INDEX[name] for name in manifest["label"].iloc[rows]], np.int64)
    return np.asarray(workspace.faces()[rows]), labels


def _nothing() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    return np.empty((0, FACE_SIDE, FACE_SIDE), np.uint8), np.empty(0, np.int64)


def _training_faces(workspace: Workspace, n: int) -> NDArray[np.uint8]:
    """`n` faces of the training split, drawn at random with a fixed seed."""
    manifest = workspace.manifest(["split", "is_constant"])
    usable = (manifest["split"] == "train") & ~manifest["is_constant"].astype(bool)
    rows = np.flatnonzero(usable.to_numpy(bool))
    if not len(rows):
        raise InputError(f"{workspace.name} has no training image.", "int8 is fitted to some.")
    chosen = np.random.default_rng(0).permutation(rows)[:n]
    return np.asarray(workspace.faces()[np.sort(chosen)])


def _measured(
    classifier: Classifier,
    path: Path,
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> Measured:
    accuracy = float((probabilities.argmax(1) == labels).mean()) if len(labels) else None
    faces = onnx_export.random_faces(_N_TIMED)
    return Measured(path.stat().st_size / 1e6, _rate(classifier, faces), accuracy)


def _rate(classifier: Classifier, faces: NDArray[np.uint8]) -> float:
    """Faces a second over a second; the first batch, which is slow, is not counted."""
    classifier.probabilities(faces[:32])
    done, started = 0, time.perf_counter()
    while (taken := time.perf_counter() - started) < 1:
        classifier.probabilities(faces)
        done += len(faces)
    return done / taken
