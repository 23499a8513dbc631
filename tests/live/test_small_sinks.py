"""The sinks that end a session and keep pictures of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from live_cases import CLASS_NAMES, live_face, result

from fercurate.live.controls import Controls
from fercurate.live.draw import overlay
from fercurate.live.limit import Limit
from fercurate.live.look import look_of
from fercurate.live.snapshots import Snapshots
from fercurate.live.stats import Meter

STATS = Meter().stats()


def test_a_limit_counts_the_time_of_the_source() -> None:
    controls = Controls()
    limit = Limit(controls, 2.0, waits=False)
    for moment, over in ((5.0, False), (6.9, False), (7.0, True)):
        limit.take(result(time=moment), STATS)
        limit.idle()
        assert controls.quit.is_set() == limit.reached == over


@pytest.mark.parametrize(
    ("waits", "keys", "ends"), [(True, "", True), (True, "p", False), (False, "", False)]
)
def test_a_camera_that_sends_nothing_ends_too(waits: bool, keys: str, ends: bool) -> None:
    controls = Controls()
    for key in keys:
        controls.press(key)
    limit = Limit(controls, 1e-9, waits=waits)
    limit.idle()
    assert controls.quit.is_set() == ends


def test_the_wait_for_the_first_result_is_not_counted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    controls = Controls()
    limit = Limit(controls, 10.0, waits=True)
    now += 8  # until the page is open
    limit.idle()
    limit.take(result(time=0.0), STATS)
    now += 3
    limit.idle()
    controls.press("p")
    now += 60
    limit.idle()
    controls.press("p")
    now += 6
    limit.idle()
    assert not limit.reached
    limit.take(result(time=5.0), STATS)
    now += 5
    limit.idle()
    assert limit.reached


def test_no_limit_is_no_end() -> None:
    controls = Controls()
    limit = Limit(controls, None, waits=True)
    limit.take(result(time=1e9), STATS)
    limit.idle()
    assert not controls.quit.is_set()


def test_who_pressed_q_was_not_the_limit() -> None:
    controls = Controls()
    controls.press("q")
    limit = Limit(controls, 1e-9, waits=True)
    limit.idle()
    assert not limit.reached


def test_a_snapshot_is_of_the_newest_result_also_while_paused(tmp_path: Path) -> None:
    controls, said = Controls(mirror=True), []
    snapshots = Snapshots(tmp_path / "s", CLASS_NAMES, controls, said.append)
    controls.press("s")
    snapshots.idle()  # nothing to keep yet: it waits
    one = result(live_face((60, 100, 120, 120)))
    for index in range(3):
        snapshots.take(replace(one, frame=replace(one.frame, index=index)), STATS)
    controls.press("s")
    controls.press("s")
    snapshots.idle()
    snapshots.idle()
    assert [path.stem[-6:] for path in snapshots.files] == ["000000", "000002"]
    assert said == [f"Snapshot: {path}" for path in snapshots.files]
    for path in snapshots.files:
        assert (cv2.imread(str(path)) == overlay(one, look_of(controls, CLASS_NAMES))).all()
    assert len(list((tmp_path / "s").iterdir())) == 2


def test_a_snapshot_takes_no_others_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda how: "2026-11-20-120000")
    for number in range(3):  # three sessions in one second
        controls = Controls()
        snapshots = Snapshots(tmp_path, CLASS_NAMES, controls, lambda text: None)
        controls.press("s")
        snapshots.take(result(index=7), STATS)
        end = "" if number == 0 else f"_{number + 1}"
        assert [path.name for path in snapshots.files] == [f"2026-11-20-120000-000007{end}.png"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_written_ends_no_session(tmp_path: Path) -> None:
    controls, said = Controls(), []
    (tmp_path / "file").touch()
    snapshots = Snapshots(tmp_path / "file" / "s", CLASS_NAMES, controls, said.append)
    controls.press("s")
    snapshots.take(result(), STATS)
    assert said[0].startswith("No snapshot: ")
    assert snapshots.files == []
