"""Seven classes seen as fewer."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.errors import InputError
from fercurate.evaluate.groups import FOUR, SEVEN, THREE, limited
from fercurate.labels import CLASSES, INDEX

EVEN = np.array([[0.1, 0.05, 0.05, 0.3, 0.1, 0.2, 0.2]])


def test_probabilities_of_a_group_are_added_up() -> None:
    assert FOUR.classes == ("positive", "neutral", "negative", "surprise")
    assert FOUR.probabilities(EVEN)[0] == pytest.approx([0.3, 0.2, 0.3, 0.2])
    assert FOUR.is_whole
    assert THREE.classes == ("positive", "neutral", "negative")
    assert THREE.probabilities(EVEN)[0] == pytest.approx([0.375, 0.25, 0.375])
    assert not THREE.is_whole
    assert SEVEN.probabilities(EVEN)[0] == pytest.approx(EVEN[0])


@pytest.mark.parametrize(
    ("view", "name", "wanted"),
    [
        (THREE, "happy", 0), (THREE, "neutral", 1), (THREE, "disgust", 2), (THREE, "surprise", -1),
        (FOUR, "surprise", 3), (SEVEN, "sad", INDEX["sad"]),
        (limited(["neutral", "happy"]), "happy", 0), (limited(["neutral", "happy"]), "fear", -1),
    ],
)  # fmt: skip
def test_labels_of_a_view(view, name, wanted) -> None:
    assert view.labels(np.array([INDEX[name], -1])).tolist() == [wanted, -1]


def test_a_limited_model_shares_the_rest_out() -> None:
    view = limited(["surprise", "happy", "Sad "])
    assert view.classes == ("happy", "sad", "surprise")
    assert view.probabilities(EVEN)[0] == pytest.approx(np.array([0.3, 0.1, 0.2]) / 0.6)


def test_a_model_that_is_sure_of_a_class_left_out_still_answers() -> None:
    sure = np.eye(7)[[INDEX["fear"]]]
    made = limited(["happy", "sad"]).probabilities(sure)
    assert np.isfinite(made).all()
    assert made.sum() == pytest.approx(1)


@pytest.mark.parametrize("names", [["happy"], ["happy", "happy"], ["happy", "bored"], []])
def test_what_is_no_choice_of_classes_is_refused(names: list[str]) -> None:
    with pytest.raises(InputError):
        limited(names)


def test_all_seven_are_all_seven() -> None:
    assert limited(CLASSES).is_whole
