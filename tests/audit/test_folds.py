from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import folds

RNG = np.random.default_rng(0)


def smooth_faces(n: int) -> np.ndarray:
    """Blocky random pictures, as different from one another as photographs are."""
    small = RNG.integers(0, 256, (n, 8, 8), dtype=np.uint8)
    return small.repeat(6, axis=1).repeat(6, axis=2)


def test_copies_share_a_group_and_others_do_not() -> None:
    faces = smooth_faces(6)
    faces[1] = faces[0]
    faces[2] = np.clip(faces[0].astype(int) + RNG.integers(-6, 7, (48, 48)), 0, 255)
    faces[3] = faces[0][:, ::-1]
    groups = folds.near_duplicate_groups(faces)
    assert len(set(groups[:4])) == 1
    assert len(set(groups)) == 3


def test_constant_images_are_one_group() -> None:
    faces = smooth_faces(4)
    faces[1], faces[3] = 0, 255
    groups = folds.near_duplicate_groups(faces)
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3


def test_pairs_across_blocks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "_BLOCK", 4)
    faces = smooth_faces(11)
    faces[10] = faces[1]
    seen: list[int] = []
    groups = folds.near_duplicate_groups(faces, on_block=seen.append)
    assert groups[10] == groups[1]
    assert len(set(groups)) == 10
    assert sum(seen) == 11


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
