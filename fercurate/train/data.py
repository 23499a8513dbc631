"""What a model is trained on and chosen by: rows, targets, and where each target is from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.config import TrainConfig
from fercurate.errors import InputError
from fercurate.files import fingerprint, hash_file
from fercurate.halves import is_choosing
from fercurate.identity import packed
from fercurate.labels import INDEX
from fercurate.train.targets import (
    Layers,
    Targets,
    first_known,
    known_to,
    layers_of,
    one_hot,
    targets_of,
)
from fercurate.votes import gold_classes, imported_votes
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

MIN_IMAGES = 20
"""Fewer images than this train nothing."""

MIN_VAL = 20
"""Fewer labelled validation images than this choose no epoch."""

HELD_OUT = 0.05
"""Share of the training images that corrected labels are calibrated on, and not trained on."""

FEWEST_HELD, MOST_HELD = 100, 1000


@dataclass(frozen=True)
class Calibrating:
    """Images that a head's temperature is fitted on; none of them is trained on.

    Attributes:
        rows: int64 [n], of the manifest.
        labels: int64 [n], 0..6, or float32 [n, 7], rows adding up to 1.
        what: These images, in words.
    """

    rows: NDArray[np.int64]
    labels: Targets
    what: str


@dataclass(frozen=True)
class Data:
    """The three splits as one training run uses them.

    Attributes:
        rows: int64 [n], the training images, in the manifest's order.
        targets: int64 [n], 0..6, where each image has one given label; float32 [n, 7], rows
            adding up to 1; or where several heads learn float32 [n, heads, 7], all zeros where a
            head has no label of an image.
        labels: given, corrected or votes, or two of them with a plus between.
        val_rows, test_rows: int64, all images of these splits, with or without a label.
        val_labels: int64, given labels of those of `val_rows` that choose the epoch, -1 for the
            others: the half that reports (see `halves`), and images without a label. Whatever
            labels train, the given ones choose, so that runs on different labels compare.
        calibrating: For each head.
        sources: For each head how many training images have their target from votes, clean,
            audit, given.
        inputs: sha256 of each file that went in, by name.
        scored_sha256: uint8 [v + t, 32], of the pixels of `val_rows` and then `test_rows`.
        content: sha256 over the pixels of every row and the labels of train and val.
    """

    rows: NDArray[np.int64]
    targets: Targets
    labels: str
    val_rows: NDArray[np.int64]
    val_labels: NDArray[np.int64]
    test_rows: NDArray[np.int64]
    calibrating: dict[str, Calibrating]
    sources: dict[str, dict[str, int]]
    inputs: dict[str, str]
    scored_sha256: NDArray[np.uint8]
    content: str

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the heads, in the order of `targets`."""
        return heads_of(self.labels)


def labels_of(config: TrainConfig) -> str:
    """The labels that a run is trained on; corrected ones by default where the set is clean."""
    return config.labels or ("corrected" if config.on == "clean" else "given")


def heads_of(labels: str) -> tuple[str, ...]:
    """The heads of a network that is trained on these labels."""
    return tuple(labels.split("+"))


def gather(space: Workspace, config: TrainConfig, teachers: Sequence[Path] = ()) -> Data:
    """Read what a run needs; no pixel is read yet.

    Validation and test are always the manifest's, whatever cleaning did to them: results on
    clean and on raw compare. A training image that has a copy there stays
    in; `fercurate evaluate` counts with such copies and without.

    Raises:
        InputError: too few images or classes, or no clean set, audit or votes where asked for.
    """
    labels = labels_of(config)
    heads = heads_of(labels)
    manifest = space.manifest(["row", "split", "label", "sha256"])
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)
    split = manifest["split"].to_numpy(str)
    digests = manifest["sha256"]
    inputs = {"manifest": hash_file(space.manifest_path)}
    clean = None if config.on == "raw" else space.clean()
    if clean is not None:
        inputs["clean"] = hash_file(space.clean_path)
    rows = np.flatnonzero((split == "train") & (given >= 0))
    if clean is not None:
        kept = _clean_rows(clean, given if labels == "given" else None)
        if config.on == "clean":
            rows = kept
        else:  # as many as a clean set trains on
            if "corrected" not in heads:
                kept = kept[~_is_held_out(digests, kept)]
            rows = random_subset(rows, len(kept), config.seed)
    held = rows[:0]
    if "corrected" in heads:
        is_held = _is_held_out(digests, rows)
        rows, held = rows[~is_held], rows[is_held]
    layers = layers_of(space, config, heads, clean, len(manifest), inputs)
    layers["given"] = one_hot(given)
    targets, sources = targets_of(layers, heads, rows)
    if labels == "given":
        targets = given[rows]
    _check(space, targets)
    val, test = np.flatnonzero(split == "val"), np.flatnonzero(split == "test")
    chooses = is_choosing(digests.iloc[val].tolist())
    calibrating = _calibrating(space, heads, layers, given, val[chooses], held)
    pixels = digests.to_numpy(str)
    val_labels = np.where(chooses, given[val], -1)
    fitted = [part for fit in calibrating.values() for part in (pixels[fit.rows], fit.labels)]
    content = _content(pixels[rows], targets, pixels[val], val_labels, pixels[test], *fitted)
    if teachers:
        hashes = [hash_file(path) for path in teachers]
        inputs.update(
            zip((f"teacher {path.parent.name}" for path in teachers), hashes, strict=True)
        )
        content = fingerprint(content, hashes)
    scored = packed(digests.iloc[np.r_[val, test]].tolist())
    return Data(
        rows, targets, labels, val, val_labels, test, calibrating, sources, inputs, scored, content
    )


def _calibrating(
    space: Workspace,
    heads: tuple[str, ...],
    layers: Layers,
    given: NDArray[np.int64],
    choosing: NDArray[np.int64],
    held: NDArray[np.int64],
) -> dict[str, Calibrating]:
    """What each head's temperature is fitted on: labels of its own kind."""
    made = {}
    for name in heads:
        if name == "corrected":
            soft, _ = first_known(known_to(name, layers, alone=True), held)
            what = "corrected labels of training images that were held out"
            made[name] = Calibrating(held, soft, what)
            continue
        labels = given if name == "given" else gold_classes(imported_votes(space))
        rows = choosing[labels[choosing] >= 0]
        what = "gold rows" if name == "votes" else "given labels"
        made[name] = Calibrating(rows, labels[rows], f"{what} of one half of validation")
    return made


def _is_held_out(digests: pd.Series, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which training images corrected labels are calibrated on; copies are together."""
    share = min(max(HELD_OUT, FEWEST_HELD / max(len(rows), 1)), 0.2, MOST_HELD / max(len(rows), 1))
    places = [int(digest[:8], 16) / 16**8 for digest in digests.iloc[rows]]
    return np.array(places) < share


def random_subset(rows: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """`n` of the rows drawn at random, all where there are not so many; sorted."""
    chosen = np.random.default_rng(seed).permutation(rows)[:n]
    return np.sort(chosen)


def _clean_rows(clean: pd.DataFrame, given: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Training rows of the clean set that have a label, or a given one where `given` is told."""
    train = clean[clean["split"] == "train"]
    rows = train["row"].to_numpy(np.int64)
    known = train["label"].notna().to_numpy() if given is None else given[rows] >= 0
    return np.sort(rows[known])


def _check(space: Workspace, targets: Targets) -> None:
    first = targets[:, 0] if targets.ndim == 3 else targets
    hard = first if first.ndim == 1 else first.argmax(axis=1)
    classes = len(np.unique(hard))
    if len(targets) < MIN_IMAGES or classes < 2:
        raise InputError(
            f"{space.name} has {len(targets)} images of {classes} classes to train on; "
            "that is too few.",
            f"Training needs {MIN_IMAGES} labelled images of the split train, of two classes.",
        )


def _content(*parts: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = "\n".join(part.tolist()).encode() if part.dtype.kind == "U" else part.tobytes()
        digest.update(f"{len(part)}:".encode() + data)
    return digest.hexdigest()
