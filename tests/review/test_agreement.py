"""Two reviewers, and one with himself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from fercurate.decisions import Decision
from fercurate.review import agreement
from fercurate.review.agreement import OUTCOMES, Dispute


def verdict(name: str, outcome: str, who: str = "ann", **others: str) -> Decision:
    if outcome in ("ambiguous", "exclude"):
        return Decision(name, outcome, who, **others)
    return Decision(name, "relabel", who, label=outcome, **others)


@pytest.mark.parametrize(
    ("first", "second", "share", "kappa"),
    [
        ("sad sad fear fear", "sad sad fear fear", 1.0, 1.0),
        ("sad sad fear fear", "sad fear sad fear", 0.5, 0.0),
        ("sad sad fear fear", "fear fear sad sad", 0.0, -1.0),
        ("sad sad", "sad sad", 1.0, math.nan),
        ("", "", math.nan, math.nan),
    ],
)
def test_agreement(first: str, second: str, share: float, kappa: float) -> None:
    found = agreement.agreement(first.split(), second.split())
    assert found.share == pytest.approx(share, nan_ok=True)
    assert found.kappa == pytest.approx(kappa, nan_ok=True)
    assert found.n == len(first.split())


def test_many_kappas_at_once_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 9, (5, 2, 40))
    counts = np.zeros((5, 9, 9), int)
    for k, (a, b) in enumerate(pairs):
        np.add.at(counts[k], (a, b), 1)
    expected = [cohen_kappa_score(a, b) for a, b in pairs]
    assert agreement.kappas(counts) == pytest.approx(expected)


def test_the_interval_holds_the_kappa_in_nineteen_of_twenty() -> None:
    rng = np.random.default_rng(1)

    def reviewers(n: int) -> tuple[np.ndarray, np.ndarray]:
        first = rng.integers(0, 9, n)
        return first, np.where(rng.random(n) < 0.7, first, rng.integers(0, 9, n))

    truth = cohen_kappa_score(*reviewers(200_000))
    inside = 0
    for _ in range(100):
        found = agreement.agreement(*(np.array(OUTCOMES)[r].tolist() for r in reviewers(150)))
        inside += found.low <= truth <= found.high
    assert inside >= 90


def test_each_two_reviewers_and_their_disputes() -> None:
    events = [
        verdict("a", "sad"),
        verdict("a", "fear", "bob"),
        verdict("b", "happy"),
        verdict("b", "happy", "bob"),
        verdict("c", "exclude"),
        verdict("c", "ambiguous", "cid"),
        verdict("d", "sad", "bob"),
    ]
    found = agreement.compare(events)
    assert {who: (a.n, a.share) for who, a in found.between.items()} == {
        "ann, bob": (2, 0.5),
        "ann, cid": (1, 0.0),
    }
    assert found.disputes == (
        Dispute("a", {"ann": "sad", "bob": "fear"}),
        Dispute("c", {"ann": "exclude", "cid": "ambiguous"}),
    )


def test_repeats_are_compared_with_the_verdict_before_them() -> None:
    undone = verdict("a", "happy", mode="repeat")
    events = [
        verdict("a", "sad"),
        verdict("a", "fear", "bob"),
        undone,
        Decision("a", "undo", "ann", undoes=undone.id),
        verdict("a", "sad", mode="repeat"),
        verdict("b", "happy"),
        verdict("b", "neutral", mode="repeat"),
        verdict("c", "happy", "bob", mode="repeat"),  # bob's first one
    ]
    found = agreement.with_self(events)
    assert {who: (a.n, a.share) for who, a in found.items()} == {"ann": (2, 0.5)}


def test_what_was_just_decided_or_repeated_is_not_repeated() -> None:
    events = [verdict(f"face-{i}", "sad") for i in range(30)]
    events.append(verdict("face-3", "sad", mode="repeat"))
    known = {f"face-{i}" for i in range(30)}
    left = {f"face-{i}" for i in range(11)} - {"face-3"}
    assert agreement.repeatable(events, "ann", known) == left
