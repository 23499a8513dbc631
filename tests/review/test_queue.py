"""Who is asked for, in which order, and when a settled image comes again."""

from __future__ import annotations

from typing import Any

import pytest

from fercurate.decisions import Decision, Settled
from fercurate.review.queue import Facts, is_due, open_of, own, queue, reopened, with_repeats

AUDITED = Facts("sad", 0.2, "neutral", 0.9)


def verdict(**changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "sample_id": "a", "action": "keep", "who": "ann", "given": "sad", "label": "sad",
        "evidence": {"suggested_label": "neutral"},
    }  # fmt: skip
    return Decision(**fields | changes)


@pytest.mark.parametrize(
    ("facts", "given", "comes_again"),
    [
        (AUDITED, verdict(), False),
        (Facts("happy", 0.2, "neutral", 0.9), verdict(), True),
        (Facts("sad", 0.2, "fear", 0.9), verdict(), True),
        (Facts("sad", 0.2, "fear", 0.79), verdict(), False),
        (Facts("sad", 0.2, "fear", 0.9), verdict(action="relabel", label="fear"), False),
        (Facts("sad", 0.9), verdict(), False),
        (AUDITED, verdict(evidence={}), True),
        (Facts("sad", 0.2, "fear", 0.9), verdict(action="exclude", label=None), True),
    ],
)
def test_a_settled_image_comes_again_when_its_evidence_changed(
    facts: Facts, given: Decision, comes_again: bool
) -> None:
    assert reopened(given, facts) == comes_again
    assert is_due(facts, Settled((given,))) == comes_again
    assert is_due(facts, None)


def test_the_queue_is_worst_first_without_what_was_decided() -> None:
    facts = {
        "a": AUDITED, "b": Facts("sad", 0.1, "neutral", 0.9), "c": Facts("sad", 0.3),
        "d": Facts("sad"),
    }  # fmt: skip
    assert queue(facts, {}) == ["b", "a", "c"]
    assert queue(facts, {"a": Settled((verdict(),))}) == ["b", "c"]


@pytest.mark.parametrize(("share", "n"), [(0.0, 0), (0.05, 1), (0.5, 19), (1.0, 30)])
def test_repeats_are_mixed_in(share: float, n: int) -> None:
    batch = [f"new-{i}" for i in range(19)]
    known = {f"old-{i}" for i in range(30)}
    mixed, repeated = with_repeats(batch, known, share, seed=3)
    assert len(repeated) == n
    assert [name for name in mixed if name not in repeated] == batch
    assert repeated <= known
    assert (mixed, repeated) == with_repeats(batch, known, share, seed=3)


def test_repeats_are_never_what_is_due_anyway() -> None:
    mixed, repeated = with_repeats(["a", "b"], {"a", "b"}, 0.5, seed=0)
    assert (mixed, repeated) == (["a", "b"], frozenset())


def test_each_reviewer_goes_through_the_whole_draw() -> None:
    ann = verdict(mode="sample")
    settled = {"a": Settled((ann,)), "b": Settled((verdict(sample_id="b", who="bob"),))}
    assert own(settled, "ann", ("sample",)) == {"a"}
    assert own(settled, "bob", ("sample",)) == set()
    assert open_of(["b", "a", "c"], own(settled, "ann", ("sample",))) == ["b", "c"]
