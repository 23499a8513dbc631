"""What was planted in a made dataset beside what import, screen and audit found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.workspace import Workspace


@dataclass(frozen=True)
class Planted:
    """How much of one kind of fault was planted, and how much of it was found."""

    what: str
    planted: int
    found: int
    note: str = ""


def compare(workspace: Workspace, truth_file: Path) -> list[Planted]:
    """What `truth_file` says was planted beside what import, screen and audit found.

    Args:
        workspace: The sample, imported, screened and audited.
        truth_file: truth.csv as the sample's maker wrote it, one row a csv row.

    Raises:
        InputError: the truth is not that of this dataset.
    """
    import pandas as pd

    truth = pd.read_csv(truth_file, keep_default_na=False)
    manifest = workspace.manifest()
    if len(truth) != len(manifest):
        raise InputError(
            f"{truth_file} has {len(truth)} rows, {workspace.name} has {len(manifest)}.",
            "Make the sample again with: fercurate demo --force",
        )
    audit = workspace.audit().set_index("row").reindex(manifest["row"])
    human = (truth["kind"] == "human").to_numpy()
    wrong = human & (truth["true_label"] != truth["given_label"]).to_numpy()
    audited = audit["label"].notna().to_numpy()
    flagged = audit["is_label_issue"].eq(True).to_numpy()
    right = (audit["suggested_label"].to_numpy() == truth["true_label"].to_numpy()) & flagged
    target = wrong & audited
    by_quality = np.argsort(audit["label_quality"].to_numpy(), kind="stable")
    worst = by_quality[: int(target.sum())]
    copies = truth["is_split_copy"].to_numpy(bool)
    leaks = manifest["is_split_leak"].to_numpy()
    constant = truth["is_constant"].to_numpy(bool)
    conflicts = truth["is_duplicate_conflict"].to_numpy(bool)
    return [
        Planted(
            "wrong labels flagged",
            int(target.sum()),
            int((flagged & target).sum()),
            f"{int(flagged.sum())} flagged in all, "
            f"{int((flagged & (wrong | ~human)).sum())} of them rightly",
        ),
        Planted(
            "wrong labels among the worst ranked",
            int(target.sum()),
            int(target[worst].sum()),
            f"of the {len(worst)} images of lowest quality, {int((~human)[worst].sum())} "
            "more are no faces",
        ),
        Planted(
            "suggested label is the true one",
            int((flagged & target).sum()),
            int((right & target).sum()),
            "among the wrong labels that were flagged",
        ),
        *_strangers(workspace, truth["kind"].to_numpy()),
        Planted(
            "duplicates with two labels",
            int(conflicts.sum()),
            int((conflicts & manifest["is_label_conflict"].to_numpy()).sum()),
        ),
        Planted("copies across splits", int(copies.sum()), int((copies & leaks).sum())),
        Planted(
            "constant images",
            int(constant.sum()),
            int((constant & manifest["is_constant"].to_numpy()).sum()),
        ),
    ]


def _strangers(workspace: Workspace, kind: NDArray[np.object_]) -> list[Planted]:
    """What screen says of the non-faces and drawings; nothing where it did not run."""
    screen = workspace.screen()
    if screen is None:
        return []
    said = screen["kind"].to_numpy()
    wrongly = int(((kind == "human") & (said != "human")).sum())
    notes = {
        "nonface": "",
        "drawn": f"{wrongly} of {int((kind == 'human').sum())} human faces flagged too",
    }
    return [
        Planted(
            {"nonface": "non-faces that are screened out", "drawn": "drawings screened out"}[name],
            int((kind == name).sum()),
            int(((kind == name) & (said != "human")).sum()),
            note,
        )
        for name, note in notes.items()
    ]
