"""Ranking anew beside the review: never in the way, one at a time, failures told."""

from __future__ import annotations

import sys
from pathlib import Path

from waiting import until

from fercurate.review.relearn import Relearner


def settled(relearner: Relearner) -> None:
    until(lambda: relearner.state != "running")


WAITING = """
import pathlib, sys, time
mark, go = map(pathlib.Path, sys.argv[1:])
with mark.open("a") as file:
    file.write("x")
while not go.exists():
    time.sleep(0.01)
"""
"""A ranking that lasts until it is told to end."""


def waiting(mark: Path, go: Path) -> list[str]:
    return [sys.executable, "-c", WAITING, str(mark), str(go)]


def test_it_runs_beside_and_then_takes_over(tmp_path: Path) -> None:
    after: list[int] = []
    mark, go = tmp_path / "runs", tmp_path / "go"
    relearner = Relearner(waiting(mark, go), lambda: after.append(1))
    relearner.start()
    assert relearner.state == "running"  # and here we are
    until(mark.exists)
    assert (relearner.state, after) == ("running", [])
    go.touch()
    settled(relearner)
    assert (relearner.state, relearner.rounds, after) == ("idle", 1, [1])


def test_what_is_asked_for_meanwhile_is_done_once(tmp_path: Path) -> None:
    mark, go = tmp_path / "runs", tmp_path / "go"
    relearner = Relearner(waiting(mark, go), lambda: None)
    for _ in range(5):
        relearner.start()
    go.touch()
    settled(relearner)
    assert mark.read_text() == "xx"
    assert relearner.rounds == 2


def test_a_failure_is_told_and_the_next_one_may_succeed() -> None:
    relearner = Relearner(
        [sys.executable, "-c", "import sys; sys.exit('no disk left')"], lambda: None
    )
    relearner.start()
    settled(relearner)
    assert (relearner.state, relearner.message, relearner.rounds) == ("failed", "no disk left", 0)

    def broken() -> None:
        raise ValueError("an odd audit")

    relearner = Relearner([sys.executable, "-c", ""], broken)
    relearner.start()
    settled(relearner)
    assert (relearner.state, relearner.message) == ("failed", "an odd audit")
    missing = Relearner(["/no/such/program"], lambda: None)
    missing.start()
    settled(missing)
    assert missing.state == "failed"


def test_closing_ends_it(tmp_path: Path) -> None:
    mark, go = tmp_path / "runs", tmp_path / "go"
    relearner = Relearner(waiting(mark, go), lambda: None)
    relearner.start()
    until(mark.exists)
    relearner.close()
    settled(relearner)  # though it was not told to go
    relearner.start()
    assert relearner.state != "running"


def test_without_a_command_nothing_happens() -> None:
    relearner = Relearner(None, lambda: None)
    relearner.start()
    assert relearner.state == "idle"
