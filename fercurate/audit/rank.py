"""From scores to a decision: one quality, a verdict, a suggestion and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fercurate.audit import confident, noise, scores
from fercurate.audit.evidence import Evidence
from fercurate.audit.noise import NoiseModel
from fercurate.rerank.order import logit, squashed, standardised

Probs = NDArray[np.float32]
Labels = NDArray[np.int64]

NEIGHBOUR_SHARE = 0.4
"""Weight of the neighbours' votes against the network's own probabilities."""

STEPS = 1
"""Steps of the deconvolution under the estimated noise model: it deserves little trust. Chosen
on FER+ votes; one step more costs about 0.01."""

OTHERS_SHARE = 0.5
"""Weight of the scores that know no noise model on a small dataset, where the estimate of the model
is rough: the average precision on the embedded sample gains 0.09."""

SMALL = 5000
"""Images by which that weight has halved: on FER2013's 28,709 the full one costs 0.005 to 0.03."""

LEAST = 1e-4
"""Probability that none of several opinions may go under: it would silence the others."""

VERDICTS = ("mislabeled", "ambiguous", "outlier", "ok")

CLEARLY = 0.15
"""How much likelier than its rival a class must be to count as clearly better."""

TYPICAL = 0.02
"""Share of the images that are farthest from their neighbours; an outlier is among them."""

UNSURE = 0.5
"""Largest probability under which no class fits an image that is far from all others."""


@dataclass(frozen=True)
class Ranking:
    """What follows from the evidence, over N audited images.

    Attributes:
        quality: float32 [N], 0..1, low = the label is probably wrong.
        belief: float32 [N, K], probability of each class, the given label and the
            dataset's confusions taken into account.
        joint: int64 [K, K], confident joint, given class by true class, in images.
        is_issue: bool [N].
        shares: float32 [N, K], what share of people would name each class; None for the belief.
    """

    quality: NDArray[np.float32]
    belief: Probs
    joint: NDArray[np.int64]
    is_issue: NDArray[np.bool_]
    shares: Probs | None = None


def rank(evidence: Evidence, labels: Labels, heads: Probs | None = None) -> Ranking:
    """Order the images by how probable it is that their label is right, nobody having looked.

    Classes differ in how often their labels are wrong, and by far: what a network says of
    an image has to be weighed with that. cleanlab's confident joint estimates it from the
    cross-fitting itself; on a small dataset the estimate is rough, so that the other scores
    are heard as well.

    The joint, computed on what is believed of the images apart from their own labels, also
    says how many labels are wrong; the ranking says which. Where there are two views, each
    counts for itself: together they are surer than either, and would count fewer.

    The heads, which unlearnt the confusions, know better what an image shows instead, and hardly
    better whether its label is wrong: they are heard in the belief and not in the quality.

    Args:
        evidence: Of N images.
        labels: int64 [N], given labels.
        heads: float32 [N, K], what learnt heads believe without a verdict, or None.
    """
    model, apart = apart_from_labels(evidence, labels)
    belief = noise.posterior(apart, labels, model)
    quality = hear_the_others(scores.self_confidence(belief, labels), evidence, labels)
    counted = [_count(view, labels) for view in evidence.views()]
    joint = np.rint(np.mean([joint for joint, _ in counted], axis=0)).astype(np.int64)
    is_issue = confident.worst(quality, round(float(np.mean([n for _, n in counted]))))
    if heads is not None:
        belief = agreed([belief, heads])
    return Ranking(quality, belief, joint, is_issue)


def apart_from_labels(evidence: Evidence, labels: Labels) -> tuple[NoiseModel, Probs]:
    """The confusions, and P(true class | image) with them taken out: float32 [N, K]."""
    model = estimated_noise(evidence, labels)
    return model, noise.true_probs(mixed(evidence), model, STEPS)


def _count(view: Evidence, labels: Labels) -> tuple[NDArray[np.int64], int]:
    """The joint of one view alone, and how many labels it holds for wrong."""
    _, apart = apart_from_labels(replace(view, beside=None), labels)
    joint = confident.confident_joint(labels, apart)
    return joint, confident.count_issues(labels, apart, joint)


def mixed(evidence: Evidence) -> Probs:
    """Probabilities of the given labels, the neighbours' votes heard: float32 [N, K]."""
    views = evidence.views()
    probs = agreed([view.probs for view in views])
    votes = np.mean([view.votes for view in views], axis=0)
    both: Probs = ((1 - NEIGHBOUR_SHARE) * probs + NEIGHBOUR_SHARE * votes).astype(np.float32)
    return both


def agreed(opinions: list[Probs]) -> Probs:
    """The mean of opinions in logits (a logarithmic pool, Genest and Zidek 1986).

    Args:
        opinions: float32 [N, K] each, rows sum to 1.

    Returns:
        float32 [N, K], rows sum to 1; a single opinion as it is.
    """
    if len(opinions) == 1:
        return opinions[0]
    logs = np.mean([np.log(np.clip(probs, LEAST, 1)) for probs in opinions], axis=0)
    return scores.softmax(logs)


def estimated_noise(evidence: Evidence, labels: Labels) -> NoiseModel:
    """The annotators' confusions as confident learning estimates them."""
    return noise.from_counts(confident.confident_joint(labels, mixed(evidence)).T)


def of_belief(
    quality: NDArray[np.float32], belief: Probs, picture: Probs, shares: Probs, labels: Labels
) -> Ranking:
    """The ranking where verdicts, or a profile, taught what to believe.

    The belief is calibrated: a label is an issue where another class is more probable.

    Args:
        quality: float32 [N], the order, see `rerank.order`.
        belief: float32 [N, K], P(true class | image, its given label).
        picture: float32 [N, K], P(true class | image).
        shares: float32 [N, K], see `Ranking`.
        labels: int64 [N], given labels.
    """
    return Ranking(
        quality=quality,
        belief=belief,
        joint=confident.confident_joint(labels, picture),
        is_issue=belief.argmax(axis=1) != labels,
        shares=shares,
    )


def hear_the_others(
    posterior: NDArray[np.float32], evidence: Evidence, labels: Labels
) -> NDArray[np.float32]:
    """The posterior joined by three opinions that know no noise model: float32 [N], 0..1.

    Held-out margin, area under the margin and the neighbours' margin, each evened out, are
    added to the posterior's logit, the less the more images there are; the sum is squashed, so
    that it is no probability.
    """
    others = np.mean([_margins(view, labels) for view in evidence.views()], axis=0)
    share = OTHERS_SHARE * SMALL / (SMALL + len(labels))
    total = standardised(logit(posterior)) + share * standardised(others)
    return squashed(total)


def _margins(view: Evidence, labels: Labels) -> NDArray[np.float32]:
    """The three of one view, each evened out, added up: float32 [N]."""
    return (
        standardised(scores.normalized_margin(view.probs, labels))
        + standardised(view.margins)
        + 0.5 * standardised(scores.normalized_margin(view.votes, labels))
    )


def suggest(ranking: Ranking, labels: Labels) -> tuple[Labels, NDArray[np.float32]]:
    """The class to put in place of each label, and how probable it is that it is the true one.

    An image without an issue keeps its label.

    Returns:
        int64 [N] classes and float32 [N] confidences, 0..1.
    """
    others = ranking.belief.copy()
    np.put_along_axis(others, labels[:, None], -1.0, axis=1)
    suggested = np.where(ranking.is_issue, others.argmax(axis=1), labels)
    return suggested, scores.self_confidence(ranking.belief, suggested)


def verdicts(ranking: Ranking, evidence: Evidence, labels: Labels) -> NDArray[np.str_]:
    """One of `VERDICTS` for each image.

    outlier: far from every other image and no class fits, whatever its label; ambiguous: a
    label issue for which two other classes are about equally likely; mislabeled: one class
    is clearly better; ok: the rest.
    """
    first_two = np.sort(evidence.probs, axis=1)[:, ::-1][:, :2]
    outlier = (evidence.typicality < TYPICAL) & (first_two[:, 0] < UNSURE)
    others = ranking.belief.copy()
    np.put_along_axis(others, labels[:, None], 0.0, axis=1)
    others /= np.maximum(others.sum(axis=1, keepdims=True), 1e-9)
    clearly = others.max(axis=1) >= 0.5 + CLEARLY / 2
    return np.select(
        [outlier, ranking.is_issue & clearly, ranking.is_issue],
        ["outlier", "mislabeled", "ambiguous"],
        "ok",
    )


def confident_neighbours(
    neighbours: NDArray[np.int64], ranking: Ranking, labels: Labels, keep: int = 5
) -> list[list[int]]:
    """The nearest images whose own label is sound, nearest first: at most `keep` positions.

    Args:
        neighbours: int64 [N, k], nearest first, -1 for none.
        ranking: Tells which labels are sound: no issue, and above the median quality of
            their class.
        labels: int64 [N].
        keep: Neighbours an image.
    """
    median = np.array(
        [
            np.median(ranking.quality[labels == c]) if (labels == c).any() else 0.0
            for c in range(ranking.belief.shape[1])
        ]
    )
    sound = ~ranking.is_issue & (ranking.quality >= median[labels])
    usable = (neighbours >= 0) & sound[neighbours]
    return [row[good][:keep].tolist() for row, good in zip(neighbours, usable, strict=True)]
