"""The square that FER2013 would have cut around a face, and the cutting."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fercurate.detect.face import Face
from fercurate.labels import FACE_SIDE

BOX_SIDE = 41.6 / 48
BOX_CENTRE = (24.1 / 48, 27.8 / 48)
"""Where the box of `photo.second_look` lies in FER2013's images: its side, and x and y of its
middle, in sides of the image.

Medians over 600 of its human images, each pasted into seven surroundings: black, grey, its
own border and four photographs, whose medians lie between 0.855 and 0.88 for the side and
within 0.007 for the middle. FER2013 was cut by another detector, so that single images
differ more: half of all sides are between 0.79 and 0.93 and nine tenths between 0.67 and
1.07, half of the middles between 0.48 and 0.53 across and between 0.55 and 0.61 down.

One look at the image with a black border of half its side, over all of FER2013 (27,165
images with a score above 0.8), gives 0.833 and (0.500, 0.573). A look that shows the detector
7 box sides misses most faces and puts the box of the others off by up to a third.

A ridge from the six landmarks to the square, fitted on 2,444 images in frames of 640x480, comes
nearer to FER2013's own square (an overlap of 0.7 or more in 65 % of 781 test images, 58 % with the
constants), and the model does not care: of 1,462 validation images in frames it names 89.5 % as
the image itself (89.7 %), and 85.5 % of gold rows rightly (85.6 %). So the constants stay.
"""


def square(face: Face) -> tuple[float, float, float]:
    """Left, top and side of the square to cut, in the photograph's pixels.

    It may reach beyond the photograph, and does not turn with the head: FER2013's does not.
    """
    side = face.side / BOX_SIDE
    across, down = face.centre
    return across - BOX_CENTRE[0] * side, down - BOX_CENTRE[1] * side, side


def cut(photo: NDArray[np.uint8], face: Face, side: int = FACE_SIDE) -> NDArray[np.uint8]:
    """A face as FER2013 shows it: grey (ITU-R 601), Lanczos with antialiasing.

    Args:
        photo: uint8 [H, W] grey or [H, W, 3] RGB. Its border is repeated where the square
            reaches beyond it.
        face: Found in it.
        side: Of the result, pixels.

    Returns:
        uint8 [side, side].
    """
    from PIL import Image

    left, top, size = square(face)
    first_x, first_y = math.floor(left), math.floor(top)
    last_x, last_y = math.ceil(left + size), math.ceil(top + size)
    if first_x >= 0 and first_y >= 0 and last_y <= photo.shape[0] and last_x <= photo.shape[1]:
        inside = photo[first_y:last_y, first_x:last_x]
    else:
        columns = np.arange(first_x, last_x).clip(0, photo.shape[1] - 1)
        rows = np.arange(first_y, last_y).clip(0, photo.shape[0] - 1)
        inside = photo[np.ix_(rows, columns)]
    part = Image.fromarray(inside)
    # rounding may put an edge a hair outside
    box = (
        max(0.0, left - first_x), max(0.0, top - first_y),
        min(part.width, left - first_x + size), min(part.height, top - first_y + size),
    )  # fmt: skip
    return np.array(part.convert("L").resize((side, side), Image.Resampling.LANCZOS, box))
