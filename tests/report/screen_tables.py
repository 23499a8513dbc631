"""What a screen leaves of a made dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from recorded import write_json, write_table

from fercurate.labels import CLASSES
from fercurate.workspace import Workspace

N_PAIRS = 40
"""Near duplicates of a made screen: rows 20 to 59, each with one of the last 40."""


def screen_table(manifest: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """A screen of a manifest of 100 rows or more, with random scores."""
    rng = np.random.default_rng(seed)
    n = len(manifest)
    human = np.where(rng.random(n) < 0.06, rng.beta(1, 5, n), rng.beta(9, 1, n))
    nonface = (human < 0.5) & (rng.random(n) < 0.4)
    kind = np.where(human >= 0.5, "human", np.where(nonface, "nonface", "drawn"))
    screen = manifest[["row", "sample_id", "split", "label"]].reset_index(drop=True)
    screen["kind"] = kind
    screen["kind_by_eye"] = [k if i < 30 else None for i, k in enumerate(kind)]
    screen["human_score"] = human.astype(np.float32)
    screen["is_human_issue"] = kind != "human"
    screen["face_score"] = np.where(nonface, 0.1, rng.beta(9, 1, n)).astype(np.float32)
    screen["is_face_issue"] = nonface
    for name, threshold in (("dark", 0.3), ("blurry", 0.4), ("cut_off", 0.35), ("odd_size", 0.0)):
        score = np.ones(n) if name == "odd_size" else rng.beta(5, 2, n)
        screen[f"{name}_score"] = score.astype(np.float32)
        screen[f"is_{name}_issue"] = score < threshold
    group = np.full(n, -1, np.int32)
    group[20 : 20 + N_PAIRS] = group[n - N_PAIRS :] = np.arange(N_PAIRS)
    screen["near_duplicate_score"] = np.where(group >= 0, 0.1, 0.9).astype(np.float32)
    screen["is_near_duplicate_issue"] = group >= 0
    screen["near_duplicate_group"] = group
    screen["is_near_leak"] = (group >= 0) & (
        screen.groupby(group)["split"].transform("nunique") > 1
    )
    screen["keep"] = (group < 0) | (np.arange(n) >= n - N_PAIRS)
    screen["keep_split"] = screen.groupby("near_duplicate_group")["split"].transform("last")
    return screen


def screen_summary(classes: tuple[str, ...] = CLASSES) -> dict[str, Any]:
    """What screen.json holds: two links of 14 are flagged, one has too few images."""
    links = [
        {
            "property": name, "class": label, "n": 40, "auc": 0.45 + 0.03 * i, "auc_low": 0.4,
            "auc_high": 0.7, "median_class": 0.5, "median_rest": 0.25,
            "is_spurious_issue": i == len(classes) - 1,
        }
        for name in ("brightness", "dark_share")
        for i, label in enumerate(classes)
    ]  # fmt: skip
    links[1] |= {"auc": None, "auc_low": None, "auc_high": None, "n": 3}
    return {
        "fingerprint": "fedcba9876543210",
        "seconds": 75.2,
        "n_images": 400,
        "links": links,
        "predictability": [
            {"property": "brightness", "balanced_accuracy": 0.19, "chance": 1 / 7, "score": 0.94},
            {"property": "dark_share", "balanced_accuracy": 0.15, "chance": 1 / 7, "score": 0.99},
        ],
        "classifier": {
            "folds": 5,
            "labelled": {"human": 900, "drawn": 80, "nonface": 20},
            "precision": {"drawn": 0.93, "nonface": 0.98},
            "recall": {"drawn": 0.89, "nonface": 0.95},
            "human_flagged": 0.004,
            "threshold": 0.5,
        },
        "versions": {"fercurate": "0.1.0"},
    }


def add_screen(workspace: Workspace, **settings: Any) -> Workspace:
    """Write the screen's table and summary of a made workspace."""
    write_table(workspace.screen_path, screen_table(workspace.manifest(), **settings))
    write_json(workspace.screen_summary_path, screen_summary())
    return workspace
