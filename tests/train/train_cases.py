"""A small dataset to train on: faces whose class can be seen, in all three splits."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import recorded

from fercurate.config import TrainConfig
from fercurate.labels import CLASSES, FERPLUS_COLUMNS
from fercurate.settings import build
from fercurate.workspace import Workspace

FAST = ("batch=16", "sides=[[1, 16]]", "predict_side=16", "ema=0.5")


def config(**options: Any) -> TrainConfig:
    """A run of two epochs on 16 pixels a side."""
    options = {"on": "raw", "epochs": 2, "device": "cpu", "set": FAST, **options}
    return build(TrainConfig, options, "train")


def dataset(
    root: Path, n_train: int = 64, n_val: int = 56, n_test: int = 28, unlabelled: int = 0
) -> Workspace:
    """Imported faces: class k has a bright band at its own height.

    The last `unlabelled` training images have no label.
    """
    rng = np.random.default_rng(0)
    n = n_train + n_val + n_test
    labels = np.arange(n) % len(CLASSES)
    faces = rng.integers(0, 90, (n, 48, 48), dtype=np.uint8)
    for face, label in zip(faces, labels, strict=True):
        face[6 * label : 6 * label + 9] += 120
    names = np.array([CLASSES[k] for k in labels], object)
    names[n_train - unlabelled : n_train] = None
    table = pd.DataFrame(
        {
            "row": np.arange(n, dtype=np.int32),
            "sample_id": [f"s{i}" for i in range(n)],
            "split": ["train"] * n_train + ["val"] * n_val + ["test"] * n_test,
            "label": names,
            "source": "x.csv",
            "sha256": [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)],
            "is_constant": False,
            "duplicate_group": np.int32(-1),
            "is_label_conflict": False,
            "is_split_leak": False,
        }
    )
    space = Workspace(root)
    recorded.write_table(space.manifest_path, table)
    recorded.write_array(space.faces_path, faces)
    space.record("import", "a", {})
    return space


def soft(label: int, share: float) -> np.ndarray[Any, Any]:
    made = np.full(len(CLASSES), (1 - share) / (len(CLASSES) - 1), np.float32)
    made[label % len(CLASSES)] = share
    return made


def cleaned(space: Workspace, kept: list[int], share: float = 0.7) -> None:
    """A clean set of some training rows, each with `share` on the class after its own."""
    manifest = space.manifest()
    rows = np.r_[kept, manifest.loc[manifest["split"] != "train", "row"]].astype(np.int64)
    table = manifest.iloc[rows][["row", "sample_id", "split", "label"]].reset_index(drop=True)
    targets = np.stack([soft((row + 1) % len(CLASSES), share) for row in rows])
    for place, name in enumerate(CLASSES):
        table[f"soft_{name}"] = targets[:, place]
    table["gold_label"], table["why"] = None, "softened"
    recorded.write_table(space.clean_path, table)


def audited(space: Workspace, share: float = 0.6) -> None:
    """An audit that believes in the class after each one's own."""
    manifest = space.manifest()
    table = manifest.loc[manifest["split"] == "train", ["row", "label"]].dropna()
    table = table.reset_index(drop=True)
    beliefs = np.stack([soft((row + 1) % len(CLASSES), share) for row in table["row"]])
    for place, name in enumerate(CLASSES):
        table[f"belief_{name}"] = beliefs[:, place]
    recorded.write_table(space.audit_path, table)


def voted(space: Workspace, votes: dict[int, dict[str, int]]) -> None:
    """Votes for some rows, by FER+ column; nobody was asked about the others."""
    n = len(space.manifest())
    table = pd.DataFrame({name: np.zeros(n, np.int16) for name in FERPLUS_COLUMNS})
    for row, counts in votes.items():
        for name, count in counts.items():
            table.loc[row, name] = count
    recorded.write_table(space.votes_path, table)
