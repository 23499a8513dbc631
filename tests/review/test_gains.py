"""What verdicts have bought: counts that agree with each other, and a curve with a source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded import write_json
from review_sync import Make
from review_tables import N, audit_table

from fercurate.decisions import Decision, settle
from fercurate.review import estimate, gains
from fercurate.review.evidence import Evidence

RECORD = Path(__file__).parents[2] / "reports" / "record" / "fer2013-review-loop" / "metrics.json"


def test_shares_of_wrong_labels() -> None:
    found = gains.gains(10, 190.0, 1000, 100, 60.0, "audit")
    assert (found.before, found.now, found.after) == (0.2, 0.19, 0.13)
    ended = gains.gains(3, 0.5, 10, 2, 1.5, "audit")
    assert (ended.before, ended.now, ended.after) == (0.35, 0.05, 0.0)
    assert gains.gains(0, 0.0, 0, 0, 0.0, "audit").now == 0.0


def test_what_comes_next_is_the_sum_of_doubts(make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table())
    write_json(workspace.audit_summary_path, {})
    evidence = Evidence.read(workspace)
    qualities = [i / N for i in range(N // 3)]
    assert gains.ahead(evidence, {}) == (N // 3, pytest.approx(sum(1 - q for q in qualities)))

    first = Decision("train-0000", "relabel", "ann", given="angry", label="sad")
    kept = Decision("train-0001", "keep", "ann", given="disgust", label="disgust")
    unsure = Decision("train-0002", "ambiguous", "ann", given="fear")
    settled = settle([first, kept, unsure])
    rest = sum(1 - q for q in qualities[3:])
    remaining = estimate.Remaining(rest, None, None, "audit")
    found = gains.of_review(workspace, evidence, settled, remaining)
    n = N // 3 - 1  # the ambiguous one is neither right nor wrong
    assert (found.found, found.next_n, found.by) == (1, N // 3 - 3, "audit")
    assert found.next_found == pytest.approx(rest)
    assert found.before == pytest.approx((rest + 1) / n)
    assert found.now == pytest.approx(rest / n)
    assert found.after == pytest.approx(0.0)


def test_the_curve_is_that_of_the_record() -> None:
    points = json.loads(RECORD.read_text())["points"]
    random = {p["n"]: p["average_precision"] for p in points if p["how"] == "random"
              and p["reviewer"] == "random"}  # fmt: skip
    start = next(p["average_precision"] for p in points if p["n"] == 0)
    assert dict(gains.RANDOM_VERDICTS) == {
        n: round(value, 3) for n, value in {0: start, **random}.items()
    }
    assert gains.average_precision(35) == pytest.approx((0.849 + 0.854) / 2)
    assert gains.average_precision(9999) == 0.888


def test_the_curve_speaks_of_audits_without_a_profile(make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table())
    for summary, expected in (({}, True), ({"profile_key": "3fa9"}, False)):
        write_json(workspace.audit_summary_path, summary)
        assert gains.is_measured(workspace) is expected


def test_images_with_a_random_verdict_are_counted_once() -> None:
    drawn = Decision("a", "exclude", "ann", mode="sample")
    again = Decision("a", "exclude", "bob", mode="sample")
    gone = Decision("b", "exclude", "ann", mode="sample")
    events = [drawn, again, gone, Decision("b", "undo", "ann", mode="sample", undoes=gone.id)]
    assert gains.random_verdicts([*events, Decision("c", "exclude", "ann")]) == 1
