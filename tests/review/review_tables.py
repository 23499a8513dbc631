"""Small tables of a workspace, and the environment of a fresh user."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from fercurate.labels import CLASSES

N = 24
"""Rows of the small workspace."""


def manifest_table(n: int = N) -> pd.DataFrame:
    split = np.array(["train", "val", "test"])[np.minimum(np.arange(n) * 3 // n, 2)]
    return pd.DataFrame(
        {
            "row": np.arange(n, dtype=np.int32),
            "sample_id": [f"{s}-{i:04d}" for i, s in enumerate(split)],
            "split": split,
            "label": np.array(CLASSES)[np.arange(n) % 7],
            "source": [f"faces.csv:{i + 2}" for i in range(n)],
            "sha256": [f"{i:064x}" for i in range(n)],
            "is_constant": np.arange(n) == 3,
            "duplicate_group": np.where(np.arange(n) < 4, np.arange(n) // 2, -1).astype(np.int32),
            "is_label_conflict": np.arange(n) < 2,
            "is_split_leak": (np.arange(n) >= 2) & (np.arange(n) < 4),
        }
    )


def audit_table(n: int = N, audited: int = N // 3) -> pd.DataFrame:
    """The audit of the first `audited` rows, the rows in another order than the manifest's."""
    rows = np.arange(audited, dtype=np.int32)[::-1]
    return pd.DataFrame(
        {
            "row": rows,
            "label": np.array(CLASSES)[rows % 7],
            "label_quality": (rows / n).astype(np.float32),
            "is_label_issue": rows % 2 == 0,
            "suggested_label": [None if r == 5 else CLASSES[(r + 1) % 7] for r in rows],
            "suggested_confidence": [np.nan if r == 5 else np.float32(0.5 + r / 100) for r in rows],
            "verdict": [("mislabeled", "ambiguous", "outlier", "ok")[r % 4] for r in rows],
            "neighbours": [np.array([r + 1, r + 2], dtype=np.int32) for r in rows],
            "margin": [np.nan if r == 0 else float(r) for r in rows],
        }
    )


NO_FACE = 9
"""The one row of `screen_table` where no face was found."""


def screen_table(n: int = N) -> pd.DataFrame:
    """The screen of the manifest: one image without a face, one drawn, rows 0 and 23 alike."""
    manifest = manifest_table(n)
    rows = np.arange(n)
    kind = np.where(rows == NO_FACE, "nonface", np.where(rows == 10, "drawn", "human"))
    points = np.array([12, 18, 30, 18, 24, 26, 24, 36, 6, 20, 54, 20], np.float32)
    missing = rows == NO_FACE
    return pd.DataFrame(
        {
            **manifest[["row", "sample_id", "split", "label"]],
            "kind": kind,
            "kind_by_eye": [None if r else "human" for r in rows],
            "human_score": np.where(kind == "human", 0.9, rows / 100).astype(np.float32),
            "is_human_issue": kind != "human",
            "face_score": np.where(missing, 0, 0.75).astype(np.float32),
            "is_face_issue": missing,
            **{
                name: np.where(missing, np.nan, value).astype(np.float32)
                for name, value in (
                    ("face_left", -6.0), ("face_top", 12.0), ("face_width", 42.0),
                    ("face_height", 48.0),
                )
            },
            "face_points": [None if gone else points for gone in missing],
            "roll": np.where(missing, np.nan, 3.0).astype(np.float32),
            "is_dark_issue": np.isin(rows, (11, 12)),
            "near_duplicate_group": np.where(np.isin(rows, (0, n - 1)), 0, -1).astype(np.int32),
            "near_duplicate_component": np.where(np.isin(rows, (0, n - 1)), 0, -1).astype(np.int32),
            "is_near_duplicate_issue": np.isin(rows, (0, n - 1)),
            "is_near_leak": np.isin(rows, (0, n - 1)),
            "keep": rows != 0,
        }
    )  # fmt: skip


def subprocess_environment(home: Path) -> dict[str, str]:
    """The environment of a user with nothing in their home folder."""
    kept = {k: v for k, v in os.environ.items() if k != "FIFTYONE_DATABASE_URI"}
    return kept | {"HOME": str(home)}


def fake_mongod(folder: Path, script: str) -> Path:
    program = folder / "mongod"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return program
