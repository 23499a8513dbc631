"""Makes the model that comes with the package, and its card, from a training run.

    python tools/make_model.py datasets/fer2013 train-clean-votes-facenet-s0-40b76cda

The network sees a face once and not its mirror image as well, which halves the time. The
temperature is fitted anew for that, and the threshold below which it says "unclear" is the
smallest whose answers are right in 95 of 100, both on gold rows of the validation split: those
chose the epoch too. The test split is only scored. Writes fercurate/infer/models/.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from fercurate import config, road
from fercurate.evaluate.abstention import abstention
from fercurate.evaluate.audit_scores import read_votes
from fercurate.infer import onnx_export
from fercurate.infer.calibrate import fit_temperature, tempered
from fercurate.infer.card import card
from fercurate.infer.checkpoint import load_model
from fercurate.infer.classifier import PACKAGED, OnnxClassifier
from fercurate.infer.runs import find_run
from fercurate.paths import RunFiles
from fercurate.progress import Quiet
from fercurate.settings import build
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

RIGHT = 0.95
"""Share of the answers that is to be right."""


def main(root: str, run: str) -> None:
    space = Workspace(Path(root))
    model, info = load_model(RunFiles(find_run(space, run)).best_path)
    gold = gold_classes(read_votes(space, None))
    split = space.manifest(["split"])["split"].to_numpy(str)
    rows = np.flatnonzero((split == "val") & (gold >= 0))
    PACKAGED.parent.mkdir(exist_ok=True)
    info = dataclasses.replace(info, mirrored=False)
    onnx_export.export(model, info, PACKAGED)
    logits = OnnxClassifier(PACKAGED).logits(space.faces()[rows])
    temperature = fit_temperature(logits, gold[rows])
    answers = abstention(tempered(logits, temperature), gold[rows])
    wished = answers.reaching[f"{RIGHT:.0%}"]
    threshold = 0.0 if wished is None else round(wished.threshold, 3)
    provenance = {
        **info.provenance,
        "dataset": space.name,  # a copy of it may have had another name while training
        "run": run,
        "temperature_and_threshold": f"gold validation rows, {RIGHT:.0%} of the answers right",
    }
    info = dataclasses.replace(
        info, temperature=round(temperature, 4), threshold=threshold, provenance=provenance
    )
    onnx_export.export(model, info, PACKAGED)
    print(f"torch and ONNX differ by {onnx_export.difference(model, info, PACKAGED):.1g}")
    scores = []
    for name in ("val", "test"):
        asked = build(config.EvaluateConfig, {"model": PACKAGED, "split": name}, "make_model")
        found, _, page = road.run_evaluate(space, asked, Quiet())
        scores.append(found.as_dict())
        print(page)
    (PACKAGED.parent / "MODEL_CARD.md").write_text(card(info, scores), encoding="utf-8")
    print(f"temperature {temperature:.3f}, threshold {threshold}, {wished}")


if __name__ == "__main__":
    main(*sys.argv[1:])
