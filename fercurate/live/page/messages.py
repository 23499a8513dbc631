"""What the server tells a page: who it is, and each result with its picture."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import GROUPS
from fercurate.live.controls import HALF_LIVES, KEYS
from fercurate.live.frame import Result
from fercurate.live.look import UNCLEAR, ink_of
from fercurate.live.stats import Stats

WIDEST = 1280
"""Pixels of the picture on the page; larger ones are made smaller."""

QUALITY = 82
"""Of the JPEG, 0 to 100."""


def packed(said: dict[str, Any], picture: bytes = b"") -> bytes:
    """One binary message: the length of the JSON (uint32, big-endian), the JSON, the JPEG."""
    text = json.dumps(said, separators=(",", ":"), allow_nan=False).encode()
    return struct.pack("!I", len(text)) + text + picture


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """A picture for the page, of uint8 [H, W, 3], blue, green, red."""
    import cv2

    height, width = image.shape[:2]
    if width > WIDEST:
        size = WIDEST, max(1, round(height * WIDEST / width))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise ValueError(f"no JPEG of {image.shape}")
    return data.tobytes()


def described(result: Result, stats: Stats) -> dict[str, Any]:
    """A result: boxes as shares of the picture's width and height, times in milliseconds."""
    height, width = result.frame.image.shape[:2]
    faces = []
    for one in result.faces:
        left, top, wide, high = one.face.box
        faces.append(
            {
                "track": one.track,
                "box": [
                    _short(left / width),
                    _short(top / height),
                    _short(wide / width),
                    _short(high / height),
                ],
                "shares": [_short(value) for value in one.probabilities],
                "label": one.label,
            }
        )
    return {
        "frame": result.frame.index,
        "time": round(result.frame.time, 3),
        "size": [width, height],
        "faces": faces,
        "head": "" if result.point is None else result.point.head.name,
        "balance": 0.0 if result.point is None else result.point.balance,
        "stats": {
            "fps": round(stats.fps, 1),
            "p50": round(1000 * stats.p50["total"], 1),
            "p95": round(1000 * stats.p95["total"], 1),
            "frames": stats.frames,
            "dropped": stats.dropped,
        },
    }


def vocabulary(classes: Sequence[str]) -> dict[str, Any]:
    """Names, groups, colours and keys, as they are everywhere else."""
    groups = {g: [c for c in of if c in classes] for g, of in GROUPS.items()}
    names = (*classes, *groups, UNCLEAR)
    return {
        "classes": list(classes),
        "groups": groups,
        "unclear": UNCLEAR,
        "colours": {name: "#{2:02x}{1:02x}{0:02x}".format(*ink_of(name)) for name in names},
        "keys": dict(KEYS),
        "half_lives": list(HALF_LIVES),
    }


def _short(value: float) -> float:
    return round(float(value), 4)
