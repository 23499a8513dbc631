"""From verdicts to what is believed of every image: heads and confusions, learnt in turn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fercurate.rerank import order
from fercurate.rerank.choice import (
    UNINFORMED,
    Coefficients,
    Matrix,
    Prior,
    Probs,
    fit,
    probabilities,
    shared_features,
)
from fercurate.rerank.heads import Cell, Heads
from fercurate.rerank.reviewers import Reviewer, Trust, first_trust, refined
from fercurate.soft import at_most

ROUNDS = ((50, 0), (200, 1), (500, 2))
"""Turns of believing and refitting the heads, for fewer images with a verdict than so many; each
turn makes belief surer of itself, and few verdicts cannot hold it (reports/record/
fer2013-review-loop/settings.md)."""

MOST_ROUNDS = 4
"""Turns from 500 images on; more gain less than 0.001 each on FER2013."""

STEPS = 3
"""Fits of the coefficients in a turn, the trust in each verdict told anew between them."""

FEW = 100
"""Images with a verdict under which no belief reaches `MODEST`."""

MODEST = 0.949


@dataclass(frozen=True)
class Evidence:
    """What is known of N audited images before any verdict.

    Attributes:
        labels: int64 [N], given labels.
        start: float32 [N, K], probabilities from the picture, the annotators' confusions taken
            out as far as they can be estimated: where learning starts.
        transition: float64 [K, K], P(given | true) as confident learning estimates it.
        margins: float32 [N], area under the margin, standardised.
        quality: float32 [N], label quality without a verdict, 0 to 1, low = bad.
        repeats: The networks' embeddings, a list of cells for each repeat of the cross-fitting.
    """

    labels: NDArray[np.int64]
    start: Probs
    transition: Matrix
    margins: NDArray[np.float32]
    quality: NDArray[np.float32]
    repeats: list[list[Cell]]


@dataclass(frozen=True)
class Verdicts:
    """What reviewers settled, n verdicts; an image that two have seen has two.

    Attributes:
        index: int64 [n], positions of the images.
        truth: int64 [n], the class; -1 for "ambiguous".
        weight: float64 [n], how much each counts in the coefficients.
        who: int64 [n], place of the reviewer in `names`; left out: one gave them all.
        names: Of the reviewers.
    """

    index: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    truth: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    weight: Matrix = field(default_factory=lambda: np.empty(0))
    who: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    names: tuple[str, ...] = ("the reviewer",)

    def __post_init__(self) -> None:
        if not len(self.who):
            object.__setattr__(self, "who", np.zeros(len(self.index), np.int64))
        if not len(self.index) == len(self.truth) == len(self.weight) == len(self.who):
            raise ValueError("verdicts of different lengths")

    @property
    def n_images(self) -> int:
        return len(np.unique(self.index))

    def of_class(self) -> Verdicts:
        """Those that name a class."""
        return self.some(self.truth >= 0)

    def some(self, which: NDArray[np.bool_]) -> Verdicts:
        return Verdicts(
            self.index[which], self.truth[which], self.weight[which], self.who[which], self.names
        )


@dataclass(frozen=True)
class Learned:
    """What follows from the verdicts.

    Attributes:
        quality: float32 [N], label quality, 0 to 1, low = bad; no probability.
        belief: float32 [N, K], P(true class | image, its given label).
        picture: float32 [N, K], P(true class | image), its own label left out.
        shares: float32 [N, K], what share of people would name each class: softer than the
            belief where people differ.
        coefficients: What the belief was made with; `of_shares` what the shares were.
        reviewers: What each reviewer's verdicts are worth.
        n_images: Images whose verdicts taught it, those behind a profile among them.
    """

    quality: NDArray[np.float32]
    belief: Probs
    picture: Probs
    shares: Probs
    coefficients: Coefficients
    of_shares: Coefficients
    reviewers: tuple[Reviewer, ...] = ()
    n_images: int = 0


def learn(
    evidence: Evidence,
    verdicts: Verdicts,
    prior: Prior = UNINFORMED,
    rounds: int | None = None,
    *,
    to_keep: bool = False,
) -> Learned:
    """Learn from verdicts what every label is worth.

    In turn, the coefficients are fitted to the verdicts, and the heads to the labels as they
    are then believed to be (self-training, a form of expectation-maximisation). Each verdict
    counts as much as it is likely to follow its picture (`reviewers`). The belief of an image
    with a verdict is still the model's, so that the two can be compared.

    Without a verdict the prior alone says what a label is worth.

    Args:
        evidence: Of N images.
        verdicts: On some of them.
        prior: Where the coefficients start.
        rounds: Turns; None for as many as the verdicts can hold.
        to_keep: The coefficients are wanted for images without verdicts, as a profile: the
            verdicts then teach them alone and not the heads.
    """
    from threadpoolctl import threadpool_limits

    # the matrices are too small to share: with a thread a core this takes six times as long
    with threadpool_limits(1, user_api="blas"):
        return _learn(evidence, verdicts, prior, rounds, to_keep=to_keep)


def rounds_for(n_images: int) -> int:
    """Turns that verdicts on so many images can hold."""
    return next((turns for below, turns in ROUNDS if n_images < below), MOST_ROUNDS)


def _learn(
    evidence: Evidence, verdicts: Verdicts, prior: Prior, rounds: int | None, *, to_keep: bool
) -> Learned:
    picture, labels = evidence.start, evidence.labels
    heads = Heads(evidence.repeats, picture.shape[1])
    named = verdicts.of_class()
    seen = named.index

    def features_of(picture: Probs) -> Probs:
        return shared_features(picture, labels, evidence.transition, evidence.margins)

    features = features_of(picture)
    coefficients = prior.mean
    trust, reviewers = first_trust(
        probabilities(features[seen], labels[seen], coefficients),
        named.truth, named.who, named.names,
    )  # fmt: skip
    n_images = named.some(trust.each > 0).n_images
    n_known = n_images + prior.n_verdicts
    rounds = rounds_for(n_known) if rounds is None else rounds
    for turn in range(rounds + 1):
        for _ in range(STEPS if len(seen) else 0):
            weight = named.weight * trust.each
            coefficients = fit(features[seen], labels[seen], trust.targets, weight, prior)
            now = probabilities(features[seen], labels[seen], coefficients)
            trust = refined(trust, now)
        belief = probabilities(features, labels, coefficients)
        if turn < rounds:
            picture = heads.refit(belief if to_keep else _targets(belief, seen, trust))
            features = features_of(picture)
    of_shares = _of_shares(features, labels, belief, verdicts, trust, prior)
    own = belief[np.arange(len(labels)), labels]
    return Learned(
        order.both(own, evidence.quality, n_known),
        modest(belief, n_known),
        picture,
        modest(probabilities(features, labels, of_shares), n_known),
        coefficients,
        of_shares,
        reviewers if len(seen) else (),
        n_known,
    )


def _targets(belief: Probs, seen: NDArray[np.int64], trust: Trust) -> Probs:
    """What the heads learn: the belief, and the verdicts as far as they are trusted."""
    targets: Probs = belief.copy()
    count = np.bincount(seen, minlength=len(belief))
    share = (trust.each / count[seen])[:, None].astype(np.float32)
    np.add.at(targets, seen, share * (trust.targets - belief[seen]))
    return targets


def _of_shares(
    features: Probs,
    labels: NDArray[np.int64],
    belief: Probs,
    verdicts: Verdicts,
    trust: Trust,
    prior: Prior,
) -> Coefficients:
    """Coefficients of what people would answer: no verdict is taken for a slip here.

    Somebody's single answer is a draw from all that people would say, and "ambiguous" says that
    they would differ. Reviewers of whom nothing can be learned are left out.
    """
    told = verdicts.truth >= 0
    weight = verdicts.weight.copy()
    weight[told] *= trust.each > 0
    targets = np.zeros((len(told), belief.shape[1]), np.float32)
    targets[told] = trust.targets
    for place in np.flatnonzero(~told):
        targets[place] = at_most(belief[verdicts.index[place]])
    chosen = verdicts.index
    start = replace(prior, mean=prior.of_shares or prior.mean)
    return fit(features[chosen], labels[chosen], targets, weight, start)


def modest(belief: Probs, n_images: int) -> Probs:
    """The belief, no surer than verdicts on so many images allow: float32 [N, K], same order.

    Of n answers that never failed one knows that they fail less often than 3 / n (rule of
    three, Hanley and Lippman-Hand 1983), and below `FEW` nothing is as good as certain.
    """
    k = belief.shape[1]
    most = MODEST if n_images < FEW else 1 - 3 / n_images
    share = np.float32((1 - most) / (1 - 1 / k))
    mixed: Probs = ((1 - share) * belief + share / k).astype(np.float32)
    return mixed
