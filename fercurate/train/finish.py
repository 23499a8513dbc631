"""The end of a run: temperature, the model's file, what it says of val and test, the totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import fercurate
from fercurate import seal
from fercurate.files import fingerprint, hash_file
from fercurate.infer.calibrate import ece, fit_temperature, tempered
from fercurate.infer.checkpoint import save_model
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES
from fercurate.paths import RunFiles
from fercurate.train.curve import best_epoch
from fercurate.train.data import Data
from fercurate.train.loop import Loop
from fercurate.train.tracking import write_metrics
from fercurate.workspace import now


def write(
    loop: Loop,
    files: RunFiles,
    faces: NDArray[np.uint8],
    data: Data,
    architecture: str,
    provenance: dict[str, Any],
    about: dict[str, Any],
) -> None:
    """Write the model of the best epoch, its logits on val and test, and the last metrics.

    Args:
        loop: Trained to its end.
        files: Of the run.
        faces: uint8 [N, 48, 48], all images.
        data: Of the run.
        architecture: Name of the network.
        provenance: What the model's file says of its making; numbers are added.
        about: What `metrics.json` says besides.
    """
    loop.use_best()
    rows = np.r_[data.val_rows, data.test_rows]
    logits = loop.logits(np.ascontiguousarray(faces[rows]))
    seal.write_arrays(
        files.logits_path,
        {"row": rows.astype(np.int32), "sha256": data.scored_sha256, "logits": logits},
    )
    calibration = {"temperature": 1.0}
    # corrected labels are calibrated beliefs already; the given ones of validation, wrong as
    # they often are, would make the model seem far too sure
    if about["n_val"] and data.labels != "corrected":
        labelled = data.val_labels >= 0
        calibration = calibrated(logits[: len(labelled)][labelled], data.val_labels[labelled])
    best = best_epoch(loop.epochs)
    finished = now()
    info = ModelInfo(
        architecture=architecture,
        classes=CLASSES,
        side=loop.trainer.recipe.predict_side,
        mirrored=True,
        temperature=calibration["temperature"],
        provenance={
            **provenance,
            "epochs": len(loop.epochs),
            "best_epoch": best.epoch,
            "code": code_version(),
            "torch": torch.__version__,
            "device": about["device"],
            "date": finished,
            "metrics": {
                "val_accuracy": best.val_accuracy,
                "val_loss": best.val_loss,
                **calibration,
            },
        },
    )
    save_model(files.best_path, loop.trainer.average, info)
    write_metrics(files, loop.epochs, {**about, **calibration, "finished": finished})


def calibrated(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """The temperature fitted on validation, and the calibration error without and with it.

    Args:
        logits: float32 [n, 7].
        labels: int64 [n], 0..6.
    """
    temperature = fit_temperature(logits, labels)
    return {
        "temperature": round(temperature, 4),
        "val_ece_untempered": ece(tempered(logits, 1.0), labels),
        "val_ece": ece(tempered(logits, temperature), labels),
    }


def code_version() -> str:
    """The package's version, and a hash over the sources that shape a training run."""
    package = Path(fercurate.__file__).parent
    sources = sorted(p for room in ("learn", "train") for p in (package / room).glob("*.py"))
    return f"{fercurate.__version__}+{fingerprint(*map(hash_file, sources))[:8]}"
