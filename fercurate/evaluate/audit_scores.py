"""An audit scored against FER+ votes: does it find the labels that ten people contradict?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, INDEX
from fercurate.votes import gold_classes, imported_votes
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("label_quality", "margin", "self_confidence", "entropy", "aum", "neighbour_agreement")
"""Columns of the audit whose rankings are compared; low = bad in all."""


@dataclass(frozen=True)
class AuditScores:
    """Scores on gold rows: those where more than half of all votes go to one class.

    A gold error is a gold row whose label is not that class. All figures are 0..1, high =
    good.

    Attributes:
        n_gold: Gold rows among the audited ones.
        n_errors: Gold errors.
        average_precision: Of the ranking by `label_quality`, worst first.
        precision_worst_5, precision_worst_10: Among the worst 5 % and 10 % of gold rows.
        issue_precision, issue_recall: Of `is_label_issue`.
        suggestion_accuracy: Share of gold errors whose `suggested_label` is the gold class.
        suggestion_accuracy_flagged: The same among gold errors that were flagged.
        by_score: Average precision of each score column by itself.
        by_class: For each given class: gold rows, errors, flagged, precision, recall.
    """

    n_gold: int
    n_errors: int
    average_precision: float
    precision_worst_5: float
    precision_worst_10: float
    issue_precision: float
    issue_recall: float
    suggestion_accuracy: float
    suggestion_accuracy_flagged: float
    by_score: dict[str, float]
    by_class: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(workspace: Workspace, votes_file: Path | None) -> AuditScores:
    """Score a workspace's audit.

    Args:
        workspace: An audited dataset.
        votes_file: fer2013new.csv; None takes the votes that import joined.

    Raises:
        InputError: no votes, votes of another dataset, or no gold row among the audited.
    """
    audit = workspace.audit()
    votes = read_votes(workspace, votes_file)
    return score(audit, gold_classes(votes)[audit["row"].to_numpy()])


def score(audit: pd.DataFrame, gold: NDArray[np.int64]) -> AuditScores:
    """Score an audit table whose rows have the gold classes `gold` (int64 [n], -1 none)."""
    from sklearn.metrics import average_precision_score, precision_score, recall_score

    has_gold = gold >= 0
    rows = audit[has_gold]
    truth = gold[has_gold]
    wrong = rows["label"].map(dict(INDEX)).to_numpy() != truth
    if not wrong.any():
        raise InputError(
            f"The votes show {len(rows)} gold rows among the audited images and no error.",
            "Give the votes file that belongs to this dataset.",
        )
    flagged = rows["is_label_issue"].to_numpy()
    right = rows["suggested_label"].map(dict(INDEX)).to_numpy() == truth
    worst_first = np.argsort(rows["label_quality"].to_numpy(), kind="stable")

    def precision_worst(share: float) -> float:
        return float(wrong[worst_first[: max(1, round(share * len(rows)))]].mean())

    return AuditScores(
        n_gold=len(rows),
        n_errors=int(wrong.sum()),
        average_precision=float(average_precision_score(wrong, -rows["label_quality"])),
        precision_worst_5=precision_worst(0.05),
        precision_worst_10=precision_worst(0.10),
        issue_precision=float(precision_score(wrong, flagged, zero_division=0)),
        issue_recall=float(recall_score(wrong, flagged)),
        suggestion_accuracy=float(right[wrong].mean()),
        suggestion_accuracy_flagged=float(right[wrong & flagged].mean()) if flagged.any() else 0.0,
        by_score={
            name: float(average_precision_score(wrong, -rows[name]))
            for name in SCORES
            if name in rows
        },
        by_class={
            name: _class_scores(wrong[of_class], flagged[of_class])
            for name in CLASSES
            if (of_class := (rows["label"] == name).to_numpy()).any()
        },
    )


def _class_scores(wrong: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> dict[str, float]:
    hits = int((wrong & flagged).sum())
    return {
        "gold": len(wrong),
        "errors": int(wrong.sum()),
        "flagged": int(flagged.sum()),
        "precision": hits / max(1, int(flagged.sum())),
        "recall": hits / max(1, int(wrong.sum())),
    }


def read_votes(workspace: Workspace, votes_file: Path | None) -> NDArray[np.int64]:
    """Votes int64 [N, 10] in manifest order, columns as in `FERPLUS_COLUMNS`.

    Zeros where an image has no votes. From `votes_file`, or from the import when None.

    Raises:
        InputError: no votes, or votes of another dataset.
    """
    manifest = workspace.manifest(["row", "sample_id"])
    if votes_file is None:
        return imported_votes(workspace)
    table = _read(votes_file)
    known = manifest["sample_id"].isin(table.index)
    if known.mean() < 0.5:
        raise InputError(
            f"{votes_file.name} names hardly any image of {workspace.name}.",
            "Votes are joined by FER+'s image names: import fer2013.csv itself.",
        )
    matched = table.reindex(manifest["sample_id"], fill_value=0)
    voted: NDArray[np.int64] = matched.to_numpy(np.int64)
    return voted


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(path)
        table.columns = table.columns.str.strip()
        # the few images without a name were mostly voted to be no face
        table = table[table["Image name"].notna() & ~table["Image name"].duplicated(keep=False)]
        names = table["Image name"].str.removesuffix(".png")
        votes: pd.DataFrame = table[list(FERPLUS_COLUMNS)].astype(int).set_axis(names)
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", "Check the path after --votes.") from error
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} is no FER+ votes file: {error}.",
            f"It needs the columns Image name, {', '.join(FERPLUS_COLUMNS)}.",
        ) from error
    return votes
