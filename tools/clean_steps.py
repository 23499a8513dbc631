"""Each step of `fercurate clean` against FER+ votes: what its thresholds were chosen by.

    python tools/clean_steps.py DATASET_FOLDER fer2013new.csv

Prints, for the training split of a cleaned workspace, how often each step was right where more
than half of the votes agree, beside what `clean` expected; then the same for other thresholds.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from fercurate.clean.evidence import BELIEFS
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS, INDEX
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace


def main(space: Workspace, votes_file: Path) -> None:
    votes = pd.read_csv(votes_file)[list(FERPLUS_COLUMNS)].to_numpy(np.int64)
    gold = gold_classes(votes)
    steps(space, gold)
    thresholds(space, gold)
    softening(space, votes)
    removal(space)


def steps(space: Workspace, gold: np.ndarray) -> None:
    """The steps of the last `clean`."""
    changes = pd.read_csv(space.changes_path, keep_default_na=False)
    print(f"{'step':46}{'rows':>7}{'gold':>7}{'right':>8}{'label was right':>17}{'expected':>10}")
    for (change, reason), part in changes.groupby(["change", "reason"]):
        truth = gold[part["row"]]
        has = truth >= 0
        was = part["from"].map(dict(INDEX)).to_numpy()[has] == truth[has]
        now = part["to"].map(dict(INDEX)).to_numpy()[has] == truth[has]
        expected = pd.to_numeric(part["confidence"]).mean()
        right = ~was if change == "dropped" else now
        print(
            f"{change + ': ' + reason:46}{len(part):7}{has.sum():7}{mean(right):>8}"
            f"{mean(was):>17}{expected:10.3f}"
        )
    clean = space.clean()
    clean = clean[clean["split"] == "train"]
    truth = gold[clean["row"]]
    has = truth >= 0
    for name in ("given_label", "label"):
        right = clean[name].map(dict(INDEX)).to_numpy()[has] == truth[has]
        print(f"{name} right on kept training rows: {mean(right)} of {has.sum()}")
    soft = clean[[f"soft_{name}" for name in CLASSES]].to_numpy()[has]
    print(f"largest soft class right: {mean(soft.argmax(axis=1) == truth[has])}")


def thresholds(space: Workspace, gold: np.ndarray) -> None:
    """Other thresholds over the same audit."""
    audit = space.audit()
    label = audit["label"].map(dict(INDEX)).to_numpy()
    belief = audit[list(BELIEFS)].to_numpy()
    truth = gold[audit["row"]]
    has = truth >= 0
    own = belief[np.arange(len(label)), label]
    best, most = belief.argmax(axis=1), belief.max(axis=1)
    for at in (0.95, 0.9, 0.8, 0.7):
        which = (best != label) & (most >= at)
        print(f"relabel >= {at}: {which.sum()} rows, right {mean((best == truth)[which & has])}")
    for low, clear in ((0.05, 0.4), (0.05, 0.5), (0.1, 0.5), (0.2, 0.6)):
        which = (own < low) & (most < clear)
        wrong, clearest = ((label != truth)[which & has], (best == truth)[which & has])
        print(
            f"drop < {low}, clear < {clear}: {which.sum()} rows, label wrong {mean(wrong)}, "
            f"likeliest class right {mean(clearest)}"
        )
    for at in (0.99, 0.95, 0.9):
        which = own >= at
        print(f"certain >= {at}: {which.sum()} rows, right {mean((label == truth)[which & has])}")


def softening(space: Workspace, votes: np.ndarray) -> None:
    """Cross-entropy of soft labels to the shares of the votes."""
    audit = space.audit()
    one = np.eye(len(CLASSES))[audit["label"].map(dict(INDEX)).to_numpy()]
    belief = audit[list(BELIEFS)].to_numpy()
    columns = [FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name]) for name in CLASSES]
    of_class = votes[audit["row"]][:, columns]
    voted = 2 * of_class.sum(axis=1) >= np.maximum(votes[audit["row"]].sum(axis=1), 1)
    shares = of_class[voted] / of_class[voted].sum(axis=1, keepdims=True)
    for weight in (0, 0.5, 0.8, 0.9, 1):
        mixed = np.clip(((1 - weight) * one + weight * belief)[voted], 1e-3, 1)
        mixed /= mixed.sum(axis=1, keepdims=True)
        print(f"soften {weight}: cross-entropy {-(shares * np.log(mixed)).sum(axis=1).mean():.3f}")
    split = (2 * of_class.max(axis=1) <= votes[audit["row"]].sum(axis=1)) & voted
    first = of_class[split].max(axis=1) / of_class[split].sum(axis=1)
    print(f"share of the first class without a majority: {first.mean():.3f} of {split.sum()}")


def removal(space: Workspace) -> None:
    """The screen's held-out scores on images that somebody has looked at."""
    screen = space.screen()
    if screen is None:
        return
    seen = screen[screen["kind_by_eye"].notna()]
    for at in (0.5, 0.6, 0.8):
        which = seen[1 - seen["human_score"] >= at]
        right = (which["kind_by_eye"] != "human").to_numpy()
        print(f"remove >= {at}: {len(which)} images seen by eye, right {mean(right)}")


def mean(right: np.ndarray) -> str:
    return f"{right.mean():.3f}" if len(right) else "-"


if __name__ == "__main__":
    main(Workspace(Path(sys.argv[1])), Path(sys.argv[2]))
