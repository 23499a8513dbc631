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
from fercurate.identity import packed
from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.votes import gold_classes, imported_votes, vote_shares
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

MIN_IMAGES = 20
"""Fewer images than this train nothing."""

MIN_VAL = 20
"""Fewer labelled validation images than this choose no epoch."""

Targets = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True)
class Data:
    """The three splits as one training run uses them.

    Attributes:
        rows: int64 [n], the training images, in the manifest's order.
        targets: int64 [n], 0..6, where each image has one given label; or float32 [n, 7], rows
            adding up to 1.
        labels: given, corrected or votes.
        val_rows, test_rows: int64, all images of these splits, with or without a label.
        val_labels: int64, labels of `val_rows` that choose the epoch, -1 where there is none:
            the given ones, or where votes are the targets the class that most votes go to.
        sources: How many training images have their target from votes, clean, audit, given.
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
    sources: dict[str, int]
    inputs: dict[str, str]
    scored_sha256: NDArray[np.uint8]
    content: str


def labels_of(config: TrainConfig) -> str:
    """The labels that a run is trained on; corrected ones by default where the set is clean."""
    return config.labels or ("corrected" if config.on == "clean" else "given")


def gather(space: Workspace, config: TrainConfig, teachers: Sequence[Path] = ()) -> Data:
    """Read what a run needs; no pixel is read yet.

    Validation and test are always the manifest's, whatever cleaning did to them: results on
    clean and on raw compare. A training image that has a copy there stays
    in; `fercurate evaluate` counts with such copies and without.

    Raises:
        InputError: too few images or classes, or no clean set, audit or votes where asked for.
    """
    labels = labels_of(config)
    manifest = space.manifest(["row", "split", "label", "sha256"])
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)
    split = manifest["split"].to_numpy(str)
    inputs = {"manifest": hash_file(space.manifest_path)}
    clean = None if config.on == "raw" else space.clean()
    if clean is not None:
        inputs["clean"] = hash_file(space.clean_path)
    rows = np.flatnonzero((split == "train") & (given >= 0))
    if clean is not None:
        kept = _clean_rows(clean, given if labels == "given" else None)
        rows = kept if config.on == "clean" else random_subset(rows, len(kept), config.seed)
    targets: Targets
    if labels == "given":
        targets, sources = given[rows], {"given": len(rows)}
    else:
        layers = _layers(space, config, labels, clean, len(manifest), inputs)
        layers["given"] = one_hot(given)
        targets, sources = first_known(layers, rows)
    _check(space, targets)
    val, test = np.flatnonzero(split == "val"), np.flatnonzero(split == "test")
    judged = given if labels != "votes" else gold_classes(imported_votes(space))
    pixels = manifest["sha256"].to_numpy(str)
    content = _content(pixels[rows], targets, pixels[val], judged[val], pixels[test])
    if teachers:
        hashes = [hash_file(path) for path in teachers]
        inputs.update(
            zip((f"teacher {path.parent.name}" for path in teachers), hashes, strict=True)
        )
        content = fingerprint(content, hashes)
    scored = packed(manifest["sha256"].iloc[np.r_[val, test]].tolist())
    return Data(rows, targets, labels, val, judged[val], test, sources, inputs, scored, content)


def random_subset(rows: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """`n` of the rows drawn at random, all where there are not so many; sorted."""
    chosen = np.random.default_rng(seed).permutation(rows)[:n]
    return np.sort(chosen)


def one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32 [n, 7]; all NaN where the label is -1."""
    made = np.full((len(labels), N_CLASSES), np.nan, np.float32)
    known = labels >= 0
    made[known] = np.eye(N_CLASSES, dtype=np.float32)[labels[known]]
    return made


def first_known(
    layers: dict[str, NDArray[np.float32]], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """For each row the target of the first layer that has one.

    Args:
        layers: float32 [N, 7] by name, the best first; NaN rows are unknown.
        rows: int64 [n] into them; one of the layers knows each.

    Returns:
        float32 [n, 7], rows scaled to add up to 1, and how many each layer gave.
    """
    targets = np.full((len(rows), N_CLASSES), np.nan, np.float64)
    counts: dict[str, int] = {}
    for name, layer in layers.items():
        takes = np.isnan(targets).any(axis=1) & ~np.isnan(layer[rows]).any(axis=1)
        targets[takes] = layer[rows[takes]]
        counts[name] = int(takes.sum())
    targets /= targets.sum(axis=1, keepdims=True)
    return targets.astype(np.float32), {name: n for name, n in counts.items() if n}


def _clean_rows(clean: pd.DataFrame, given: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Training rows of the clean set that have a label, or a given one where `given` is told."""
    train = clean[clean["split"] == "train"]
    rows = train["row"].to_numpy(np.int64)
    known = train["label"].notna().to_numpy() if given is None else given[rows] >= 0
    return np.sort(rows[known])


def _layers(
    space: Workspace,
    config: TrainConfig,
    labels: str,
    clean: pd.DataFrame | None,
    n: int,
    inputs: dict[str, str],
) -> dict[str, NDArray[np.float32]]:
    """Soft labels of the whole dataset, float32 [n, 7] each, the best first."""
    layers = {}
    if labels == "votes":
        layers["votes"] = vote_shares(imported_votes(space))
        inputs["votes"] = hash_file(space.votes_path)
    if config.on == "clean" and clean is not None:
        layers["clean"] = _spread(clean, "soft_", n)
    elif labels == "corrected" or space.has("audit"):
        layers["audit"] = _spread(space.audit(), "belief_", n)
        inputs["audit"] = hash_file(space.audit_path)
    return layers


def _spread(table: pd.DataFrame, prefix: str, n: int) -> NDArray[np.float32]:
    """Seven columns of a table at its rows, float32 [n, 7], NaN elsewhere."""
    spread = np.full((n, N_CLASSES), np.nan, np.float32)
    columns = [prefix + name for name in CLASSES]
    spread[table["row"].to_numpy(np.int64)] = table[columns].to_numpy(np.float32)
    return spread


def _check(space: Workspace, targets: Targets) -> None:
    hard = targets if targets.ndim == 1 else targets.argmax(axis=1)
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
