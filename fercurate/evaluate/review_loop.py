"""What verdicts buy: a reviewer is played by FER+ votes, the audit learns, the rest is scored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.evaluate.played import Trial, answers, n_reviews, reviews, trial
from fercurate.labels import CLASSES
from fercurate.progress import Progress
from fercurate.rerank import profiles
from fercurate.rerank.choice import UNINFORMED, Coefficients, Probs
from fercurate.rerank.learn import Learned, Verdicts, learn
from fercurate.votes import vote_shares
from fercurate.workspace import Workspace

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
SEEDS = 5

BINS = 10


@dataclass(frozen=True)
class Point:
    """Scores after some verdicts, on the gold rows that were not reviewed; mean over seeds.

    Attributes:
        how: "the audit", "random", "random, then queue" or "queue alone".
        reviewer: One of `played.REVIEWERS` or `played.CARELESS`; empty for the audit.
        n: Verdicts.
        average_precision: Of the ranking by label quality, worst first, against gold errors.
        label_accuracy: Share of rows whose most probable class is the gold one.
        suggestion_accuracy: Among gold errors, share whose most probable other class is it.
        calibration_error: Expected calibration error of the most probable class, 0 = none.
        deviation: Standard deviation of the average precision over the seeds.
        cross_entropy: Of `shares` to the shares of the votes, nats, over all rows with votes
            that were not reviewed; low = good.
        certain: Images of which a class is believed with 0.95 or more, and `certain_right`, on
            what share of those with gold that is so; None where there is none.
        follows: Share of the reviewer's verdicts that follow the pictures, as it was judged;
            None where there was no reviewer.
    """

    how: str
    reviewer: str
    n: int
    average_precision: float
    label_accuracy: float
    suggestion_accuracy: float
    calibration_error: float
    deviation: float
    cross_entropy: float
    certain: float
    certain_right: float | None
    follows: float | None


@dataclass(frozen=True)
class ReviewLoop:
    """What the simulation found.

    Attributes:
        n_gold: Gold rows among the audited ones.
        given_accuracy: Share of them whose given label is the gold one.
        profile: Where learning started.
        points: The curve.
        reliability: After 500 random verdicts of the majority: bins of confidence in the
            suggestion (lower edge, mean confidence, share right, images), all seeds together.
        halves: Average precision and label accuracy of a profile learnt from the verdicts on
            even rows, without any other verdict, on odd rows; and the other way round.
    """

    n_gold: int
    given_accuracy: float
    profile: str
    points: list[Point]
    reliability: list[dict[str, float]]
    halves: list[dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(
    workspace: Workspace,
    votes_file: Path | None,
    progress: Progress,
    profile: str = profiles.GENERIC.key,
    seeds: int = SEEDS,
    sizes: tuple[int, ...] = SIZES,
) -> ReviewLoop:
    """Play the review of a workspace's audit.

    Votes play the reviewer and score the rest. They never enter the audit.

    Args:
        workspace: An audited dataset.
        votes_file: fer2013new.csv; None takes the votes that import joined.
        progress: Counts the rounds of learning.
        profile: Where learning starts.
        seeds: Samples drawn for each point.
        sizes: Numbers of random verdicts.

    Raises:
        InputError: no audit, no votes, too few of them, or an unknown profile.
    """
    start = profiles.load(profile)
    found = trial(workspace, votes_file)
    labels = found.evidence.labels
    has_gold = found.gold >= 0
    wrong = found.gold[has_gold] != labels[has_gold]
    if has_gold.sum() < 2 * max(sizes) or not wrong.any():
        raise InputError(
            f"The votes give {int(has_gold.sum())} gold rows, too few to play a review.",
            "Give the votes file that belongs to this dataset.",
        )
    points = [_standing(workspace, found)]
    reliability: list[NDArray[np.float64]] = []
    rounds = seeds * n_reviews(sizes) + 2
    with progress.task("Playing the reviewer", rounds, "rounds") as advance:
        scored: dict[tuple[str, str, int], list[tuple[float, ...]]] = {}
        for seed in range(seeds):
            for how, reviewer, drawn, verdicts in reviews(found, sizes, seed, start.prior):
                learned = learn(found.evidence, verdicts, start.prior)
                scored.setdefault((how, reviewer, len(drawn)), []).append(
                    (*_score(found, learned, drawn), *_softness(found, learned, drawn))
                )
                if (how, reviewer, len(drawn)) == ("random", "majority", 500):
                    reliability.append(_suggestions(found, learned.belief, drawn))
                advance(1)
        for (how, reviewer, n), values in scored.items():
            points.append(_point(how, reviewer, n, values))
        halves = []
        for parity in (0, 1):
            halves.append(_half(found, parity))
            advance(1)
    return ReviewLoop(
        n_gold=int(has_gold.sum()),
        given_accuracy=float(1 - wrong.mean()),
        profile=start.name,
        points=points,
        reliability=_bins(np.concatenate(reliability)) if reliability else [],
        halves=halves,
    )


def _point(how: str, reviewer: str, n: int, scores: list[tuple[float, ...]]) -> Point:
    """The mean of what `_score` and `_softness` say of each seed; NaN where they say nothing."""
    columns = np.array(scores, np.float64).T
    known = [column[~np.isnan(column)] for column in columns]
    average, label, suggestion, error, entropy, certain, right, follows = (
        float(column.mean()) if len(column) else None for column in known
    )
    return Point(
        how, reviewer, n, average or 0.0, label or 0.0, suggestion or 0.0, error or 0.0,
        float(columns[0].std()), entropy or 0.0, certain or 0.0, right, follows,
    )  # fmt: skip


def _rest(trial: Trial, reviewed: NDArray[np.int64]) -> NDArray[np.bool_]:
    rest = trial.gold >= 0
    rest[reviewed] = False
    return rest


def _score(
    trial: Trial, learned: Learned, reviewed: NDArray[np.int64]
) -> tuple[float, float, float, float]:
    """Average precision, label accuracy, suggestion accuracy, calibration error on the rest."""
    from sklearn.metrics import average_precision_score

    rest = _rest(trial, reviewed)
    labels, gold, believed = trial.evidence.labels[rest], trial.gold[rest], learned.belief[rest]
    wrong = gold != labels
    right = believed.argmax(axis=1) == gold
    others = believed.copy()
    np.put_along_axis(others, labels[:, None], -1.0, axis=1)
    bins = _bins(np.column_stack([believed.max(axis=1), right]))
    error = sum(b["images"] * abs(b["confidence"] - b["right"]) for b in bins) / len(labels)
    return (
        float(average_precision_score(wrong, -learned.quality[rest])),
        float(right.mean()),
        float((others.argmax(axis=1) == gold)[wrong].mean()),
        float(error),
    )


def _softness(
    trial: Trial, learned: Learned, reviewed: NDArray[np.int64]
) -> tuple[float, float, float, float]:
    """Cross-entropy to the votes, images held for certain, how many of them are, and trust."""
    shares = vote_shares(trial.votes)
    voted = ~np.isnan(shares[:, 0])
    voted[reviewed] = False
    said = np.log(np.maximum(learned.shares[voted], 1e-9))
    entropy = -float((shares[voted] * said).sum(axis=1).mean())
    certain = learned.belief.max(axis=1) >= 0.95
    known = certain & _rest(trial, reviewed)
    right = learned.belief[known].argmax(axis=1) == trial.gold[known]
    follows = [reviewer.follows for reviewer in learned.reviewers]
    return (
        entropy,
        float(certain.sum()),
        float(right.mean()) if known.any() else float("nan"),
        float(np.mean(follows)) if follows else float("nan"),
    )


def _suggestions(trial: Trial, belief: Probs, reviewed: NDArray[np.int64]) -> NDArray[np.float64]:
    """Confidence in the suggestion, and whether it is right, where there is one: [n, 2]."""
    rest = _rest(trial, reviewed)
    best = belief[rest].argmax(axis=1)
    differs = best != trial.evidence.labels[rest]
    right = best == trial.gold[rest]
    pairs: NDArray[np.float64] = np.column_stack([belief[rest].max(axis=1), right])[differs]
    return pairs


def _bins(pairs: NDArray[np.float64]) -> list[dict[str, float]]:
    """Confidence against share right in `BINS` bins of equal width; empty ones left out."""
    number = np.minimum((pairs[:, 0] * BINS).astype(int), BINS - 1)
    return [
        {
            "from": code / BINS,
            "confidence": float(pairs[number == code, 0].mean()),
            "right": float(pairs[number == code, 1].mean()),
            "images": int((number == code).sum()),
        }
        for code in np.unique(number)
    ]


def _standing(workspace: Workspace, trial: Trial) -> Point:
    """The audit as it stands in its table."""
    columns = [f"belief_{name}" for name in CLASSES]
    of_shares = [f"share_{name}" for name in CLASSES]
    table = workspace.audit([*columns, *of_shares, "label_quality"])
    belief = table[columns].to_numpy(np.float32)
    none = Coefficients.of_flat(np.zeros_like(UNINFORMED.mean.flat()))
    quality = table["label_quality"].to_numpy(np.float32)
    stands = Learned(quality, belief, belief, table[of_shares].to_numpy(np.float32), none, none)
    nobody = np.empty(0, np.int64)
    scores = _score(trial, stands, nobody)
    n = int(workspace.audit_summary()["n_verdicts"])
    return _point("the audit", "", n, [(*scores, *_softness(trial, stands, nobody))])


def _half(trial: Trial, parity: int) -> dict[str, float]:
    """A profile learnt from half of the votes, scored on the other half of the rows."""
    is_half = np.arange(len(trial.gold)) % 2 == parity
    answer = answers(trial.votes, "majority", np.random.default_rng(0))
    told = (answer >= 0) & (trial.votes.sum(axis=1) > 0) & is_half
    index = np.flatnonzero(told)
    verdicts = Verdicts(index, answer[index], np.ones(len(index)))
    taught = learn(trial.evidence, verdicts, to_keep=True)
    prior = profiles.prior_of(taught.coefficients, taught.of_shares, len(index))
    learned = learn(trial.evidence, Verdicts(), prior)
    average_precision, label, suggestion, _ = _score(trial, learned, np.flatnonzero(is_half))
    return {
        "verdicts": len(index),
        "average_precision": average_precision,
        "label_accuracy": label,
        "suggestion_accuracy": suggestion,
    }
