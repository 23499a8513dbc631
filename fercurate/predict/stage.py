"""The front of predict: images in, what their faces show out, one image after the other."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fercurate.config import PredictConfig
from fercurate.errors import FercurateError, InputError
from fercurate.folders import tally
from fercurate.images import quiet_pillow
from fercurate.infer.classifier import open_classifier
from fercurate.infer.heads import OperatingPoint
from fercurate.infer.info import ModelInfo, crop_geometry
from fercurate.predict import work
from fercurate.predict.inputs import find_images
from fercurate.predict.result import Image, Totals
from fercurate.progress import Progress


@dataclass
class Predictions:
    """The images as they are done, and what they came to.

    Attributes:
        info: What the model's file says of it.
        point: Which of its heads answers, with which balance and threshold.
        images: Yields each image once, in order, also what cannot be read; reading it does the
            work, and closing it stops that.
        totals: None until `images` has ended.
    """

    info: ModelInfo
    point: OperatingPoint
    images: Generator[Image] = field(init=False)
    totals: Totals | None = field(default=None)


def run(config: PredictConfig, progress: Progress, lines: Iterable[str] = ()) -> Predictions:
    """Classify the faces in some images.

    Args:
        config: Which images, which model, and how to look.
        progress: A bar, and a warning for each image that cannot be read.
        lines: Standard input, where the images are named there.

    Returns:
        At once: the images are read while `images` is. That raises `FercurateError` at its
        end when none could be read.

    Raises:
        InputError: no images, no such model, or a setting out of range.
        FercurateError: mediapipe cannot be used.
    """
    _check(config)
    found = find_images(config.images, lines)
    paths = found.paths
    classifier = open_classifier(config.model, config.device, threads=1)
    point = classifier.info.point(config.as_, config.balance, config.threshold)
    if dict(classifier.info.crop) != crop_geometry() and not config.crops:
        progress.warn("The model was made for faces that are framed otherwise; expect errors.")
    threads = config.jobs or work.threads()
    read: work.Reader = work.read_crop
    if not config.crops:
        read = work.PhotoReader(threads, config.thorough, config.min_score)
    made = Predictions(classifier.info, point)

    def classify(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        return point.probabilities(classifier.logits(faces))

    def done() -> Generator[Image]:
        started = time.perf_counter()
        n_read = n_faces = n_without = 0
        with quiet_pillow(), progress.task("looking at faces", len(paths)) as advance:
            for image in work.images(paths, read, classify, threads, crops=config.crops):
                advance(1)
                if image.reason is not None:
                    progress.warn(f"{image.file}: {image.reason}")
                else:
                    n_read += 1
                    n_faces += len(image.faces)
                    n_without += not image.faces
                yield image
        seconds = time.perf_counter() - started
        if n_read < len(paths) or found.others:
            progress.say(tally(n_read, len(paths) - n_read, found.others))
        made.totals = Totals(len(paths), n_read, n_faces, n_without, seconds)
        if not n_read:
            raise FercurateError("No image could be read.", "The lines above say why.")

    made.images = done()
    return made


def _check(config: PredictConfig) -> None:
    for name in ("threshold", "balance", "min_score"):
        value = getattr(config, name)
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{name} is {value}.", "It is between 0 and 1.")
    if config.jobs is not None and config.jobs < 1:
        raise InputError(f"jobs is {config.jobs}.", "It is 1 or more.")
    if config.top < 1:
        raise InputError(f"top is {config.top}.", "It is 1 or more.")
