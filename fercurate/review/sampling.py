"""Drawing the sample for blind review: the audit in, `sample.parquet` and its frame out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fercurate.errors import InputError
from fercurate.files import write_table
from fercurate.labels import INDEX
from fercurate.rerank.sampling import draw, frame_of
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd


def make_frame(workspace: Workspace, seed: int) -> pd.DataFrame:
    """`FRAME_COLUMNS`: the audited images that were not excluded, one of each exact copy.

    Raises:
        InputError: nothing was audited, or all of it was excluded.
    """
    from fercurate.decisions import settle

    columns = ["row", "sample_id", "duplicate_group"]
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

    The frame is fixed at the first draw; a re-ranked audit does not move it.

    Raises:
        InputError: no audit, a sample that is too small, or a frame of another dataset.
    """
    if n < 1:
        raise InputError(f"--sample is {n}.", "Give a number above 0: --sample 200")
    before, frame = workspace.drawn_sample(), workspace.sample_frame()
    if before is None or frame is None:
        before, frame = None, make_frame(workspace, seed)
        sample = draw(frame, None, n, seed)
        write_table(workspace.sample_frame_path, frame)
    else:
        known = set(workspace.manifest(["sample_id"])["sample_id"])
        if not known.issuperset(frame["sample_id"]):
            raise InputError(
                "The sample was drawn from other images than the dataset has now.",
                f"Move {workspace.sample_path} and {workspace.sample_frame_path} away, "
                "then draw anew.",
            )
        sample = draw(frame, before, n, seed)
    if before is None or len(sample) > len(before):
        write_table(workspace.sample_path, sample)
    return sample
