"""The desk over a real database: log first, mirror after, both the same."""

from __future__ import annotations

from datetime import datetime, tzinfo
from types import ModuleType
from typing import Any

import pytest
from recorded import write_json, write_table
from review_sync import Make, documents, synced
from review_tables import N, audit_table

from fercurate import decisions
from fercurate.decisions import Log
from fercurate.errors import FercurateError, InputError
from fercurate.review import agreement, board, desk, marks
from fercurate.review.desk import Desk
from fercurate.workspace import Workspace


@pytest.fixture
def workspace(make_workspace: Make, clean_fo: ModuleType) -> Workspace:
    made = make_workspace(audit=audit_table())
    write_json(made.audit_summary_path, {"fingerprint": "run-1"})
    synced(clean_fo, made)
    return made


def at(fo: ModuleType, workspace: Workspace, who: str = "ann", **more: Any) -> Desk:
    return Desk(workspace, fo.load_dataset("faces"), who, **more)


def ids(table: Desk, *names: str) -> list[str]:
    return [str(table.ids[name]) for name in names]


def mirrored(fo: ModuleType) -> dict[str, dict[str, Any]]:
    """The marks of each decided image, without the label's own id."""
    found = {}
    for name, document in documents(fo.load_dataset("faces")).items():
        marked = {k: v for k, v in document.items() if k in marks.FIELDS}
        if marked:
            marked["decided"] = marked["decided"]["label"]
            found[name] = marked
    return found


def test_a_verdict_is_in_the_log_and_in_the_database(
    clean_fo: ModuleType, workspace: Workspace
) -> None:
    table = at(clean_fo, workspace)
    assert table.batch == tuple(f"train-{i:04d}" for i in range(N // 3))
    outcome = table.record("accept", ids(table, "train-0002"), seconds=2.0)
    assert (outcome.level, outcome.recorded) == ("success", ("train-0002",))
    (logged,) = workspace.decisions()
    assert (logged.action, logged.label, logged.given) == ("accept", "happy", "fear")
    assert logged.evidence == {
        "label_quality": 0.0833, "suggested_label": "happy", "suggested_confidence": 0.52,
        "run": "run-1",
    }  # fmt: skip
    assert mirrored(clean_fo)["train-0002"] == marks.values(table.history.settled["train-0002"])
    assert "train-0002" not in table.next_batch()

    assert table.undo().recorded == ("train-0002",)
    assert mirrored(clean_fo) == {}
    assert [d.action for d in workspace.decisions()] == ["accept", "undo"]
    assert table.undo().level == "error"
    assert table.next_batch()[2] == "train-0002"


def test_the_database_is_rebuilt_from_the_log(clean_fo: ModuleType, workspace: Workspace) -> None:
    table = at(clean_fo, workspace)
    table.record("ambiguous", ids(table, "train-0000", "train-0001"))
    table.record("relabel", ids(table, "train-0003"), label="surprise")
    at(clean_fo, workspace, "bob").record("exclude", ids(table, "train-0003"))
    before = mirrored(clean_fo)
    assert before["train-0003"]["is_disputed"]
    assert before["train-0003"]["decided_by"] == "ann, bob"
    assert synced(clean_fo, workspace).n_updated == 0, "the desk wrote what a sync would"
    clean_fo.delete_datasets("*")
    synced(clean_fo, workspace)
    assert mirrored(clean_fo) == before
    views = clean_fo.load_dataset("faces")
    assert views.load_saved_view("Decided").count() == 3
    assert views.load_saved_view("Disputed").values("sample_id") == ["train-0003"]
    assert views.load_saved_view("Queue").values("sample_id")[0] == "train-0002"
    for path in (workspace.decisions_path, Log(workspace.decisions_path).journal.end_path):
        path.unlink()
    synced(clean_fo, workspace)
    assert mirrored(clean_fo) == {}


def test_an_answer_is_changed_by_the_second_press_alone(
    clean_fo: ModuleType, workspace: Workspace
) -> None:
    table = at(clean_fo, workspace)
    table.record("relabel", ids(table, "train-0002"), label="happy")
    shown = board.of(table).image(ids(table, "train-0002")[0])
    assert shown is not None
    assert shown["answered"] == "happy"

    asked = table.record("exclude", ids(table, "train-0002"))
    assert (asked.recorded, asked.level) == ((), "warning")
    assert asked.message == "answered: happy; press again to change"
    other = table.record("ambiguous", ids(table, "train-0002"))
    assert other.recorded == (), "another key asks anew"
    assert len(workspace.decisions()) == 1
    changed = table.record("ambiguous", ids(table, "train-0002"))
    assert changed.message == "marked as ambiguous, was happy"
    assert [d.action for d in workspace.decisions()] == ["relabel", "ambiguous"]

    same = table.record("ambiguous", ids(table, "train-0002"))
    assert same.message == "answered: ambiguous, nothing to change"
    assert table.record("ambiguous", ids(table, "train-0002")).recorded == ()
    table.undo()
    assert table.answer("train-0002").outcome == "happy"  # type: ignore[union-attr]
    table.undo()
    assert table.record("exclude", ids(table, "train-0002")).level == "success"

    # another reviewer answers for the first time
    assert at(clean_fo, workspace, "bob").record("keep", ids(table, "train-0002")).recorded

    # a selection with answers in it is asked about as a whole
    three = ids(table, "train-0001", "train-0002", "train-0003")
    asked = table.record("ambiguous", three)
    assert asked.message == "1 of 3 answered: exclude; press again to change"
    table.record("exclude", ids(table, "train-0004"))
    assert table.record("ambiguous", three).recorded == (), "another press came between"
    done = table.record("ambiguous", three)
    assert done.message == "3 images: marked as ambiguous; 1 answered before"
    assert len(done.recorded) == 3


def test_part_of_a_selection_may_be_refused(clean_fo: ModuleType, workspace: Workspace) -> None:
    table = at(clean_fo, workspace)
    outcome = table.record("accept", ids(table, "train-0004", "train-0005"), seconds=6.0)
    assert (outcome.level, outcome.recorded) == ("warning", ("train-0004",))
    assert "1 left undecided: No other label" in outcome.message
    assert workspace.decisions()[0].seconds == 3.0
    assert table.record("accept", ids(table, "train-0005")).level == "error"
    assert table.record("keep", []).level == "error"
    assert len(workspace.decisions()) == 1


def test_a_dead_database_loses_nothing(
    clean_fo: ModuleType, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.errors import ServerSelectionTimeoutError

    def dead(*_: Any) -> None:
        raise ServerSelectionTimeoutError("gone")

    table = at(clean_fo, workspace)
    with monkeypatch.context() as patch:
        patch.setattr(marks, "write", dead)
        outcome = table.record("exclude", ids(table, "train-0000"))
    assert (outcome.level, outcome.recorded) == ("warning", ("train-0000",))
    assert "saved" in outcome.message
    assert mirrored(clean_fo) == {}
    assert synced(clean_fo, workspace).n_updated == 1
    assert mirrored(clean_fo)["train-0000"]["decision"] == "exclude"


def test_what_cannot_be_written_is_no_verdict(
    clean_fo: ModuleType, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise FercurateError("The verdict was not saved: disk full.")

    table = at(clean_fo, workspace)
    monkeypatch.setattr(Log, "append", full)
    with pytest.raises(FercurateError, match="disk full"):
        table.record("exclude", ids(table, "train-0000"))
    assert table.history.settled == {}
    assert mirrored(clean_fo) == {}


def test_a_new_suggestion_brings_an_image_back_with_its_verdict(
    clean_fo: ModuleType, workspace: Workspace
) -> None:
    table = at(clean_fo, workspace)
    table.record("keep", ids(table, "train-0001"))
    audit = audit_table().set_index("row")
    audit.loc[1, ["suggested_label", "suggested_confidence"]] = ["sad", 0.95]
    write_table(workspace.audit_path, audit.reset_index())
    table._renewed()
    assert "train-0001" in table.next_batch()
    shown = board.of(table).image(ids(table, "train-0001")[0])
    assert shown is not None
    assert shown["suggestion"] == "sad"
    assert [v["outcome"] for v in shown["earlier"]] == ["disgust"]
    assert shown["answered"] is None
    assert table.record("relabel", [shown["id"]], label="sad").recorded, "it is asked for again"
    table.undo()
    document = documents(clean_fo.load_dataset("faces"))["train-0001"]
    assert document["suggested"]["label"] == "sad"
    assert document["decision"] == "keep", "renewing the audit leaves the marks alone"


def test_a_blind_sample_shows_and_tells_nothing(
    clean_fo: ModuleType, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    names = ["train-0005", "train-0001", "train-0003"]
    drawn = pd.DataFrame({"sample_id": names, "draw": 0, "order": range(3)})
    monkeypatch.setattr(Workspace, "drawn_sample", lambda _: drawn)
    table = at(clean_fo, workspace, mode="sample")
    assert table.batch == tuple(names)
    assert not {"ground_truth", "suggested", "decided", "label_quality"} & set(
        table.view().get_field_schema()
    )
    assert table.record("accept", ids(table, names[0])).level == "error"
    table.record("relabel", ids(table, names[0]), label="fear", seconds=2)
    state = board.of(table).state()
    assert state["total"] == {"done": 1, "of": 3}
    assert not {"counts", "precision", "remaining"} & set(state)
    shown = board.of(table).image(ids(table, names[1])[0])
    assert shown is not None
    assert set(shown) <= {"id", "sample_id", "filepath", "place", "is_done", "answered"}
    assert shown["answered"] is None
    asked = table.record("relabel", ids(table, names[0]), label="sad")
    assert asked.message == "answered; press again to change"
    assert table.record("relabel", ids(table, names[0]), label="sad").message == "answered anew"
    assert table.undo().message == "taken back: an answer"
    assert table.laid_out() == ids(table, *names[1:]), "what is left"
    second = at(clean_fo, workspace, "bob", mode="sample")
    assert second.batch == tuple(names), "a second reviewer goes through the same draw"
    assert at(clean_fo, workspace, mode="sample").batch == tuple(names[1:])


def test_a_blind_review_needs_a_draw(clean_fo: ModuleType, workspace: Workspace) -> None:
    with pytest.raises(InputError, match="No sample was drawn"):
        at(clean_fo, workspace, mode="sample")


def test_the_active_desk(clean_fo: ModuleType, workspace: Workspace) -> None:
    with pytest.raises(FercurateError, match="No review is open"):
        desk.current()
    table = at(clean_fo, workspace)
    desk.activate(table)
    try:
        assert desk.current() is table
    finally:
        desk.activate(None)


class Earlier(datetime):
    """A clock that was set back by years."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime(2001, 1, 1, tzinfo=tz)


def test_a_repeat_counts_as_done_with_the_clock_set_back(
    clean_fo: ModuleType, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "RECENT", 1)
    table = at(clean_fo, workspace, repeats=0.5)
    table.record("exclude", ids(table, "train-0001", "train-0002"))
    table.record("exclude", ids(table, "train-0003"))
    table.next_batch()
    repeated = sorted(table._repeated)
    assert repeated
    assert not any(table.is_done(name) for name in repeated)
    monkeypatch.setattr(decisions, "datetime", Earlier)
    assert table.record("ambiguous", ids(table, *repeated)).recorded, "a repeat asks nothing"
    assert workspace.decisions()[-1].when.startswith("2001")
    assert all(table.is_done(name) for name in repeated)
    assert table.history.settled[repeated[0]].outcome == "ambiguous"


def test_a_log_that_is_gone_is_said_on_the_panel_and_at_the_end(
    clean_fo: ModuleType, workspace: Workspace
) -> None:
    table = at(clean_fo, workspace)
    table.record("exclude", ids(table, "train-0001"))
    assert board.Board(table).state()["trouble"] is None
    workspace.decisions_path.unlink()
    assert "are kept in decisions-kept-1.jsonl" in board.Board(table).state()["trouble"]
    with pytest.raises(InputError, match="is gone"):
        table.record("exclude", ids(table, "train-0002"))
    with pytest.raises(InputError, match="kept"):
        table.close()
    (workspace.root / "decisions-kept-1.jsonl").replace(workspace.decisions_path)
    assert board.Board(table).state()["trouble"] is None
    assert table.record("exclude", ids(table, "train-0002")).level == "success"
    assert len(workspace.decisions()) == 2
