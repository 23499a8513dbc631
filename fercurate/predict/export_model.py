"""The front of export-model: a trained model as a file that runs without fercurate."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate import outputs
from fercurate.config import ExportModelConfig
from fercurate.errors import FercurateError, InputError
from fercurate.halves import reporting
from fercurate.infer import onnx_export
from fercurate.infer.checkpoint import load_model
from fercurate.infer.classifier import Classifier, OnnxClassifier
from fercurate.infer.info import ModelInfo
from fercurate.infer.runs import find_run
from fercurate.infer.torch_classifier import best_of
from fercurate.labels import FACE_SIDE, INDEX
from fercurate.progress import Progress
from fercurate.votes import gold_classes, imported_votes
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
        val_accuracy: Of each head, on the given labels of validation's half that chose nothing;
            None where there are none.
        gold_accuracy: The same on its gold rows, where more than half of FER+'s votes agree.
    """

    megabytes: float
    images_per_s: float
    val_accuracy: dict[str, float | None]
    gold_accuracy: dict[str, float | None]


@dataclass(frozen=True)
class ExportedModel:
    """What `fercurate export-model` prints.

    Attributes:
        path: The file.
        format: "onnx" or "onnx-int8".
        source: The checkpoint that it was made of.
        info: What the file says of the model.
        difference: Largest difference of a probability between torch and the ONNX model in
            floating point, of any head, on random faces.
        onnx: The model in floating point.
        int8: The model in whole numbers, where that was asked for.
        agreement: Of each head, the share of these images that both forms call the same.
        n_val: Images of that half.
    """

    path: Path
    format: str
    source: Path
    info: ModelInfo
    difference: float
    onnx: Measured
    int8: Measured | None = None
    agreement: dict[str, float] | None = None
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
    source = checkpoint_of(workspace, config.run)
    outputs.check(config.to, "to", force=config.force, reads=[source])
    model, info = load_model(source)
    info = _told(info, config)
    val = _Validation() if workspace is None else _validation(workspace)
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
        by_float = _answers(float_model, val.faces)
        result = ExportedModel(
            config.to, config.format, source, info, difference,
            _measured(float_model, made, by_float, val), n_val=len(val.faces),
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
        by_int8 = _answers(int8_model, val.faces)
        agreed = {name: _share(by_float[name] == by_int8[name]) or 0.0 for name in by_float}
        result = dataclasses.replace(
            result,
            int8=_measured(int8_model, small, by_int8, val),
            agreement=agreed if len(val.faces) else None,
        )
        _put(small, config)
        return result


def _told(info: ModelInfo, config: ExportModelConfig) -> ModelInfo:
    """What the file is to say of the model: as it was trained, and what the command says."""
    point = info.point(config.as_, config.balance, config.threshold)
    heads = list(info.heads)
    heads[point.place] = dataclasses.replace(
        point.head, balance=point.balance, threshold=point.threshold
    )
    mirrored = info.mirrored if config.mirrored is None else config.mirrored
    return dataclasses.replace(
        info, heads=tuple(heads), answers_as=point.head.name, mirrored=mirrored
    )


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


def _no_faces() -> NDArray[np.uint8]:
    return np.empty((0, FACE_SIDE, FACE_SIDE), np.uint8)


def _no_labels() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class _Validation:
    """Faces uint8 [n, 48, 48], and their labels int64 [n], 0..6, -1 where there is none."""

    faces: NDArray[np.uint8] = field(default_factory=_no_faces)
    given: NDArray[np.int64] = field(default_factory=_no_labels)
    gold: NDArray[np.int64] = field(default_factory=_no_labels)


def _validation(workspace: Workspace) -> _Validation:
    """Validation's half that chose nothing: no epoch, temperature, threshold or balance."""
    manifest = workspace.manifest(["split", "label", "sha256"])
    val = np.flatnonzero((manifest["split"] == "val").to_numpy(bool))
    rows = val[reporting("val", manifest["sha256"].iloc[val].tolist())]
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)
    gold = np.full(len(given), -1)
    if workspace.has("import", workspace.votes_path):
        gold = gold_classes(imported_votes(workspace))
    return _Validation(np.asarray(workspace.faces()[rows]), given[rows], gold[rows])


def _training_faces(workspace: Workspace, n: int) -> NDArray[np.uint8]:
    """`n` faces of the training split, drawn at random with a fixed seed."""
    manifest = workspace.manifest(["split", "is_constant"])
    usable = (manifest["split"] == "train") & ~manifest["is_constant"].astype(bool)
    rows = np.flatnonzero(usable.to_numpy(bool))
    if not len(rows):
        raise InputError(f"{workspace.name} has no training image.", "int8 is fitted to some.")
    chosen = np.random.default_rng(0).permutation(rows)[:n]
    return np.asarray(workspace.faces()[np.sort(chosen)])


def _answers(classifier: Classifier, faces: NDArray[np.uint8]) -> dict[str, NDArray[np.int64]]:
    """The class that each head names, int64 [n]."""
    info, logits = classifier.info, classifier.logits(faces)
    return {
        head.name: info.point(head.name).probabilities(logits).argmax(axis=1).astype(np.int64)
        for head in info.heads
    }


def _measured(
    classifier: Classifier, path: Path, answers: dict[str, NDArray[np.int64]], val: _Validation
) -> Measured:
    given, gold = (
        {name: _share((said == labels)[labels >= 0]) for name, said in answers.items()}
        for labels in (val.given, val.gold)
    )
    faces = onnx_export.random_faces(_N_TIMED)
    return Measured(path.stat().st_size / 1e6, _rate(classifier, faces), given, gold)


def _share(true: NDArray[np.bool_]) -> float | None:
    return float(true.mean()) if len(true) else None


def _rate(classifier: Classifier, faces: NDArray[np.uint8]) -> float:
    """Faces a second over a second; the first batch, which is slow, is not counted."""
    classifier.logits(faces[:32])
    done, started = 0, time.perf_counter()
    while (taken := time.perf_counter() - started) < 1:
        classifier.logits(faces)
        done += len(faces)
    return done / taken
