"""How many labels are wrong, estimated from the sample that was reviewed blind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.decisions import Decision, settle, standing
from fercurate.design_weights import FIRST_RARE, STRATA_PER_CLASS, given_class, pooled
from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.review.agreement import seen_twice
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
AMBIGUOUS, EXCLUDED = N_CLASSES, N_CLASSES + 1

PSEUDO = 2.0
"""Pseudo-observations that draw a stratum's rate towards what is expected of it."""

FEWEST_PAIRS = 20
"""Pairs of verdicts on one image before slips are told from them."""

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
class Corrected:
    """The share of wrong labels less the reviewers' own slips.

    Attributes:
        wrong: The share; its interval knows how few pairs the slips were told from.
        slips: Share of verdicts that slip to another class, 0 to 1.
        pairs: Pairs of verdicts on one image that told it.
    """

    wrong: Share
    slips: float
    pairs: int


@dataclass(frozen=True)
class Estimate:
    """Overall, and by given class.

    Attributes:
        overall: Of all classes but those in `missing`.
        by_class: Where any image of the class was reviewed.
        missing: Classes of which no image was reviewed.
        corrected: Where enough images were seen twice, else None.
    """

    overall: Rates
    by_class: dict[str, Rates]
    missing: tuple[str, ...] = ()
    corrected: Corrected | None = None


def share(hit: NDArray[Any], stratum: NDArray[Any], reviewed: NDArray[Any]) -> Share:
    """A stratified estimate of a share with a 95 % interval.

    The estimate weights each stratum's mean by its size (Horvitz-Thompson; unbiased). The
    variance is by strata with finite population correction; each stratum's rate in it is
    drawn by two pseudo-observations towards what its class and its third of label quality have
    in common with others, so that a small stratum without a hit does not count as certain. The
    interval is Jeffreys's at the effective sample size which that variance amounts to (Korn and
    Graubard 1998, "Confidence intervals for proportions with small expected number of positive
    counts").

    Args:
        hit: float [N], 0 to 1; read only where reviewed.
        stratum: int [N]; each has a reviewed image (see `design_weights.pooled`).
        reviewed: bool [N]; a random sample within each stratum.
    """
    from scipy import stats

    counts = np.bincount(stratum)
    codes = np.flatnonzero(counts)
    size = counts[codes]
    seen = stratum[reviewed]
    n = np.bincount(seen, minlength=len(counts))[codes].astype(np.float64)
    hits = np.bincount(seen, hit[reviewed], minlength=len(counts))[codes].astype(np.float64)
    part = size / size.sum()
    value = float(part @ (hits / n))
    if (n == size).all():
        return Share(value, value, value)
    smooth = (hits + PSEUDO * _expected(codes, hits, n)) / (n + PSEUDO)
    variance = float(part**2 @ ((1 - n / size) * smooth * (1 - smooth) / n))
    typical = float(part @ smooth)
    effective = typical * (1 - typical) / variance
    low, high = stats.beta.ppf(
        [(1 - LEVEL) / 2, (1 + LEVEL) / 2],
        value * effective + 0.5,
        (1 - value) * effective + 0.5,
    )
    return Share(value, min(float(low), value), max(float(high), value))


def _expected(
    codes: NDArray[np.int64], hits: NDArray[np.float64], n: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each stratum's rate would be by its class and its third alone: float64 [H], 0 to 1."""
    overall = (hits.sum() + 0.5) / (n.sum() + 1)

    def rates(kind: NDArray[np.int64]) -> NDArray[np.float64]:
        of_kind = np.bincount(kind, hits) + PSEUDO * overall
        found: NDArray[np.float64] = (of_kind / (np.bincount(kind, n) + PSEUDO))[kind]
        return found

    third = np.where(codes < FIRST_RARE, codes % STRATA_PER_CLASS, STRATA_PER_CLASS)
    both = rates(given_class(codes)) + rates(third) - overall
    least, most = 0.5 * overall / (1 + overall), 1 - 0.5 * (1 - overall) / (2 - overall)
    inside: NDArray[np.float64] = np.clip(both, least, most)
    return inside


def error_rates(given: NDArray[Any], stratum: NDArray[Any], seen: NDArray[Any]) -> Estimate | None:
    """Shares overall and by given class; None where nothing was reviewed.

    Args:
        given: int [N] given class of all images of the frame.
        stratum: int [N].
        seen: float [N, K + 2], rows that add up to 1 over what reviewers saw (the classes,
            `AMBIGUOUS`, `EXCLUDED`), or are all 0 where nobody looked.

    Returns:
        Classes of which nothing was reviewed are left out of both.
    """
    reviewed: NDArray[np.bool_] = np.asarray(seen.any(axis=1))
    if not reviewed.any():
        return None
    cells = pooled(stratum, reviewed)
    known = cells >= 0
    wrong = seen[:, :N_CLASSES].sum(axis=1) - seen[np.arange(len(seen)), given]

    def rates(here: NDArray[np.bool_]) -> Rates:
        parts = (wrong[here], seen[here, AMBIGUOUS], seen[here, EXCLUDED])
        shares = (share(part, cells[here], reviewed[here]) for part in parts)
        return Rates(int(here.sum()), int(reviewed[here].sum()), *shares)

    of_class = given_class(stratum)
    there = np.unique(of_class[known])
    return Estimate(
        rates(known),
        {CLASSES[c]: rates(of_class == c) for c in there},
        tuple(CLASSES[c] for c in np.setdiff1d(of_class, there)),
    )


def without_slips(wrong: Share, same: int, pairs: int) -> Corrected | None:
    """The share of wrong labels, were it not for slips of the reviewers.

    Two verdicts on one image by one reviewer, or by two, differ where one of them slipped. With
    slips that hit any image and any other class alike, e of all verdicts, they agree on
    (1 - e)^2 + e^2 / (K - 1), and the share seen wrong is w (1 - e / (K - 1)) + (1 - w) e (the
    Rogan-Gladen estimator 1978 for more than two classes). What somebody always sees otherwise
    than others is no slip, and stays.

    Args:
        wrong: As reviewed.
        same: Pairs that agree.
        pairs: In all; below `FEWEST_PAIRS` the answer is None.
    """
    from scipy import stats

    if pairs < FEWEST_PAIRS:
        return None
    interval = stats.binomtest(same, pairs).proportion_ci(LEVEL, method="wilson")
    slips, most, least = (_slips(a) for a in (same / pairs, interval.low, interval.high))
    value, low, high = (
        _less(w, e) for w, e in ((wrong.value, slips), (wrong.low, most), (wrong.high, least))
    )
    return Corrected(Share(value, min(low, value), max(high, value)), slips, pairs)


def _slips(agree: float) -> float:
    """Share of slips at which verdicts agree so often; at most as often as by chance."""
    others = N_CLASSES - 1
    # (1 + 1 / others) e^2 - 2 e + 1 - agree = 0
    a = 1 + 1 / others
    root = max(0.0, 1 - a * (1 - agree))
    return float((1 - np.sqrt(root)) / a)


def _less(seen: float, slips: float) -> float:
    able = 1 - slips - slips / (N_CLASSES - 1)
    return float(np.clip((seen - slips) / able, 0, 1)) if able > 0 else seen


def code_of(outcome: str) -> int:
    """The column of a verdict's outcome in what `error_rates` takes."""
    return {"ambiguous": AMBIGUOUS, "exclude": EXCLUDED}.get(outcome, INDEX.get(outcome, -1))


def outcomes(
    frame: pd.DataFrame, sample: pd.DataFrame, events: Iterable[Decision]
) -> NDArray[np.float64]:
    """What was seen on each image of the frame, as `error_rates` takes it: float64 [N, K + 2].

    Each reviewer of an image has one voice: a dispute is half of each. The drawn images count up
    to the last one that was reviewed blind; one among them that was settled in the queue counts
    with that verdict, since it would be missing for looking wrong. Later drawn images and all
    others are not seen, whoever decided them: they are no random sample.
    """
    events = list(events)
    stands = settle(events)
    blind = settle(e for e in events if e.mode == "sample" or e.action == "undo")
    names = sample.sort_values("order")["sample_id"].tolist()
    come = max((i + 1 for i, name in enumerate(names) if name in blind), default=0)
    place = {name: i for i, name in enumerate(frame["sample_id"])}
    seen = np.zeros((len(frame), N_CLASSES + 2))
    for name in names[:come]:
        if name in stands and name in place:
            voices = (blind.get(name) or stands[name]).verdicts
            for voice in voices:
                seen[place[name], code_of(voice.outcome)] += 1 / len(voices)
    return seen


def of_workspace(workspace: Workspace) -> Estimate | None:
    """The estimate from the drawn sample; None where none was drawn or reviewed."""
    frame, sample = workspace.sample_frame(), workspace.drawn_sample()
    if frame is None or sample is None:
        return None
    events = workspace.decisions()
    found = error_rates(
        frame["label"].map(INDEX).to_numpy(np.int64),
        frame["stratum"].to_numpy(np.int64),
        outcomes(frame, sample, events),
    )
    if found is None:
        return None
    same, pairs = seen_twice(events)
    return replace(found, corrected=without_slips(found.overall.wrong, same, pairs))


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
