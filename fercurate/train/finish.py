"""The end of a run: temperatures, the model's file, what it says of val and test, the totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import fercurate
from fercurate import seal
from fercurate.files import fingerprint, hash_file
from fercurate.infer.calibrate import fit_temperature
from fercurate.infer.checkpoint import save_model
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES
from fercurate.paths import RunFiles
from fercurate.train.curve import best_epoch
from fercurate.train.data import MIN_VAL, Calibrating, Data
from fercurate.train.loop import Loop
from fercurate.train.tracking import write_metrics
from fercurate.workspace import now


def write(
    loop: Loop,
    files: RunFiles,
    faces: NDArray[np.uint8],
    data: Data,
    architecture: str,
    priors: NDArray[np.float64],
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
        priors: float64 [heads, 7], how frequent each class was for each head.
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
    best = best_epoch(loop.epochs)
    finished = now()
    fitted = {
        name: _fitted(loop, faces, data.calibrating[name], i) for i, name in enumerate(data.heads)
    }
    heads = tuple(
        Head(name, prior=tuple(shares.tolist()), temperature=fitted[name]["temperature"])
        for name, shares in zip(data.heads, priors, strict=True)
    )
    info = ModelInfo(
        architecture=architecture,
        classes=CLASSES,
        side=loop.trainer.recipe.predict_side,
        mirrored=True,
        heads=heads,
        provenance={
            **provenance,
            "chosen_on": "half of validation",
            "epochs": len(loop.epochs),
            "best_epoch": best.epoch,
            "code": code_version(),
            "torch": torch.__version__,
            "device": about["device"],
            "date": finished,
            "metrics": {"val_accuracy": best.val_accuracy, "val_loss": best.val_loss},
            "calibration": fitted,
        },
    )
    save_model(files.best_path, loop.trainer.average, info)
    write_metrics(files, loop.epochs, {**about, "calibration": fitted, "finished": finished})


def _fitted(loop: Loop, faces: NDArray[np.uint8], on: Calibrating, place: int) -> dict[str, Any]:
    """The temperature of the head at `place`; 1 where there are too few images to fit one."""
    if len(on.rows) < MIN_VAL:
        return {"temperature": 1.0, "fitted_on": "nothing", "images": 0}
    logits = loop.logits(np.ascontiguousarray(faces[on.rows]))[:, place]
    temperature = round(fit_temperature(logits, on.labels), 4)
    return {"temperature": temperature, "fitted_on": on.what, "images": len(on.rows)}


def code_version() -> str:
    """The package's version, and a hash over the sources that shape a training run."""
    package = Path(fercurate.__file__).parent
    sources = sorted(p for room in ("learn", "train") for p in (package / room).glob("*.py"))
    return f"{fercurate.__version__}+{fingerprint(*map(hash_file, sources))[:8]}"
