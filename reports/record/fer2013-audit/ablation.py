"""Which score, and which combination of scores, ranks FER2013's wrong labels best.

Trains nothing: reads the folds that an audit left in `runs/`.

    python reports/record/fer2013-audit/ablation.py datasets/fer2013 fer2013new.csv > ablation.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from fercurate.audit import noise, rank, scores
from fercurate.audit.crossfit import load_repeats
from fercurate.audit.evidence import gather
from fercurate.evaluate.audit_scores import read_votes
from fercurate.labels import INDEX
from fercurate.rerank import known as left_behind
from fercurate.rerank import profiles
from fercurate.rerank.learn import Verdicts, learn
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace


def main(root: str, votes_file: str) -> None:
    space = Workspace(Path(root))
    audit = space.audit()
    labels = audit["label"].map(dict(INDEX)).to_numpy(np.int64)
    gold = gold_classes(read_votes(space, Path(votes_file)))[audit["row"].to_numpy()]
    known = gold >= 0
    wrong = gold != labels
    repeats = load_repeats(newest_run(space))
    evidence, _ = gather(repeats, labels)
    single, _ = gather(repeats[:1], labels)
    mixed = rank.mixed(evidence)

    found = left_behind.load(space)
    taught_by = found.evidence(left_behind.general_features(space, found.rows))

    def ap(score: np.ndarray, among: np.ndarray | None = None) -> float:
        chosen = known if among is None else known & among
        return float(average_precision_score(wrong[chosen], -score[chosen]))

    def posterior(model: noise.NoiseModel, steps: int, probs: np.ndarray = mixed) -> np.ndarray:
        apart = noise.true_probs(probs, model, steps)
        return scores.self_confidence(noise.posterior(apart, labels, model), labels)

    def even(score: np.ndarray) -> np.ndarray:
        return (score - score.mean()) / score.std()

    margin = scores.normalized_margin(evidence.probs, labels)
    neighbours = scores.normalized_margin(evidence.votes, labels)
    estimated = rank.estimated_noise(evidence, labels)
    counted = noise.from_counts(count(labels, gold, known))
    rows: list[tuple[str, float]] = [
        ("margin, one repeat", ap(scores.normalized_margin(single.probs, labels))),
        ("margin, all repeats", ap(margin)),
        ("self-confidence", ap(scores.self_confidence(evidence.probs, labels))),
        (
            "confidence-weighted entropy",
            ap(scores.confidence_weighted_entropy(evidence.probs, labels)),
        ),
        ("area under the margin", ap(evidence.margins)),
        ("neighbours' agreement", ap(scores.self_confidence(evidence.votes, labels))),
        ("neighbours' margin", ap(neighbours)),
        ("margin + area under the margin", ap(even(margin) + even(evidence.margins))),
        ("margin + neighbours' margin / 2", ap(even(margin) + 0.5 * even(neighbours))),
        ("all three", ap(even(margin) + even(evidence.margins) + 0.5 * even(neighbours))),
        (
            "margin of probabilities and neighbours mixed",
            ap(scores.normalized_margin(mixed, labels)),
        ),
    ]
    for steps in (1, 2, 3):
        rows.append(
            (
                f"posterior, noise estimated, {steps} step{'s' * (steps > 1)}",
                ap(posterior(estimated, steps)),
            )
        )
    others = rank.hear_the_others(posterior(estimated, 1), evidence, labels)
    rows.append(
        ("posterior, noise estimated, 1 step, and all three: the generic ranking", ap(others))
    )
    rows.append(
        ("the same, without neighbours, 1 step", ap(posterior(estimated, 1, evidence.probs)))
    )
    for steps in (1, 2, 3, 5):
        rows.append(
            (
                f"posterior, noise counted on votes, {steps} step{'s' * (steps > 1)}",
                ap(posterior(counted, steps)),
            )
        )
    rows.append(
        (
            "the same, without neighbours, 3 steps",
            ap(posterior(counted, 3, evidence.probs)),
        )
    )
    for parity in (0, 1):
        counting = known & (audit["row"].to_numpy() % 2 == parity)
        score = posterior(noise.from_counts(count(labels, gold, counting)), 3)
        half, other = ("even", "odd") if parity == 0 else ("odd", "even")
        among = audit["row"].to_numpy() % 2 != parity
        rows.append((f"noise counted on {half} rows, scored on {other} rows", ap(score, among)))
    for name in ("generic", "fer2013"):
        learned = learn(taught_by, Verdicts(), profiles.load(name).prior).belief
        rows.append(
            (
                f"learnt heads, {name} profile, no verdict",
                ap(scores.self_confidence(learned, labels)),
            )
        )
    rate = np.array([wrong[known & (labels == c)].mean() for c in range(7)])
    rows.append(
        ("share of wrong labels of the given class alone (no image looked at)", ap(-rate[labels]))
    )

    about = json.loads(space.audit_summary_path.read_text())
    print("# Which score ranks FER2013's wrong labels best")
    print()
    print(
        f"Effort {about['effort']}: {about['folds']} folds, {about['repeats']} repeats, "
        f"{about['epochs']} epochs, seed {about['seed']}, {about['device']}. Gold average "
        f"precision over {int(known.sum()):,} gold rows, {int((wrong & known).sum()):,} of them "
        "labelled wrongly. Made by `ablation.py`, beside this file."
    )
    print()
    print("| ranking by | average precision |")
    print("| --- | --- |")
    for name, value in rows:
        print(f"| {name} | {value:.3f} |")


def count(labels: np.ndarray, gold: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Gold class by given label, int64 [7, 7]."""
    counts = np.zeros((7, 7), np.int64)
    np.add.at(counts, (gold[among], labels[among]), 1)
    return counts


def newest_run(space: Workspace) -> Path:
    return max(space.runs_dir.glob("audit-*"), key=lambda p: p.stat().st_mtime)


if __name__ == "__main__":
    main(*sys.argv[1:])
