"""A classifier that is had in seconds: linear, on features that are there before any label.

The features are what the screen's image network saw, which knows no expressions, and histograms
of gradients (Dalal, Triggs 2005). Cross-fitted ridge regression on one-hot labels has a closed
form: the folds share one matrix of products, of which each leaves its own part out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.audit import folds, scores
from fercurate.audit.evidence import Evidence, Spaces, ranks

Features = NDArray[np.float32]
Labels = NDArray[np.int64]

GRADIENTS = 128
"""Principal components kept of the histograms of gradients."""

GRADIENT_SCALE = 0.7
"""Their size beside the image network's features; on FER2013 half or twice as much is alike."""

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridges that are tried, for each image trained on."""


@dataclass(frozen=True)
class Answer:
    """What the classifier says of N images that it was not fitted on.

    Attributes:
        logits: float32 [N, K], held out.
        margins: float32 [folds, N], mean logit margin of the given label over all ridges, from
            the strongest to the weakest; NaN for the images that a fold held out.
    """

    logits: Features
    margins: Features


@dataclass(frozen=True)
class View:
    """What fixed features say of N images: evidence as of networks.

    Attributes:
        evidence: Of the N images.
        neighbours: int64 [N, k], positions of the nearest images, copies left out; -1 for none.
        spaces: One space of all images: what they show was learnt from none of them.
    """

    evidence: Evidence
    neighbours: NDArray[np.int64]
    spaces: Spaces


FOLDS = 5
"""Folds where none are asked for; fewer where there are fewer distinct images."""


def view(
    components: Features,
    faces: NDArray[np.uint8],
    labels: Labels,
    groups: NDArray[np.int64],
    n_folds: int,
    seed: int,
    n_classes: int,
) -> View:
    """The evidence of fixed features.

    Args:
        components: float32 [N, C], what the screen's image network saw.
        faces: uint8 [N, 48, 48].
        labels: int64 [N], given labels.
        groups: int64 [N], images of one group are never on both sides of a fold.
        n_folds: Folds, at least 2 and at most as many as groups.
        seed: Of the folds.
        n_classes: K.
    """
    from fercurate.audit.crossfit import nearest

    seen = unit(components)
    shapes = principal(gradients(faces), GRADIENTS)
    both = np.hstack([seen, GRADIENT_SCALE * shapes])
    answer = cross_fit(both, labels, folds.assign(labels, groups, n_folds, seed), n_classes)
    neighbours, similarity = nearest(seen, groups)
    evidence = Evidence(
        scores.softmax(answer.logits),
        scores.neighbour_votes(neighbours, similarity, labels, n_classes),
        scores.area_under_margin(answer.margins),
        ranks(np.nanmean(similarity, axis=1)),
    )
    # heads hear the components themselves, so that the shapes alone are kept for them
    spaces = Spaces(shapes[None].astype(np.float16), np.zeros((1, len(labels)), np.int64))
    return View(evidence, neighbours, spaces)


def gradients(faces: NDArray[np.uint8]) -> Features:
    """Histograms of gradients, the mean of an image's and its mirror image's: float32 [N, 900].

    Args:
        faces: uint8 [N, 48, 48].
    """
    import cv2

    histograms = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)
    found = np.empty((len(faces), histograms.getDescriptorSize()), np.float32)
    for place, face in enumerate(faces):
        mirrored = np.ascontiguousarray(face[:, ::-1])
        found[place] = np.ravel(histograms.compute(face))
        found[place] += np.ravel(histograms.compute(mirrored))
    found /= 2
    return found


def principal(values: Features, n: int) -> Features:
    """The first `n` principal components, scaled together to a mean square length of 1.

    Args:
        values: float32 [N, D].

    Returns:
        float32 [N, min(n, D)].
    """
    centred = values - values.mean(axis=0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return unit(centred @ axes[:, ::-1][:, :n].astype(np.float32))


def unit(values: Features) -> Features:
    """The values centred, and scaled together so that rows have a mean square length of 1."""
    centred = values - values.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=1).mean())
    scaled: Features = (centred / max(float(size), 1e-9)).astype(np.float32)
    return scaled


def cross_fit(features: Features, labels: Labels, fold_of: Labels, n_classes: int) -> Answer:
    """Ridge regression on one-hot labels, each fold held out in turn.

    Of `STRENGTHS` the one with the least held-out error answers. The margins are taken over all
    of them while fitting: from a strong ridge to a weak one, a fit passes through what gradient
    descent passes through in time (Ali, Kolter, Tibshirani 2019, https://arxiv.org/abs/1810.10082),
    so that their mean stands for the area under the margin.

    Args:
        features: float32 [N, D].
        labels: int64 [N].
        fold_of: int64 [N], from 0.
        n_classes: K.
    """
    x = np.hstack([features, np.ones((len(features), 1), np.float32)])
    targets = np.eye(n_classes, dtype=np.float32)[labels]
    folds = int(fold_of.max()) + 1
    parts = [np.flatnonzero(fold_of == fold) for fold in range(folds)]
    products = [(x[part].T @ x[part]).astype(np.float64) for part in parts]
    answers = [(x[part].T @ targets[part]).astype(np.float64) for part in parts]
    product, answer = sum(products), sum(answers)
    held_out = np.zeros((len(STRENGTHS), len(labels), n_classes), np.float32)
    margins = np.zeros((folds, len(labels)), np.float32)
    for fold, part in enumerate(parts):
        n = len(labels) - len(part)
        for place, strength in enumerate(STRENGTHS):
            ridge = np.full(x.shape[1], strength * n)
            ridge[-1] = 1e-6 * n  # the constant is free
            weights = np.linalg.solve(
                product - products[fold] + np.diag(ridge), answer - answers[fold]
            )
            said = x @ weights.astype(np.float32)
            held_out[place, part] = said[part]
            margins[fold] += logit_margin(said, labels) / len(STRENGTHS)
        margins[fold, part] = np.nan
    error = ((held_out - targets) ** 2).sum(axis=(1, 2))
    best = held_out[int(error.argmin())]
    return Answer(best * np.float32(sharpness(best, labels)), margins)


def logit_margin(logits: Features, labels: Labels) -> NDArray[np.float32]:
    """Logit of the given label minus the largest other one: float32 [N]."""
    others = logits.copy()
    np.put_along_axis(others, labels[:, None], -np.inf, axis=1)
    margin: NDArray[np.float32] = scores.self_confidence(logits, labels) - others.max(axis=1)
    return margin


def sharpness(values: Features, labels: Labels) -> float:
    """What to multiply the values with, so that softmax makes the likeliest probabilities.

    One over the temperature (Guo et al. 2017, https://arxiv.org/abs/1706.04599), 0.1 to 100.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_factor: float) -> float:
        probs = scores.softmax(values * np.float32(np.exp(log_factor)))
        return -float(np.log(np.maximum(scores.self_confidence(probs, labels), 1e-9)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.1), np.log(100)), method="bounded")
    return float(np.exp(found.x))
