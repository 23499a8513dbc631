"""Sentences and number formats of the report."""

from __future__ import annotations

from typing import Any

import pytest

from fercurate.report import prose


@pytest.mark.parametrize(
    ("share", "digits", "expected"),
    [
        (0.2024, 1, "20.2 %"),
        (0.0001, 1, "<0.1 %"),
        (0.004, 0, "<1 %"),
        (0, 1, "0.0 %"),
        (None, 1, "–"),
    ],
)
def test_percent(share, digits, expected):
    assert prose.percent(share, digits).replace(prose.SPACE, " ") == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0049, "<1"), (0.005, "0"), (0.126, "13"), (0, "0"), (1, "100"), (None, "–")],
)
def test_cell(share, expected):
    assert prose.cell(share) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59.4, "59 s"), (75, "1 min 15 s"), (3599.6, "1 h 0 min"), (7290, "2 h 1 min")],
)
def test_duration(seconds, expected):
    assert prose.duration(seconds).replace(prose.SPACE, " ") == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed(items, expected):
    assert prose.listed(items) == expected


@pytest.mark.parametrize(("value", "expected"), [(-0.666, "−0.67"), (2, "2.00"), (None, "–")])
def test_decimal(value, expected):
    assert prose.decimal(value) == expected


def facts(**changes: Any) -> dict[str, Any]:
    run = {
        "effort": "quick", "folds": 4, "repeats": 2, "seed": 7, "device": "cpu",
        "profile": "generic", "seconds": 75.0,
    }  # fmt: skip
    return {
        "audited": 1200,
        "audited_splits": {"train": 1200, "val": 0},
        "label_issues": {
            "count": 300,
            "share": 0.25,
            "confusions": [
                {"given": "sad", "suggested": "neutral", "count": 1200},
                {"given": "fear", "suggested": "sad", "count": 9},
            ],
        },
        "run": run,
    } | changes


def test_summary_says_what_was_found_and_how():
    text = prose.summary(facts()).replace(prose.SPACE, " ")
    assert "1,200 labels (train)" in text
    assert "300 labels (25.0 %) look wrong." in text
    assert "labelled sad, looks neutral (1,200); labelled fear, looks sad (9)." in text
    assert text.endswith(
        "The run took 1 min 15 s on cpu: effort quick, 4 folds repeated 2 times, seed 7, "
        "profile generic."
    )


def test_summary_without_issues_or_run_facts():
    nothing = {"count": 0, "share": 0.0, "confusions": []}
    run = dict.fromkeys(facts()["run"])
    text = prose.summary(facts(label_issues=nothing, run=run))
    assert text.endswith("No label looks wrong.")


def test_summary_of_a_single_issue_is_singular():
    one = {"count": 1, "share": 0.001, "confusions": []}
    assert "1 label (0.1" in prose.summary(facts(label_issues=one))
    assert ") looks wrong." in prose.summary(facts(label_issues=one))


def screened(**changes: object) -> dict[str, object]:
    return {
        "images": 100,
        "kinds": {"human": {"images": 98}, "drawn": {"images": 2}, "nonface": {"images": 0}},
        "not_human": {"images": 2, "share": 0.02},
        "quality": {"images": 1, "share": 0.01},
        "issues": {"near_duplicate": {"images": 6}, "cut_off": {"images": 1}},
        "near_duplicates": {"images": 6, "groups": 3, "leaks": 1},
    } | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "2 (2.0\u00a0%) show no photograph of a human face: 2 drawn."),
        ({}, "1 (1.0\u00a0%) has a quality issue; the most common: cut off (1)."),
        ({}, "6 images in 3 groups are near duplicates; 1 image has one in another split."),
        ({"not_human": {"images": 0, "share": 0.0}}, "All show a human face."),
        ({"quality": {"images": 0, "share": 0.0}}, "No image is hard to see."),
        ({"near_duplicates": {"images": 6, "groups": 3, "leaks": 0}}, "none of them across splits"),
        ({"near_duplicates": {"images": 0, "groups": 0, "leaks": 0}}, "No two images are nearly"),
    ],
)
def test_screen_summary(changes, said):
    assert said in prose.screen_summary(screened(**changes))


def test_screen_summary_without_a_look_for_near_duplicates():
    assert "near" not in prose.screen_summary(screened(near_duplicates=None))
