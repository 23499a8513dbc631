from __future__ import annotations

import numpy as np
import pytest

from fercurate.rerank import order

OWN = np.array([0.9, 0.5, 0.1, 0.2], np.float32)
UNTAUGHT = np.array([0.2, 0.1, 0.5, 0.9], np.float32)


@pytest.mark.parametrize(
    ("n", "first"), [(0, [1, 0, 2, 3]), (1, [1, 0, 2, 3]), (10_000, [2, 1, 3, 0])]
)
def test_the_fewer_verdicts_the_more_the_untaught_order_counts(n: int, first: list[int]) -> None:
    found = order.both(OWN, UNTAUGHT, n)
    assert np.argsort(found, kind="stable").tolist() == first
    assert found.dtype == np.float32
    assert ((found > 0) & (found < 1)).all()


def test_certain_values_stay_finite() -> None:
    assert np.isfinite(order.logit(np.array([0, 1], np.float32))).all()
