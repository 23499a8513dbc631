from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fercurate import copies, likeness
from fercurate.likeness import Pairs

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
    groups = copies.near_duplicate_groups(faces)
    assert len(set(groups[:4])) == 1
    assert len(set(groups)) == 3


def test_constant_images_are_one_group() -> None:
    faces = smooth_faces(4)
    faces[1], faces[3] = 0, 255
    groups = copies.near_duplicate_groups(faces)
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3


def test_pairs_across_blocks_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "_ROWS", 4)
    faces = smooth_faces(11)
    faces[10] = faces[1]
    seen: list[int] = []
    groups = copies.near_duplicate_groups(faces, on_images=seen.append)
    assert groups[10] == groups[1]
    assert len(set(groups)) == 10
    assert sum(seen) == 11


def test_new_images_are_compared_with_old_ones_and_with_one_another() -> None:
    old, new = smooth_faces(5), smooth_faces(7)
    old[1] = 7
    new[0] = np.clip(old[3].astype(int) + RNG.integers(-6, 7, (48, 48)), 0, 255)
    new[2] = old[4][:, ::-1]
    new[4] = new[1]
    new[5] = 200
    new[6] = new[1][:, ::-1]
    found = copies.near_duplicates_of(new, old)
    assert found.dtype == np.int64
    assert found.tolist() == [3, -1, 4, -1, 5 + 1, 1, 5 + 1]


def test_a_duplicate_of_a_duplicate_names_the_one_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(likeness, "_COLUMNS", 2)
    old, new = smooth_faces(3), smooth_faces(5)
    new[1] = new[2] = new[4] = new[0]
    assert copies.near_duplicates_of(new, old).tolist() == [-1, 3, 3, -1, 3]
    nothing = np.empty((0, 48, 48), np.uint8)
    assert copies.near_duplicates_of(new, nothing).tolist() == [-1, 0, 0, -1, 0]
    assert copies.near_duplicates_of(nothing, old).tolist() == []
    constant = np.zeros((2, 48, 48), np.uint8)
    assert copies.near_duplicates_of(constant, old).tolist() == [-1, 3]


def test_near_sets_how_near() -> None:
    old = smooth_faces(1)
    noisy = np.clip(old.astype(int) + RNG.integers(-40, 41, old.shape), 0, 255).astype(np.uint8)
    assert copies.near_duplicates_of(noisy, old, near=0.9).tolist() == [0]
    assert copies.near_duplicates_of(noisy, old, near=0.99999).tolist() == [-1]


def test_groups_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, links = int(rng.integers(1, 40)), int(rng.integers(0, 40))
        first, second = rng.integers(0, n, (2, links))
        graph = coo_matrix((np.ones(links, bool), (first, second)), shape=(n, n))
        expected = connected_components(graph, directed=False)[1]
        assert copies.connected(first, second, n).tolist() == expected.tolist()


def test_an_image_stands_for_those_that_are_paired_with_it_alone() -> None:
    """0 - 1 - 2 - 3 - 4 is a chain."""
    chain = Pairs(np.arange(4), np.arange(1, 5), np.full(4, 0.96, np.float32))
    assert copies.stars(chain, np.arange(5), 5).tolist() == [0, 0, 2, 2, 4]
    assert copies.stars(chain, np.array([1, 0, 2, 3, 4]), 5).tolist() == [1, 1, 1, 3, 3]
    assert copies.stars(chain, np.array([2, 4, 3, 1, 0]), 5).tolist() == [0, 2, 2, 2, 4]
    assert copies.connected(chain.first, chain.second, 5).tolist() == [0] * 5


def test_every_image_is_paired_with_what_stands_for_it() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        n = int(rng.integers(1, 30))
        edges = np.unique(np.sort(rng.integers(0, n, (40, 2)), axis=1), axis=0)
        first, second = edges[edges[:, 0] < edges[:, 1]].T
        stands = copies.stars(Pairs(first, second, np.ones(len(first))), rng.permutation(n), n)
        linked = {(i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True)}
        assert all(i == j or (min(i, j), max(i, j)) in linked for i, j in enumerate(stands))
        assert (stands[stands] == stands).all(), "it stands for itself"
        stay = stands == np.arange(n)
        assert not (stay[first] & stay[second]).any(), "no two that stay are near"


def test_a_new_image_is_named_after_the_nearest_that_stays() -> None:
    """One of them lies between the two others, nearer to one."""
    one, other = smooth_faces(2).astype(float)
    other = one + 0.35 * (other - one)
    shares = (0, 1, 0.6)
    new = np.stack([np.rint(one * (1 - s) + other * s).astype(np.uint8) for s in shares])
    small = likeness.thumbnails(new)
    near = float(small[0] @ small[1]) + 1e-4
    nothing = np.empty((0, 48, 48), np.uint8)
    assert copies.near_duplicates_of(new, nothing, near).tolist() == [-1, -1, 1]
    assert copies.near_duplicates_of(new[[2, 0, 1]], nothing, near).tolist() == [-1, 0, 0]


def test_a_blank_old_image_is_named_and_not_a_new_one() -> None:
    old, new = smooth_faces(3), smooth_faces(2)
    old[2], new[:] = 9, 100
    assert copies.near_duplicates_of(new, old).tolist() == [2, 2]
