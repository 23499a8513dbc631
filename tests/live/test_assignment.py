from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from fercurate.live.assignment import assign

SIDES = st.tuples(st.integers(1, 7), st.integers(1, 7))
COSTS = SIDES.flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 100) | st.just(1e6))
)


@given(COSTS)
def test_it_costs_as_little_as_scipys(cost: np.ndarray) -> None:
    pairs = assign(cost)
    rows, columns = linear_sum_assignment(cost)
    assert len(pairs) == len({row for row, _ in pairs}) == len({c for _, c in pairs}) == len(rows)
    assert pairs == sorted(pairs)
    assert sum(cost[pair] for pair in pairs) == pytest.approx(cost[rows, columns].sum())


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_has_no_pairs(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape)) == []
