from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from fercurate.detect.face import Face
from fercurate.live.track import MEMORY, Tracker

Place = tuple[float, float, float]
Way = Callable[[float], Place | None]


def face(x: float, y: float, side: float) -> Face:
    points = np.array([[x + dx * side, y] for dx in (-0.2, 0.2, 0, 0, -0.5, 0.5)])
    return Face((x - side / 2, y - side / 2, side, side), 0.9, points)


def follow(
    ways: Sequence[Way], times: Sequence[float], noise: float = 0.01, seed: int = 0
) -> list[list[int]]:
    """The numbers that each way's face was given, frame by frame; the order is shuffled."""
    rng, tracker = np.random.default_rng(seed), Tracker()
    numbers: list[list[int]] = [[] for _ in ways]
    for time in times:
        places = [(i, place) for i, way in enumerate(ways) if (place := way(time)) is not None]
        rng.shuffle(places)
        found = [
            face(*(np.array(place) + rng.normal(0, noise * place[2], 3))) for _, place in places
        ]
        for (i, _), track in zip(places, tracker.update(found, time), strict=True):
            numbers[i].append(track.number)
    return numbers


def at_rate(rate: float, seconds: float = 4.0) -> list[float]:
    return [i / rate for i in range(round(seconds * rate))]


def unevenly(seconds: float = 4.0) -> list[float]:
    steps = np.random.default_rng(3).uniform(0.005, 0.2, 200)
    return [float(t) for t in np.cumsum(steps) if t < seconds]


def passing(
    side: float, away: float = 0.0
) -> tuple[Callable[[float], Place], Callable[[float], Place]]:
    """Two go to and fro past each other, the second as much smaller and higher as it is away."""
    return (
        lambda t: (400 + 250 * np.cos(1.5 * t), 300, side),
        lambda t: (400 - 250 * np.cos(1.5 * t), 300 - away * side, side * (1 - away)),
    )


@pytest.mark.parametrize(
    "times", [at_rate(60), at_rate(30), at_rate(10), unevenly()], ids=["60", "30", "10", "uneven"]
)
@pytest.mark.parametrize("away", [0.0, 0.25])
def test_faces_that_pass_each_other_keep_their_numbers(times: list[float], away: float) -> None:
    ways = passing(80, away)
    one, other = follow(ways, times)
    apart = [abs(ways[0](t)[0] - ways[1](t)[0]) > 20 for t in times]
    assert {number for number, is_apart in zip(one, apart, strict=True) if is_apart} == {one[0]}
    assert {number for number, is_apart in zip(other, apart, strict=True) if is_apart} == {other[0]}
    assert {one[0], other[0]} == {1, 2}


@pytest.mark.parametrize("rate", [30, 15])
@pytest.mark.parametrize("away", [0.0, 0.25])
def test_the_hidden_one_of_two_is_known_again(rate: float, away: float) -> None:
    """As a detector sees it: only the one in front, while they overlap by a third."""
    near, far = passing(80, away)

    def hidden(time: float) -> Place | None:
        before, behind = near(time), far(time)
        is_covered = before and behind and abs(before[0] - behind[0]) < 0.6 * 80
        return None if is_covered else behind

    one, other = follow((near, hidden), at_rate(rate))
    assert len(other) < len(one)
    assert one[0] == one[-1]
    assert set(other) == {other[0]}


@pytest.mark.parametrize(
    ("gone", "shift", "same"),
    [
        (0.3, 0.2, True),
        (MEMORY - 0.1, 0.5, True),
        (MEMORY - 0.1, 4.0, False),  # somebody else, elsewhere
        (MEMORY + 0.2, 0.0, False),
    ],
)
def test_who_comes_back_soon_and_near_keeps_the_number(
    gone: float, shift: float, same: bool
) -> None:
    def way(time: float) -> Place | None:
        if time < 1.0:
            return 300, 200, 100
        return None if time < 1.0 + gone else (300 + shift * 100, 200, 100)

    (numbers,) = follow([way], at_rate(30, 1.5 + gone))
    assert set(numbers) == ({1} if same else {1, 2})
    assert numbers[0] == 1


def test_numbers_are_never_given_twice() -> None:
    tracker, seen = Tracker(), []
    for i in range(50):
        tracks = tracker.update([face(100, 100, 50)], i * (MEMORY + 1))
        seen.append(tracks[0].number)
    assert seen == list(range(1, 51))
    tracker.forget()
    assert tracker.update([face(100, 100, 50)], 0.0)[0].number == 51


@pytest.mark.parametrize("missed", [0.2, 0.5])
def test_a_detector_that_misses_frames_breaks_nothing(missed: float) -> None:
    rng = np.random.default_rng(5)

    def way(time: float) -> Place | None:
        if rng.random() < missed:
            return None
        return 300 + 150 * np.sin(2 * time), 200, 90

    (numbers,) = follow([way], at_rate(30))
    assert len(numbers) < 110
    assert set(numbers) == {1}


def test_twenty_faces_stay_apart() -> None:
    ways = [
        (lambda t, i=i: (100 + 120 * (i % 5) + 30 * np.sin(3 * t + i), 100 + 110 * (i // 5), 60))
        for i in range(20)
    ]
    numbers = follow(ways, at_rate(15))
    assert {len(set(of_one)) for of_one in numbers} == {1}
    assert len({of_one[0] for of_one in numbers}) == 20


@pytest.mark.parametrize("rate", [10, 30, 60])
def test_a_face_is_expected_where_it_is_heading(rate: float) -> None:
    tracker = Tracker()
    for time in at_rate(rate, 1.0):
        tracker.update([face(100 + 200 * time, 100, 80)], time)
    (expected,) = tracker.expected(at_rate(rate, 1.0)[-1] + 0.1)
    truth = 100 + 200 * (at_rate(rate, 1.0)[-1] + 0.1)
    assert expected.centre[0] == pytest.approx(truth, abs=3)
    assert expected.side == pytest.approx(80, rel=0.02)


def test_those_not_seen_for_long_are_not_looked_for() -> None:
    tracker = Tracker()
    tracker.update([face(100, 100, 50), face(400, 100, 50)], 0.0)
    tracker.update([face(100, 100, 50)], 0.6)
    assert len(tracker.expected(0.7)) == 2
    assert [round(f.centre[0]) for f in tracker.expected(0.7, unseen=0.5)] == [100]
    assert tracker.expected(0.7 + MEMORY) == []


def test_a_box_is_steadier_than_what_was_found_and_no_later() -> None:
    rng, tracker = np.random.default_rng(1), Tracker()
    off, found_off = [], []
    for time in at_rate(30):
        x = 400 + 200 * np.sin(2 * time)
        seen = face(x + rng.normal(0, 2), 300 + rng.normal(0, 2), 100 + rng.normal(0, 4))
        box = tracker.update([seen], time)[0].face
        off.append((box.centre[0] - x, box.side - 100))
        found_off.append((seen.centre[0] - x, seen.side - 100))
    still, found = np.std(off[30:], axis=0), np.std(found_off[30:], axis=0)
    assert still[0] < 0.9 * found[0]
    assert still[1] < 0.6 * found[1]
    assert abs(np.mean(off[30:], axis=0)[0]) < 1


def test_landmarks_go_with_the_box() -> None:
    tracker = Tracker()
    tracker.update([face(100, 100, 80)], 0.0)
    kept = tracker.update([face(110, 100, 84)], 1 / 30)[0].face
    fresh = face(*kept.centre, kept.side)
    assert kept.landmarks == pytest.approx(fresh.landmarks, abs=0.3)


def test_an_empty_frame_is_no_trouble() -> None:
    tracker = Tracker()
    assert tracker.update([], 0.0) == []
    assert tracker.expected(0.0) == []
