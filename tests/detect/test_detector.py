from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from detect_cases import ASTRONAUT_EYES, group_photo, shipped, small_faces

from fercurate.detect.detector import Detector, _create, shared_detector
from fercurate.detect.framing import square
from fercurate.errors import FercurateError


@pytest.fixture(scope="module")
def detector() -> Detector:
    return shared_detector()


@pytest.mark.parametrize("grey", [False, True])
def test_a_portrait_has_one_face(detector: Detector, grey: bool) -> None:
    photo = shipped("astronaut.png")
    [face] = detector.in_photo(photo[:, :, 1] if grey else photo)
    assert face.score > 0.8
    assert face.landmarks[:2].mean(axis=0) == pytest.approx(ASTRONAUT_EYES, abs=5)
    assert 90 < face.side < 115
    assert abs(face.roll) < 15


@pytest.mark.parametrize(
    "name", ["chelsea.png", "page.png", "coffee.png", "rocket.jpg", "coins.png", "grass.png"]
)
def test_no_face_where_there_is_none(detector: Detector, name: str) -> None:
    assert detector.in_photo(shipped(name)) == []


def test_a_group_is_found_whole_and_nobody_else(detector: Detector) -> None:
    photo, places = group_photo([60, 90, 120, 160, 200, 300, 70, 110, 150, 250, 80, 180])
    found = detector.in_photo(photo)
    assert len(found) == len(places)
    for left, top, side in places:
        [face] = [
            f for f in found if left < f.centre[0] < left + side and top < f.centre[1] < top + side
        ]
        assert square(face)[2] == pytest.approx(side, rel=0.3)


@pytest.mark.parametrize("cut_off", [15, 30])
def test_a_face_at_the_edge_is_found(detector: Detector, cut_off: int) -> None:
    photo = shipped("astronaut.png")[:, 175 + cut_off :]
    [face] = detector.in_photo(photo)
    assert face.landmarks[0, 0] == pytest.approx(205 - 175 - cut_off, abs=8)


@pytest.mark.parametrize("size", [(48, 48), (120, 120), (1, 1), (7, 900), (900, 7)])
def test_any_size_can_be_looked_at(detector: Detector, size: tuple[int, int]) -> None:
    face = small_faces([3], 120)[0]
    photo = np.asarray(cv2.resize(face, size[::-1], interpolation=cv2.INTER_AREA))
    assert len(detector.in_photo(photo)) == (size[0] == size[1] > 1)


def test_a_low_score_is_left_out(detector: Detector) -> None:
    assert detector.in_photo(shipped("astronaut.png"), 0.99) == []


def test_crops_of_faces_are_told_from_others(detector: Detector) -> None:
    found = [detector.in_crop(face) for face in small_faces(list(range(0, 100, 4)), 48)]
    assert all(f.face is not None and f.turn == 0 for f in found)
    assert np.mean([f.face is not None and f.face.score > 0.5 for f in found]) == 1
    for blank in (np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)):
        face = detector.in_crop(blank).face
        assert face is None or face.score < 0.3


@pytest.mark.parametrize("degrees", [90, -90, 30, -30])
def test_a_face_in_a_turned_crop_comes_back_to_its_place(detector: Detector, degrees: int) -> None:
    upright = small_faces([20], 48)[0]
    straight = detector.in_crop(upright).face
    against_the_clock = cv2.getRotationMatrix2D((23.5, 23.5), degrees, 1)
    leaning = cv2.warpAffine(upright, against_the_clock, (48, 48), flags=cv2.INTER_CUBIC)
    found = detector._turned(np.asarray(leaning, np.uint8), degrees)
    assert straight is not None
    assert found is not None
    expected = straight.turned(-degrees, (24, 24))
    np.testing.assert_allclose(found.landmarks[:4], expected.landmarks[:4], atol=1.5)
    assert found.roll == pytest.approx(expected.roll, abs=10)


def test_a_sleeper_is_found_turned(detector: Detector) -> None:
    """Most are found upright as well, and taken so."""
    found = [detector.in_crop(np.rot90(face).copy()) for face in small_faces([*range(100)], 48)]
    assert all(f.face is not None for f in found)
    turned = [f for f in found if f.turn]
    assert turned
    assert all(f.face is not None and f.face.score > 0.65 for f in turned)


def test_nothing_is_printed() -> None:
    code = (
        "import numpy as np\n"
        "from PIL import Image\n"
        "from fercurate.samples.faces import data_dir\n"
        "from fercurate.detect.detector import shared_detector\n"
        "photo = np.asarray(Image.open(data_dir() / 'astronaut.png').convert('RGB'))\n"
        "for i in range(2): assert len(shared_detector().in_photo(photo)) == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("content", [None, b"", b"no model" * 99])
def test_a_model_that_cannot_be_opened_is_named(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.tflite"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("fercurate.detect.detector.MODEL", path)
    with pytest.raises(FercurateError, match=r"model\.tflite cannot be opened"):
        _create.__wrapped__()
