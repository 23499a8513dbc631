"""The thread that keeps the newest frame: what it drops, and how it comes back."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from live_cases import picture
from waiting import HANG, until

from fercurate.errors import FercurateError
from fercurate.live import capture as module
from fercurate.live.capture import CAMERA, Capture, Patience
from fercurate.live.decode import Image
from fercurate.live.frame import Frame

QUICK = Patience(waits=(0.01, 0.02), give_up=0.2)
LASTING = Patience(waits=(0.01, 0.02), give_up=10 * HANG)


class Camera:
    """Stands in for `cv2.VideoCapture`: frames at a rate until it is unplugged."""

    def __init__(self, rate: float = 200.0, image: Image | None = None) -> None:
        self.rate, self.image = rate, picture(32, 24) if image is None else image
        self.works = threading.Event()
        self.works.set()
        self.goes = threading.Event()  # else it is blocked
        self.goes.set()
        self.is_blocked = False
        self.raises: Exception | None = None
        self.reads = self.released = 0
        self.released_by = ""

    def isOpened(self) -> bool:
        return self.works.is_set()

    def read(self) -> tuple[bool, Image | None]:
        time.sleep(1 / self.rate)
        self.is_blocked = not self.goes.is_set()
        self.goes.wait()
        self.is_blocked = False
        self.reads += 1
        if self.raises is not None:
            raise self.raises
        return (True, self.image) if self.works.is_set() else (False, None)

    def get(self, what: int) -> float:
        return 30.0 if what == cv2.CAP_PROP_FPS else 0.0

    def release(self) -> None:
        self.released += 1
        self.released_by = threading.current_thread().name


def capture(camera: Camera, said: list[str] | None = None, patience: Patience = QUICK) -> Capture:
    say = None if said is None else said.append
    return Capture("camera 0", lambda: camera, camera, camera.image, patience=patience, say=say)


def next_frame(source: Capture) -> Frame | None:
    end = time.perf_counter() + HANG
    while time.perf_counter() < end:
        try:
            return source.read(0.05)
        except TimeoutError:
            continue
    raise TimeoutError


def read_on(source: Capture) -> None:
    """Until it fails."""
    while True:
        next_frame(source)


def ended() -> bool:
    """Whether no thread reads any more."""
    return not [t for t in threading.enumerate() if t.name == "live-capture"]


def test_the_newest_frame_is_given_once_and_the_others_are_dropped() -> None:
    camera = Camera()
    source = capture(camera)
    first = next_frame(source)
    assert first is not None
    until(lambda: camera.reads >= first.index + 20)
    last = next_frame(source)
    after = next_frame(source)
    source.close()
    assert last is not None
    assert after is not None
    assert source.is_live
    assert source.rate == 30
    assert last.index >= first.index + 15
    assert after.index > last.index
    assert first.time < last.time < after.time
    assert first.read_at < last.read_at < after.read_at <= time.perf_counter()


def test_nothing_new_is_a_timeout() -> None:
    camera = Camera()
    source = capture(camera)
    camera.goes.clear()
    until(lambda: camera.is_blocked)
    assert next_frame(source) is not None
    with pytest.raises(TimeoutError):
        source.read(0.02)
    camera.goes.set()
    source.close()


def test_a_closed_one_gives_its_device_back_from_its_own_thread_and_ends_it() -> None:
    camera = Camera()
    source = capture(camera)
    source.close()
    source.close()
    assert source.read(1.0) is None
    assert camera.released == 1
    assert camera.released_by == "live-capture"
    until(ended)


def test_a_blocked_device_does_not_keep_the_program_from_ending() -> None:
    camera = Camera()
    source = capture(camera)
    camera.goes.clear()
    until(lambda: camera.is_blocked)
    source.close()
    assert camera.released == 0
    camera.goes.set()
    until(lambda: camera.released == 1)  # when it returns
    assert all(t.daemon for t in threading.enumerate() if t.name == "live-capture")


@pytest.mark.parametrize("raised", [None, cv2.error("unplugged")])
def test_an_unplugged_camera_comes_back(raised: Exception | None) -> None:
    camera, said = Camera(), []
    source = capture(camera, said, LASTING)
    before = next_frame(source)
    camera.raises = raised
    camera.works.clear()
    until(lambda: len(said) == 1)
    time.sleep(0.05)
    camera.raises = None
    camera.works.set()
    until(lambda: len(said) == 2)
    after = next_frame(source)
    source.close()
    assert before is not None
    assert after is not None
    assert after.time > before.time + 0.05
    assert after.index > before.index
    assert said == [
        "camera 0 gives no picture any more; waiting for it",
        "camera 0 is back",
    ]


def test_one_that_stays_away_is_an_error_after_a_while() -> None:
    camera, said = Camera(), []
    source = capture(camera, said)
    camera.works.clear()
    with pytest.raises(FercurateError, match="did not come back") as error:
        read_on(source)
    assert error.value.code == 1
    assert "cable" in error.value.fix
    with pytest.raises(FercurateError):  # and again: it is no end
        source.read(0.1)
    source.close()
    assert said == ["camera 0 gives no picture any more; waiting for it"]
    until(ended)


def test_a_device_that_fails_when_it_is_opened_again_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = itertools.count()  # a hundredth of a second passes whenever somebody looks
    clock = SimpleNamespace(perf_counter=lambda: next(moments) / 100)
    monkeypatch.setattr(module, "time", clock)
    first, again = Camera(), Camera()
    again.raises = cv2.error("not yet")
    source = Capture("camera 0", lambda: again, first, first.image, patience=QUICK)
    first.works.clear()
    with pytest.raises(FercurateError, match="did not come back"):
        read_on(source)
    source.close()
    assert again.reads >= 2
    assert again.released == again.reads


def test_it_can_be_closed_while_it_waits() -> None:
    camera, said = Camera(), []
    source = capture(camera, said, Patience(waits=(10 * HANG,), give_up=100 * HANG))
    camera.works.clear()
    until(lambda: len(said) == 1)
    source.close()
    until(ended)


def test_waits_grow_to_ten_seconds() -> None:
    waits = CAMERA.all_waits()
    assert [next(waits) for _ in range(8)] == [0.5, 1, 2, 4, 8, 10, 10, 10]


def test_what_goes_wrong_in_the_thread_is_told_to_who_reads() -> None:
    camera = Camera()
    source = capture(camera)
    camera.raises = RuntimeError("out of order")
    with pytest.raises(FercurateError, match="camera 0 failed: out of order"):
        read_on(source)
    source.close()
    assert camera.released == 1


@pytest.mark.parametrize(
    ("image", "level"),
    [
        (np.full((24, 32), 77, np.uint8), 77),
        (np.full((24, 32, 1), 77, np.uint8), 77),
        (np.full((24, 32), 77 * 257, np.uint16), 77),
        (np.full((24, 32, 4), 77, np.uint8), 77),
        (np.full((25, 31, 3), 77 * 257, np.uint16), 77),
    ],
)
def test_grey_and_16_bit_frames(image: Image, level: int) -> None:
    source = capture(Camera(image=image))
    frame = next_frame(source)
    source.close()
    assert frame is not None
    assert frame.image.shape == (*image.shape[:2], 3)
    assert frame.image.dtype == np.uint8
    assert np.unique(frame.image).tolist() == [level]


def test_frames_that_are_no_picture() -> None:
    camera = Camera()
    source = capture(camera)
    camera.image = np.zeros((24, 32, 3), np.float32)  # type: ignore[assignment]
    with pytest.raises(FercurateError, match="no picture"):
        read_on(source)
    source.close()


def test_a_slow_reader_does_not_make_it_grow() -> None:
    """One frame is held, however many come."""
    made: list[weakref.ref[Frame]] = []
    camera = Camera(rate=1000)
    source = capture(camera)
    keep = source._keep

    def watched(image: Image) -> None:
        keep(image)
        if source._newest is not None:
            made.append(weakref.ref(source._newest))

    source._keep = watched  # type: ignore[method-assign]
    until(lambda: len(made) >= 100)
    assert sum(frame() is not None for frame in list(made)) <= 2
    source.close()
    until(ended)
    assert not any(frame() for frame in made)
