"""The running desk follows its own log and what others write to it."""

from __future__ import annotations

from pathlib import Path

from fercurate.decisions import Decision, Log
from fercurate.review.history import History


def given(
    sample_id: str, label: str, who: str = "ann", when: str = "1", mode: str = "queue"
) -> Decision:
    return Decision(sample_id, "relabel", who, label=label, when=when, mode=mode)  # type: ignore[arg-type]


def test_own_and_foreign_events_are_known(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    history = History(log)
    assert history.settled == {}
    history.append([given("a", "sad")])
    Log(log.path).append([given("a", "fear", "bob"), given("b", "happy", "bob")])
    history.refresh()
    assert history.settled["a"].is_disputed
    history.append([given("c", "sad")])
    assert set(history.settled) == {"a", "b", "c"}
    assert [e.sample_id for e in history.events] == [e.sample_id for e in log.read()]


def test_an_append_while_others_write_misses_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    history = History(log)
    Log(log.path).append([given("b", "happy", "bob")])
    history.append([given("a", "sad")])
    history.refresh()
    assert set(history.settled) == {"a", "b"}
    assert len(history.events) == 2


def test_an_undo_takes_away_and_brings_back(tmp_path: Path) -> None:
    history = History(Log(tmp_path / "log"))
    first, second = given("a", "sad", when="1"), given("a", "fear", when="2")
    history.append([first])
    history.append([second])
    history.append([Decision("a", "undo", "ann", undoes=second.id)])
    assert history.settled["a"].outcome == "sad"
    history.append([Decision("a", "undo", "ann", undoes=first.id)])
    assert history.settled == {}


def test_the_last_key_press_of_a_reviewer(tmp_path: Path) -> None:
    history = History(Log(tmp_path / "log"))
    one, two, three = given("a", "sad"), given("b", "sad", when="2"), given("c", "sad", when="2")
    blind = given("d", "sad", when="3", mode="sample")
    history.append([one, two, three, blind, given("e", "sad", "bob", "4")])
    assert history.last_of("ann", ("queue",)) == [two, three]
    assert history.last_of("ann", ("sample",)) == [blind]
    undone = [Decision(d.sample_id, "undo", "ann", undoes=d.id) for d in (two, three)]
    history.append(undone)
    assert history.last_of("ann", ("queue",)) == [one]
    assert history.last_of("eve", ("queue",)) == []
