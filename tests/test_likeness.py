from __future__ import annotations

import numpy as np
import pytest

from fercurate import likeness
from fercurate.likeness import SMALL, Pairs, pairs_among, pairs_between, thumbnails


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """uint8 [n, 48, 48] of 40 sources, blended and mirrored: pairs of all degrees of likeness."""
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, 256, (40, 6, 6)).repeat(8, axis=1).repeat(8, axis=2)
    one, other = sources[rng.integers(0, 40, (2, n))]
    share = rng.choice([0, 0.1, 0.2, 0.3, 0.4], n)[:, None, None]
    faces = np.rint(one * (1 - share) + other * share).astype(np.uint8)
    faces[::5] = faces[:1]
    turned = rng.random(n) < 0.5
    faces[turned] = faces[turned][:, :, ::-1]
    return faces


def brute(one: np.ndarray, other: np.ndarray, near: float) -> np.ndarray:
    """By the definition, in float64: likeness of all pairs, 0 where they are not near."""
    one = one.astype(np.float64)
    mirrored = one.reshape(-1, SMALL, SMALL)[:, :, ::-1].reshape(one.shape)
    alike = np.maximum(one @ other.T, mirrored @ other.T)
    return np.where(alike >= near, alike, 0)


def matrix(pairs: Pairs, shape: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape)
    assert (found[pairs.first, pairs.second] == 0).all()
    found[pairs.first, pairs.second] = pairs.likeness
    assert np.count_nonzero(found) == len(pairs.first), "each pair once"
    return found


@pytest.fixture(params=["many cells", "one cell", "as it is"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the points lie, compared a few at a time."""
    if request.param != "as it is":
        monkeypatch.setattr(likeness, "_CELLS", 4 if request.param == "many cells" else 0)
        monkeypatch.setattr(likeness, "_ROWS", 7)
        monkeypatch.setattr(likeness, "_COLUMNS", 11)
    return str(request.param)


@pytest.mark.parametrize("near", [0.8, 0.95, 0.999])
def test_all_pairs_are_found_and_no_others(way: str, near: float) -> None:
    faces = pictures(150)
    faces[[3, 70, 149]] = 0
    small = thumbnails(faces)
    expected = np.triu(brute(small, small, near), 1)
    assert np.count_nonzero(expected) > 20
    seen: list[int] = []
    found = pairs_among(small, near, seen.append)
    assert matrix(found, (150, 150)) == pytest.approx(expected, abs=1e-5)
    assert (np.diff(found.first) >= 0).all()
    assert sum(seen) == 150
    others = thumbnails(pictures(60, seed=1))
    expected = brute(small, others, near)
    assert matrix(pairs_between(small, others, near), (150, 60)) == pytest.approx(
        expected, abs=1e-5
    )


def test_what_is_found_does_not_hang_on_the_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    small = thumbnails(pictures(200, seed=2))
    one = pairs_among(small)
    monkeypatch.setattr(likeness, "_CELLS", 5)
    monkeypatch.setattr(likeness, "_SAMPLE", 20)
    monkeypatch.setattr(likeness, "_COMPONENTS", 12)
    other = pairs_among(small)
    assert (one.first == other.first).all()
    assert (one.second == other.second).all()
    assert (one.likeness == other.likeness).all(), "to the last bit"


def test_many_copies_of_one_image_are_all_paired(way: str) -> None:
    small = thumbnails(pictures(1).repeat(40, axis=0))
    found = pairs_among(small)
    assert len(found.first) == 40 * 39 // 2
    assert (found.likeness > 1 - 1e-5).all()
    assert (found.likeness <= 1).all()


def test_a_symmetric_image_is_one_pair_with_its_copy(way: str) -> None:
    """It is like the other upright and mirrored."""
    half = pictures(1)[0, :, :24]
    face = np.hstack([half, half[:, ::-1]])
    found = pairs_among(thumbnails(np.stack([face, face])))
    assert found.first.tolist() == [0]
    assert found.second.tolist() == [1]


def test_of_no_images_there_are_no_pairs(way: str) -> None:
    nothing, some = np.empty((0, 256), np.float32), thumbnails(pictures(3))
    blank = thumbnails(np.full((3, 48, 48), 7, np.uint8))
    for found in (
        pairs_among(nothing), pairs_among(blank), pairs_between(nothing, some),
        pairs_between(some, nothing), pairs_between(blank, some),
    ):  # fmt: skip
        assert found.first.dtype == found.second.dtype == np.int64
        assert len(found.first) == len(found.second) == len(found.likeness) == 0
