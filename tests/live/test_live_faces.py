"""The test films through finder, tracker and smoothing: who is who, all the way."""

from __future__ import annotations

import math
from collections import defaultdict
from time import perf_counter

import numpy as np
import pytest

from fercurate.infer.info import ModelInfo
from fercurate.live.analyse import Analyser
from fercurate.live.controls import Controls
from fercurate.live.find import Finder
from fercurate.live.frame import Frame
from fercurate.samples import video


class Undecided:
    """A classifier for those who do not ask for its answers."""

    info = ModelInfo("none")

    def logits(self, faces: np.ndarray) -> np.ndarray:
        return np.zeros((len(faces), 1, 7), np.float32)


def numbers_of(name: str, seconds: float, rate: float) -> tuple[dict[int, list[int]], int, int]:
    """The track numbers of each actor in order, faces found, and faces where nobody was."""
    made = video.scene(name, 960, 540)
    analyser, controls = Analyser(Undecided(), Finder()), Controls()
    numbers: dict[int, list[int]] = defaultdict(list)
    found = strange = 0
    for i, (time, image, shown) in enumerate(video.frames(made, seconds, rate)):
        faces = list(analyser.analyse(Frame(image, time, i, perf_counter()), controls).faces)
        for one in reversed(shown):  # those in front first
            left, top, side, _ = one.box
            middle = left + side / 2, top + side / 2
            near = [f for f in faces if math.dist(f.face.centre, middle) < 0.3 * side]
            if near:
                faces.remove(near[0])
                numbers[one.actor].append(near[0].track)
                found += 1
        strange += len(faces)
    return numbers, found, strange


@pytest.mark.parametrize("rate", [30, 12])
def test_two_who_pass_each_other_keep_their_numbers(rate: float) -> None:
    numbers, _, strange = numbers_of("crossing", 3.0, rate)
    assert {actor: set(given) for actor, given in numbers.items()} == {
        0: {numbers[0][0]},
        1: {numbers[1][0]},
    }
    assert numbers[0][0] != numbers[1][0]
    assert len(numbers[1]) == 3 * rate  # the one in front is never lost
    assert 0.75 * 3 * rate <= len(numbers[0]) < 3 * rate  # the other one is hidden twice
    assert strange <= 1


def test_one_who_leaves_for_long_comes_back_as_another() -> None:
    numbers, _, strange = numbers_of("leaving", 9.0, 10)
    assert set(numbers[0]) == {numbers[0][0]}
    assert len(dict.fromkeys(numbers[1])) == 2
    assert set(numbers[0]).isdisjoint(numbers[1])
    assert strange <= 2


def test_four_keep_four_numbers() -> None:
    numbers, found, strange = numbers_of("four", 2.0, 15)
    assert sorted(number for given in numbers.values() for number in set(given)) == [1, 2, 3, 4]
    assert found == 4 * 30
    assert strange == 0
