"""The end of a blind sample: what it says, and the way on to the queue."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from recorded import write_json
from review_sync import Make, synced
from review_tables import audit_table, manifest_table
from waiting import until

from fercurate import show_review
from fercurate.config import ReviewConfig
from fercurate.errors import InputError
from fercurate.review import board, sampling, stage
from fercurate.review.desk import Desk
from fercurate.review.evidence import Evidence
from fercurate.workspace import Workspace, option

DRAWN = 24


@pytest.fixture
def table(make_workspace: Make, clean_fo: ModuleType) -> Iterator[Desk]:
    """The desk of a sample of 24 of 50."""
    workspace = make_workspace(manifest=manifest_table(60), audit=audit_table(60, 50))
    write_json(workspace.audit_summary_path, {"fingerprint": "run-1"})
    sampling.run(workspace, DRAWN)
    synced(clean_fo, workspace)
    desk = Desk(workspace, clean_fo.load_dataset("faces"), "ann", mode="sample")
    yield desk
    desk.close()


def see(table: Desk, *names: str, label: str = "sad") -> None:
    for name in names:
        table.record("relabel", [str(table.ids[name])], label=label, seconds=30.0)


def state(table: Desk) -> dict[str, Any]:
    return board.of(table).state()


def test_a_sample_counts_down_to_its_own_end(table: Desk) -> None:
    assert state(table)["minutes"] is None
    see(table, *table.drawn[:1])
    told = state(table)
    assert told["total"] == {"done": 1, "of": DRAWN}
    assert told["minutes"] == pytest.approx((DRAWN - 1) * 30 / 60)
    assert (told["end"], told["estimate"], told["waiting"]) == (False, None, False)
    with pytest.raises(InputError, match=f"{DRAWN - 1} of the sample are still to be seen"):
        table.go_on()
    assert table.mode == "sample"


def test_a_finished_sample_says_what_it_found_and_leads_to_the_queue(table: Desk) -> None:
    see(table, *table.drawn)
    until(lambda: state(table)["estimate"])
    told = state(table)
    assert (told["end"], told["minutes"]) == (True, 0)
    labels = table.workspace.manifest(["sample_id", "label"]).set_index("sample_id")["label"]
    wrong = sum(labels[name] != "sad" for name in table.drawn)
    assert told["estimate"]["reviewed"] == DRAWN
    assert told["estimate"]["wrong"]["value"] == pytest.approx(wrong / DRAWN, abs=0.1)
    assert told["estimate"]["wrong"]["low"] < told["estimate"]["wrong"]["high"]

    drawn = set(table.drawn)
    batch = table.go_on()
    assert table.mode == "queue"
    assert not drawn & set(batch)
    assert "ground_truth" in table.view().get_field_schema()
    see(table, batch[0])
    assert [d.mode for d in table.workspace.decisions()] == ["sample"] * DRAWN + ["queue"]
    until(lambda: state(table)["gains"])
    told = state(table)
    assert told["mode"] == "queue"
    assert told["remaining"]["by"] == told["gains"]["by"] == "sample"
    changed = [d.given != "sad" for d in table.workspace.decisions()]
    assert told["found"] == sum(changed)
    assert told["precision"]["n"] == 1
    assert told["precision"]["value"] == float(changed[-1])
    assert told["counts"]["keep"] == len(changed) - sum(changed), "said blind what was given"
    assert told["counts"]["relabel"] == sum(changed)
    assert table.go_on() == table.next_batch(), "asked for twice"
    assert table.undo().recorded == (batch[0],)
    assert table.undo().level == "error", "the sample is behind"


def result(**more: Any) -> stage.ReviewResult:
    found = stage.ReviewResult("ann", {"relabel": 2}, 0, 2, Path("log"), 60.0)
    return dataclasses.replace(found, **more)


@pytest.mark.parametrize(
    ("ended", "command"),
    [
        (result(), "clean"),
        (result(verdicts={}, n_decided=0), "review"),
        (result(sample_left=0, sample_size=200), "review"),
        (result(sample_left=12, sample_size=200), "review --sample 200"),
    ],
)
def test_the_next_step_of_a_sample_is_the_queue(
    ended: stage.ReviewResult, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = Workspace(tmp_path / "datasets" / "faces")
    show_review.reviewed(space, ended, as_json=False)
    said = " ".join(capsys.readouterr().out.split())  # a long line is broken
    assert said.endswith(f"Next: fercurate {command}{option(space)}")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (ReviewConfig(), "the labels that are most likely wrong"),
        (ReviewConfig(sample=200), "a sample of 200 images, drawn at random and shown blind"),
        (ReviewConfig(view="ambiguous"), "the view ambiguous"),
        (ReviewConfig(agreement=True), None),
    ],
)
def test_what_is_coming_is_said_first(
    chosen: ReviewConfig, said: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_review.opening(Workspace(tmp_path / "faces"), chosen)
    expected = "" if said is None else f"Opening the review of faces: {said}.\n"
    assert capsys.readouterr().err == expected


def test_what_the_audit_says_of_a_reviewer_is_shown_to_that_one_after_the_sample(
    table: Desk,
) -> None:
    said = ["Nine of ten of your verdicts repeat the given label."]
    write_json(table.workspace.audit_summary_path, {"fingerprint": "run-2", "reviewers": [
        {"who": "bob", "n": 9, "follows": 0.5, "uncertainty": 0.1, "messages": ["of bob"]},
        {"who": "ann", "n": 24, "follows": 0.9, "uncertainty": 0.1, "messages": said},
    ]})  # fmt: skip
    assert state(table)["notices"] == []
    table.evidence = Evidence.read(table.workspace)
    see(table, *table.drawn[:-1])
    assert state(table)["notices"] == [], "still blind"
    see(table, table.drawn[-1])
    assert (state(table)["end"], state(table)["notices"]) == (True, said)
    table.go_on()
    assert state(table)["notices"] == said


@pytest.mark.parametrize(
    "reviewers", [(), ({"who": "ann"},), ({"who": "ann", "messages": None},), ({"who": "bob"},)]
)
def test_older_audits_say_nothing_of_reviewers(reviewers: tuple[dict[str, Any], ...]) -> None:
    assert board.notices(reviewers, "ann") == []
