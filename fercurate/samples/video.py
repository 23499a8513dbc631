"""A film of faces that move over a background, of which it is known where every face is.

The faces are the astronaut of scikit-image and the people of its LFW subset; the background is
its cup of coffee, out of focus. Nothing else is needed, and all of it is made anew each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, InputError
from fercurate.samples.faces import data_dir, enlarge, load_crops, to_grey

Image = NDArray[np.uint8]
Place = tuple[float, float, float]
"""x and y of the middle of a face, and the side of its square, in heights of the frame."""

SECONDS = 10.0
"""After which every scene is where it began, so that a looped film does not jump."""

_ASTRONAUT = (214, 118, 172)
"""x and y of the middle of her face, and the side of what is cut out, pixels of the photograph."""

_PATCH = 256
_PEOPLE = (0, 3, 7, 12, 18, 21, 25, 30, 36, 41, 47, 52, 55, 61, 66, 70, 77, 83, 90, 96)
_SKIN = (0.78, 0.9, 1.0)
_NOISE = 2.0


@dataclass(frozen=True)
class Actor:
    """A face and its way.

    Attributes:
        picture: uint8 [S, S, 3], blue, green, red.
        path: Where it is at a time in seconds; None when it is not there.
    """

    picture: Image
    path: Callable[[float], Place | None]


@dataclass(frozen=True)
class Shown:
    """Where a face was put.

    Attributes:
        actor: Number of its actor in the scene.
        box: left, top, width and height of its picture, pixels; may reach beyond the frame.
    """

    actor: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """What a film shows; a pure function of time, so that any frame rate has the same motion.

    Attributes:
        background: uint8 [H, W, 3], blue, green, red.
        actors: Later ones stand before earlier ones.
    """

    background: Image
    actors: tuple[Actor, ...]

    def at(self, time: float) -> tuple[Image, tuple[Shown, ...]]:
        """The frame at a time in seconds, uint8 [H, W, 3], and the faces in it."""
        image = self.background.copy()
        height = image.shape[0]
        shown = []
        for number, actor in enumerate(self.actors):
            place = actor.path(time)
            if place is None:
                continue
            x, y, side = (value * height for value in place)
            _put(image, actor.picture, x, y, side)
            shown.append(Shown(number, (x - side / 2, y - side / 2, side, side)))
        return _with_noise(image, time), tuple(shown)


def scene(name: str, width: int = 1280, height: int = 720) -> Scene:
    """A scene of `SCENES`.

    Args:
        name: Of it.
        width: Pixels.
        height: Pixels.

    Raises:
        InputError: there is no such scene.
        FercurateError: scikit-image's pictures are missing.
    """
    if name not in SCENES:
        raise InputError(f"There is no scene {name!r}.", f"Known: {', '.join(SCENES)}")
    return Scene(_background(width, height), SCENES[name](width / height))


def frames(
    made: Scene, seconds: float = SECONDS, rate: float = 30.0
) -> Iterator[tuple[float, Image, tuple[Shown, ...]]]:
    """Time in seconds, frame and faces, `rate` times a second."""
    for index in range(round(seconds * rate)):
        yield index / rate, *made.at(index / rate)


def write(path: Path, made: Scene, seconds: float = SECONDS, rate: float = 30.0) -> None:
    """A scene as a file.

    Args:
        path: `.mp4` (MPEG-4), `.avi` (motion JPEG), or for Chromium's fake camera `.mjpeg`
            (JPEGs one after the other) or `.y4m` (uncompressed: 40 MB a second at 1280x720).
        made: The scene.
        seconds: Its length.
        rate: Frames a second.

    Raises:
        FercurateError: this OpenCV cannot write such a file, or the folder is not there.
    """
    images = (image for _, image, _ in frames(made, seconds, rate))
    if path.suffix in (".y4m", ".mjpeg"):
        try:
            with path.open("wb") as file:
                for part in _y4m(images, rate) if path.suffix == ".y4m" else _jpegs(images):
                    file.write(part)
        except OSError as error:
            raise FercurateError(
                f"{path} cannot be written: {error.strerror}.", "Choose another folder."
            ) from error
        return
    import cv2

    height, width = made.background.shape[:2]
    code = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), code, rate, (width, height))
    if not writer.isOpened():
        raise FercurateError(f"{path} cannot be written by this OpenCV.", "Choose another folder.")
    try:
        for image in images:
            writer.write(image)
    finally:
        writer.release()


def _y4m(images: Iterator[Image], rate: float) -> Iterator[bytes]:
    """The YUV4MPEG2 format (https://wiki.multimedia.cx/index.php/YUV4MPEG2), 4:2:0."""
    import cv2

    for index, image in enumerate(images):
        if index == 0:
            height, width = image.shape[:2]
            header = f"YUV4MPEG2 W{width} H{height} F{round(rate * 1000)}:1000 Ip A1:1 C420jpeg\n"
            yield header.encode()
        yield b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes()


def _jpegs(images: Iterator[Image]) -> Iterator[bytes]:
    import cv2

    for image in images:
        yield cv2.imencode(".jpg", image)[1].tobytes()


def _background(width: int, height: int) -> Image:
    import cv2

    photo = np.ascontiguousarray(_photo("coffee.png"))
    scale = max(width / photo.shape[1], height / photo.shape[0])
    large = cv2.resize(photo, None, fx=scale * 1.001, fy=scale * 1.001)[:height, :width]
    return np.asarray(cv2.GaussianBlur(large, (0, 0), height / 120), np.uint8)


def _photo(name: str) -> Image:
    """One of scikit-image's pictures, uint8 [H, W, 3], blue, green, red."""
    from PIL import Image as Pictures

    path = data_dir() / name
    try:
        with Pictures.open(path) as photo:
            return np.asarray(photo.convert("RGB"))[:, :, ::-1]
    except OSError as error:
        raise FercurateError(
            f"{path} cannot be read: {error}",
            "Install it again: pip install --force-reinstall scikit-image",
        ) from error


def astronaut() -> Image:
    """Her head, uint8 [S, S, 3], blue, green, red."""
    x, y, side = _ASTRONAUT
    left, top = x - side // 2, y - side // 2
    return _photo("astronaut.png")[top : top + side, left : left + side]


def people(n: int) -> list[Image]:
    """Up to 20 faces of the LFW subset, uint8 [256, 256, 3], toned like skin."""
    crops = load_crops()
    grey = [enlarge(crops[i], _PATCH) for i in _PEOPLE[:n]]
    return [to_grey(face[:, :, None] * np.array(_SKIN)) for face in grey]


def _put(image: Image, picture: Image, x: float, y: float, side: float) -> None:
    """Lay a picture over an image, with an edge that fades; to parts of a pixel."""
    import cv2

    height, width = image.shape[:2]
    left, top = math.floor(x - side / 2), math.floor(y - side / 2)
    size = math.ceil(side) + 1
    shrinks = picture.shape[0] > side
    scale = side / picture.shape[0]
    if shrinks:  # warpAffine skips pixels
        picture = np.asarray(
            cv2.resize(picture, (round(side),) * 2, interpolation=cv2.INTER_AREA), np.uint8
        )
        scale = side / picture.shape[0]
    shift = np.array(
        [
            [scale, 0, x - side / 2 - left + (scale - 1) / 2],
            [0, scale, y - side / 2 - top + (scale - 1) / 2],
        ]
    )
    placed = cv2.warpAffine(
        picture, shift, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    first_x, first_y = max(0, left), max(0, top)
    last_x, last_y = min(width, left + size), min(height, top + size)
    if first_x >= last_x or first_y >= last_y:
        return
    part = np.s_[first_y - top : last_y - top, first_x - left : last_x - left]
    cover = _cover(size)[part][:, :, None]
    under = image[first_y:last_y, first_x:last_x]
    image[first_y:last_y, first_x:last_x] = np.rint(under + cover * (placed[part] - 1.0 * under))


def _cover(size: int) -> NDArray[np.float32]:
    """How much a picture covers, 0 to 1: all of it but for an edge of a sixteenth."""
    from_edge = np.minimum(np.arange(size), np.arange(size)[::-1]) / max(1, size / 16)
    ramp = np.clip(from_edge, 0, 1).astype(np.float32)
    return np.minimum.outer(ramp, ramp)


def _with_noise(image: Image, time: float) -> Image:
    """The image with a sensor's noise, another one for each time."""
    import cv2

    rng = np.random.default_rng(round(time * 1e6))
    strip = rng.normal(128, _NOISE, (1 << 16,)).astype(np.uint8)
    noise = np.resize(strip, image.shape)
    return np.asarray(cv2.addWeighted(image, 1, noise, 1, -128), np.uint8)


def _turn(time: float, times: float = 1.0) -> float:
    """Angle after a time, `times` turns in a scene."""
    return 2 * math.pi * times * time / SECONDS


def _sway(
    x: float, y: float, side: float, reach: float, phase: float = 0.0
) -> Callable[[float], Place]:
    """A face that moves about a point, and to and from the camera."""

    def at(time: float) -> Place:
        angle = _turn(time, 2) + phase
        return (
            x + reach * math.sin(angle),
            y + 0.5 * reach * math.sin(2 * angle),
            side * (1 + 0.12 * math.sin(_turn(time) + phase)),
        )

    return at


def _one(aspect: float) -> tuple[Actor, ...]:
    return (Actor(astronaut(), _sway(aspect / 2, 0.5, 0.42, 0.25)),)


def _four(aspect: float) -> tuple[Actor, ...]:
    pictures = [astronaut(), *people(3)]
    return tuple(
        Actor(picture, _sway(aspect * (i + 0.5) / 4, 0.5, 0.3, 0.06, i))
        for i, picture in enumerate(pictures)
    )


def _crossing(aspect: float) -> tuple[Actor, ...]:
    """Two go to and fro, one before the other, and meet four times."""

    def away(time: float) -> Place:
        return aspect / 2 + 0.4 * aspect * math.cos(_turn(time, 2)), 0.48, 0.24

    def near(time: float) -> Place:
        return aspect / 2 - 0.4 * aspect * math.cos(_turn(time, 2)), 0.52, 0.34

    return Actor(people(1)[0], away), Actor(astronaut(), near)


def _leaving(aspect: float) -> tuple[Actor, ...]:
    """One stays; one goes out at the right side and is away from second 3 to second 6."""

    def goes(time: float) -> Place | None:
        time %= SECONDS
        if 3.0 <= time < 6.0:
            return None
        out = max(0.0, 1 - abs(time - (3.0 if time < 4.5 else 6.0)) / 1.5)
        return aspect * 0.7 + out * (aspect * 0.3 + 0.2), 0.45, 0.3

    return Actor(people(1)[0], _sway(aspect * 0.3, 0.5, 0.3, 0.03)), Actor(astronaut(), goes)


def _twenty(aspect: float) -> tuple[Actor, ...]:
    pictures = people(20)
    return tuple(
        Actor(
            picture,
            _sway(aspect * (i % 5 + 0.5) / 5, (i // 5 + 0.5) / 4, 0.16, 0.03, i),
        )
        for i, picture in enumerate(pictures)
    )


def _nobody(aspect: float) -> tuple[Actor, ...]:
    return ()


SCENES = MappingProxyType(
    {
        "one": _one,
        "four": _four,
        "crossing": _crossing,
        "leaving": _leaving,
        "twenty": _twenty,
        "nobody": _nobody,
    }
)
"""Scenes by name; each makes its actors for a ratio of width to height."""
