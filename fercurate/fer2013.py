"""Knows FER2013 (Goodfellow et al. 2013, https://arxiv.org/abs/1307.0414) by its pixels.

Only hashes are here: the photographs are not ours to give away.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def is_fer2013(sha256s: Sequence[str]) -> bool:
    """Whether images are FER2013's, in whatever packaging.

    Its training split alone counts (it holds 25 of the 32 known images); a copy whose pixels
    were changed, by JPEG compression say, does not.

    Args:
        sha256s: Hex digests of the 48*48 pixel bytes, one an image, in any order.
    """
    present = {digest[:16] for digest in sha256s}
    return sum(digest in present for digest in _KNOWN) >= _ENOUGH
