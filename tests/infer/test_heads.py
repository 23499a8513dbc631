"""Logits to answers: balance against unequal classes, and which head speaks."""

from __future__ import annotations

import numpy as np
import pytest
from infer_cases import PRIOR, TWO, an_info

from fercurate.errors import InputError
from fercurate.infer.heads import Head, softmax


def test_a_balance_of_one_takes_all_classes_for_equally_frequent() -> None:
    """A network that says no more than how frequent each class is then knows nothing."""
    logits = np.log(np.array(PRIOR, np.float32))[None, None]
    head = Head("given", PRIOR)
    info = an_info(heads=(head,))
    assert info.point(balance=1).probabilities(logits)[0] == pytest.approx([1 / 7] * 7)
    assert info.point(balance=0).probabilities(logits)[0] == pytest.approx(PRIOR)
    half = np.sqrt(PRIOR) / np.sqrt(PRIOR).sum()
    assert info.point(balance=0.5).probabilities(logits)[0] == pytest.approx(half)


@pytest.mark.parametrize("balance", [0.0, 0.25, 1.0])
def test_the_temperature_changes_no_answer_whatever_the_balance(balance: float) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (200, 1, 7)).astype(np.float32)
    answers = [
        an_info(heads=(Head("given", PRIOR, temperature=t),)).point(None, balance)
        for t in (0.5, 1.0, 3.0)
    ]
    named = [point.probabilities(logits).argmax(axis=1).tolist() for point in answers]
    assert named[0] == named[1] == named[2]
    by_hand = (logits[:, 0] - balance * np.log(PRIOR)).argmax(axis=1)
    assert named[0] == by_hand.tolist()


def test_the_named_head_speaks_with_its_own_settings() -> None:
    info = an_info(heads=TWO)
    assert info.answers_as == "votes"
    point = info.point()
    assert (point.place, point.balance, point.threshold) == (1, 0.25, 0.4)
    other = info.point("given", threshold=0.7)
    assert (other.place, other.balance, other.threshold) == (0, 0.0, 0.7)
    logits = np.zeros((3, 2, 7), np.float32)
    logits[:, 0, 2] = logits[:, 1, 5] = 9
    assert info.point("given").probabilities(logits).argmax(1).tolist() == [2, 2, 2]
    assert info.point("votes").probabilities(logits).argmax(1).tolist() == [5, 5, 5]


def test_a_head_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(InputError, match="does not answer as corrected: its heads are given, vote"):
        an_info(heads=TWO).point("corrected")
    with pytest.raises(InputError, match="does not answer as votes: its labels are given"):
        an_info().point("votes")


@pytest.mark.parametrize("changes", [{"balance": 1.1}, {"balance": -0.1}, {"threshold": 2.0}])
def test_numbers_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        an_info(heads=TWO).point(None, **changes)


def test_softmax_of_large_numbers_and_of_no_row() -> None:
    assert softmax(np.array([[1000.0, 1000.0]])).tolist() == [[0.5, 0.5]]
    assert softmax(np.empty((0, 7))).shape == (0, 7)
