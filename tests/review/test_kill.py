"""Killing the App, the database or all of it in a burst of verdicts loses none of them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from review_process import Review, made
from waiting import HANG

from fercurate.decisions import settle
from fercurate.workspace import Workspace

BEFORE = 12
"""Verdicts that are acknowledged before something is killed."""


def kill_app(review: Review, database: psutil.Process) -> None:
    os.kill(review.process.pid, signal.SIGKILL)


def kill_database(review: Review, database: psutil.Process) -> None:
    database.kill()


def kill_all(review: Review, database: psutil.Process) -> None:
    """As when the machine goes down: everything at once."""
    everything = [psutil.Process(review.process.pid), *_below(review), database]
    for process in everything:
        process.kill()


def _below(review: Review) -> list[psutil.Process]:
    return psutil.Process(review.process.pid).children(recursive=True)


def burst(review: Review, images: list[str], acknowledged: list[str]) -> None:
    """One verdict after the other, until the review does not answer any more."""
    for image in images:
        try:
            answer = review.press("ambiguous", [image])
        except Exception:
            return
        if answer["recorded"] == 1:
            acknowledged.append(image)


@pytest.mark.parametrize("kill", [kill_app, kill_database, kill_all])
def test_no_acknowledged_verdict_is_lost(
    kill: Callable[[Review, psutil.Process], None], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    workspace = made(tmp_path / "faces")
    review = Review(workspace, tmp_path / "home", "--who", "ann", "--no-browser")
    database = review.database()
    assert database is not None
    images = review.images()
    names = _names(review)
    acknowledged: list[str] = []
    pressing = threading.Thread(target=burst, args=(review, images, acknowledged))
    pressing.start()
    while len(acknowledged) < BEFORE and pressing.is_alive():
        pressing.join(0.005)
    kill(review, database)
    pressing.join(HANG)
    assert not pressing.is_alive()
    review.stop(signal.SIGKILL)
    if kill is kill_all:
        with workspace.decisions_path.open("ab") as file:
            file.write(b'{"id": "torn", "sample_id": "train-00')
    found = settle(workspace.decisions())
    assert len(acknowledged) >= BEFORE
    lost = [image for image in acknowledged if names[image] not in found]
    print(f"{kill.__name__}: {len(acknowledged)} acknowledged, {len(found)} in the log")
    assert lost == []
    again = Review(workspace, tmp_path / "home", "--who", "ann", "--no-browser")
    try:
        marked = {name for name, decision in again.marks().items() if decision == "ambiguous"}
        assert marked == set(found), "the mirror is what the log says"
        left = next(image for image in again.images() if names[image] not in found)
        assert again.press("exclude", [left])["recorded"] == 1
        assert settle(workspace.decisions())[names[left]].outcome == "exclude"
    finally:
        assert again.stop()[0] == 0


def _names(review: Review) -> dict[str, str]:
    return dict(zip(review.images(), review.marks(), strict=True))


def test_a_full_disk_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is not acknowledged, and is no half line in the log."""
    from fercurate import decisions

    log = decisions.Log(Workspace(tmp_path).decisions_path)
    log.append([decisions.Decision("a", "exclude", "ann")])

    def full(descriptor: int) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(decisions.FercurateError, match="No space left"):
        log.append([decisions.Decision("b", "exclude", "ann")])
    assert [d.sample_id for d in log.read()] == ["a"]
