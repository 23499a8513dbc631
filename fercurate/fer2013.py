"""Knows FER2013 (Goodfellow et al. 2013, https://arxiv.org/abs/1307.0414) by its pixels.

Only hashes are here: the photographs are not ours to give away.
"""

from __future__ import annotations

import csv
import functools
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

_KNOWN = (
    "90164f2200b12a44", "dd76d1ca441f1b05", "994698f13f79de77", "bf9f1d55883da41e",
    "fd188f2a462de1fd", "82893fd1701a103b", "bc7e8435456a3eea", "234560365680eee2",
    "6d1ab941c975cf67", "166b2f6bed53ba5f", "fb12ad331549e5bd", "2cbebcc30ae1715a",
    "31beb53b22ad02b4", "dc73fefbc5ddd5e7", "8f3bf9715e118fa0", "84a6e76bb5fbeb66",
    "ff6fb20bb04ae74b", "47b3ce796c3d4cc4", "9a551071b6ce38f7", "125acf894f86ae8e",
    "5ac1d1856e7f80de", "7ea458b7c9b8b9e4", "fdcc7d990da37d35", "0cc770c8cacb379f",
    "d512026ff62ffab9", "556bbac398df3911", "3d5521a7de0d31c5", "91850bf29420f6de",
    "730d2a7204afa732", "36cad878857d81a8", "6f5028129d77616f", "1abac23e1d9a436f",
)  # fmt: skip
"""First 16 hex digits of the sha256 of the pixels of 32 rows, evenly spaced from first to last."""

_ENOUGH = 24

_OFFSETS = (
    (0, 0), (60, -1), (502, -2), (2060, -3), (2172, -4), (2810, -5), (3263, -6), (3932, -7),
    (4276, -8), (5083, -9), (5275, -10), (5349, -10), (5440, -11),
    (5723, -12), (5882, -13), (6459, -14), (6700, -15), (7173, -16), (7497, -17), (7528, -18),
    (7630, -19), (8031, -20), (8738, -21), (8857, -22), (9027, -23), (9501, -24), (9674, -25),
    (9680, -26), (9798, -27), (10024, -28), (10424, -29), (11245, -30), (11287, -31),
    (11296, -32), (11847, -33), (12290, -34), (12353, -35), (13149, -36), (13403, -37),
    (13698, -38), (13989, -39), (14149, -40), (14280, -41), (15145, -42),
    (15836, -43), (15839, -44), (15895, -45), (16541, -46), (17082, -47), (17621, -48),
    (18338, -49), (19239, -50), (19633, -51), (20223, -52), (20713, -53), (20818, -54),
    (21818, -55), (21938, -56), (22199, -57), (22315, -58), (22928, -59), (23597, -60),
    (23895, -61), (24054, -62), (24442, -63), (24892, -64), (25220, -65), (25604, -66),
    (25910, -67), (26384, -68), (26861, -69), (26898, -70), (28602, -71), (29448, -72),
    (29558, -73), (30003, -74), (30706, -75), (30982, -76), (31128, -77), (31826, -78),
    (32663, -79), (32684, -80), (34335, -81), (35122, -82), (35470, -83),
    (35633, -84), (35744, -85),
)  # fmt: skip
"""FER+ numbers its images, but not by their rows: from this row on, number minus row."""

_UNNAMED = frozenset((
    17, 23, 59, 170, 501, 633, 639, 1303, 1648, 2059, 2171, 2658, 2671, 2809, 3177, 3185, 3262,
    3336, 3385, 3403, 3549, 3931, 4069, 4275, 4327, 4521, 5051, 5082, 5439, 5478, 5509, 5722,
    5881, 5935, 6102, 6202, 6369, 6458, 6478, 6541, 6646, 6699, 6708, 7015, 7172, 7496, 7527,
    7629, 7965, 8030, 8567, 8627, 8737, 8856, 9026, 9121, 9256, 9264, 9474, 9500, 9673, 9679,
    9693, 9797, 10023, 10423, 10713, 10792, 10930, 11031, 11244, 11286, 11295, 11626, 11846,
    12289, 12352, 12465, 12840, 13011, 13148, 13402, 13697, 13988, 14148, 14279, 14702, 15013,
    15144, 15553, 15668, 15838, 15894, 15966, 15975, 16024, 16180, 16540, 16622, 16885, 17081,
    17251, 17620, 17947, 18012, 18337, 18492, 18625, 18912, 19238, 19422, 19632, 19638, 19997,
    20222, 20712, 20817, 21320, 21792, 21817, 21937, 22063, 22198, 22314, 22407, 22550, 22638,
    22813, 22927, 23047, 23320, 23561, 23596, 23894, 24053, 24191, 24441, 24593, 24891, 24971,
    25168, 25219, 25603, 25909, 26383, 26860, 26897, 28601, 29447, 29557, 30002, 30705, 30981,
    31127, 31734, 31825, 32032, 32257, 32299, 32603, 32662, 32683, 33195, 33422, 33750, 33928,
    34691, 35121, 35469, 35632, 35743, 35825, 35883, 5274, 5348, 15835, 34334,
))  # fmt: skip
"""Rows that FER+ left without a name, most voted to be no face, or gave another row's name."""


def is_fer2013(sha256s: Sequence[str]) -> bool:
    """Whether images are FER2013's, in whatever packaging.

    Its training split alone counts (it holds 25 of the 32 known images); a copy whose pixels
    were changed, by JPEG compression say, does not.

    Args:
        sha256s: Hex digests of the 48*48 pixel bytes, one an image, in any order.
    """
    present = {digest[:16] for digest in sha256s}
    return sum(digest in present for digest in _KNOWN) >= _ENOUGH


def ferplus_name(row: int) -> str | None:
    """What FER+ calls the image in a row of fer2013.csv (from 0), "fer0000059" say, or None.

    From the column "Image name" of fer2013new.csv (Barsoum et al. 2016,
    https://arxiv.org/abs/1608.01041).
    """
    if row in _UNNAMED:
        return None
    _, offset = _OFFSETS[bisect_right(_OFFSETS, (row, 1 << 30)) - 1]
    return f"fer{row + offset:07d}"


@functools.cache
def given_labels() -> dict[str, str]:
    """FER2013's own labels, by the first 16 hex digits of the sha256 of the pixels.

    From the published list; images with two labels are left out. Empty where the list is not.
    """
    package = Path(__file__).parent
    places = (
        package.parent / "datasets" / "fer2013" / "curation.csv",
        package / "published" / "fer2013.csv",
    )
    path = next((place for place in places if place.exists()), None)
    if path is None:
        return {}
    found: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        at = header.index("sha256"), header.index("label")
        for row in rows:
            digest, label = row[at[0]], row[at[1]]
            if found.setdefault(digest, label) != label:
                found[digest] = ""
    return {digest: label for digest, label in found.items() if label}
