from __future__ import annotations

import numpy as np
import pytest

from fercurate.screen import quality

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (48, 48)).astype(np.uint8)
RAMP = np.repeat(np.linspace(60, 200, 48)[None], 48, axis=0).astype(np.uint8)


def blurred(image: np.ndarray, width: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(image.astype(np.float32), width)
    spread = (smooth - smooth.min()) / np.ptp(smooth)
    return (255 * spread).astype(np.uint8)


def plain(level: int) -> np.ndarray:
    return np.full((48, 48), level, np.uint8)


@pytest.mark.parametrize(
    ("image", "issues"),
    [
        (plain(0), {"dark", "low_information"}),
        (plain(255), {"light", "low_information"}),
        (plain(128), {"low_information"}),
        (NOISE, set()),
        (NOISE // 4, {"dark"}),
        (200 + NOISE // 5, {"light"}),
        (blurred(NOISE, 4), {"blurry"}),
        (blurred(NOISE, 1), set()),
        (np.where(NOISE > 127, 255, 0).astype(np.uint8), {"low_information"}),
    ],
    ids=["black", "white", "grey", "noise", "dim", "pale", "blurred", "soft", "two levels"],
)
def test_made_images_have_the_issues_they_were_made_with(
    image: np.ndarray, issues: set[str]
) -> None:
    table = quality.measure(image[None], jobs=1)
    checks = ("dark", "light", "low_information", "odd_size", "blurry")
    assert {name for name in checks if table[f"is_{name}_issue"][0]} == issues


def test_scores_are_float32_from_0_to_1_and_agree_with_the_issues() -> None:
    faces = np.stack([plain(0), plain(255), NOISE, blurred(NOISE, 4), RAMP])
    table = quality.measure(faces, jobs=1)
    scores = table.filter(like="_score")
    assert set(scores.dtypes) == {np.dtype(np.float32)}
    assert scores.min(axis=None) >= 0
    assert scores.max(axis=None) <= 1
    assert not np.signbit(scores.to_numpy()).any(), "-0 is no score"
    assert set(table.filter(like="is_").dtypes) == {np.dtype(bool)}
    for name in ("dark", "light", "low_information", "blurry"):
        bad, good = table[f"is_{name}_issue"], table[f"{name}_score"]
        assert good[bad].max() < good[~bad].min(), name


def test_blocks_and_processes_change_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = RNG.integers(0, 256, (7, 48, 48)).astype(np.uint8)
    whole = quality.measure(faces, jobs=1)
    monkeypatch.setattr(quality, "BLOCK", 3)
    done: list[int] = []
    assert quality.measure(faces, done.append, jobs=1).equals(whole)
    assert done == [3, 3, 1]
    assert quality.measure(faces, jobs=2).equals(whole)
    assert capsys.readouterr() == ("", ""), "CleanVision's bars and prints are kept quiet"


def test_no_images_give_an_empty_table_with_all_columns() -> None:
    empty = quality.measure(np.zeros((0, 48, 48), np.uint8))
    one = quality.measure(NOISE[None], jobs=1)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == one.dtypes.to_dict()


def test_sharpness_falls_with_blur_and_knows_no_contrast_or_brightness() -> None:
    faces = np.stack([blurred(NOISE, width) for width in (0.5, 1, 2, 4)])
    sharp = quality.sharpness(faces)
    assert (np.diff(sharp) < 0).all()
    half = quality.sharpness((faces // 2 + 100).astype(np.uint8))
    assert half == pytest.approx(sharp, abs=0.03)
    assert quality.sharpness(plain(90)[None])[0] == 1, "no edge, no blur"


WHOLE = (8.0, 8.0, 32.0, 32.0)


@pytest.mark.parametrize(
    ("box", "roll", "expected", "issues"),
    [
        (WHOLE, 0, {"face_small": 2 / 3}, set()),
        (WHOLE, 29, {"rotated": 61 / 90}, set()),
        (WHOLE, -45, {"rotated": 0.5}, {"rotated"}),
        (WHOLE, 168, {"rotated": 0}, {"rotated"}),
        ((0, 0, 12, 12), 0, {"face_small": 0.25, "face_close": 1}, {"face_small"}),
        ((-24, 0, 48, 48), 0, {"cut_off": 0.5, "face_close": 1}, {"cut_off"}),
        ((-24, -24, 96, 96), 0, {"cut_off": 0.25, "face_close": 0.5}, {"cut_off", "face_close"}),
        ((60, 8, 32, 32), 0, {"cut_off": 0}, {"cut_off"}),
        ((np.nan,) * 4, np.nan, dict.fromkeys(("face_small", "cut_off", "rotated"), 1), set()),
    ],
    ids=["good", "tilted", "left", "upside down", "far", "half", "close", "outside", "none"],
)
def test_where_a_face_lies_in_its_crop(
    box: tuple[float, ...], roll: float, expected: dict[str, float], issues: set[str]
) -> None:
    table = quality.face_quality(np.array([box], np.float32), np.array([roll], np.float32), 48)
    for name, score in expected.items():
        assert table[f"{name}_score"][0] == pytest.approx(score), name
    checks = ("face_close", "face_small", "cut_off", "rotated")
    assert {name for name in checks if table[f"is_{name}_issue"][0]} == issues
    assert set(table.filter(like="_score").dtypes) == {np.dtype(np.float32)}


def test_the_crop_may_have_another_side() -> None:
    box, roll = np.array([WHOLE], np.float32), np.zeros(1, np.float32)
    double = quality.face_quality(2 * box, roll, 96)
    assert double.equals(quality.face_quality(box, roll, 48))


@pytest.mark.parametrize(
    ("box", "says"), [(np.zeros((2, 4)), "not"), (np.array([[0, 0, 5, 0]]), "area")]
)
def test_boxes_that_are_none_are_refused(box: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        quality.face_quality(box.astype(np.float32), np.zeros(1, np.float32), 48)
