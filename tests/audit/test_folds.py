from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import folds

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_groups_stay_whole_and_classes_spread(n_folds: int) -> None:
    labels = RNG.integers(0, 7, 700)
    groups = np.arange(700)
    groups[100:200] = groups[0:100]
    assigned = folds.assign(labels, groups, n_folds, seed=1)
    assert (assigned[100:200] == assigned[0:100]).all()
    assert set(assigned) == set(range(n_folds))
    alone = np.r_[0:100, 200:700]
    for c in range(7):
        share = np.bincount(assigned[alone][labels[alone] == c], minlength=n_folds)
        assert share.max() - share.min() <= 1


def test_the_seed_decides() -> None:
    labels, groups = np.zeros(50, np.int64), np.arange(50)
    one, same, other = (folds.assign(labels, groups, 2, seed) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(("n_groups", "n_folds"), [(5, 1), (2, 3)])
def test_folds_that_cannot_be_made_are_refused(n_groups: int, n_folds: int) -> None:
    labels = np.zeros(6, np.int64)
    with pytest.raises(ValueError, match="do not make"):
        folds.assign(labels, np.arange(6) % n_groups, n_folds, seed=0)
