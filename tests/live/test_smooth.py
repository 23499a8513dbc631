from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fercurate.labels import CLASSES
from fercurate.live.smooth import Smoother, label, mean_lag


def shares(**given: float) -> NDArray[np.float32]:
    """Probabilities; what is left goes to all other classes alike."""
    rest = (1 - sum(given.values())) / (len(CLASSES) - len(given))
    return np.array([given.get(name, rest) for name in CLASSES], np.float32)


def curve(rate: float, half_life: float, seconds: float = 2.0) -> dict[float, float]:
    """Happiness over time: it rises from second 0.5 to 0.7 and falls from 1.2 to 1.4."""
    smoother, found = Smoother(), {}
    for i in range(round(seconds * rate) + 1):
        time = i / rate
        rise = np.interp(time, [0.5, 0.7, 1.2, 1.4], [0.0, 1.0, 1.0, 0.0])
        found[round(time, 6)] = float(smoother.add(shares(happy=rise), time, half_life)[3])
    return found


@pytest.mark.parametrize("half_life", [0.1, 0.35, 1.2])
def test_ten_and_sixty_frames_a_second_give_the_same_curve(half_life: float) -> None:
    slow, fast = curve(10, half_life), curve(60, half_life)
    assert len(slow) == 21
    for time, value in slow.items():
        assert value == pytest.approx(fast[time], abs=1e-5), time
    assert max(slow.values()) > 0.2


def test_frames_that_come_unevenly_give_it_too() -> None:
    even = curve(10, 0.35)
    rng = np.random.default_rng(0)
    times = np.union1d(np.round(np.arange(21) / 10, 6), np.sort(rng.uniform(0, 2, 40)))
    smoother = Smoother()
    for time in times:
        rise = float(np.interp(time, [0.5, 0.7, 1.2, 1.4], [0.0, 1.0, 1.0, 0.0]))
        value = float(smoother.add(shares(happy=rise), float(time), 0.35)[3])
        if round(float(time), 6) in even:
            assert value == pytest.approx(even[round(float(time), 6)], abs=1e-5)


def test_half_of_a_change_shows_after_a_half_life() -> None:
    smoother = Smoother()
    smoother.add(shares(happy=0.0), 0.0, 0.4)
    smoother.add(shares(happy=1.0), 1e-6, 0.4)
    assert smoother.add(shares(happy=1.0), 0.4, 0.4)[3] == pytest.approx(0.5, abs=1e-3)


def test_a_steady_change_lags_by_the_mean_lag() -> None:
    smoother = Smoother()
    for i in range(200):
        value = smoother.add(shares(happy=i / 200), i / 20, 0.35)[3]
    assert mean_lag(0.35) == pytest.approx(0.505, abs=1e-3)
    assert (199 / 200 - value) / (20 / 200) == pytest.approx(mean_lag(0.35), abs=0.01)


def test_what_comes_out_are_probabilities() -> None:
    rng, smoother = np.random.default_rng(0), Smoother()
    for i in range(50):
        new = rng.dirichlet(np.full(7, 0.2)).astype(np.float32)
        value = smoother.add(new, i * rng.uniform(0.01, 0.3), rng.uniform(0, 1))
        assert value.dtype == np.float32
        assert value.sum() == pytest.approx(1, abs=1e-5)
        assert value.min() >= -1e-7


@pytest.mark.parametrize(("half_life", "time"), [(0.0, 0.01), (0.35, 100.0)])
def test_nothing_is_left_of_the_old_without_smoothing_or_after_long(
    half_life: float, time: float
) -> None:
    smoother = Smoother()
    smoother.add(shares(sad=0.9), 0.0, half_life)
    smoother.add(shares(happy=0.9), time, half_life)
    new = smoother.add(shares(happy=0.9), time + 20, half_life)
    assert new == pytest.approx(shares(happy=0.9), abs=1e-6)


def test_two_frames_at_the_same_time_change_nothing_and_break_nothing() -> None:
    smoother = Smoother()
    first = smoother.add(shares(sad=0.9), 1.0, 0.35)
    assert smoother.add(shares(happy=0.9), 1.0, 0.35) == pytest.approx(first, abs=1e-6)


@pytest.mark.parametrize(
    ("given", "grouped", "expected"),
    [
        ({"happy": 0.8}, False, "happy"),
        ({"happy": 0.6}, False, None),
        ({"neutral": 0.69}, False, None),  # no answer is not neutral
        ({"neutral": 0.71}, False, "neutral"),
        ({"happy": 0.8}, True, "positive"),
        ({"sad": 0.4, "angry": 0.4}, False, None),
        ({"sad": 0.4, "angry": 0.4}, True, "negative"),
        ({"surprise": 0.75}, True, "surprise"),
        ({"surprise": 0.5, "happy": 0.4}, True, None),
    ],
)
def test_the_answer_is_none_below_the_threshold(
    given: dict[str, float], grouped: bool, expected: str | None
) -> None:
    assert label(shares(**given), CLASSES, 0.7, grouped=grouped) == expected


def test_a_model_with_fewer_classes_has_groups_too() -> None:
    found = np.array([0.1, 0.9], np.float32)
    assert label(found, ("happy", "sad"), 0.5, grouped=True) == "negative"
    assert label(found, ("happy", "sad"), 0.5) == "sad"
