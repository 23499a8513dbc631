from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from time import perf_counter

import numpy as np
import pytest

from fercurate.errors import FercurateError
from fercurate.live import loop
from fercurate.live.controls import Controls
from fercurate.live.frame import Frame, Result, Timings
from fercurate.live.stats import Meter, Stats

PICTURE = np.zeros((4, 4, 3), np.uint8)


class Given:
    """A source that gives what it was given: indices, waits ("wait"), the end, an error."""

    def __init__(
        self,
        what: Sequence[int | str | BaseException],
        is_live: bool = False,
        at: dict[int, Callable[[], object]] | None = None,
    ) -> None:
        self._what, self.is_live, self._at = list(what), is_live, at or {}
        self.reads = 0

    name, rate = "given", None

    def read(self, timeout: float) -> Frame | None:
        self.reads += 1
        self._at.get(self.reads, lambda: None)()
        if not self._what:
            return None
        next_one = self._what.pop(0)
        if isinstance(next_one, BaseException):
            raise next_one
        if next_one == "wait":
            raise TimeoutError
        return Frame(PICTURE, int(next_one) / 30, int(next_one), perf_counter())

    def close(self) -> None:
        raise AssertionError("it is not the loop's to close")


class Sees:
    """An analyser that sees nothing."""

    def __init__(self) -> None:
        self.skipped: list[int] = []

    def analyse(self, frame: Frame, controls: Controls) -> Result:
        return Result(frame, (), Timings(0, 0, 0, 0, 0, 0.01), 0)

    def skip(self, frame: Frame) -> None:
        self.skipped.append(frame.index)


class Notes:
    """A sink that notes what it gets."""

    def __init__(self, at: dict[int, Callable[[], object]] | None = None) -> None:
        self.seen: list[int | str] = []
        self.stats: list[Stats] = []
        self._at = at or {}

    def take(self, result: Result, stats: Stats) -> None:
        self.seen.append(result.frame.index)
        self.stats.append(stats)
        self._at.get(result.frame.index, lambda: None)()

    def idle(self) -> None:
        self.seen.append("idle")

    def close(self) -> None:
        raise AssertionError("it is not the loop's to close")


def go(source: Given, *sinks: Notes, controls: Controls | None = None) -> Sees:
    sees = Sees()
    loop.run(source, sees, sinks, controls or Controls(), Meter())  # type: ignore[arg-type]
    return sees


def test_every_frame_goes_to_every_sink_until_the_end() -> None:
    one, two = Notes(), Notes()
    go(Given([0, "wait", 1, 2, "wait", "wait"]), one, two)
    assert one.seen == two.seen == [0, "idle", 1, 2, "idle", "idle"]


def test_q_ends_it_after_the_frame_in_hand() -> None:
    controls = Controls()
    one, two = Notes({1: lambda: controls.press("q")}), Notes()
    source = Given([0, 1, 2, 3])
    go(source, one, two, controls=controls)
    assert one.seen == two.seen == [0, 1]
    assert source.reads == 2


def test_q_ends_it_before_the_first_frame_and_while_nothing_comes() -> None:
    controls = Controls()
    source = Given(["wait"] * 100, is_live=True, at={3: lambda: controls.press("q")})
    go(source, notes := Notes(), controls=controls)
    assert notes.seen == ["idle"] * 3


def test_a_camera_that_is_paused_goes_on_with_the_newest_frame() -> None:
    controls = Controls()
    notes = Notes({1: lambda: controls.press("p")})
    source = Given([0, 1, 2, 3, "wait", 4, 5], is_live=True, at={6: lambda: controls.press("p")})
    sees = go(source, notes, controls=controls)
    assert notes.seen == [0, 1, "idle", "idle", "idle", 4, 5]
    assert sees.skipped == [2, 3]


def test_a_file_that_is_paused_goes_on_where_it_was() -> None:
    controls = Controls()

    class Impatient(Notes):
        def idle(self) -> None:
            super().idle()
            if self.seen.count("idle") == 3:
                controls.press("p")

    notes = Impatient({1: lambda: controls.press("p")})
    source = Given([0, 1, 2, 3])
    begun = perf_counter()
    go(source, notes, controls=controls)
    assert notes.seen == [0, 1, "idle", "idle", "idle", 2, 3]
    assert source.reads == 5
    assert perf_counter() - begun > 0.08  # it does not turn around without a rest


@pytest.mark.parametrize(
    "error", [FercurateError("The camera is gone."), KeyboardInterrupt(), ValueError("bug")]
)
def test_what_goes_wrong_comes_out(error: BaseException) -> None:
    notes = Notes()
    with pytest.raises(type(error)):
        go(Given([0, error, 1]), notes)
    assert notes.seen == [0]


def test_a_sink_that_fails_ends_it() -> None:
    def full() -> None:
        raise FercurateError("The disk is full.")

    with pytest.raises(FercurateError, match="full"):
        go(Given([0, 1, 2]), Notes({1: full}))


def test_figures_are_summed_up_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = count()  # a hundred frames a second
    monkeypatch.setattr(loop, "perf_counter", lambda: next(moments) / 100)
    notes = Notes()
    go(Given(list(range(200))), notes)
    assert notes.stats[0].frames == 1
    assert notes.stats[0].p50["total"] == pytest.approx(0.01)
    assert len({id(stats) for stats in notes.stats}) == 8
