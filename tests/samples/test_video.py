from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fercurate.errors import FercurateError, InputError
from fercurate.samples import video


def places(made: video.Scene, time: float) -> list[tuple[float, ...]]:
    return [shown.box for shown in made.at(time)[1]]


@pytest.mark.parametrize(
    ("name", "faces"),
    [("one", 1), ("four", 4), ("crossing", 2), ("leaving", 2), ("twenty", 20), ("nobody", 0)],
)
def test_a_scene_has_its_faces_and_begins_where_it_ends(name: str, faces: int) -> None:
    made = video.scene(name, 640, 360)
    assert len(made.actors) == faces
    image, shown = made.at(0.0)
    assert image.shape == (360, 640, 3)
    assert image.dtype == np.uint8
    assert len(shown) == faces
    assert np.allclose(places(made, video.SECONDS), places(made, 0.0))


def test_what_is_shown_lies_where_it_is_said_to() -> None:
    made = video.scene("one", 640, 360)
    image, (shown,) = made.at(1.3)
    left, top, side, _ = shown.box
    changed = np.abs(image.astype(int) - made.background).max(2) > 40
    rows, columns = np.nonzero(changed)
    assert left <= columns.min() <= left + side / 4
    assert left + side * 3 / 4 <= columns.max() <= left + side
    assert top <= rows.min() <= top + side / 4
    assert top + side * 3 / 4 <= rows.max() <= top + side


def test_the_same_time_gives_the_same_frame_at_every_rate() -> None:
    made = video.scene("four", 320, 180)
    slow = {round(t, 3): image for t, image, _ in video.frames(made, 0.5, 10)}
    fast = {round(t, 3): image for t, image, _ in video.frames(made, 0.5, 60)}
    assert len(slow) == 5
    assert len(fast) == 30
    for time, image in slow.items():
        assert np.array_equal(image, fast[time])


def test_two_pass_each_other() -> None:
    made = video.scene("crossing", 640, 360)
    order = [places(made, t)[0][0] < places(made, t)[1][0] for t in np.arange(0, 10, 0.1)]
    assert 0.3 < np.mean(order) < 0.7
    assert sum(a != b for a, b in pairwise(order)) == 4


def test_one_leaves_by_the_side_and_comes_back() -> None:
    made = video.scene("leaving", 640, 360)
    there = [[shown.actor for shown in made.at(t)[1]] for t in (1.0, 4.0, 7.0)]
    assert there == [[0, 1], [0], [0, 1]]
    left, _, side, _ = made.at(2.999)[1][1].box
    assert left >= 640 - 0.01 * side


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_film_can_be_read(tmp_path: Path, suffix: str) -> None:
    import cv2

    path = tmp_path / f"film{suffix}"
    video.write(path, video.scene("one", 320, 180), seconds=0.5, rate=20)
    capture = cv2.VideoCapture(str(path))
    images = []
    while (read := capture.read())[0]:
        images.append(read[1])
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(20)
    capture.release()
    assert len(images) == 10
    expected = video.scene("one", 320, 180).at(0.0)[0]
    assert np.abs(images[0].astype(int) - expected).mean() < 8


def test_y4m_is_a_header_and_planes_of_each_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.y4m"
    video.write(path, video.scene("nobody", 320, 180), seconds=0.2, rate=10)
    header, rest = path.read_bytes().split(b"\n", 1)
    assert header == b"YUV4MPEG2 W320 H180 F10000:1000 Ip A1:1 C420jpeg"
    assert len(rest) == 2 * (len(b"FRAME\n") + 320 * 180 * 3 // 2)


def test_mjpeg_is_one_jpeg_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "film.mjpeg"
    video.write(path, video.scene("nobody", 320, 180), seconds=0.3, rate=10)
    data = path.read_bytes()
    assert data.startswith(b"\xff\xd8\xff")
    assert data.count(b"\xff\xd9\xff\xd8") == 2


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no scene 'seven'"):
        video.scene("seven")
    with pytest.raises(FercurateError, match="cannot be written"):
        video.write(tmp_path / "absent" / "film.y4m", video.scene("nobody", 320, 180), 0.1)
