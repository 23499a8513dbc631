"""Put the embedded sample together and write it as Kaggle's csv, with its key beside it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fercurate import outputs
from fercurate.errors import FercurateError, InputError
from fercurate.files import write_text
from fercurate.labels import CLASSES, INDEX, SPLITS
from fercurate.samples import others
from fercurate.samples.faces import N_FACES, Floats, expose, load_crops, prepare
from fercurate.samples.warp import EXPRESSIONS, Pose, express, vary

CSV_NAME = "fer2013-sample.csv"
TRUTH_NAME = "truth.csv"
TRUTH_COLUMNS = (
    "row", "kind", "true_label", "given_label",
    "is_flipped", "is_duplicate_conflict", "is_split_copy", "is_constant",
)  # fmt: skip

FACES_OF_CLASS = MappingProxyType(
    {
        "angry": 180, "disgust": 90, "fear": 195, "happy": 270,
        "sad": 205, "surprise": 165, "neutral": 215,
    }
)  # fmt: skip
"""Unbalanced in FER2013's order, but milder: disgust is its hundredth part there."""

CONFUSED_WITH = MappingProxyType(
    {
        "angry": ("disgust", "neutral"),
        "disgust": ("angry",),
        "fear": ("surprise", "sad"),
        "happy": ("neutral",),
        "sad": ("neutral", "fear"),
        "surprise": ("fear",),
        "neutral": ("sad", "angry"),
    }
)
"""What a wrong label says instead, as annotators confuse them."""

FLIPPED_SHARE = 0.08
N_CONFLICTS = 20
N_COPIES = 20

_HEAD = "emotion,pixels,Usage"
_USAGE = MappingProxyType({"train": "Training", "val": "PublicTest", "test": "PrivateTest"})
_PEOPLE_OF_SPLIT = (80, 10, 10)
_N_TRACED = 14
_INTENSITY = (0.45, 1.15)
_SPREAD = 0.4


@dataclass(frozen=True)
class Row:
    """One image of the sample and what is known about it."""

    pixels: NDArray[np.uint8]
    split: str
    kind: str
    true_label: str
    given_label: str
    is_flipped: bool = False
    is_duplicate_conflict: bool = False
    is_split_copy: bool = False
    is_constant: bool = False


@dataclass(frozen=True)
class SampleResult:
    """Where the sample lies, and how much of what was planted."""

    csv: Path
    truth: Path
    rows: int
    by_split: Mapping[str, int]
    by_kind: Mapping[str, int]
    by_class: Mapping[str, int]
    """Human faces by true label, copies counted in."""
    flipped: int
    duplicate_conflicts: int
    """Pairs of the same pixels with two labels."""
    split_copies: int
    constant: int


def write(folder: Path, *, seed: int = 0, force: bool = False) -> SampleResult:
    """Write `fer2013-sample.csv` (Kaggle's columns) and `truth.csv` into `folder`.

    truth.csv has one row a csv row, in its order, with `TRUTH_COLUMNS`: `row` counts from
    0, `kind` is human/drawn/nonface, `true_label` is empty where there is no human face,
    flags are true/false. `is_flipped` marks the wrong labels of ordinary training images;
    `is_duplicate_conflict` both images of a pair, of which one is labelled wrongly;
    `is_split_copy` the validation or test image whose pixels are in training as well.

    Args:
        folder: Made if it is not there.
        seed: The same seed gives the same bytes.
        force: Whether files that are there and hold something else are replaced.

    Raises:
        InputError: a file is there, and holds something else.
        FercurateError: the source pictures are missing, or `folder` cannot be written.
    """
    rows = compose(seed)
    paths = folder / CSV_NAME, folder / TRUTH_NAME
    texts = _csv_text(rows), _truth_text(rows)
    missing = [
        (path, text) for path, text in zip(paths, texts, strict=True) if not _holds(path, text)
    ]
    for path, _ in missing:
        if path.exists() and not force:
            raise InputError(
                f"{path} is there already, and is not the sample.",
                "Replace it with --force, or name another folder in the pipeline's [sample].",
            )
        outputs.check(path, "folder", force=force)
    try:
        for path, text in missing:
            write_text(path, text)
    except OSError as error:
        raise FercurateError(
            f"The sample cannot be written to {folder}: {error.strerror}.",
            "Choose a folder that you may write to.",
        ) from error
    return SampleResult(
        csv=paths[0],
        truth=paths[1],
        rows=len(rows),
        by_split=_counts((r.split for r in rows), SPLITS),
        by_kind=_counts((r.kind for r in rows), ("human", "drawn", "nonface")),
        by_class=_counts((r.true_label for r in rows), CLASSES),
        flipped=sum(r.is_flipped for r in rows),
        duplicate_conflicts=sum(r.is_duplicate_conflict for r in rows) // 2,
        split_copies=sum(r.is_split_copy for r in rows),
        constant=sum(r.is_constant for r in rows),
    )


def compose(seed: int) -> list[Row]:
    """All images in the csv's order: train, val, test, shuffled within."""
    people, planting, rest = (np.random.default_rng([seed, part]) for part in range(3))
    crops = load_crops()
    at_rest = [prepare(crop, people) for crop in crops[:N_FACES]]
    rows = _plant(_humans(at_rest, people), planting)
    rows += _strangers(crops, at_rest, rest)
    shuffled = [rows[i] for i in planting.permutation(len(rows))]
    return sorted(shuffled, key=lambda row: SPLITS.index(row.split))


def _humans(at_rest: list[Floats], rng: np.random.Generator) -> list[Row]:
    """Every person in turn takes on every class; a person stays within a split."""
    split_of = rng.permutation(np.repeat(SPLITS, _PEOPLE_OF_SPLIT))
    order = rng.permutation(len(at_rest))
    labels = np.repeat(list(FACES_OF_CLASS), list(FACES_OF_CLASS.values())).tolist()
    rows = []
    for i, label in enumerate(labels):
        person = order[i % len(order)]
        pixels = expose(_posing(at_rest[person], label, rng), rng)
        rows.append(Row(pixels, str(split_of[person]), "human", label, label))
    return rows


def _posing(face: Floats, label: str, rng: np.random.Generator) -> Floats:
    """A person putting on a class, at some intensity, in some pose."""
    low, high = _INTENSITY
    expression = vary(EXPRESSIONS[label], low + (high - low) * rng.beta(2, 2), rng, _SPREAD)
    pose = Pose(
        turn=rng.normal(0.0, 4.0),
        down=rng.normal(0.0, 0.8),
        right=rng.normal(0.0, 0.8),
        scale=rng.uniform(0.94, 1.08),
        mirrored=bool(rng.random() < 0.5),
    )
    return express(face, expression, pose, teeth=rng.uniform() * (label == "happy"))


def _plant(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    """Add wrong labels, duplicates with two labels and copies, each to rows of its own."""
    train = np.flatnonzero([row.split == "train" for row in rows])
    chosen = rng.permutation(train)
    n_flipped = round(FLIPPED_SHARE * len(train))
    conflicts, copies, flips, _ = np.split(chosen, np.cumsum([N_CONFLICTS, N_COPIES, n_flipped]))
    rows = list(rows)
    for i in conflicts:
        rows[i] = replace(rows[i], is_duplicate_conflict=True)
        rows.append(replace(rows[i], given_label=_confused(rows[i].true_label, rng)))
    for n, i in enumerate(copies):
        rows.append(replace(rows[i], split=SPLITS[1 + n % 2], is_split_copy=True))
    for i in flips:
        wrong = _confused(rows[i].true_label, rng)
        rows[i] = replace(rows[i], given_label=wrong, is_flipped=True)
    return rows


def _confused(label: str, rng: np.random.Generator) -> str:
    options = CONFUSED_WITH[label]
    return options[int(rng.integers(len(options)))]


def _strangers(crops: Floats, at_rest: list[Floats], rng: np.random.Generator) -> list[Row]:
    """Non-faces and drawn faces under labels drawn at random, most of them in training."""
    models = rng.choice(len(at_rest), _N_TRACED, replace=False)
    posing = [_posing(at_rest[i], CLASSES[int(rng.integers(len(CLASSES)))], rng) for i in models]
    found = [(pixels, "nonface", flat) for pixels, flat in others.nonfaces(crops, rng)]
    found += [(pixels, "drawn", False) for pixels in others.drawn(posing, rng)]
    rows = []
    for pixels, kind, flat in found:
        split = str(rng.choice(SPLITS, p=(0.8, 0.1, 0.1)))
        label = CLASSES[int(rng.integers(len(CLASSES)))]
        rows.append(Row(pixels, split, kind, "", label, is_constant=flat))
    return rows


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def _counts(values: Iterable[str], keys: Sequence[str]) -> Mapping[str, int]:
    found = Counter(values)
    return MappingProxyType({key: found[key] for key in keys})


def _csv_text(rows: list[Row]) -> str:
    lines = [_HEAD]
    for row in rows:
        pixels = " ".join(map(str, row.pixels.ravel().tolist()))
        lines.append(f"{INDEX[row.given_label]},{pixels},{_USAGE[row.split]}")
    return "\n".join(lines) + "\n"


def _truth_text(rows: list[Row]) -> str:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(TRUTH_COLUMNS)
    for i, row in enumerate(rows):
        values = (getattr(row, name) for name in TRUTH_COLUMNS[1:])
        out.writerow([i, *(str(v).lower() for v in values)])
    return text.getvalue()
