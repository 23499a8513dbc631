"""How many labels are wrong, estimated from the sample that was reviewed blind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.decisions import Decision, settle, standing
from fercurate.design_weights import STRATA_PER_CLASS, pooled
from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
AMBIGUOUS, EXCLUDED, UNSEEN = N_CLASSES, N_CLASSES + 1, -1
RECENT = 100
"""Timed verdicts that the pace is told from."""


@dataclass(frozen=True)
class Share:
    """A share, 0 to 1, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Rates:
    """What the blind verdicts say of a part of the dataset.

    Attributes:
        images: How many images the shares are of.
        reviewed: How many were reviewed.
        wrong: Another class was seen than the given one.
        ambiguous: Nobody can tell; neither right nor wrong.
        excluded: It does not belong into the dataset.
    """

    images: int
    reviewed: int
    wrong: Share
    ambiguous: Share
    excluded: Share


@dataclass(frozen=True)
class Estimate:
    """Overall, and by given class where any of it was reviewed."""

    overall: Rates
    by_class: dict[str, Rates]


def share(hit: NDArray[Any], stratum: NDArray[Any], reviewed: NDArray[Any]) -> Share:
    """A stratified estimate of a share with a 95 % interval.

    The estimate weights each stratum's mean by its size (Horvitz-Thompson; unbiased). The
    variance is by strata with finite population correction; each stratum's rate in it is
    drawn towards the overall one by two pseudo-observations, so that a small stratum without
    a hit does not count as certain. The interval is Jeffreys's at the effective sample size
    which that variance amounts to (Korn and Graubard 1998, "Confidence intervals for
    proportions with small expected number of positive counts").

    Args:
        hit: bool [N]; read only where reviewed.
        stratum: int [N]; each has a reviewed image (see `design_weights.pooled`).
        reviewed: bool [N]; a random sample within each stratum.
    """
    from scipy import stats

    n_all = np.bincount(stratum).astype(np.float64)
    at = n_all > 0
    size = n_all[at]
    n = np.bincount(stratum[reviewed], minlength=len(n_all))[at].astype(np.float64)
    hits = np.bincount(stratum[reviewed], hit[reviewed], minlength=len(n_all))[at]
    part = size / size.sum()
    value = float(part @ (hits / n))
    if (n == size).all():
        return Share(value, value, value)
    middle = (value * n.sum() + 0.5) / (n.sum() + 1)
    smooth = (hits + 2 * middle) / (n + 2)
    variance = float(part**2 @ ((1 - n / size) * smooth * (1 - smooth) / n))
    typical = float(part @ smooth)
    effective = typical * (1 - typical) / variance
    low, high = stats.beta.ppf(
        [(1 - LEVEL) / 2, (1 + LEVEL) / 2],
        value * effective + 0.5,
        (1 - value) * effective + 0.5,
    )
    return Share(value, min(float(low), value), max(float(high), value))


def error_rates(
    given: NDArray[Any], stratum: NDArray[Any], outcome: NDArray[Any]
) -> Estimate | None:
    """Shares overall and by given class; None where nothing was reviewed.

    Args:
        given: int [N] given class of all images of the frame.
        stratum: int [N], 3 x class + third.
        outcome: int [N]: the class seen, `AMBIGUOUS`, `EXCLUDED`, or `UNSEEN`.

    Returns:
        Classes of which nothing was reviewed are left out of both.
    """
    reviewed = outcome != UNSEEN
    if not reviewed.any():
        return None
    cells = pooled(stratum, reviewed)
    known = cells >= 0

    def rates(here: NDArray[np.bool_]) -> Rates:
        seen = outcome[here]
        hits = ((seen < N_CLASSES) & (seen != given[here]), seen == AMBIGUOUS, seen == EXCLUDED)
        wrong, ambiguous, excluded = (share(hit, cells[here], reviewed[here]) for hit in hits)
        return Rates(int(here.sum()), int(reviewed[here].sum()), wrong, ambiguous, excluded)

    of_class = stratum // STRATA_PER_CLASS
    return Estimate(
        rates(known),
        {CLASSES[c]: rates(of_class == c) for c in np.unique(of_class[known])},
    )


def code_of(outcome: str) -> int:
    """What `error_rates` takes for a verdict's outcome."""
    return {"ambiguous": AMBIGUOUS, "exclude": EXCLUDED}.get(outcome, INDEX.get(outcome, UNSEEN))


def outcomes(
    frame: pd.DataFrame, sample: pd.DataFrame, events: Iterable[Decision]
) -> NDArray[np.int64]:
    """int64 [N]: what was seen on each image of the frame, as `error_rates` takes it.

    The drawn images count up to the last one that was reviewed blind; one among them that was
    settled in the queue counts with that verdict, since it would be missing for looking wrong.
    Later drawn images and all others are `UNSEEN`, whoever decided them: they are no random
    sample.
    """
    events = list(events)
    stands = settle(events)
    blind = settle(e for e in events if e.mode == "sample" or e.action == "undo")
    names = sample.sort_values("order")["sample_id"].tolist()
    come = max((i + 1 for i, name in enumerate(names) if name in blind), default=0)
    seen = {
        name: code_of((blind.get(name) or stands[name]).outcome)
        for name in names[:come]
        if name in stands
    }
    return np.array([seen.get(name, UNSEEN) for name in frame["sample_id"]], np.int64)


def of_workspace(workspace: Workspace) -> Estimate | None:
    """The estimate from the drawn sample; None where none was drawn or reviewed."""
    frame, sample = workspace.sample_frame(), workspace.drawn_sample()
    if frame is None or sample is None:
        return None
    return error_rates(
        frame["label"].map(INDEX).to_numpy(np.int64),
        frame["stratum"].to_numpy(np.int64),
        outcomes(frame, sample, workspace.decisions()),
    )


def queue_precision(changed: int, n: int) -> Share | None:
    """Share of queue verdicts that changed something, with Wilson's interval; None for none."""
    from scipy import stats

    if not n:
        return None
    found = stats.binomtest(changed, n).proportion_ci(LEVEL, method="wilson")
    return Share(changed / n, float(found.low), float(found.high))


def queue_counts(events: Iterable[Decision]) -> tuple[int, int]:
    """How many standing queue verdicts changed the label or excluded, and how many there are."""
    given = [
        verdict
        for by_who in standing(events).values()
        for verdict in by_who.values()
        if verdict.mode == "queue"
    ]
    return sum(changes(verdict) for verdict in given), len(given)


def changes(verdict: Decision) -> bool:
    """Whether the label is another one now, or the image is out."""
    if verdict.action == "exclude":
        return True
    return verdict.label is not None and verdict.label != verdict.given


@dataclass(frozen=True)
class Remaining:
    """Wrong labels that nobody has found yet; `by` is "sample" or "audit"."""

    value: float
    low: float | None
    high: float | None
    by: str


def wrong_labels_remaining(workspace: Workspace) -> Remaining:
    """From the blind sample, less those found; without one, from the audit's own beliefs.

    Ambiguous images count as neither. With a sample the number is of its frame: one image of
    each exact copy.

    Raises:
        InputError: no audit.
    """
    stands = settle(workspace.decisions())
    estimate, frame = of_workspace(workspace), workspace.sample_frame()
    if estimate is not None and frame is not None:
        labels = dict(zip(frame["sample_id"], frame["label"], strict=True))
        found = sum(
            s.label is not None and s.label != labels[name]
            for name, s in stands.items()
            if name in labels
        )
        wrong, n = estimate.overall.wrong, estimate.overall.images
        left = [max(0.0, s * n - found) for s in (wrong.value, wrong.low, wrong.high)]
        return Remaining(left[0], left[1], left[2], "sample")
    table = workspace.audit().merge(workspace.manifest(["row", "sample_id"]), on="row")
    name = "sample_id" if "sample_id" in table else "sample_id_x"
    table = table[~table[name].isin(list(stands))]
    return Remaining(float((1 - belief_of_given(table)).sum()), None, None, "audit")


def belief_of_given(audit: pd.DataFrame) -> NDArray[np.float64]:
    """float64 [N]: how much the audit believes the given label; its quality in older audits."""
    names = [f"belief_{name}" for name in CLASSES]
    quality: NDArray[np.float64] = audit["label_quality"].to_numpy(np.float64)
    if not set(names) <= set(audit.columns):
        return quality
    beliefs = audit[names].to_numpy(np.float64)
    found = beliefs[np.arange(len(audit)), audit["label"].map(INDEX).to_numpy(np.int64)]
    return np.where(np.isnan(found), quality, found)


def minutes_to_next_hundred(events: Sequence[Decision]) -> float | None:
    """At the median pace of the last timed verdicts; None before any was timed."""
    seconds = [e.seconds for e in events if e.seconds is not None and e.action != "undo"]
    return float(100 * np.median(seconds[-RECENT:]) / 60) if seconds else None
