"""Loading and preparing the source pictures."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.errors import FercurateError
from fercurate.samples import faces


def test_the_crops_are_a_hundred_faces_and_a_hundred_others():
    crops = faces.load_crops()
    assert crops.shape == (200, 25, 25)
    assert crops.min() >= 0.0
    assert crops.max() <= 1.0


@pytest.mark.parametrize("content", [None, b"", b"no array"], ids=["missing", "empty", "garbage"])
def test_a_broken_source_file_is_an_error_that_says_what_to_do(tmp_path, monkeypatch, content):
    monkeypatch.setattr(faces, "data_dir", lambda: tmp_path)
    if content is not None:
        (tmp_path / "lfw_subset.npy").write_bytes(content)
        (tmp_path / "page.png").write_bytes(content)
    for load in (faces.load_crops, lambda: faces.load_photo("page.png")):
        with pytest.raises(FercurateError) as caught:
            load()
        assert "scikit-image" in caught.value.fix


def test_an_array_of_another_shape_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "data_dir", lambda: tmp_path)
    np.save(tmp_path / "lfw_subset.npy", np.zeros((3, 25, 25)))
    with pytest.raises(FercurateError, match="shape"):
        faces.load_crops()


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_enlarging_keeps_a_flat_picture_flat(value):
    big = faces.enlarge(np.full((25, 25), value))
    assert big.shape == (48, 48)
    np.testing.assert_allclose(big, value, atol=1e-9)


def test_preparing_calms_an_open_mouth():
    shouting = faces.load_crops()[51]
    rest = faces.prepare(shouting, np.random.default_rng(0))
    mouth = slice(36, 42), slice(18, 25)
    assert faces.enlarge(shouting)[mouth].min() < 0.6 * rest[mouth].min()


def test_preparing_leaves_what_is_far_from_mouth_and_brows():
    crop = faces.load_crops()[3]
    rest = faces.prepare(crop, np.random.default_rng(0))
    np.testing.assert_allclose(rest[:6], faces.enlarge(crop)[:6], atol=1e-3)
    assert rest[10:13, 11:14].mean() < faces.enlarge(crop)[10:13, 11:14].mean()


def test_people_differ_in_what_is_drawn_for_them():
    crop = faces.load_crops()[3]
    one, same, other = (faces.prepare(crop, np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize(
    ("value", "grey"), [(-1.0, 0), (0.0, 0), (0.5, 128), (1.0, 255), (2.0, 255)]
)
def test_grey_values_are_rounded_and_clipped(value, grey):
    assert faces.to_grey(np.array([[value]])).tolist() == [[grey]]


def test_exposure_varies_but_keeps_the_order_of_dark_and_light():
    half = np.full((48, 48), 0.2)
    half[:, 24:] = 0.8
    shots = [faces.expose(half, np.random.default_rng(s)) for s in range(5)]
    assert all(s.dtype == np.uint8 and s.shape == (48, 48) for s in shots)
    assert all(s[:, :24].mean() + 60 < s[:, 24:].mean() for s in shots)
    assert len({round(s.mean()) for s in shots}) > 1
