"""The model card says what it must, with the numbers it was given."""

from __future__ import annotations

from typing import Any

import pytest

from fercurate.infer.card import card
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES

PRIOR = (0.1, 0.02, 0.08, 0.3, 0.1, 0.1, 0.3)
INFO = ModelInfo(
    "facenet",
    side=40,
    heads=(
        Head("given", PRIOR, temperature=1.234),
        Head("votes", PRIOR, temperature=0.987, threshold=0.45, balance=0.25),
    ),
    provenance={
        "dataset": "fer2013",
        "labels": "given+votes",
        "targets_from": {"given": {"given": 28_000}, "votes": {"votes": 20_000}},
        "calibration": {"votes": {"fitted_on": "gold rows of one half of validation"}},
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
    sets = {"given": measured(0.561), "gold": measured(0.872), "voted": measured(0.803)}
    heads = [
        head("given", 0.0, 0.0, {"given": 0.707, "gold": 0.762, "voted": 0.7}),
        head("votes", 0.0, 0.45, {"given": 0.6, "gold": 0.913, "voted": 0.85}),
        head("votes", 0.25, 0.45, {"given": 0.59, "gold": 0.905, "voted": 0.84}),
    ]
    return {
        "dataset": "fer2013", "split": split, "sets": sets, "why": "The labels err.",
        "about": INFO.as_dict(), "answers_as": "votes", "balance": 0.25, "heads": heads,
    }  # fmt: skip


def head(name: str, balance: float, threshold: float, right: dict[str, float]) -> dict[str, Any]:
    sets = {
        key: {"scores": measured(share)["scores"], "ece": 0.05, "answered_right": share}
        for key, share in right.items()
    }
    return {"name": name, "balance": balance, "threshold": threshold, "sets": sets}


TEXT = card(INFO, [evaluation("val"), evaluation("test")])


@pytest.mark.parametrize(
    "said",
    [
        "angry, disgust, fear, happy, sad, surprise, neutral",
        "1.234",
        '"unclear"',
        "the head `votes` learned from: votes 20,000",
        "temperature of `votes` fitted on: gold rows of one half",
        "| votes | 0.987 | 0.25 | 0.45 | 10.0% | 2.0% |",
        "`probabilities` and `logits` are those of `votes`, `logits_<head>` of each",
        "As given it answers as the dataset's own labels would, errors included: 70.7 % of the",
        "As votes, with a balance of 0.25 it answers as most of ten annotators would: 90.5 % of",
        "| votes | 0 | 60.0 % | 60.0 % | 91.3 % | 60.0 % |",
        "| angry | 70.7% | 90.5% |",
        "right on 90.5 % of the gold rows that it answers and on 84.0 % of all",
        "| given | 3,589 | 56.1% | 55.1% to 57.1% | 60.0% | 0.612 | 0.022 | 0.111 |",
        "| angry | 1,000 | 50.0% | 56.1% | 1,000 | 50.0% | 87.2% | 1,000 | 50.0% | 80.3% |",
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
    tables: list[list[int]] = [[]]
    for line in TEXT.splitlines():
        if line.startswith("|"):
            tables[-1].append(line.count("|"))
        elif tables[-1]:
            tables.append([])
    whole = [table for table in tables if table]
    assert len(whole) == 1 + 2 * 4
    assert all(len(set(table)) == 1 and len(table) > 2 for table in whole)
    assert "\n\n\n" not in TEXT


def test_without_scores_and_provenance_it_is_still_a_card() -> None:
    text = card(ModelInfo("vit", mirrored=False), [])
    assert "Its file does not say." in text
    assert "must not be used" in text
    assert "unclear" not in text.split("## What")[0]
