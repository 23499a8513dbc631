"""A small workspace with a finished training run, whose answers are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from recorded import write_array, write_json, write_table

from fercurate.files import hash_file
from fercurate.identity import packed
from fercurate.infer.checkpoint import save_model
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS
from fercurate.learn import zoo
from fercurate.paths import RunFiles
from fercurate.workspace import Workspace

N_TRAIN, N_VAL, N_TEST = 40, 140, 70
N = N_TRAIN + N_VAL + N_TEST
RUN = "train-raw-given-simple-s0-0a1b2c3d"
TEMPERATURE = 2.0


def digests(rows: np.ndarray) -> list[str]:
    """Of images that are all in the half of validation that reports."""
    return [f"{2 * i + 1:064x}" for i in rows]


def true_classes() -> np.ndarray:
    """int64 [N]."""
    return np.arange(N) % 7


def given_classes() -> np.ndarray:
    """The true ones; on every fifth image the next class."""
    rows = np.arange(N)
    return np.where(rows % 5 == 0, (true_classes() + 1) % 7, true_classes())


def make_workspace(root: Path, votes: bool = True) -> Workspace:
    """Labels of `given_classes`, votes for the true ones; val row 40 is a copy of train row 0,
    and 41 a near copy of 1."""
    space = Workspace(root)
    rows = np.arange(N)
    split = np.array(["train"] * N_TRAIN + ["val"] * N_VAL + ["test"] * N_TEST)
    group = np.full(N, -1)
    group[[0, 40]] = 0
    manifest = pd.DataFrame(
        {
            "row": rows.astype(np.int32),
            "sample_id": [f"image-{i}" for i in rows],
            "split": split,
            "label": np.array(CLASSES)[given_classes()],
            "source": "made",
            "sha256": digests(rows),
            "is_constant": False,
            "duplicate_group": group,
            "is_label_conflict": False,
            "is_split_leak": group >= 0,
        }
    )
    write_table(space.manifest_path, manifest)
    near = group.copy()
    near[[1, 41]] = 1
    write_table(space.screen_path, manifest[["row"]].assign(near_duplicate_group=near))
    write_array(space.faces_path, np.zeros((N, 48, 48), np.uint8))
    if votes:
        counts = np.zeros((N, 10), np.int64)
        columns = [FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name]) for name in CLASSES]
        counts[rows, np.array(columns)[true_classes()]] = 8
        counts[:, FERPLUS_COLUMNS.index("unknown")] = 2
        counts[-10:] = 0
        write_table(space.votes_path, pd.DataFrame(counts, columns=list(FERPLUS_COLUMNS)))
    return space


def logits() -> np.ndarray:
    """float32 [N, 7]: sure of the true class, on every tenth image of the class after the next."""
    rows = np.arange(N)
    made = np.random.default_rng(0).normal(0, 0.1, (N, 7)).astype(np.float32)
    made[rows, true_classes()] += np.where(rows % 10 == 0, 3.0, 8.0)
    wrong = rows % 10 == 0
    made[rows[wrong], (true_classes()[wrong] + 2) % 7] += 5.0
    return made


def add_run(space: Workspace, name: str = RUN, finished: bool = True, on: str = "raw") -> RunFiles:
    """A run that kept `logits` of val and test."""
    files = RunFiles(space.run_dir(name))
    files.folder.mkdir(parents=True)
    rows = np.arange(N_TRAIN, N)
    row = rows.astype(np.int32)
    np.savez(files.logits_path, row=row, sha256=packed(digests(rows)), logits=logits()[rows])
    provenance = {"dataset": space.name, "on": on, "seed": 0, "recipe": {"lr": 0.1}}
    head = Head("given", temperature=TEMPERATURE)
    info = ModelInfo("simple", heads=(head,), provenance=provenance)
    save_model(files.best_path, zoo.create("simple"), info)
    inputs = {"manifest": hash_file(space.manifest_path)}
    if space.clean_path.exists():
        inputs["clean"] = hash_file(space.clean_path)
    write_json(files.config_path, {"config": {"on": on}, "inputs": inputs})
    epochs = [
        {"epoch": i, "loss": 2.0 / i, "val_accuracy": 0.2 * i, "val_loss": 2.0 / i} for i in (1, 2)
    ]
    write_json(
        files.metrics_path,
        {"finished": "2026-11-25" if finished else None, "epochs": epochs, "best_epoch": 2},
    )
    return files
