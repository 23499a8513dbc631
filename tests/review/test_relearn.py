"""Ranking anew beside the review: never in the way, one at a time, failures told."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fercurate.review.relearn import Relearner


def settled(relearner: Relearner) -> None:
    until = time.monotonic() + 20
    while relearner.state == "running" and time.monotonic() < until:
        time.sleep(0.01)
    assert relearner.state != "running"


def test_it_runs_beside_and_then_takes_over() -> None:
    after: list[int] = []
    relearner = Relearner(
        [sys.executable, "-c", "import time; time.sleep(.3)"], lambda: after.append(1)
    )
    started = time.monotonic()
    relearner.start()
    assert time.monotonic() - started < 0.2
    assert relearner.state == "running"
    settled(relearner)
    assert (relearner.state, relearner.rounds, after) == ("idle", 1, [1])


def test_what_is_asked_for_meanwhile_is_done_once(tmp_path: Path) -> None:
    mark = tmp_path / "runs"
    code = f"import time; open({str(mark)!r}, 'a').write('x'); time.sleep(.3)"
    relearner = Relearner([sys.executable, "-c", code], lambda: None)
    for _ in range(5):
        relearner.start()
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


def test_closing_ends_it() -> None:
    relearner = Relearner([sys.executable, "-c", "import time; time.sleep(60)"], lambda: None)
    relearner.start()
    time.sleep(0.2)
    started = time.monotonic()
    relearner.close()
    settled(relearner)
    assert time.monotonic() - started < 5
    relearner.start()
    assert relearner.state != "running"


def test_without_a_command_nothing_happens() -> None:
    relearner = Relearner(None, lambda: None)
    relearner.start()
    assert relearner.state == "idle"
