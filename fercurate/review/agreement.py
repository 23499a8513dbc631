"""Whether two reviewers agree, and a reviewer with himself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.decisions import Decision, standing
from fercurate.labels import CLASSES

OUTCOMES = (*CLASSES, "ambiguous", "exclude")
RECENT = 20
"""Verdicts that are still in the reviewer's memory: what they settled is not repeated yet."""

RESAMPLES = 2000

FEWEST = 20
"""Images in both lists before an interval is given: below, the bootstrap's is too narrow."""


@dataclass(frozen=True)
class Agreement:
    """How far two lists of verdicts agree.

    Attributes:
        n: Images in both.
        share: Of them with the same outcome, 0 to 1; NaN for none.
        kappa: Cohen's (1960), -1 to 1, 0 = chance; NaN where all outcomes are one and the same.
        low: Lower end of its 95 % interval (bootstrap over images); NaN where there is none,
            and below `FEWEST` images.
        high: Upper end.
    """

    n: int
    share: float
    kappa: float
    low: float
    high: float


@dataclass(frozen=True)
class Dispute:
    """An image on which reviewers disagree, and what each settled on."""

    sample_id: str
    outcomes: dict[str, str]


@dataclass(frozen=True)
class AgreementResult:
    """Between each two reviewers ("a, b"), of each with himself, and the disputed images."""

    between: dict[str, Agreement]
    with_self: dict[str, Agreement]
    disputes: tuple[Dispute, ...]


def agreement(first: Sequence[str], second: Sequence[str], seed: int = 0) -> Agreement:
    """Compare two lists of outcomes for the same images."""
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    nan = float("nan")
    if not first:
        return Agreement(0, nan, nan, nan, nan)
    n = len(first)
    same = float(np.mean(np.asarray(first) == np.asarray(second)))
    if len({*first, *second}) == 1:
        return Agreement(n, same, nan, nan, nan)
    kappa = float(cohen_kappa_score(first, second))
    if n < FEWEST:
        return Agreement(n, same, kappa, nan, nan)
    counts = confusion_matrix(first, second, labels=list(OUTCOMES))
    draws = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, RESAMPLES)
    found = kappas(draws.reshape(-1, len(OUTCOMES), len(OUTCOMES)))
    found = found[~np.isnan(found)]
    low, high = np.quantile(found, [0.025, 0.975]) if len(found) else (nan, nan)
    return Agreement(n, same, kappa, float(low), float(high))


def kappas(counts: NDArray[Any]) -> NDArray[np.float64]:
    """float64 [B]: Cohen's kappa of each table of counts [B, K, K]; NaN where undefined."""
    n = counts.sum((1, 2))
    observed = np.trace(counts, axis1=1, axis2=2) / n
    expected = (counts.sum(1) * counts.sum(2)).sum(1) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = (observed - expected) / (1 - expected)
    return found


def between_reviewers(events: Sequence[Decision]) -> dict[str, Agreement]:
    """Agreement of each two reviewers on the images that both decided."""
    stands = standing(events)
    people = sorted({who for by_who in stands.values() for who in by_who})
    found = {}
    for one, other in combinations(people, 2):
        both = [by_who for by_who in stands.values() if one in by_who and other in by_who]
        if both:
            found[f"{one}, {other}"] = agreement(
                [b[one].outcome for b in both], [b[other].outcome for b in both]
            )
    return found


def with_self(events: Sequence[Decision]) -> dict[str, Agreement]:
    """Of each reviewer: blind repeats beside the verdict before them."""
    undone = {event.undoes for event in events if event.undoes}
    last: dict[tuple[str, str], str] = {}
    pairs: dict[str, list[tuple[str, str]]] = {}
    for event in events:
        if event.action == "undo" or event.id in undone:
            continue
        key = (event.who, event.sample_id)
        if event.mode == "repeat" and key in last:
            pairs.setdefault(event.who, []).append((last[key], event.outcome))
        last[key] = event.outcome
    return {
        who: agreement([a for a, _ in found], [b for _, b in found])
        for who, found in sorted(pairs.items())
    }


def seen_twice(events: Sequence[Decision]) -> tuple[int, int]:
    """Images that one reviewer decided twice, or two each in a blind sample: how many of these
    pairs agree, and how many there are."""
    alone = with_self(events)
    blind = between_reviewers([e for e in events if e.mode == "sample" or e.action == "undo"])
    pairs = [found for found in (*alone.values(), *blind.values()) if found.n]
    return sum(round(found.share * found.n) for found in pairs), sum(found.n for found in pairs)


def disputes(events: Sequence[Decision]) -> tuple[Dispute, ...]:
    """The images on which reviewers disagree, in the order in which they were first decided."""
    return tuple(
        Dispute(sample_id, {who: verdict.outcome for who, verdict in by_who.items()})
        for sample_id, by_who in standing(events).items()
        if len({verdict.outcome for verdict in by_who.values()}) > 1
    )


def compare(events: Sequence[Decision]) -> AgreementResult:
    """All of it."""
    return AgreementResult(between_reviewers(events), with_self(events), disputes(events))


def repeatable(events: Sequence[Decision], who: str, known: Collection[str]) -> set[str]:
    """Which of the images `known` may come again: not just decided, not repeated before.

    Args:
        events: The log.
        who: The reviewer that they are to be shown to.
        known: Images to choose from, by `sample_id`.
    """
    verdicts = [event for event in events if event.action != "undo"]
    fresh = {event.sample_id for event in verdicts[-RECENT:]}
    again = {e.sample_id for e in verdicts if e.who == who and e.mode == "repeat"}
    return set(known) - fresh - again
