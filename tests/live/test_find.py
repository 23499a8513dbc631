from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fercurate.detect.detector import shared_detector
from fercurate.detect.face import Face
from fercurate.live.find import Finder
from fercurate.live.track import Tracker
from fercurate.samples import video


class Counting:
    """The real detector; counts its looks."""

    def __init__(self) -> None:
        self.looks = 0
        self._detector = shared_detector()

    def look(self, image: NDArray[np.uint8], least: float = 0.0) -> list[Face]:
        self.looks += 1
        assert image.shape == (192, 192, 3)
        assert image.flags["C_CONTIGUOUS"]
        return self._detector.look(image, least)


def matched(found: Sequence[Face], shown: Sequence[video.Shown]) -> int:
    """How many of those shown were found: one a face, its middle within a third of its side."""
    n, free = 0, list(found)
    for one in reversed(shown):
        left, top, side, _ = one.box
        middle = left + side / 2, top + side / 2
        near = [f for f in free if math.dist(f.centre, middle) < side / 3]
        if near:
            free.remove(near[0])
            n += 1
    return n


@pytest.mark.parametrize(
    ("name", "size", "least"),
    [
        ("one", (1280, 720), 1.0),
        ("four", (1280, 720), 1.0),
        ("four", (640, 360), 1.0),
        ("twenty", (1280, 720), 0.95),
        ("one", (3840, 2160), 1.0),
        ("one", (240, 426), 1.0),  # upright
    ],
)
def test_faces_are_found_at_once_and_stay_found(
    name: str, size: tuple[int, int], least: float
) -> None:
    made = video.scene(name, *size)
    finder, tracker = Finder(), Tracker()
    n = all_shown = false = 0
    for time, image, shown in video.frames(made, 1.0, 10):
        faces = finder.find(image, time, tracker.expected(time))
        tracker.update(faces, time)
        right = matched(faces, shown)
        n, all_shown, false = n + right, all_shown + len(shown), false + len(faces) - right
    assert n / all_shown >= least
    assert false <= 0.02 * all_shown


def test_nobody_is_found_where_nobody_is() -> None:
    finder = Finder()
    for time, image, _ in video.frames(video.scene("nobody"), 1.0, 10):
        assert finder.find(image, time, []) == []


@pytest.mark.parametrize("rate", [10, 30, 120])
def test_who_comes_later_is_found_within_a_second_at_any_rate(rate: int) -> None:
    empty = video.scene("nobody").at(0.0)[0]
    made = video.scene("four")
    image, shown = made.at(0.0)
    finder, tracker = Finder(), Tracker()
    finder.find(empty, 0.0, [])
    seconds = None
    for i in range(1, 2 * rate):
        time = 0.05 + i / rate
        faces = finder.find(image, time, tracker.expected(time))
        tracker.update(faces, time)
        if matched(faces, shown) == 4:
            seconds = i / rate
            break
    assert seconds is not None
    assert seconds <= 1.0


@pytest.mark.parametrize(("rate", "most"), [(30, 2.4), (120, 1.4), (5, 6.2)])
def test_a_known_face_costs_a_look_and_the_search_goes_by_time(rate: int, most: float) -> None:
    detector = Counting()
    finder, tracker = Finder(detector), Tracker()  # type: ignore[arg-type]
    image = video.scene("one").at(0.0)[0]
    tracker.update(finder.find(image, 0.0, []), 0.0)
    assert detector.looks >= 15  # the first frame is searched all over
    detector.looks = 0
    for i in range(1, 2 * rate + 1):
        time = i / rate
        faces = finder.find(image, time, tracker.expected(time))
        assert len(faces) == 1
        tracker.update(faces, time)
    assert 1.0 <= detector.looks / (2 * rate) <= most


def test_the_box_is_the_one_that_a_look_from_close_by_gives() -> None:
    image = video.scene("one").at(0.0)[0]
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    (expected,) = shared_detector().in_photo(rgb)
    finder = Finder()
    (face,) = finder.find(image, 0.0, [])
    for i in range(1, 4):
        (face,) = finder.find(image, i / 30, [face])
    assert math.dist(face.centre, expected.centre) < 0.03 * expected.side
    assert face.side == pytest.approx(expected.side, rel=0.06)


def test_two_guesses_at_one_face_give_one() -> None:
    image = video.scene("one").at(0.0)[0]
    finder = Finder()
    (face,) = finder.find(image, 0.0, [])
    beside = face.moved(0.3 * face.side, 0)
    assert len(finder.find(image, 0.1, [face, beside])) == 1


@pytest.mark.parametrize("shape", [(1, 1), (10, 700), (40, 30), (8, 8)])
def test_any_size_will_do(shape: tuple[int, int]) -> None:
    assert Finder().find(np.zeros((*shape, 3), np.uint8), 0.0, []) == []


def test_an_expected_face_may_lie_outside() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    points = np.zeros((6, 2))
    away = [Face((500, 500, 60, 60), 0.9, points), Face((-90, -90, 60, 60), 0.9, points)]
    assert Finder().find(image, 0.0, away) == []


def test_a_film_that_begins_anew_or_changes_its_size_is_searched_all_over() -> None:
    detector = Counting()
    finder = Finder(detector)  # type: ignore[arg-type]
    looks = []
    for size, time in (((64, 64), 0.0), ((64, 64), 0.01), ((640, 480), 0.02), ((640, 480), 0.01)):
        detector.looks = 0
        finder.find(np.zeros((size[1], size[0], 3), np.uint8), time, [])
        looks.append(detector.looks)
    assert looks[1] <= 1 <= looks[0]
    assert looks[2] == looks[3] > 10
