"""Learn the heads from labels made by eye, and measure them by cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.screen.heads import KINDS, Head, Heads, Labelled, Reducer

FOLDS = 5
COMPONENTS = 256

HUMANS_FLAGGED = 0.0045
"""Share of human photographs that may be flagged; one in 200 is the most that users accept,
and the cut is itself an estimate."""

FLAW_PRECISION = 0.7
"""Precision that a flaw's cut is set to: its flags should be right more often than not."""

_POSITIVE_WEIGHT = 4.0
_C = 3.0
_GAMMA = 1.0


@dataclass(frozen=True)
class Task:
    """One yes-or-no question with its labels.

    Attributes:
        name: Of the head.
        target: int8 [M]: 1 the issue is there, 0 it is not, -1 not labelled for this.
        at_random: bool [M], images that were labelled because they were drawn at random;
            cuts and rates are measured on these, as suspicious ones are no fair sample.
    """

    name: str
    target: NDArray[np.int8]
    at_random: NDArray[np.bool_]


def fit(
    features: NDArray[np.float32],
    digest: NDArray[np.uint64],
    kind: NDArray[np.int8],
    at_random: NDArray[np.bool_],
    flaws: dict[str, NDArray[np.int8]],
    groups: NDArray[np.int64],
    on_fit: Callable[[float], None] = lambda fits: None,
) -> Heads:
    """Fit all heads; the same input gives the same arrays.

    Args:
        features: float32 [M, F], the backbone's, mean of a face and its mirror image.
        digest: uint64 [M].
        kind: int8 [M], index in `KINDS`, -1 unknown.
        at_random: bool [M].
        flaws: By name, int8 [M]: 1 there, 0 not, -1 unknown.
        groups: int64 [M]; near duplicates share one and stay in one fold.
        on_fit: Called with 1 after each of `n_fits(flaws)` fits.
    """
    reducer = principal_components(features)
    reduced = reducer(features)
    tasks = [
        Task("human", np.where(kind < 0, -1, kind > 0).astype(np.int8), at_random),
        Task("drawn", np.where(kind < 1, -1, kind == 1).astype(np.int8), at_random),
        *(Task(name, target, at_random) for name, target in flaws.items()),
    ]
    heads, held_out = {}, {}
    for task in tasks:
        decision = cross_validated(reduced, task.target, groups, on_fit)
        whole = _fitted(reduced, task.target)
        on_fit(1)
        cut = _cut(task, decision)
        known = task.target >= 0
        heads[task.name] = Head(
            whole.support_vectors_.astype(np.float32),
            whole.dual_coef_[0].astype(np.float32),
            float(whole.intercept_[0]),
            _GAMMA,
            cut,
            _slope(decision[known] - cut, task.target[known]),
        )
        held_out[task.name] = decision
    labelled = Labelled(digest, kind, held_out)
    return Heads(reducer, heads, labelled, report(tasks, heads, labelled))


def n_fits(flaws: int) -> int:
    """How many support vector machines `fit` fits."""
    return (2 + flaws) * (FOLDS + 1)


def principal_components(features: NDArray[np.float32]) -> Reducer:
    """The first `COMPONENTS` of the features, each brought to mean 0 and deviation 1 before."""
    mean = features.mean(0)
    scale = features.std(0) + 1e-6
    scaled = np.clip((features - mean) / scale, -5, 5)
    if len(scaled) < scaled.shape[1]:
        _, spread, vectors = np.linalg.svd(scaled, full_matrices=False)
        # directions that these images do not span would be mere noise in others
        components = vectors[spread > 1e-4 * spread[0]][:COMPONENTS].T
    else:
        _, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
        components = vectors[:, ::-1][:, :COMPONENTS]
    length = np.sqrt(((scaled @ components) ** 2).sum(1).mean())
    return Reducer(
        mean.astype(np.float32), scale.astype(np.float32), (components / length).astype(np.float32)
    )


def cross_validated(
    reduced: NDArray[np.float32],
    target: NDArray[np.int8],
    groups: NDArray[np.int64],
    on_fit: Callable[[float], None] = lambda fits: None,
) -> NDArray[np.float32]:
    """Decision of each labelled row by a machine that saw no near duplicate of it.

    Returns:
        float32 [M], NaN where `target` is -1.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    decision = np.full(len(target), np.nan, np.float32)
    known = np.flatnonzero(target >= 0)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(known, target[known], groups[known]):
        part = np.full(len(target), -1, np.int8)
        part[known[seen]] = target[known[seen]]
        decision[known[unseen]] = _fitted(reduced, part).decision_function(reduced[known[unseen]])
        on_fit(1)
    return decision


def _fitted(reduced: NDArray[np.float32], target: NDArray[np.int8]) -> Any:
    from sklearn.svm import SVC

    known = target >= 0
    rare = 1 if target[known].mean() < 0.5 else 0
    machine = SVC(
        C=_C, gamma=_GAMMA, class_weight={rare: _POSITIVE_WEIGHT, 1 - rare: 1.0}, cache_size=500
    )
    return machine.fit(reduced[known], target[known])


def _cut(task: Task, decision: NDArray[np.float32]) -> float:
    fair = task.at_random & (task.target >= 0)
    if task.name == "human":
        humans = np.sort(decision[fair & (task.target == 0)])
        # a quantile would flag one more than is allowed
        best_kept = humans[-1 - int(HUMANS_FLAGGED * len(humans))]
        return float(np.nextafter(best_kept, np.float32(np.inf)))
    if task.name == "drawn":
        return 0.0
    from sklearn.metrics import precision_recall_curve

    precision, _, cuts = precision_recall_curve(task.target[fair], decision[fair])
    good = np.flatnonzero(precision[:-1] >= FLAW_PRECISION)
    return float(cuts[good[0]]) if len(good) else float(decision[fair].max())


def _slope(decision: NDArray[np.float32], target: NDArray[np.int8]) -> float:
    """Platt's slope (1999), for a sigmoid that is 0.5 at the cut."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(fit_intercept=False, class_weight="balanced")
    return max(float(model.fit(decision[:, None], target).coef_[0, 0]), 0.1)


def report(tasks: list[Task], heads: dict[str, Head], labelled: Labelled) -> dict[str, Any]:
    """Cross-validated figures: on the random images a fair estimate, on all labelled a bound.

    Shares are 0..1. Precision on the images drawn at random is that of the dataset.
    """
    human, drawn = tasks[0], tasks[1]
    flagged = labelled.held_out["human"] >= heads["human"].cut
    as_drawn = labelled.held_out["drawn"] >= heads["drawn"].cut
    found: dict[str, Any] = {"folds": FOLDS}
    for scope, rows in (("random", human.at_random), ("all", np.ones(len(flagged), bool))):
        kind = np.where(rows, labelled.kind, -1)
        counts = {name: int((kind == i).sum()) for i, name in enumerate(KINDS)}
        wrong = kind > 0
        found[scope] = {
            "labelled": counts,
            "recall": {name: _share(flagged[kind == i]) for i, name in enumerate(KINDS) if i},
            "precision": _share(wrong[flagged & (kind >= 0)]),
            "human_flagged": _share(flagged[kind == 0]),
            "kind_right": _share((as_drawn == (drawn.target == 1))[wrong]),
        }
    found["flaws"] = {}
    for task in tasks[2:]:
        known = task.target >= 0
        issue = labelled.held_out[task.name] >= heads[task.name].cut
        found["flaws"][task.name] = {
            "labelled": int(known.sum()),
            "there": int((task.target == 1).sum()),
            "recall": _share(issue[task.target == 1]),
            "precision": _share((task.target == 1)[issue & known]),
        }
    return found


def _share(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
