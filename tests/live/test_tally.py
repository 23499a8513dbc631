from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_cases import grid, result

from fercurate.config import LiveConfig
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.live.controls import Controls
from fercurate.live.stats import Meter
from fercurate.live.tally import LiveSummary, Tally
from fercurate.live.words import first_screen, last_lines


def summary(tally: Tally) -> LiveSummary:
    return tally.summary("a.mp4", "end", is_live=False)


def test_latencies_are_those_of_the_whole_session() -> None:
    tally, values = Tally(Controls()), np.random.default_rng(0).gamma(3, 0.004, 500)
    for value in values:
        one = result()
        tally.take(replace(one, timings=replace(one.timings, total=value)), Meter().stats())
    found = summary(tally)
    assert found.frames == 500
    assert found.p50 == pytest.approx(np.median(values), abs=2e-4)
    assert found.p95 == pytest.approx(np.percentile(values, 95), abs=2e-4)


def test_faces_are_counted_by_their_tracks_and_pauses_do_not_count() -> None:
    controls, clock = Controls(), iter([0.0, 0.1, 9.0, 9.1])
    tally = Tally(controls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.perf_counter", lambda: next(clock))
        for n, faces in enumerate((grid(2, 640, 480), grid(3, 640, 480), [], [])):
            if n == 2:
                controls.press("p")
                tally.idle()
                controls.press("p")
            tally.take(replace(result(*faces), dropped=n), Meter().stats())
    found = summary(tally)
    assert (found.faces, found.dropped) == (3, 6)
    assert found.seconds == pytest.approx(0.2)


def test_a_very_late_result_is_counted_too() -> None:
    tally, one = Tally(Controls()), result()
    tally.take(replace(one, timings=replace(one.timings, total=60.0)), Meter().stats())
    assert tally.latency(0.95) == pytest.approx(2, abs=0.01)


def test_nothing_seen_is_said() -> None:
    assert last_lines(summary(Tally(Controls()))) == ["a.mp4: no frame was read."]


def test_the_last_lines_name_faces_drops_and_files() -> None:
    found = LiveSummary(
        "camera 0", "quit", True, 1234, 56, 1, 41.0, 30.1, 0.0081, 0.0139, (Path("out.mp4"),)
    )
    assert last_lines(found) == [
        "1,234 frames, 1 face followed, in 41 s (30 frames/s); from frame to result 8.1 ms, "
        "95% within 13.9 ms",
        "56 frames dropped, so as not to lag behind",
        "Written: out.mp4",
    ]


INFO = ModelInfo("facenet", heads=(Head("given", threshold=0.4),))
TWO = ModelInfo(
    "facenet", heads=(Head("given"), Head("votes", (1 / 7,) * 7, threshold=0.4, balance=0.25))
)


class Camera:
    name = "camera 0"
    is_live = True
    rate: float | None = 30.0

    def read(self, timeout: float) -> None:
        return None

    def close(self) -> None:
        pass


def test_the_first_screen_says_what_it_means_and_that_nothing_is_stored() -> None:
    lines = first_screen(LiveConfig(), Camera(), "window", INFO)
    text = "\n".join(lines)
    assert lines[0] == (
        "camera 0, 30 frames/s; the model of the package (facenet), 7 expressions, "
        "unclear below 40%"
    )
    assert first_screen(LiveConfig(), Camera(), "window", TWO)[0].endswith(
        "7 expressions, answers as votes, balance 0.25, unclear below 40%"
    )
    given = first_screen(LiveConfig(as_="given"), Camera(), "window", TWO)[0]
    assert given.endswith("7 expressions, answers as given, balance 0, unclear below 0%")
    for part in ("does not know", "Nothing is stored, but what the key s keeps", "q quit"):
        assert part in text
    assert "Nothing leaves this machine." in text


def test_the_first_screen_names_what_is_stored() -> None:
    config = LiveConfig(record=Path("o.mp4"), jsonl=Path("-"), csv=Path("o.csv"), threshold=0.6)
    text = "\n".join(first_screen(config, Camera(), "none", INFO))
    assert "Stored, as you asked: the video with what is drawn in it in o.mp4" in text
    assert "o.csv" in text
    assert "standard output" in text
    assert "unclear below 60%" in text
    assert "Nothing is stored" not in text
    assert "Keys" not in text
