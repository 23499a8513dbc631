"""Non-faces and drawn faces."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.samples import others
from fercurate.samples.faces import load_crops, prepare


@pytest.fixture(scope="module")
def crops():
    return load_crops()


def test_nonfaces_say_truly_which_are_constant(crops):
    found = others.nonfaces(crops, np.random.default_rng(0))
    assert len(found) == others.N_NONFACES
    assert [bool(np.ptp(pixels) == 0) for pixels, _ in found] == [flat for _, flat in found]
    assert sorted(int(p[0, 0]) for p, flat in found if flat) == sorted(others.CONSTANTS)


def test_nonfaces_differ_from_one_another(crops):
    found = others.nonfaces(crops, np.random.default_rng(0))
    assert len({pixels.tobytes() for pixels, _ in found}) == len(found)


def test_the_cards_have_ink_in_the_middle(crops):
    cards = [
        others._card(("NO", "IMAGE"), np.random.default_rng(0)),
        others._card(("", ""), np.random.default_rng(0)),
    ]
    written, empty = (np.count_nonzero(card[14:34, 8:40] < 0.6) for card in cards)
    assert written > empty + 20


@pytest.mark.parametrize("traced", [0, 7, others.N_DRAWN])
def test_drawings_are_filled_up_with_smileys(crops, traced):
    faces = [prepare(crops[i], np.random.default_rng(i)) for i in range(traced)]
    found = others.drawn(faces, np.random.default_rng(0))
    assert len(found) == others.N_DRAWN
    assert all(p.shape == (48, 48) and p.dtype == np.uint8 for p in found)
    assert all(p.std() > 10 for p in found)
    assert len({p.tobytes() for p in found}) == len(found)


@pytest.mark.parametrize("style", [others._outline, others._sketch])
def test_line_drawings_are_mostly_paper_with_some_ink(crops, style):
    page = style(prepare(crops[66], np.random.default_rng(0)), np.random.default_rng(0))
    assert 0.02 < np.mean(page < 0.4) < 0.5
    assert np.mean(page > 0.6) > 0.3


def test_a_poster_has_few_greys(crops):
    face = prepare(crops[66], np.random.default_rng(0))
    poster = others._poster(face, np.random.default_rng(0))
    _, counts = np.unique(poster.round(6), return_counts=True)
    assert np.sort(counts)[-5:].sum() > 0.7 * poster.size
