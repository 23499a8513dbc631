"""Class names and everything that hangs on them: order, groups, votes, keys, colours.

The order is FER2013's own (Goodfellow et al. 2013, https://arxiv.org/abs/1307.0414), so
that the csv's integer is the index into `CLASSES`.
"""

from __future__ import annotations

import re
from types import MappingProxyType

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
N_CLASSES = len(CLASSES)
INDEX = MappingProxyType({name: i for i, name in enumerate(CLASSES)})

FACE_SIDE = 48
"""Height and width of a face, pixels."""

SPLITS = ("train", "val", "test")
SPLIT_TITLES = MappingProxyType({"train": "training", "val": "validation", "test": "test"})

GROUPS = MappingProxyType(
    {
        "positive": ("happy",),
        "neutral": ("neutral",),
        "negative": ("angry", "disgust", "fear", "sad"),
        "surprise": ("surprise",),
    }
)
"""The three-way grouping; surprise has no sign of its own and stands apart."""

FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
"""Vote columns of fer2013new.csv (Barsoum et al. 2016, https://arxiv.org/abs/1608.01041)."""

FERPLUS_OF_CLASS = MappingProxyType(
    {
        "angry": "anger",
        "disgust": "disgust",
        "fear": "fear",
        "happy": "happiness",
        "sad": "sadness",
        "surprise": "surprise",
        "neutral": "neutral",
    }
)

HOTKEYS = MappingProxyType({str(i + 1): name for i, name in enumerate(CLASSES)})

COLOURS = MappingProxyType(
    {
        "angry": "#d1495b",
        "disgust": "#6a994e",
        "fear": "#7b5ea7",
        "happy": "#e3a008",
        "sad": "#3a7ca5",
        "surprise": "#e07a3f",
        "neutral": "#7d8597",
    }
)
"""One colour a class, the same in the reports and in the FiftyOne App."""

_SYNONYMS = {
    "angry": ("anger", "ang"),
    "disgust": ("disgusted", "dis"),
    "fear": ("fearful", "afraid", "scared", "fea"),
    "happy": ("happiness", "joy", "hap"),
    "sad": ("sadness", "sadly"),
    "surprise": ("surprised", "sur"),
    "neutral": ("neutrality", "calm", "neu"),
}
_BY_NAME = {name: name for name in CLASSES} | {
    synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms
}


def parse_class(text: str) -> str | None:
    """The class that a name stands for, or None; a bare number stands for none.

    Takes the names and their usual variants in any case, with a number before or behind
    ("0_angry", "3 - Happy", "sad1").
    """
    return _BY_NAME.get(re.sub(r"^[\d\W_]+|[\d\W_]+$", "", text.strip().lower()))


def parse_index(text: str) -> str | None:
    """The class of one of FER2013's integers, "0" to "6", or None."""
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,3}", text):
        return None
    return CLASSES[int(text)] if int(text) < N_CLASSES else None


_SPLIT_NAMES = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "publictest", "dev"),
    "test": ("test", "testing", "privatetest"),
}
_SPLIT_BY_NAME = {n: split for split, names in _SPLIT_NAMES.items() for n in names}


def parse_split(text: str) -> str | None:
    """The split that a Usage cell or a folder name stands for, or None."""
    return _SPLIT_BY_NAME.get(text.strip().lower())
