"""Drawing the sample for blind review: the audit in, `sample.parquet` and its frame out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fercurate.errors import InputError
from fercurate.files import fingerprint, read_table, write_table
from fercurate.labels import INDEX
from fercurate.rerank.sampling import draw, frame_of
from fercurate.workspace import FRAME_COLUMNS, SAMPLE_COLUMNS, Workspace, option

if TYPE_CHECKING:
    import pandas as pd

STAGE = "sample"

LOST = 0.05
"""Share of the frame that may be gone from the dataset before a sample is drawn anew."""


def make_frame(workspace: Workspace, seed: int) -> pd.DataFrame:
    """`FRAME_COLUMNS`: the audited images that were not excluded, one of each exact copy.

    Raises:
        InputError: nothing was audited, or all of it was excluded.
    """
    from fercurate.decisions import settle

    columns = ["row", "sample_id", "sha256", "duplicate_group"]
    table = workspace.audit(["row", "label", "label_quality"])
    table = table.merge(workspace.manifest(columns), on="row").sort_values("row")
    gone = {name for name, s in settle(workspace.decisions()).items() if s.outcome == "exclude"}
    table = table[table["label"].isin(list(INDEX)) & ~table["sample_id"].isin(gone)]
    if table.empty:
        raise InputError(
            f"{workspace.name} has no audited image to draw.",
            f"Audit it: fercurate audit{option(workspace)}",
        )
    return frame_of(table, table["label_quality"].to_numpy(np.float64), seed)


def run(workspace: Workspace, n: int, seed: int = 0) -> pd.DataFrame:
    """Draw a sample of `n`, or extend the drawn one to `n`, and write it.

    The frame is fixed at the first draw; a re-ranked audit does not move it, and it follows its
    images into another import. Where more than `LOST` of it is gone there, or its files are
    damaged, it is drawn anew; verdicts on the images of the old one keep their weight in the log.

    Raises:
        InputError: no audit, or a sample that is too small.
    """
    if n < 1:
        raise InputError(f"--sample is {n}.", "Give a number above 0: --sample 200")
    kept = _kept(workspace)
    if kept is None:
        before, frame = None, make_frame(workspace, seed)
    else:
        before, frame = kept
    sample = draw(frame, before, n, seed)
    if before is None or len(sample) > len(before):
        keep(workspace, frame, sample)
    return sample


def drawn(workspace: Workspace) -> tuple[str, ...]:
    """`sample_id` of the drawn sample, in the order of the draw.

    Raises:
        InputError: none was drawn.
    """
    table = workspace.drawn_sample()
    if table is None:
        raise InputError(
            "No sample was drawn yet.",
            f"Draw one with: fercurate review --sample 200{option(workspace)}",
        )
    return tuple(table.sort_values(["draw", "order"])["sample_id"])


def keep(workspace: Workspace, frame: pd.DataFrame, sample: pd.DataFrame) -> None:
    """Write a sample and its frame, and record both."""
    write_table(workspace.sample_frame_path, frame)
    write_table(workspace.sample_path, sample)
    mark = fingerprint(STAGE, sample["sha256"].tolist())
    workspace.record(STAGE, mark, {"n_drawn": len(sample), "n_frame": len(frame)})


def _kept(workspace: Workspace) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The drawn sample and its frame over the present images; None where it is to be drawn."""
    _tie(workspace)
    fault = workspace.fault(STAGE)
    if fault is not None:
        return None
    sample, frame = workspace.drawn_sample(), workspace.sample_frame()
    if sample is None or frame is None:
        return None
    whole = workspace.stages()[STAGE]["summary"]["n_frame"]
    return (sample, frame) if len(frame) >= (1 - LOST) * whole else None


def _tie(workspace: Workspace) -> None:
    """Write the pixels' sha256 into a sample of an earlier version, where it was drawn after the
    present import and fits it."""
    paths = (workspace.sample_path, workspace.sample_frame_path)
    if STAGE in workspace.stages() or not all(path.exists() for path in paths):
        return
    imported = workspace.imported_at()
    if imported is None or any(path.stat().st_mtime < imported.timestamp() for path in paths):
        return
    known = workspace.manifest(["row", "sample_id", "sha256", "label"])
    tables = [read_table(path) for path in paths]
    for table in tables:
        there = known.reindex(table["row"])
        if there["sample_id"].tolist() != table["sample_id"].tolist():
            return
        if "label" in table and there["label"].tolist() != table["label"].tolist():
            return
    made = [
        table.drop(columns="label", errors="ignore").merge(
            known.drop(columns="sample_id"), on="row", how="left"
        )[list(columns)]
        for table, columns in zip(tables, (SAMPLE_COLUMNS, FRAME_COLUMNS), strict=True)
    ]
    for path, table in zip(paths, made, strict=True):
        write_table(path, table)
    mark = fingerprint(STAGE, made[0]["sha256"].tolist())
    workspace.record(STAGE, mark, {"n_drawn": len(made[0]), "n_frame": len(made[1])})
