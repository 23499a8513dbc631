"""What is known of each image before a person decides, from wherever it came, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd

BELIEFS = tuple(f"belief_{name}" for name in CLASSES)
SHARES = tuple(f"share_{name}" for name in CLASSES)


@dataclass(frozen=True)
class Evidence:
    """What is known of N images.

    Attributes:
        table: N rows in the manifest's order, with the columns of `blank`.
        used: What the table was made from: "screen", the audit with its profile and the number
            of verdicts that it learnt from, or a published list.
        notes: What was not there and so was not used, a sentence each.
        removal_precision: Share of the images held for no human face that are none, 0..1, as
            cross-validated; None where nobody measured it.
        inputs: What tells each input from another one, by name (`Workspace.identity`).
        published: sha256 of the published list's file; empty where none was used.
    """

    table: pd.DataFrame
    used: tuple[str, ...]
    notes: tuple[str, ...]
    removal_precision: float | None
    inputs: dict[str, str]
    published: str = ""


def blank(manifest: pd.DataFrame) -> pd.DataFrame:
    """Evidence that says nothing, N rows.

    Returns:
        `kind` object (human, drawn, nonface; None: not known), `kind_confidence` float32
        (0..1, that `kind` is right; NaN: not known), `kind_by_eye` bool (a person looked),
        `belief_<class>` float32 (probability that it is the true class, given the image and
        its label, adding up to 1; NaN: not audited), `share_<class>` float32 (share of people who
        would name it, likewise), `copy_group` int32 (-1: alone),
        `copy_keep` bool (the one of its group to keep), `copy_split` object (the split that
        keeps the group; its own where alone).
    """
    import pandas as pd

    n = len(manifest)
    table: pd.DataFrame = pd.DataFrame(
        {
            "kind": np.full(n, None, object),
            "kind_confidence": np.full(n, np.nan, np.float32),
            "kind_by_eye": np.zeros(n, bool),
            **{name: np.full(n, np.nan, np.float32) for name in (*BELIEFS, *SHARES)},
            "copy_group": np.full(n, -1, np.int32),
            "copy_keep": np.ones(n, bool),
            "copy_split": manifest["split"].to_numpy(object),
        }
    )
    return table


def gather(space: Workspace, manifest: pd.DataFrame) -> Evidence:
    """What screen and audit found, as far as they have run.

    Raises:
        InputError: screen or audit are damaged or out of date.
    """
    table = blank(manifest)
    used, notes = [], []
    inputs = {name: space.identity(name) for name in ("screen", "audit")}
    precision = None
    screen = space.screen()
    if screen is None:
        notes.append(
            "No screen: drawings, non-faces and near copies stay. "
            f"Find them with: fercurate screen{option(space)}"
        )
    else:
        _add_screen(table, screen)
        used.append("screen")
        classifier = space.screen_summary().get("classifier") or {}
        found = classifier.get("precision", {}).get("not human")
        precision = None if found is None else float(found)
    if not space.has("audit"):
        notes.append(
            "No audit: doubtful labels stay as they are. "
            f"Find them with: fercurate audit{option(space)}"
        )
    else:
        _add_audit(table, space)
        used.append(_audit_in_words(space))
        if _knows_nothing(space):
            notes.append(
                "The audit knows no verdict and no profile: on FER2013 a set cleaned like that "
                "trained no better than the raw one, and 100 verdicts made the difference. "
                f"Give them with: fercurate review --sample 100{option(space)}"
            )
    return Evidence(table, tuple(used), tuple(notes), precision, inputs)


def _audit_in_words(space: Workspace) -> str:
    """The audit, and what it knew beforehand; a profile is named wherever it was used."""
    about = space.audit_summary()
    profile, n = about.get("profile", "unknown"), about.get("n_verdicts", 0)
    return f"audit (profile {profile}, {n:,} verdicts)"


def _knows_nothing(space: Workspace) -> bool:
    about = space.audit_summary()
    return about.get("profile") == "generic" and not about.get("n_verdicts", 0)


def two_way_belief(
    given: Sequence[str], suggested: Sequence[str], confidence: Sequence[float]
) -> NDArray[np.float32]:
    """Beliefs from suggestions alone: `confidence` to the suggested class, the rest to the given.

    Args:
        given, suggested: Class names, n each.
        confidence: 0..1, n.

    Returns:
        float32 [n, K], rows adding up to 1.
    """
    rows = np.arange(len(given))
    belief = np.zeros((len(given), N_CLASSES), np.float32)
    sure = np.asarray(confidence, np.float32)
    belief[rows, [INDEX[name] for name in suggested]] += sure
    belief[rows, [INDEX[name] for name in given]] += 1 - sure
    return belief


def _add_screen(table: pd.DataFrame, screen: pd.DataFrame) -> None:
    human = screen["human_score"].to_numpy(np.float32)
    by_eye = screen["kind_by_eye"].notna().to_numpy()
    table["kind"] = screen["kind"].to_numpy(object)
    sure = np.where(table["kind"] == "human", human, 1 - human)
    table["kind_confidence"] = np.where(by_eye, 1.0, sure).astype(np.float32)
    table["kind_by_eye"] = by_eye
    table["copy_group"] = screen["near_duplicate_group"].to_numpy(np.int32)
    table["copy_keep"] = screen["keep"].to_numpy(bool)
    table["copy_split"] = screen["keep_split"].to_numpy(object)


def _add_audit(table: pd.DataFrame, space: Workspace) -> None:
    audit = space.audit(["row", *BELIEFS, *SHARES])
    row = audit["row"].to_numpy()
    for name in (*BELIEFS, *SHARES):
        column = table[name].to_numpy(np.float32, copy=True)
        column[row] = audit[name].to_numpy(np.float32)
        table[name] = column
