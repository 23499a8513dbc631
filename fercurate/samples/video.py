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

from fercurate.errors import FercurateError, InputError
from fercurate.samples.pasting import Image, astronaut, background, people, put, with_noise

Place = tuple[float, float, float]
"""x and y of the middle of a face, and the side of its square, in heights of the frame."""

SECONDS = 10.0
"""After which every scene is where it began, so that a looped film does not jump."""


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
            put(image, actor.picture, x, y, side)
            shown.append(Shown(number, (x - side / 2, y - side / 2, side, side)))
        return with_noise(image, time), tuple(shown)


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
    return Scene(background(width, height), SCENES[name](width / height))


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
