from __future__ import annotations

import numpy as np
import pytest
from clean_cases import belief_of, verdict

from fercurate.clean.targets import at_most, normalised, one_hot, settled_target, soften
from fercurate.decisions import Decision, settle
from fercurate.labels import N_CLASSES


def test_one_hot_knows_images_without_a_label() -> None:
    made = one_hot(np.array([2, -1]))
    assert made[0].tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert np.isnan(made[1]).all()


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_softening_goes_from_the_label_to_the_belief(weight: float) -> None:
    belief = belief_of(sad=0.4, neutral=0.5)
    made = soften(np.array([4]), belief[None], weight)[0]
    assert made.dtype == np.float32
    assert made.sum() == pytest.approx(1)
    assert made[4] == pytest.approx(1 - weight + weight * 0.4)


@pytest.mark.parametrize(
    ("belief", "expected"),
    [
        (belief_of(sad=0.4, neutral=0.4), [0.04, 0.04, 0.04, 0.04, 0.4, 0.04, 0.4]),
        (belief_of(sad=0.8, neutral=0.2), [0, 0, 0, 0, 0.5, 0, 0.5]),
        (belief_of(sad=1.0), [1 / 12] * 4 + [0.5] + [1 / 12] * 2),
    ],
)
def test_no_class_of_an_ambiguous_image_has_more_than_half(
    belief: np.ndarray, expected: list[float]
) -> None:
    assert at_most(belief, 0.5) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([verdict(0, "keep", "sad")], [0, 0, 0, 0, 1, 0, 0]),
        ([verdict(0, "exclude")], None),
        ([verdict(0, "exclude"), verdict(0, "exclude", who="bob")], None),
        ([verdict(0, "exclude"), verdict(0, "keep", "sad", "bob")], [0, 0, 0, 0, 1, 0, 0]),
        ([verdict(0, "ambiguous")], [0, 0, 0.5, 0, 0.5, 0, 0]),
        (
            [verdict(0, "ambiguous"), verdict(0, "relabel", "happy", "bob")],
            [0, 0, 0.25, 0.5, 0.25, 0, 0],
        ),
    ],
)
def test_each_reviewer_has_one_voice(
    verdicts: list[Decision], expected: list[float] | None
) -> None:
    found = settled_target(settle(verdicts)["s0"], belief_of(sad=0.7, fear=0.3))
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=1e-6)


def test_rounding_does_not_keep_a_label_from_adding_up() -> None:
    rough = np.full((1, N_CLASSES), 1 / 3, np.float32)
    assert normalised(rough).sum() == pytest.approx(1, abs=1e-6)
