from __future__ import annotations

import numpy as np
import pytest
from rerank_cases import made

from fercurate.rerank import heads


def test_corrected_labels_correct_the_picture() -> None:
    evidence, truth = made()
    learnt = heads.Heads(evidence.repeats, 7)
    systematic = learnt.refit(np.eye(7, dtype=np.float32)[evidence.labels])
    corrected = learnt.refit(np.eye(7, dtype=np.float32)[truth])
    sixes = truth == 6
    assert (corrected.argmax(1) == 6)[sixes].mean() > (systematic.argmax(1) == 6)[sixes].mean()
    assert (corrected.argmax(1) == truth).mean() > 0.8
    assert corrected.sum(1) == pytest.approx(np.ones(len(truth)), abs=1e-4)


def test_no_image_is_judged_by_a_head_that_was_fitted_on_it() -> None:
    """Labels that say nothing can only be guessed: memory would show as accuracy."""
    rng = np.random.default_rng(0)
    n = 300
    labels = rng.integers(0, 7, n)
    pictures = rng.normal(size=(n, 200)).astype(np.float16)
    cells = heads.cells(pictures, np.zeros(n, np.int64), np.arange(n), None)
    probs = heads.Heads([cells], 7).refit(np.eye(7, dtype=np.float32)[labels])
    assert (probs.argmax(1) == labels).mean() < 0.3


def test_copies_stay_in_one_half() -> None:
    groups = np.repeat(np.arange(50), 2)
    (cell,) = heads.cells(np.zeros((100, 3), np.float16), np.zeros(100, np.int64), groups, None)
    assert (cell.second[::2] == cell.second[1::2]).all()
    assert 10 < cell.second.sum() < 90


def test_a_general_network_is_heard_too() -> None:
    truth = made(600)[1]
    rng = np.random.default_rng(1)
    general = np.eye(7)[truth] + 0.1 * rng.normal(size=(600, 7))
    blind = np.zeros((600, 2), np.float16)
    cells = heads.cells(blind, np.zeros(600, np.int64), np.arange(600), general.astype(np.float32))
    probs = heads.Heads([cells], 7).refit(np.eye(7, dtype=np.float32)[truth])
    assert (probs.argmax(1) == truth).mean() > 0.9


def test_one_image_in_a_cell_is_no_error() -> None:
    cells = heads.cells(np.ones((1, 3), np.float16), np.zeros(1, np.int64), np.zeros(1, int), None)
    assert heads.Heads([cells], 2).refit(np.array([[1.0, 0.0]], np.float32)).shape == (1, 2)
