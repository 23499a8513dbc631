from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from live_cases import picture

from fercurate.live.frame import Frame
from fercurate.live.pace import Paced


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Film:
    name = "a.mp4"
    is_live = False
    rate: float | None = 10.0

    def __init__(self, times: list[float]) -> None:
        self._frames = iter([Frame(picture(), t, i, 0.0) for i, t in enumerate(times)])
        self.is_closed = False

    def read(self, timeout: float) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fercurate.live.pace.time", made)
        yield made


def shown_at(
    times: list[float], clock: Clock, costs: dict[int, float] | None = None
) -> list[float]:
    """When each frame came, from the first one on; `costs` is what is done with it."""
    paced, found = Paced(Film(times)), []
    while True:
        frame = None
        while frame is None:
            try:
                frame = paced.read(0.03)
            except TimeoutError:
                continue
            if frame is None:
                return [round(t - found[0], 3) for t in found]
        assert frame.read_at == clock.now
        found.append(clock.now)
        clock.now += (costs or {}).get(frame.index, 0.0)


@pytest.mark.parametrize(
    ("times", "costs", "wanted"),
    [
        ([0, 0.1, 0.2, 0.3], {}, [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.15, 0.5], {}, [0, 0.1, 0.15, 0.5]),  # a variable rate
        ([5, 5.1], {}, [0, 0.1]),
        ([0, 0.1, 0.2, 0.3], {1: 0.05}, [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.2, 0.3], {0: 9.0}, [0, 9.0, 9.1, 9.2]),  # a pause is not made up for
        ([0, 0.1, 0.2], dict.fromkeys(range(3), 0.5), [0, 0.5, 1.0]),  # too slow a machine
        ([0, 0.1, 0.0, 0.1], {}, [0, 0.1, 0.1, 0.2]),  # begins anew
        ([0, 0.1, 900], {}, [0, 0.1, 0.1]),  # a damaged clock
    ],
)
def test_frames_come_in_their_time(
    times: list[float], costs: dict[int, float], wanted: list[float], clock: Clock
) -> None:
    assert shown_at(times, clock, costs) == pytest.approx(wanted, abs=0.002)


def test_it_is_the_source_that_it_paces() -> None:
    film = Film([])
    with contextlib.closing(Paced(film)) as paced:
        assert (paced.name, paced.is_live, paced.rate) == ("a.mp4", False, 10.0)
        assert paced.read(0.1) is None
    assert film.is_closed


def test_it_waits_for_somebody_to_look_on(clock: Clock) -> None:
    watched: list[bool] = []
    paced = Paced(Film([0, 0.1]), lambda: bool(watched))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            paced.read(0.03)
    watched.append(True)
    frame = paced.read(0.03)
    assert frame is not None
    assert frame.index == 0
    watched.clear()  # who goes away does not stop it
    clock.now += 0.08
    frame = paced.read(0.03)
    assert frame is not None
    assert frame.index == 1
