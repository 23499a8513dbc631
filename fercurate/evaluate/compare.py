"""Whether one training set beats another: paired differences and their bootstrap interval.

Two things vary: which images happen to be in the split that scores, and the seeds of the
training runs. Both are drawn again, with replacement and independently of each other (Owen,
"The pigeonhole bootstrap", 2007, https://arxiv.org/abs/0712.1111). All arms see the same
drawn images and the same drawn seeds, so that a difference is taken within each draw. Copies
of one image are drawn together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import N_CLASSES

DRAWS = 10_000
COVERAGE = 0.95
_BLOCK = 500

Predictions = Mapping[str, NDArray[np.int64]]
"""For each arm int64 [seeds, n], the predicted class of each row, 0..6. All arms have the same
seeds, in the same order."""


@dataclass(frozen=True)
class Interval:
    """A figure and where it lies with 95 % confidence; shares of 1.

    Attributes:
        value: Mean over seeds.
        low, high: Quantiles of the bootstrap.
        by_seed: The figure of each seed.
    """

    value: float
    low: float
    high: float
    by_seed: tuple[float, ...]

    @property
    def sd(self) -> float:
        """Standard deviation over the seeds (n - 1); NaN with fewer than two."""
        return float(np.std(self.by_seed, ddof=1)) if len(self.by_seed) > 1 else float("nan")

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class ArmScores:
    """Two measures against one kind of truth.

    Attributes:
        n: Rows that have a true class.
        n_clusters: Images among them, copies counted once.
        accuracy, balanced: For each arm. Balanced: the mean recall of the classes.
        accuracy_gain, balanced_gain: For each pair (arm, against).
    """

    n: int
    n_clusters: int
    accuracy: dict[str, Interval]
    balanced: dict[str, Interval]
    accuracy_gain: dict[tuple[str, str], Interval]
    balanced_gain: dict[tuple[str, str], Interval]


def score(
    predictions: Predictions,
    truth: NDArray[np.int64],
    cluster: NDArray[np.int64],
    pairs: Sequence[tuple[str, str]],
    draws: int = DRAWS,
    seed: int = 0,
) -> ArmScores:
    """Score all arms on the rows whose true class is known.

    Args:
        predictions: For each arm int64 [seeds, n].
        truth: int64 [n], 0..6; -1 where it is not known.
        cluster: int64 [n]; rows with the same number are copies, a negative number stands
            alone.
        pairs: (arm, against): the difference is arm minus against.
        draws: Bootstrap samples.
        seed: Same seed, same intervals.

    Raises:
        ValueError: no row has a true class, or lengths or numbers of seeds differ.
    """
    known = truth >= 0
    shapes = {p.shape for p in predictions.values()}
    if not known.any() or len(shapes) != 1 or next(iter(shapes))[1] != len(truth):
        raise ValueError("nothing to score, or predictions of other rows or numbers of seeds")
    names = list(predictions)
    n_seeds = next(iter(shapes))[0]
    right = np.concatenate([predictions[name][:, known] == truth[known] for name in names])
    groups = number_clusters(cluster[known])
    n_clusters = int(groups.max()) + 1
    hits, sizes = _by_class(right, truth[known], groups, n_clusters)
    rng = np.random.default_rng(seed)
    drawn_seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), draws) / n_seeds
    drawn = [_figures(rows, hits, sizes) for rows in _draws(n_clusters, draws, rng)]
    observed = _figures(np.ones((1, n_clusters), np.float32), hits, sizes)
    found: list[dict[str, Interval]] = []
    gains: list[dict[tuple[str, str], Interval]] = []
    for measure in range(2):
        by_seed = dict(zip(names, np.split(observed[measure][0], len(names)), strict=True))
        whole = np.concatenate([block[measure] for block in drawn])
        parts = np.split(whole, len(names), axis=1)
        means = {
            name: (part * drawn_seeds).sum(axis=1) for name, part in zip(names, parts, strict=True)
        }
        found.append({name: _interval(by_seed[name], means[name]) for name in names})
        gains.append(
            {
                (arm, other): _interval(by_seed[arm] - by_seed[other], means[arm] - means[other])
                for arm, other in pairs
            }
        )
    return ArmScores(int(known.sum()), n_clusters, found[0], found[1], gains[0], gains[1])


def number_clusters(cluster: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... for each set of copies; a row with a negative number is one of its own."""
    alone = cluster < 0
    own = np.where(alone, -1 - np.arange(len(cluster)), cluster)
    numbered: NDArray[np.int64] = np.unique(own, return_inverse=True)[1].astype(np.int64)
    return numbered


def _by_class(
    right: NDArray[np.bool_], truth: NDArray[np.int64], groups: NDArray[np.int64], n_clusters: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Right answers float32 [clusters, runs, 7] and rows [clusters, 7], by true class."""
    hits = np.zeros((n_clusters, len(right), N_CLASSES), np.float32)
    sizes = np.zeros((n_clusters, N_CLASSES), np.float32)
    np.add.at(sizes, (groups, truth), 1)
    for run, of_run in enumerate(right):
        np.add.at(hits[:, run], (groups[of_run], truth[of_run]), 1)
    return hits, sizes


def _draws(n: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """How often each of n clusters is drawn, float32 [block, n] a block."""
    for begin, end in itertools.pairwise([*range(0, draws, _BLOCK), draws]):
        rows = end - begin
        flat = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        counts = np.bincount(flat.ravel(), minlength=rows * n).reshape(rows, n)
        yield counts.astype(np.float32)


def _figures(
    drawn: NDArray[np.float32], hits: NDArray[np.float32], sizes: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accuracy and balanced accuracy of each run in each draw: float64 [draws, runs] each.

    A class that a draw has no row of is left out of its balanced accuracy.
    """
    n_clusters, runs, classes = hits.shape
    right = (drawn @ hits.reshape(n_clusters, -1)).reshape(-1, runs, classes).astype(np.float64)
    rows = (drawn @ sizes).astype(np.float64)[:, None]
    accuracy = right.sum(axis=2) / rows.sum(axis=2)
    recall = np.divide(right, rows, out=np.zeros_like(right), where=rows > 0)
    balanced = recall.sum(axis=2) / (rows > 0).sum(axis=2)
    return accuracy, balanced


def _interval(by_seed: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    seeds = tuple(float(v) for v in by_seed)
    return Interval(float(by_seed.mean()), float(low), float(high), seeds)
