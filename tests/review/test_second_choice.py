"""A suggestion that is less probable than the given label is called what it is."""

from __future__ import annotations

from recorded import write_json, write_table
from review_sync import Make
from review_tables import audit_table

from fercurate.decisions import Decision
from fercurate.labels import CLASSES
from fercurate.review.evidence import Evidence
from fercurate.review.verdicts import spoken
from fercurate.workspace import Workspace


def second_choice(make_workspace: Make) -> Workspace:
    """Of rows 0 and 1 the given label is, and is not, the most probable one."""
    table = audit_table().sort_values("row")
    table["top1_label"] = [CLASSES[r % 7] if r == 0 else CLASSES[(r + 1) % 7] for r in table["row"]]
    table["top1_prob"] = 0.6
    for place in (2, 3):
        table[f"top{place}_label"], table[f"top{place}_prob"] = "sad", 0.1
    workspace = make_workspace(audit=audit_table())
    write_table(workspace.audit_path, table)
    write_json(workspace.audit_summary_path, {})
    return workspace


def test_a_suggestion_below_the_given_label_is_a_second_choice(make_workspace: Make) -> None:
    evidence = Evidence.read(second_choice(make_workspace))
    assert evidence.shown("train-0000")["is_second_choice"] is True
    assert evidence.shown("train-0001")["is_second_choice"] is False
    assert evidence.shown("train-0005")["is_second_choice"] is False, "nothing is suggested"
    said = [
        spoken(Decision(name, "accept", "ann", label="sad", evidence=evidence.stamp(name)))
        for name in ("train-0000", "train-0001")
    ]
    assert said == ["second choice accepted: sad", "accepted as sad"]
    assert "is_second_choice" not in evidence.stamp("train-0001")
