"""What each key means for each kind of image."""

from __future__ import annotations

from typing import Any

import pytest

from fercurate.decisions import Decision
from fercurate.review.queue import Facts
from fercurate.review.verdicts import decide, spoken

DOUBTFUL = Facts("sad", 0.1, "neutral", 0.9)
SURE = Facts("sad", 0.9)
UNLABELLED = Facts(None)


@pytest.mark.parametrize(
    ("action", "facts", "label", "becomes"),
    [
        ("accept", DOUBTFUL, None, ("accept", "neutral")),
        ("keep", DOUBTFUL, None, ("keep", "sad")),
        ("relabel", DOUBTFUL, "fear", ("relabel", "fear")),
        ("relabel", DOUBTFUL, "sad", ("keep", "sad")),
        ("relabel", UNLABELLED, "sad", ("relabel", "sad")),
        ("ambiguous", SURE, None, ("ambiguous", None)),
        ("exclude", UNLABELLED, "sad", ("exclude", None)),
    ],
)
def test_a_key_becomes_a_decision(
    action: Any, facts: Facts, label: str | None, becomes: tuple[str, str | None]
) -> None:
    made = decide(action, "a", facts, who="ann", label=label, seconds=1.5)
    assert isinstance(made, Decision)
    assert (made.action, made.label) == becomes
    assert (made.given, made.who, made.seconds) == (facts.label, "ann", 1.5)


@pytest.mark.parametrize(
    ("action", "facts", "blind", "why"),
    [
        ("accept", SURE, False, "No other label"),
        ("accept", UNLABELLED, False, "No other label"),
        ("keep", UNLABELLED, False, "no label to keep"),
        ("relabel", SURE, False, "Which label"),
        ("accept", DOUBTFUL, True, "blind"),
        ("keep", DOUBTFUL, True, "blind"),
        ("exclude", None, False, "other images"),
    ],
)
def test_nonsense_is_refused_with_a_reason(
    action: Any, facts: Facts | None, blind: bool, why: str
) -> None:
    refused = decide(action, "a", facts, who="ann", is_blind=blind)
    assert isinstance(refused, str)
    assert why in refused


def test_a_blind_relabel_stays_one_since_the_given_label_is_not_known() -> None:
    made = decide("relabel", "a", SURE, who="ann", label="sad", mode="sample", is_blind=True)
    assert isinstance(made, Decision)
    assert (made.action, made.label, made.mode) == ("relabel", "sad", "sample")


def test_what_is_said() -> None:
    made = decide("accept", "a", DOUBTFUL, who="ann")
    assert isinstance(made, Decision)
    assert spoken(made) == "accepted as neutral"
    assert spoken(Decision("a", "exclude", "ann")) == "excluded"
