from __future__ import annotations

from itertools import cycle, pairwise

import cv2
import numpy as np
import pytest
from detect_cases import face_at

from fercurate.detect.face import Face
from fercurate.detect.photo import CONTEXT, VIEW, Look, candidates, second_look, tiles, view

SPOT = 255


def spots(score: float, of_mirrored: float | None = None) -> Look:
    """A detector that takes a white square for a face; every other image is a mirror image."""
    turn = cycle((score, score if of_mirrored is None else of_mirrored))

    def look(image: np.ndarray) -> list[Face]:
        now = next(turn)
        grey = image if image.ndim == 2 else image[:, :, 0]
        rows, columns = np.nonzero(grey > 200)
        if len(rows) == 0:
            return []
        left, top = float(columns.min()), float(rows.min())
        return [face_at(left, top, max(columns.max() - left + 1, rows.max() - top + 1), now)]

    return look


def with_spot(height: int, width: int, left: int, top: int, side: int) -> np.ndarray:
    photo = np.zeros((height, width, 3), np.uint8)
    photo[top : top + side, left : left + side] = SPOT
    return photo


@pytest.mark.parametrize("size", [(192, 192), (192, 256), (400, 1000), (1536, 2048)])
def test_tiles_cover_everything_and_overlap(size: tuple[int, int]) -> None:
    seen = np.zeros(size, int)
    places = list(tiles(*size))
    for top, left in places:
        assert 0 <= top <= size[0] - VIEW
        assert 0 <= left <= size[1] - VIEW
        seen[top : top + VIEW, left : left + VIEW] += 1
    assert seen.min() >= 1
    tops = sorted({top for top, _ in places})
    assert all(b - a <= 0.61 * VIEW for a, b in pairwise(tops))


def test_a_view_is_black_where_the_photograph_ends() -> None:
    photo = np.full((50, 80), 100, np.uint8)
    seen, left, top, scale = view(photo, -48, -48, 96)
    assert seen.shape == (VIEW, VIEW)
    assert (left, top, scale) == (-48, -48, 0.5)
    assert (seen[:90] == 0).all()
    assert (seen[100:, 100:] == 100).all()
    outside, *_ = view(np.full((50, 80, 3), 9, np.uint8), 200, 200, 10)
    assert outside.shape == (VIEW, VIEW, 3)
    assert not outside.any()


@pytest.mark.parametrize(
    "size",
    [(40, 40), (100, 100), (600, 800), (800, 600), (30, 580)],
    ids=str,
)
def test_candidates_come_in_the_photographs_own_pixels(size: tuple[int, int]) -> None:
    side = min(size) // 2
    left, top = size[1] // 2, size[0] // 4
    found = candidates(spots(0.9), with_spot(*size, left, top, side))
    # a tile may cut the spot; the whole is among what was found
    slack = 0.02 * max(size) + 1
    assert any(np.abs(np.array(f.box) - (left, top, side, side)).max() < slack for f in found), [
        f.box for f in found
    ]


def test_nothing_in_an_empty_photograph() -> None:
    black = np.zeros((300, 400), np.uint8)
    assert candidates(spots(0.9), black) == []
    assert second_look(spots(0.9), black, face_at(10, 10, 30)) is None


def test_a_second_look_finds_the_place_again_and_takes_the_mean() -> None:
    photo = with_spot(400, 500, 200, 100, 60)
    looked = second_look(spots(0.9, 0.5), photo, face_at(206, 103, 54))
    assert looked is not None
    face, seen, likeliest = looked
    assert face.score == pytest.approx(0.7)
    assert face.box == pytest.approx((200, 100, 60, 60), abs=1)
    assert seen.shape == (VIEW, VIEW, 3)
    assert likeliest.score == pytest.approx(0.9)


@pytest.mark.parametrize(("upright", "mirrored"), [(0.1, 0.9), (0.9, 0.1)])
def test_both_looks_must_see_it(upright: float, mirrored: float) -> None:
    photo = with_spot(400, 500, 200, 100, 60)
    assert second_look(spots(upright, mirrored), photo, face_at(206, 103, 54)) is None


def test_a_face_elsewhere_is_not_the_same() -> None:
    photo = with_spot(400, 500, 200, 100, 30)
    assert second_look(spots(0.9), photo, face_at(140, 60, 60)) is None


def test_a_box_that_the_views_edge_cut_off_is_looked_at_again() -> None:
    """As the detector does, `look` moves a box that reaches beyond the upper edge down to it."""
    whole = face_at(200, 100, 80)
    tops: list[float] = []

    def look(seen: np.ndarray) -> list[Face]:
        # a ramp down the photograph tells where the view's top lies, once for each mirror image
        tops.append(float(seen[0, VIEW // 2]))
        scale = CONTEXT * side / VIEW
        left, top = (200 - (240 - CONTEXT * side / 2)) / scale, (100 - tops[-1]) / scale
        return [face_at(left, max(0.0, top), 80 / scale)]

    ramp = np.tile(np.arange(250, dtype=np.uint8)[:, None], (1, 500))
    side = 80.0
    start = face_at(200, 145, side)
    looked = second_look(look, ramp, start)
    assert looked is not None
    assert len(tops) > 2
    assert looked[0].box == pytest.approx(whole.box, abs=2)


@pytest.mark.parametrize(
    ("height", "width", "left", "top", "side"),
    [
        (480, 640, 0, -80, 640),
        (640, 480, -80, 0, 640),
        (720, 1280, -640, -920, 2560),
        (640, 960, 0, -160, 960),
        (427, 640, 0, -106, 640),
        (480, 640, 500, 300, 384),
        (481, 637, -100, -100, 400),
        (300, 300, -50, -50, 400),
    ],
)
@pytest.mark.parametrize("colours", [(), (3,)])
def test_a_border_costs_no_pixel(
    height: int, width: int, left: int, top: int, side: int, colours: tuple[int, ...]
) -> None:
    """As if the border had been shrunk with the photograph."""
    photo = np.random.default_rng(0).integers(0, 256, (height, width, *colours), dtype=np.uint8)
    framed = np.zeros((3 * side, 3 * side, *colours), np.uint8)
    part = photo[max(0, top) : top + side, max(0, left) : left + side]
    down, across = side + max(0, -top), side + max(0, -left)
    framed[down : down + part.shape[0], across : across + part.shape[1]] = part
    whole = cv2.resize(
        framed[side : 2 * side, side : 2 * side], (VIEW, VIEW), interpolation=cv2.INTER_AREA
    )
    seen, *where = view(photo, left, top, side)
    assert where == [left, top, side / VIEW]
    assert seen.shape == (VIEW, VIEW, *colours)
    difference = np.abs(seen.astype(int) - whole.astype(int))
    assert difference.max() <= 1
    assert difference.mean() < 0.001
