"""Tables in, numbers out: what metrics.json holds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from fercurate.report import metrics
from fercurate.workspace import Workspace


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Six images, four audited, two of them issues; rows 0 and 5 are a copy that disagrees."""
    manifest = pd.DataFrame(
        {
            "row": np.arange(6, dtype=np.int32),
            "sample_id": [f"s{i}" for i in range(6)],
            "split": ["train"] * 4 + ["test"] * 2,
            "label": ["happy", "happy", "sad", "happy", None, "sad"],
            "is_constant": [False, False, False, True, False, False],
            "duplicate_group": np.array([3, 7, 7, -1, -1, 3], np.int32),
            "is_label_conflict": [True, False, False, False, False, True],
            "is_split_leak": [False, False, False, False, False, True],
        }
    )
    audit = pd.DataFrame(
        {
            "row": [3, 0, 1, 2],
            "sample_id": ["s3", "s0", "s1", "s2"],
            "split": "train",
            "label": ["happy", "happy", "happy", "sad"],
            "label_quality": np.array([0.8, 0.1, 0.9, 0.2], np.float32),
            "is_label_issue": [False, True, False, True],
            "suggested_label": ["happy", "sad", "happy", "fear"],
            "suggested_confidence": np.array([0.8, 0.7, 0.9, 0.5], np.float32),
            "verdict": ["ok", "mislabeled", "ok", "ambiguous"],
            "rank": [2, 0, 3, 1],
            "top1_label": ["happy", "sad", "happy", "fear"],
            "top1_prob": np.array([0.8, 0.7, 0.9, 0.5], np.float32),
            "margin": np.array([0.6, -0.5, 0.8, np.nan], np.float32),
            "neighbours": [[], [1, 3], [3], []],
        }
    )
    return manifest, audit


@pytest.fixture
def facts() -> dict[str, object]:
    manifest, audit = tables()
    return metrics.collect("tiny", manifest, audit, {"classes": ["happy", "sad", "fear"]}, worst=3)


def test_class_counts_by_split_with_imbalance(facts):
    counts = facts["class_counts"]
    assert list(counts["splits"]) == ["train", "test"]
    assert counts["splits"]["train"]["by_class"] == {"happy": 3, "sad": 1, "fear": 0}
    assert counts["splits"]["train"]["imbalance"] == {
        "majority": "happy",
        "minority": "sad",
        "ratio": 3.0,
    }
    assert counts["splits"]["test"]["unlabelled"] == counts["total"]["unlabelled"] == 1
    assert counts["total"]["by_class"] == {"happy": 3, "sad": 2, "fear": 0}


def test_label_issues_by_class(facts):
    issues = facts["label_issues"]
    assert (issues["count"], issues["share"]) == (2, 0.5)
    assert issues["by_class"]["happy"]["suggested"] == {"sad": 1}
    assert issues["by_class"]["happy"]["share"] == pytest.approx(1 / 3, abs=1e-6)
    assert issues["by_class"]["fear"] == {"audited": 0, "issues": 0, "share": None, "suggested": {}}
    assert {(c["given"], c["suggested"], c["count"]) for c in issues["confusions"]} == {
        ("happy", "sad", 1),
        ("sad", "fear", 1),
    }


def test_verdicts_quality_and_scores(facts):
    assert facts["verdicts"] == {"mislabeled": 1, "ambiguous": 1, "outlier": 0, "ok": 2}
    quality = facts["label_quality"]
    assert (sum(quality["label_issues"]), sum(quality["others"])) == (2, 2)
    assert len(quality["bin_edges"]) == metrics.N_BINS + 1
    assert quality["median"] == pytest.approx(0.5)
    assert facts["scores"]["margin"] == {"median_label_issues": -0.5, "median_others": 0.7}
    assert list(facts["scores"]) == ["label_quality", "margin"]


def test_worst_come_by_rank_with_their_evidence(facts):
    assert [image["row"] for image in facts["worst"]] == [0, 2, 3]
    first = facts["worst"][0]
    assert first["top"] == [{"label": "sad", "prob": 0.7}]
    assert first["neighbours"] == [{"row": 1, "label": "happy"}, {"row": 3, "label": "happy"}]


def test_duplicates_leaks_and_constants(facts):
    copies = facts["duplicates"]
    assert (copies["groups"], copies["images"]) == (2, 4)
    assert [g["group"] for g in copies["disagreeing"]] == [3]
    assert [(i["row"], i["label"]) for i in copies["disagreeing"][0]["images"]] == [
        (0, "happy"),
        (5, "sad"),
    ]
    assert facts["split_leaks"] == {"train": 0, "val": 0, "test": 1}
    assert facts["constant_images"] == 1


def test_facts_are_strict_json(facts):
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_the_made_workspace_adds_up(audited: Workspace):
    manifest, audit = audited.manifest(), audited.audit()
    found = metrics.collect("made", manifest, audit, {})
    assert sum(found["verdicts"].values()) == found["audited"] == len(audit)
    assert (
        sum(c["issues"] for c in found["label_issues"]["by_class"].values())
        == (found["label_issues"]["count"])
    )
    assert len(found["duplicates"]["disagreeing"]) == 3
    assert found["run"]["effort"] is None


@pytest.mark.parametrize(
    ("by_class", "expected"),
    [
        ({"a": 10, "b": 4, "c": 0}, {"majority": "a", "minority": "b", "ratio": 2.5}),
        ({"a": 3, "b": 0}, None),
        ({}, None),
    ],
)
def test_imbalance(by_class, expected):
    assert metrics.imbalance(by_class) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.1), 0.1),
        (float("nan"), None),
        (np.array([1.0, np.inf]), [1.0, None]),
        ({1: (np.int32(2), True)}, {"1": [2, True]}),
        ("<b>", "<b>"),
    ],
)
def test_plain_values(value, expected):
    assert metrics.plain_values(value) == expected


def test_class_order_keeps_the_known_and_appends_the_rest():
    labels = pd.Series(["contempt", "happy", None])
    assert metrics.class_order(["sad", "happy"], labels) == ["sad", "happy", "contempt"]
