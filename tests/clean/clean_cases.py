"""Small datasets to clean, and what stands for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import recorded

from fercurate.clean.evidence import BELIEFS, SHARES, Evidence, blank
from fercurate.decisions import Action, Decision, Log, Settled, settle
from fercurate.labels import CLASSES, INDEX
from fercurate.workspace import Workspace


def manifest_of(
    labels: Sequence[str | None],
    splits: Sequence[str] | None = None,
    groups: Sequence[int] | None = None,
    constant: Sequence[int] = (),
) -> pd.DataFrame:
    n = len(labels)
    table: pd.DataFrame = pd.DataFrame(
        {
            "row": np.arange(n, dtype=np.int32),
            "sample_id": [f"s{i}" for i in range(n)],
            "split": list(splits or ["train"] * n),
            "label": np.array(labels, object),
            "source": "x.csv",
            "sha256": [f"{i:064x}" for i in range(n)],
            "is_constant": np.isin(np.arange(n), constant),
            "duplicate_group": np.array(groups or [-1] * n, np.int32),
            "is_label_conflict": False,
            "is_split_leak": False,
        }
    )
    return table


def belief_of(**shares: float) -> np.ndarray[Any, Any]:
    """float32 [K]; what is not named shares the rest."""
    made = np.full(len(CLASSES), (1 - sum(shares.values())) / (len(CLASSES) - len(shares)))
    for name, share in shares.items():
        made[INDEX[name]] = share
    return made.astype(np.float32)


def evidence_of(
    manifest: pd.DataFrame,
    beliefs: Mapping[int, np.ndarray[Any, Any]] | None = None,
    **columns: Mapping[int, Any],
) -> Evidence:
    """Evidence that says nothing but what is given by row."""
    table = blank(manifest)
    for row, belief in (beliefs or {}).items():
        table.loc[row, list(BELIEFS)] = table.loc[row, list(SHARES)] = belief
    for name, values in columns.items():
        column = table[name].to_numpy(copy=True)
        for row, value in values.items():
            column[row] = value
        table[name] = column
    return Evidence(table, ("screen", "audit"), (), 0.85, {})


def verdict(
    row: int, action: Action, label: str | None = None, who: str = "ann", given: str = "sad"
) -> Decision:
    return Decision(
        f"s{row}", action, who, given=given, label=label, when=f"2026-01-01T00:00:{row:02d}+00:00"
    )


def settled_of(*verdicts: Decision) -> dict[str, Settled]:
    return settle(verdicts)


def workspace_of(
    folder: Path, manifest: pd.DataFrame, beliefs: Mapping[int, np.ndarray[Any, Any]] | None = None
) -> Workspace:
    """A workspace with manifest, faces and PNGs; an audit of the train split with `beliefs`."""
    from PIL import Image

    space = Workspace(folder / "datasets" / "one")
    recorded.write_table(space.manifest_path, manifest)
    faces = np.random.default_rng(0).integers(0, 256, (len(manifest), 48, 48)).astype(np.uint8)
    recorded.write_array(space.faces_path, faces)
    space.images_dir.mkdir()
    for name, face in zip(manifest["sample_id"], faces, strict=True):
        Image.fromarray(face).save(space.image_path(name))
    if beliefs is not None:
        write_audit(space, manifest, beliefs)
    return space


def write_audit(
    space: Workspace, manifest: pd.DataFrame, beliefs: Mapping[int, np.ndarray[Any, Any]]
) -> None:
    rows = sorted(beliefs)
    columns = ["row", "sample_id", "sha256", "split", "label"]
    audit = manifest.loc[rows, columns].reset_index(drop=True)
    for i, name in enumerate(BELIEFS):
        audit[name] = np.array([beliefs[row][i] for row in rows], np.float32)
    recorded.write_table(space.audit_path, audit)
    recorded.write_json(space.audit_summary_path, {"profile": "fer2013", "n_verdicts": 0})
    space.record("audit", "b", {}, inputs={"images": space.identity("images")})


def write_screen(space: Workspace, manifest: pd.DataFrame, **columns: Mapping[int, Any]) -> None:
    n = len(manifest)
    screen = manifest[["row", "sample_id", "sha256", "split", "label"]].copy()
    screen["kind"] = "human"
    screen["kind_by_eye"] = np.full(n, None, object)
    screen["human_score"] = np.full(n, 0.99, np.float32)
    screen["near_duplicate_group"] = np.full(n, -1, np.int32)
    screen["keep_split"] = manifest["split"]
    screen["keep"] = True
    for name, values in columns.items():
        column = screen[name].to_numpy(copy=True)
        for row, value in values.items():
            column[row] = value
        screen[name] = column
    recorded.write_table(space.screen_path, screen)
    recorded.write_json(
        space.screen_summary_path, {"classifier": {"precision": {"not human": 0.85}}}
    )
    space.record("screen", "c", {}, inputs={"images": space.identity("images")})


def decide(space: Workspace, *verdicts: Decision) -> None:
    Log(space.decisions_path).append(verdicts)
