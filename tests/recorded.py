"""Files of a workspace that a test writes itself, with the record that their stage would leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fercurate import files, records
from fercurate.workspace import Workspace

LONG_AGO = "2020-01-01T00:00:00+0000"
"""Verdicts that a test gives without pixels were given after it, and so on this import."""


def write_table(path: Path, table: pd.DataFrame) -> None:
    files.write_table(path, table)
    note(path)


def write_array(path: Path, array: Any) -> None:
    files.write_array(path, array)
    note(path)


def write_json(path: Path, value: object) -> None:
    files.write_json(path, value)
    note(path)


def note(path: Path) -> None:
    """Record a file of a workspace as it is now; a file of no stage has no record."""
    space = Workspace(path.parent)
    for stage in ("import", "screen", "audit", "sample", "clean"):
        if path in space.outputs(stage):
            stages = space.stages()
            noted = stages.setdefault(
                stage, {"fingerprint": "a", "summary": {}, "finished": LONG_AGO}
            )
            noted.setdefault("files", {}).update(records.describe([path]))
            files.write_json(space.stages_path, stages)


def forget(space: Workspace, stage: str) -> None:
    """Remove what a stage wrote and its record: as if it had never run."""
    for path in space.outputs(stage):
        path.unlink(missing_ok=True)
    stages = space.stages()
    stages.pop(stage, None)
    files.write_json(space.stages_path, stages)


def forget_file(path: Path) -> None:
    """Remove a file and what is noted of it."""
    path.unlink()
    space = Workspace(path.parent)
    stages = space.stages()
    for record in stages.values():
        record.get("files", {}).pop(path.name, None)
    files.write_json(space.stages_path, stages)


def manifest(space: Workspace, n: int = 2) -> None:
    """An import of `n` images, made up."""
    table = pd.DataFrame(
        {
            "row": range(n),
            "sample_id": [f"s{i}" for i in range(n)],
            "split": "train",
            "label": "sad",
            "sha256": [f"{i:064x}" for i in range(n)],
        }
    )
    write_table(space.manifest_path, table)
    write_array(space.faces_path, np.zeros((n, 48, 48), np.uint8))


def finish(space: Workspace, stage: str, mark: str = "a") -> None:
    """Leave what a stage leaves, with nothing in it, made from what there is now."""
    for path in space.outputs(stage):
        if path.suffix == ".parquet":
            files.write_table(path, pd.DataFrame({"row": [0], "mark": [mark]}))
        elif path.suffix == ".json":
            files.write_json(path, {"mark": mark})
        else:
            files.write_text(path, mark)
    made_from = {"clean": ("images", "screen", "audit", "decisions")}.get(stage, ("images",))
    inputs = {name: space.identity(name) for name in made_from}
    space.record(stage, mark, {}, inputs=inputs)
