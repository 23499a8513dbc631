from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from detect_cases import face_at, group_photo, shipped, small_faces

from fercurate.detect import mesh
from fercurate.detect.detector import shared_detector

STORED = json.loads((Path(__file__).parent / "stored_faces.json").read_text())
"""What mediapipe 0.10.21 found with its own models, the face mesh among them."""


@pytest.mark.parametrize("name", sorted(STORED))
def test_faces_of_photographs_are_those_of_mediapipe_0_10(name: str) -> None:
    sides = [60, 90, 120, 160, 200, 300, 70, 110, 150, 250, 80, 180]
    photo = shipped("astronaut.png") if name == "astronaut" else group_photo(sides)[0]
    found = sorted(shared_detector().in_photo(photo), key=lambda face: (face.box[1], face.box[0]))
    assert len(found) == len(STORED[name])
    for face, stored in zip(found, STORED[name], strict=True):
        assert face.score == pytest.approx(stored["score"], abs=1e-5)
        np.testing.assert_allclose(face.box, stored["box"], atol=0.51)  # they are whole pixels
        np.testing.assert_allclose(face.landmarks.ravel(), stored["landmarks"], atol=0.02)


def test_a_face_has_a_mesh_and_a_cup_has_none() -> None:
    face = np.repeat(small_faces([20], 192)[0][:, :, None], 3, axis=2)
    cup = np.ascontiguousarray(shipped("coffee.png")[:384, :384])
    assert mesh.presence(face, face_at(30, 30, 130)) > 0.9
    assert mesh.presence(cup, face_at(100, 100, 130)) < 0.1


@pytest.mark.parametrize("degrees", [-90, -30, 30, 90, 180])
def test_what_the_mesh_sees_is_upright(degrees: float) -> None:
    """A face's roll is taken back before the mesh sees it."""
    import cv2

    upright = np.repeat(small_faces([20], 300)[0][:, :, None], 3, axis=2)
    about = cv2.getRotationMatrix2D((149.5, 149.5), -degrees, 1)
    leaning = np.asarray(cv2.warpAffine(upright, about, (300, 300)), np.uint8)
    straight = face_at(75, 75, 150)
    seen = mesh._cut(leaning, straight.turned(degrees, (150, 150)))
    expected = mesh._cut(upright, straight)
    middle = slice(48, 144)
    gap = np.abs(seen[middle, middle].astype(int) - expected[middle, middle]).mean()
    assert gap < 6


def test_a_mesh_over_the_edge_repeats_the_edge() -> None:
    view = np.full((100, 100, 3), 200, np.uint8)
    assert (mesh._cut(view, face_at(-20, 40, 90)) == 200).all()
