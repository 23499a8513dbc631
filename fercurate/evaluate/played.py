"""A review that FER+ votes play: which images come up, and what the votes answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fercurate.evaluate.audit_scores import read_votes
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS, INDEX, N_CLASSES
from fercurate.rerank import known, sampling
from fercurate.rerank.choice import Prior
from fercurate.rerank.learn import Verdicts, learn
from fercurate.rerank.verdicts import weigh
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from fercurate.rerank.learn import Evidence

Reviewer = Literal[
    "majority", "random", "slips", "always neutral", "sad called neutral", "inverted"
]
"""What is answered: the majority of the votes, or one drawn at random; the majority with 30 % of
slips to any other class; one class whatever comes; two classes as one; other classes altogether."""

REVIEWERS: tuple[Reviewer, ...] = ("majority", "random")
CARELESS: tuple[Reviewer, ...] = ("slips", "always neutral", "sad called neutral", "inverted")

SLIPS = 0.3
"""Share of answers that slip."""

CARELESS_SIZES = (5, 20, 100, 500)
"""Numbers of verdicts at which the careless are played."""

SMALLEST_SAMPLE = 100
"""Fewer verdicts are the first of a sample of so many."""

AFTER_RANDOM, FROM_THE_QUEUE = 200, (100, 300)
"""Then the queue: this many random verdicts, and so many of the worst ranked after them."""


@dataclass(frozen=True)
class Trial:
    """One audited dataset with votes: all arrays over its N audited images."""

    evidence: Evidence
    frame: pd.DataFrame
    """The images that can be drawn: those with votes."""
    sample_ids: NDArray[np.object_]
    votes: NDArray[np.int64]
    gold: NDArray[np.int64]


def trial(workspace: Workspace, votes_file: Path | None) -> Trial:
    """What the audit left, the votes on its images, and which of them can be drawn."""
    found = known.load(workspace)
    manifest = workspace.manifest(["row", "sample_id", "sha256", "duplicate_group", "label"])
    manifest = manifest.iloc[found.rows].reset_index(drop=True)
    votes = read_votes(workspace, votes_file)[found.rows]
    beliefs = [f"belief_{name}" for name in CLASSES]
    audit = workspace.audit(["label_quality", *beliefs])
    quality = audit["label_quality"].to_numpy(np.float64)
    believed = audit[beliefs].to_numpy().argmax(axis=1)
    has_votes = votes.sum(axis=1) > 0
    frame = sampling.frame_of(manifest[has_votes], quality[has_votes], 0, believed[has_votes])
    return Trial(
        found.evidence(known.general_features(workspace, found.rows)),
        frame,
        manifest["sample_id"].to_numpy(object),
        votes,
        gold_classes(votes),
    )


def answers(
    votes: NDArray[np.int64], reviewer: Reviewer, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The class that the votes on each image answer, int64 [n]; -1 where it is none of ours.

    Args:
        votes: int64 [n, 10], columns as in `FERPLUS_COLUMNS`.
        reviewer: The majority (the first of equals), or one vote drawn at random.
        rng: For the draw.
    """
    if reviewer != "random":
        column = votes.argmax(axis=1)
    else:
        shares = votes.cumsum(axis=1) / np.maximum(votes.sum(axis=1, keepdims=True), 1)
        drawn = (rng.random((len(votes), 1)) > shares).sum(axis=1)
        column = np.minimum(drawn, votes.shape[1] - 1)  # an image without votes is never asked
    class_of = np.full(len(FERPLUS_COLUMNS), -1, np.int64)
    for name in CLASSES:
        class_of[FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name])] = INDEX[name]
    answered: NDArray[np.int64] = class_of[column]
    return _carelessly(answered, reviewer, rng)


def _carelessly(
    answered: NDArray[np.int64], reviewer: Reviewer, rng: np.random.Generator
) -> NDArray[np.int64]:
    """What becomes of good answers, int64 [n]; as they are where the reviewer is careful."""
    n, told = len(answered), answered >= 0
    if reviewer == "slips":
        slipped = told & (rng.random(n) < SLIPS)
        other = (answered + rng.integers(1, N_CLASSES, n)) % N_CLASSES
        return np.where(slipped, other, answered)
    if reviewer == "always neutral":
        return np.full(n, INDEX["neutral"], np.int64)
    if reviewer == "sad called neutral":
        return np.where(answered == INDEX["sad"], INDEX["neutral"], answered)
    if reviewer == "inverted":
        return np.where(told, (answered + N_CLASSES // 2) % N_CLASSES, answered)
    return answered


Review = tuple[str, str, NDArray[np.int64], Verdicts]


def n_reviews(sizes: tuple[int, ...]) -> int:
    """How many reviews one seed has."""
    careless = len(set(CARELESS_SIZES) & set(sizes))
    return len(REVIEWERS) * len(sizes) + len(CARELESS) * careless + 2 * len(FROM_THE_QUEUE)


def reviews(trial: Trial, sizes: tuple[int, ...], seed: int, prior: Prior) -> Iterator[Review]:
    """All reviews of one seed: how, by whom, the images reviewed, the verdicts to learn from."""
    rng = np.random.default_rng(seed)
    place = {name: i for i, name in enumerate(trial.sample_ids)}
    frame = trial.frame.assign(
        random=sampling.random_numbers(trial.frame["sample_id"].tolist(), seed)
    )
    of_reviewer = {who: answers(trial.votes, who, rng) for who in (*REVIEWERS, *CARELESS)}
    open_to_draw = np.array([place[name] for name in frame["sample_id"]])
    drawn: pd.DataFrame | None = None
    for n in sizes:
        drawn = sampling.draw(frame, drawn, max(n, SMALLEST_SAMPLE), seed)
        chosen = np.array([place[name] for name in drawn["sample_id"][:n]])
        for reviewer in (*REVIEWERS, *(CARELESS if n in CARELESS_SIZES else ())):
            yield (
                "random", reviewer, chosen,
                _verdicts(trial, chosen, len(chosen), of_reviewer[reviewer], frame),
            )  # fmt: skip
    majority = of_reviewer["majority"]
    first = np.array(
        [place[n] for n in sampling.draw(frame, None, AFTER_RANDOM, seed)["sample_id"]]
    )
    learnt = _verdicts(trial, first, len(first), majority, frame)
    ranked = learn(trial.evidence, learnt, prior).quality
    for n in FROM_THE_QUEUE:
        both = np.concatenate([first, _worst(ranked, np.setdiff1d(open_to_draw, first), n)])
        yield (
            "random, then queue", "majority", both,
            _verdicts(trial, both, len(first), majority, frame),
        )  # fmt: skip
    untaught = learn(trial.evidence, Verdicts(), prior).quality
    for n in FROM_THE_QUEUE:
        top = _worst(untaught, open_to_draw, n)
        yield "queue alone", "majority", top, _verdicts(trial, top, 0, majority, None)


def _worst(quality: NDArray[np.float32], among: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    worst: NDArray[np.int64] = among[np.argsort(quality[among], kind="stable")[:n]]
    return worst


def _verdicts(
    trial: Trial,
    chosen: NDArray[np.int64],
    n_blind: int,
    answer: NDArray[np.int64],
    frame: pd.DataFrame | None,
) -> Verdicts:
    """Verdicts on `chosen`, the first `n_blind` of them on random images."""
    weight = weigh(trial.sample_ids[chosen].tolist(), np.arange(len(chosen)) < n_blind, frame)
    told = answer[chosen] >= 0
    return Verdicts(chosen[told], answer[chosen][told], weight[told])
