"""The model card says what it must, with the numbers it was given."""

from __future__ import annotations

from typing import Any

import pytest

from fercurate.infer.card import card
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES

INFO = ModelInfo(
    "facenet",
    side=40,
    temperature=1.234,
    threshold=0.45,
    provenance={
        "dataset": "fer2013",
        "labels": "votes",
        "targets_from": {"votes": 20_000, "corrected": 8_000},
        "recipe": {"epochs": 24},
    },
)


def measured(accuracy: float) -> dict[str, Any]:
    by_class = {
        name: {"precision": 0.5, "recall": accuracy, "f1": 0.5, "support": 1000 + i}
        for i, name in enumerate(CLASSES)
    }
    scores = {
        "images": 3589, "accuracy": accuracy, "accuracy_low": accuracy - 0.01,
        "accuracy_high": accuracy + 0.01, "balanced_accuracy": 0.6, "macro_f1": 0.612,
        "by_class": by_class,
    }  # fmt: skip
    return {"scores": scores, "before": {"ece": 0.111}, "after": {"ece": 0.022}}


def evaluation(split: str) -> dict[str, Any]:
    sets = {"given": measured(0.561), "gold": measured(0.872)}
    return {"dataset": "fer2013", "split": split, "sets": sets, "why": "The labels err."}


TEXT = card(INFO, [evaluation("val"), evaluation("test")])


@pytest.mark.parametrize(
    "said",
    [
        "angry, disgust, fear, happy, sad, surprise, neutral",
        "1.234",
        '"unclear"',
        "labels by origin: votes 20,000, corrected 8,000",
        "| given | 3,589 | 56.1% | 55.1% to 57.1% | 60.0% | 0.612 | 0.022 | 0.111 |",
        "| angry | 1,000 | 50.0% | 56.1% | 1,000 | 50.0% | 87.2% |",
        "The labels err.",
        "fer2013, val",
        "fer2013, test",
        "Article 5(1)(f)",
        "is not a felt emotion",
        "Decisions about people",
        "Nobody knows the ages",
        "box side: 0.8",
    ],
)
def test_it_says(said: str) -> None:
    assert said in TEXT


def test_the_tables_are_whole() -> None:
    tables = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {8, 9}
    assert "\n\n\n" not in TEXT


def test_without_scores_and_provenance_it_is_still_a_card() -> None:
    text = card(ModelInfo("vit", mirrored=False), [])
    assert "Its file does not say." in text
    assert "must not be used" in text
    assert "unclear" not in text.split("## What")[0]
