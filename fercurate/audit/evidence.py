"""What the folds of all repeats say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.audit import scores
from fercurate.labels import N_CLASSES

if TYPE_CHECKING:
    from fercurate.audit.crossfit import HeldOut

Probs = NDArray[np.float32]


@dataclass(frozen=True)
class Evidence:
    """What the cross-fitting says, over N audited images.

    Attributes:
        probs: float32 [N, K], out-of-sample probabilities of the given labels.
        votes: float32 [N, K], classes of the nearest neighbours.
        margins: float32 [N], area under the margin.
        typicality: float32 [N], nearness to the neighbours as a rank, 0..1, low = far.
        beside: The same from features that no label was needed for (`fixed`), where the networks'
            evidence is not all there is.
    """

    probs: Probs
    votes: Probs
    margins: NDArray[np.float32]
    typicality: NDArray[np.float32]
    beside: Evidence | None = None

    def views(self) -> list[Evidence]:
        """This evidence and what stands beside it."""
        return [self] if self.beside is None else [self, self.beside]


@dataclass(frozen=True)
class Spaces:
    """Where the images lie, for heads to learn in.

    Attributes:
        embeddings: float16 [R, N, D].
        folds: int64 [R, N]; only images of one number lie in one space.
    """

    embeddings: NDArray[np.float16]
    folds: NDArray[np.int64]


def gather(
    repeats: list[list[HeldOut]], labels: NDArray[np.int64]
) -> tuple[Evidence, NDArray[np.int64]]:
    """Average what the folds of all repeats say.

    Returns:
        The evidence, and int64 [N, k] neighbours after the first repeat.
    """
    n = len(labels)
    probs, votes = (np.zeros((n, N_CLASSES), np.float32) for _ in range(2))
    typicality = np.zeros(n, np.float32)
    for repeat in repeats:
        for fold in repeat:
            probs[fold.index] += scores.softmax(fold.logits) / len(repeats)
            votes[fold.index] += scores.neighbour_votes(
                fold.neighbours, fold.similarity, labels, N_CLASSES
            ) / len(repeats)
            typicality[fold.index] += ranks(np.nanmean(fold.similarity, axis=1)) / len(repeats)
    margins = np.stack([fold.margins for repeat in repeats for fold in repeat])
    neighbours = np.full((n, repeats[0][0].neighbours.shape[1]), -1, np.int64)
    for fold in repeats[0]:
        neighbours[fold.index] = fold.neighbours
    return Evidence(probs, votes, scores.area_under_margin(margins), typicality), neighbours


def own_spaces(repeats: list[list[HeldOut]], n: int) -> Spaces:
    """Each of `n` images in the embedding of the network that held it out."""
    width = repeats[0][0].embeddings.shape[1]
    embeddings = np.zeros((len(repeats), n, width), np.float16)
    folds = np.zeros((len(repeats), n), np.int64)
    for r, repeat in enumerate(repeats):
        for number, fold in enumerate(repeat):
            embeddings[r, fold.index] = fold.embeddings
            folds[r, fold.index] = number
    return Spaces(embeddings, folds)


def ranks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ranks from 0 to 1; the embeddings of two networks compare in nothing else."""
    order: NDArray[np.float32] = np.empty(len(values), np.float32)
    order[np.argsort(values, kind="stable")] = np.linspace(0, 1, len(values), dtype=np.float32)
    return order
