"""A screen's table in, numbers out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from screen_tables import N_PAIRS, screen_summary, screen_table

from fercurate.report import screen_metrics


def table() -> pd.DataFrame:
    """Eight images: two drawn, one nonface; 0 and 7 near duplicates across splits, 2 and 3 not."""
    return pd.DataFrame(
        {
            "row": np.arange(8, dtype=np.int32),
            "sample_id": [f"s{i}" for i in range(8)],
            "split": ["train"] * 6 + ["test"] * 2,
            "label": ["happy", "sad", "sad", "fear", "fear", None, "happy", "happy"],
            "kind": ["human", "drawn", "human", "human", "drawn", "nonface", "human", "human"],
            "kind_by_eye": [None, "drawn", None, "human", None, None, None, None],
            "human_score": np.array([0.9, 0.2, 0.9, 0.9, 0.1, 0.0, 1.0, 0.8], np.float32),
            "is_human_issue": [False, True, False, False, True, True, False, False],
            "dark_score": np.array([0.2, 0.1, 0.9, 0.9, 0.9, 0.9, 0.3, 0.9], np.float32),
            "is_dark_issue": [True, True, False, False, False, False, True, False],
            "zebra_score": np.linspace(0, 1, 8).astype(np.float32),
            "is_zebra_issue": [True] + [False] * 7,
            "is_alone_issue": [False] * 7 + [True],
            "near_duplicate_score": np.array([0.1, 1, 0.0, 0.0, 1, 1, 1, 0.1], np.float32),
            "is_near_duplicate_issue": [True, False, True, True, False, False, False, True],
            "near_duplicate_group": np.array([5, -1, 2, 2, -1, -1, -1, 5], np.int32),
            "is_near_leak": [True, False, False, False, False, False, False, True],
            "keep": [False, True, True, False, True, True, True, True],
            "keep_split": ["test", "", "train", "train", "", "", "", "test"],
        }
    )


@pytest.fixture
def facts() -> dict[str, object]:
    return screen_metrics.collect("tiny", table(), screen_summary())


def test_kinds_are_counted_and_by_eye(facts):
    assert facts["kinds"]["human"] == {"images": 5, "share": 0.625, "by_eye": 1}
    assert facts["kinds"]["drawn"] == {"images": 2, "share": 0.25, "by_eye": 1}
    assert facts["kinds"]["nonface"]["images"] == 1
    assert facts["by_eye"] == 2
    assert facts["not_human"] == {"images": 3, "share": 0.375}


def test_issues_known_first_and_unknown_after(facts):
    assert list(facts["issues"]) == ["dark", "near_duplicate", "alone", "zebra"]
    assert facts["issues"]["dark"] == {"images": 3, "share": 0.375}
    # 0, 1, 6 dark, 0 zebra, 7 alone; near duplicates and kinds are no quality
    assert facts["quality"]["images"] == 4


def test_score_histograms_hold_every_image(facts):
    assert list(facts["scores"]) == [
        "human_score", "dark_score", "near_duplicate_score", "zebra_score",
    ]  # fmt: skip
    dark = facts["scores"]["dark_score"]
    assert (sum(dark["issues"]), sum(dark["others"])) == (3, 5)
    assert dark["median"] == pytest.approx(0.9)
    assert dark["issues"][8] == 1  # 0.2 opens the ninth of 40 bins


def test_sheets_are_most_suspicious_first(facts):
    sheets = {sheet["name"]: sheet for sheet in facts["sheets"]}
    assert list(sheets) == ["drawn", "nonface", "dark", "alone", "zebra"]
    assert [image["row"] for image in sheets["drawn"]["images"]] == [4, 1]
    assert [image["row"] for image in sheets["dark"]["images"]] == [1, 0, 6]
    assert sheets["dark"]["images"][0]["score"] == pytest.approx(0.1)
    assert sheets["nonface"]["images"][0]["label"] is None
    assert sheets["alone"]["images"][0]["score"] is None


def test_long_sheets_are_cut_and_counted():
    screen = screen_table(
        pd.DataFrame(
            {
                "row": np.arange(300), "sample_id": "s", "split": "train", "label": "sad",
            }
        )
    ).assign(is_dark_issue=True)  # fmt: skip
    sheet = next(
        s for s in screen_metrics.collect("x", screen, {})["sheets"] if s["name"] == "dark"
    )
    assert (sheet["count"], len(sheet["images"])) == (300, screen_metrics.N_SHEET)
    scores = [image["score"] for image in sheet["images"]]
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(np.sort(screen["dark_score"])[39], abs=1e-6)


def test_near_duplicates_leaks_first_and_the_kept_image_first(facts):
    near = facts["near_duplicates"]
    assert (near["groups"], near["images"], near["leaks"]) == (2, 4, 2)
    assert near["leaks_by_split"] == {"train": 1, "val": 0, "test": 1}
    assert near["disagreeing"] == 1
    assert near["not_kept"] == 2
    leak, other = near["shown"]
    assert (leak["group"], leak["is_leak"], leak["keep_split"]) == (5, True, "test")
    assert [(i["row"], i["keep"]) for i in leak["images"]] == [(7, True), (0, False)]
    assert (other["group"], other["is_leak"], other["size"]) == (2, False, 2)


def test_a_leak_of_no_group_counts(facts):
    screen = table()
    screen.loc[7, ["near_duplicate_group", "is_near_leak"]] = [-1, True]
    near = screen_metrics.collect("x", screen, {})["near_duplicates"]
    assert near["leaks"] == 2
    assert near["leaks_by_split"] == facts["near_duplicates"]["leaks_by_split"]


def test_many_groups_and_large_ones_are_cut():
    screen = table().loc[np.zeros(200, int)].assign(row=np.arange(200))
    groups = np.where(np.arange(200) < 20, 0, np.arange(200) // 2)
    near = screen_metrics.collect("x", screen.assign(near_duplicate_group=groups), {})
    found = near["near_duplicates"]
    assert found["groups"] == 91
    assert len(found["shown"]) == screen_metrics.N_GROUPS
    largest = next(group for group in found["shown"] if group["group"] == 0)
    assert (largest["size"], len(largest["images"])) == (20, screen_metrics.MAX_MEMBERS)


def test_without_what_may_be_absent():
    columns = list(screen_metrics.SCREEN_COLUMNS)
    facts = screen_metrics.collect("bare", table()[columns], {})
    assert facts["issues"] == facts["scores"] == {}
    assert facts["quality"] == {"images": 0, "share": 0.0}
    assert facts["by_eye"] == 0
    for key in ("near_duplicates", "links", "predictability", "classifier"):
        assert facts[key] is None
    near = table()[[*columns, "near_duplicate_group"]]
    found = screen_metrics.collect("near", near, {})["near_duplicates"]
    assert (found["groups"], found["leaks"], found["not_kept"]) == (2, 0, None)


def test_no_image_at_all():
    facts = screen_metrics.collect("none", table().iloc[:0], {})
    assert facts["images"] == 0
    assert facts["not_human"] == {"images": 0, "share": None}
    assert facts["near_duplicates"]["shown"] == []


def test_facts_are_strict_json(facts):
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_the_made_screen_adds_up(screened):
    facts = screen_metrics.collect("made", screened.screen(), screened.screen_summary())
    assert sum(kind["images"] for kind in facts["kinds"].values()) == facts["images"] == 400
    assert facts["near_duplicates"]["images"] == 2 * N_PAIRS
    assert facts["near_duplicates"]["leaks"] == 2 * N_PAIRS
    assert facts["run"]["seconds"] == 75.2
