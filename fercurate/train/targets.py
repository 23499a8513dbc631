"""What teaches each head of a network: votes, corrected labels, given ones, as soft labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.config import TrainConfig
from fercurate.files import hash_file
from fercurate.labels import CLASSES, N_CLASSES
from fercurate.votes import imported_votes, vote_shares
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

Targets = NDArray[np.int64] | NDArray[np.float32]
Layers = dict[str, NDArray[np.float32]]
"""Soft labels of a whole dataset by their origin, float32 [N, 7], rows of NaN where there are
none; the best first."""


def layers_of(
    space: Workspace,
    config: TrainConfig,
    heads: tuple[str, ...],
    clean: pd.DataFrame | None,
    n: int,
    inputs: dict[str, str],
) -> Layers:
    """What these heads learn from but the given labels; `inputs` is told of the files."""
    layers: Layers = {}
    if "votes" in heads:
        layers["votes"] = vote_shares(imported_votes(space))
        inputs["votes"] = hash_file(space.votes_path)
    if "corrected" not in heads and heads != ("votes",):
        return layers
    if config.on == "clean" and clean is not None:
        layers["clean"] = _spread(clean, "soft_", n)
    elif "corrected" in heads or space.has("audit"):
        columns = ["row", *(f"share_{name}" for name in CLASSES)]
        layers["audit"] = _spread(space.audit(columns), "share_", n)
        inputs["audit"] = hash_file(space.audit_path)
    return layers


def targets_of(
    layers: Layers, heads: tuple[str, ...], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], dict[str, dict[str, int]]]:
    """The targets of each head at some rows, and where they are from; as in `Data`."""
    made, sources = [], {}
    for name in heads:
        known = known_to(name, layers, alone=len(heads) == 1)
        targets, sources[name] = first_known(known, rows)
        made.append(targets)
    if len(heads) == 1:
        return made[0], sources
    return np.nan_to_num(np.stack(made, axis=1)), sources


def known_to(head: str, layers: Layers, *, alone: bool) -> Layers:
    """The layers that teach a head, the best first.

    The votes head of two is taught by votes alone, and left out where nobody voted. Filling in
    what the audit believes there cost it 0.2 points on gold rows and 3 of balanced accuracy.
    """
    if head == "given" or (head == "votes" and not alone):
        return {head: layers[head]}
    return {name: layer for name, layer in layers.items() if head == "votes" or name != "votes"}


def first_known(
    layers: Layers, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """For each row the target of the first layer that has one.

    Args:
        layers: float32 [N, 7] by name, the best first; NaN rows are unknown.
        rows: int64 [n] into them.

    Returns:
        float32 [n, 7], rows scaled to add up to 1, NaN where no layer has one; and how many
        each layer gave.
    """
    targets = np.full((len(rows), N_CLASSES), np.nan, np.float64)
    counts: dict[str, int] = {}
    for name, layer in layers.items():
        takes = np.isnan(targets).any(axis=1) & ~np.isnan(layer[rows]).any(axis=1)
        targets[takes] = layer[rows[takes]]
        counts[name] = int(takes.sum())
    targets /= targets.sum(axis=1, keepdims=True)
    return targets.astype(np.float32), {name: n for name, n in counts.items() if n}


def one_hot(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32 [n, 7]; all NaN where the label is -1."""
    made = np.full((len(labels), N_CLASSES), np.nan, np.float32)
    known = labels >= 0
    made[known] = np.eye(N_CLASSES, dtype=np.float32)[labels[known]]
    return made


def _spread(table: pd.DataFrame, prefix: str, n: int) -> NDArray[np.float32]:
    """Seven columns of a table at its rows, float32 [n, 7], NaN elsewhere."""
    spread = np.full((n, N_CLASSES), np.nan, np.float32)
    columns = [prefix + name for name in CLASSES]
    spread[table["row"].to_numpy(np.int64)] = table[columns].to_numpy(np.float32)
    return spread
