"""Makes the model that comes with the package, and its card, from a training run.

    fercurate train --on raw --labels given+votes --epochs 90
    python tools/make_model.py datasets/fer2013 train-raw-given-votes-facenet-s0-a01b656f

The answer is the mean over a face and its mirror image: twice the network's time, and on
validation 1.6 points more of the given labels and 0.8 of the gold rows. What is chosen here is
chosen on the half of validation that chose the epoch, and printed as a table: each head's
temperature and threshold on labels of its own kind, and the balance of the votes head.
Validation's other half and the test split are only scored, the latter where --test says so: it is
to be looked at once. Writes fercurate/infer/models/.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate import config, road
from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.model_scores import accuracy_interval
from fercurate.halves import is_choosing
from fercurate.infer import onnx_export
from fercurate.infer.calibrate import fit_temperature
from fercurate.infer.card import card
from fercurate.infer.checkpoint import load_model
from fercurate.infer.classifier import PACKAGED, OnnxClassifier
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.infer.runs import find_run
from fercurate.labels import INDEX, N_CLASSES
from fercurate.paths import RunFiles
from fercurate.progress import Quiet
from fercurate.settings import build
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

RIGHT = {"votes": 0.95, "given": 0.8}
"""Share of a head's answers that is to be right, on labels of its own kind: the given ones err
so often that 95 % would leave out most faces."""

BALANCES = np.arange(0, 0.61, 0.05).round(2)


def main(root: str, run: str, *, test: bool) -> None:
    space = Workspace(Path(root))
    model, info = load_model(RunFiles(find_run(space, run)).best_path)
    info = dataclasses.replace(info, answers_as="votes")
    PACKAGED.parent.mkdir(exist_ok=True)
    onnx_export.export(model, info, PACKAGED)
    manifest = space.manifest(["split", "label", "sha256"])
    val = np.flatnonzero((manifest["split"] == "val").to_numpy())
    rows = val[is_choosing(manifest["sha256"].iloc[val].tolist())]
    labels = {
        "given": manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)[rows],
        "votes": gold_classes(read_votes(space, None))[rows],
    }
    logits = OnnxClassifier(PACKAGED).logits(space.faces()[rows])
    heads = tuple(settled(info, head, logits, labels[head.name]) for head in info.heads)
    provenance = {
        **info.provenance,
        "dataset": space.name,  # a copy of it may have had another name while training
        "run": run,
        "operating_points": "temperature, threshold and balance on the half of validation that "
        "chose the epoch: " + ", ".join(f"{n} {share:.0%} right" for n, share in RIGHT.items()),
    }
    info = dataclasses.replace(info, heads=heads, provenance=provenance)
    onnx_export.export(model, info, PACKAGED)
    print(f"torch and ONNX differ by {onnx_export.difference(model, info, PACKAGED):.1g}")
    scores = []
    for name in ("val", "test") if test else ("val",):
        asked = build(config.EvaluateConfig, {"model": PACKAGED, "split": name}, "make_model")
        found, _, page = road.run_evaluate(space, asked, Quiet())
        scores.append(found.as_dict())
        print(page)
    (PACKAGED.parent / "MODEL_CARD.md").write_text(card(info, scores), encoding="utf-8")


def settled(
    info: ModelInfo, head: Head, logits: NDArray[np.float32], labels: NDArray[np.int64]
) -> Head:
    """The head with its operating point, chosen on labels of its own kind; prints the choice."""
    known = labels >= 0
    logits, labels = logits[known], labels[known]
    place = info.heads.index(head)
    balance = best_balance(info, head.name, logits, labels) if head.name == "votes" else 0.0
    temperature = round(fit_temperature(logits[:, place] - balance * np.log(head.prior), labels), 4)
    chosen = dataclasses.replace(head, balance=balance, temperature=temperature)
    heads = tuple(chosen if each is head else each for each in info.heads)
    point = dataclasses.replace(info, heads=heads).point(chosen.name, threshold=0.0)
    threshold = safe_threshold(point.probabilities(logits), labels, RIGHT[head.name])
    print(f"{head.name}: temperature {temperature:.3f}, balance {balance}, threshold {threshold}")
    return dataclasses.replace(chosen, threshold=threshold)


def safe_threshold(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], wish: float
) -> float:
    """The lowest of all hundredths from which on the lower end of the 95 % interval of the share
    of right answers reaches the wish: what only just reaches it here falls short elsewhere."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for threshold in np.arange(0, 1, 0.01).round(2):
        answered = right[sure >= threshold]
        if len(answered) and accuracy_interval(answered)[0] >= wish:
            print(f"answers {len(answered) / len(right):.1%}, {answered.mean():.1%} of them right")
            return float(threshold)
    return 0.0


def best_balance(
    info: ModelInfo, name: str, logits: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """The balance with the best mean of accuracy and balanced accuracy."""
    print("balance | gold rows | balanced")
    means = []
    for balance in BALANCES:
        answers = info.point(name, float(balance)).probabilities(logits).argmax(axis=1)
        right = answers == labels
        recalls = [right[labels == k].mean() for k in range(N_CLASSES) if (labels == k).any()]
        means.append((right.mean() + np.mean(recalls)) / 2)
        print(f"{balance:7} | {right.mean():9.3f} | {np.mean(recalls):8.3f}")
    return float(BALANCES[int(np.argmax(means))])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("run")
    parser.add_argument("--test", action="store_true", help="look at the test split, once")
    chosen = parser.parse_args()
    main(chosen.dataset, chosen.run, test=chosen.test)
