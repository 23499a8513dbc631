"""The published list: what it says of each image, made from a workspace, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.clean.evidence import BELIEFS, SHARES
from fercurate.clean.matching import Signatures, from_hex, signatures, to_hex
from fercurate.errors import InputError
from fercurate.labels import CLASSES, SPLITS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "row", "sample_id", "split", "label", "sha256", "phash", "grey",
    "kind", "human_score", "duplicate_group", "near_duplicate_group", "keep", "leak",
    "problem", "suggested_label", "suggested_confidence", "label_quality", "belief",
    "shares", "how",
)  # fmt: skip
LATER = ("shares",)
"""Columns that lists of earlier versions lack."""

DIGITS = 16
"""Hex digits of the sha256 of the pixels that the list carries."""

_PERCENTS = r"(\d{1,3}( \d{1,3}){6})?"

BY_EYE = "kind by eye"
NAMES = ("fer2013",)
"""Lists that come with the package."""


def shipped(name: str) -> Path:
    """The list of a dataset in `NAMES`, of the repository or of the installed package."""
    package = Path(__file__).parent.parent
    places = (
        package.parent / "datasets" / name / "curation.csv",
        package / "published" / f"{name}.csv",
    )
    return next((place for place in places if place.exists()), places[0])


def build(
    manifest: pd.DataFrame,
    faces: NDArray[np.uint8],
    screen: pd.DataFrame,
    audit: pd.DataFrame,
    audited_with: str,
) -> pd.DataFrame:
    """The list of a dataset: the same inputs give the same bytes. Votes are no input.

    Args:
        manifest, screen: N images in source order.
        faces: uint8 [N, 48, 48].
        audit: The audited images, any number up to N.
        audited_with: What found the problems, as the list is to call it.

    Returns:
        N rows of `COLUMNS`, text and numbers as the csv has them; empty where there is
        nothing to say (a human kind, no group, no problem, not audited).
    """
    import pandas as pd

    n = len(manifest)
    marks = signatures(faces)
    kind = screen["kind"].to_numpy(object)
    copies = screen["near_duplicate_group"].to_numpy()
    exact = manifest["duplicate_group"].to_numpy()
    split = manifest["split"].to_numpy(object)
    kept_in = screen["keep_split"].to_numpy(object)
    labels = audit.set_index("row").reindex(np.arange(n))
    problem = labels["verdict"].where(labels["verdict"] != "ok").fillna("").to_numpy(object)
    suggests = (problem != "") & (labels["suggested_label"] != manifest["label"]).to_numpy()
    by_eye = screen["kind_by_eye"].notna().to_numpy()
    near = np.where(copies >= 0, "copies by likeness", "")
    sure = _text(labels["suggested_confidence"], 3)
    how = [
        "; ".join(part for part in parts if part)
        for parts in zip(
            np.where(by_eye, BY_EYE, np.where(kind != "human", "kind by classifier", "")),
            np.where(exact >= 0, "copies by pixels", near),
            np.where(problem != "", f"label by {audited_with}", ""),
            strict=True,
        )
    ]
    made: pd.DataFrame = pd.DataFrame(
        {
            "row": manifest["row"].to_numpy(),
            "sample_id": manifest["sample_id"].to_numpy(object),
            "split": split,
            "label": manifest["label"].fillna("").to_numpy(object),
            "sha256": manifest["sha256"].str[:DIGITS].to_numpy(object),
            "phash": to_hex(marks.phash),
            "grey": to_hex(marks.grey),
            "kind": np.where(kind == "human", "", kind),
            "human_score": _text(screen["human_score"], 3),
            "duplicate_group": np.where(exact >= 0, exact.astype(str), ""),
            "near_duplicate_group": np.where(copies >= 0, copies.astype(str), ""),
            "keep": screen["keep"].astype(int).to_numpy(),
            "leak": np.where(kept_in != split, kept_in, ""),
            "problem": problem,
            "suggested_label": np.where(suggests, labels["suggested_label"], ""),
            "suggested_confidence": np.where(suggests, sure, ""),
            "label_quality": _text(labels["label_quality"], 4),
            "belief": _percents(labels, BELIEFS),
            "shares": _percents(labels, SHARES),
            "how": how,
        }
    )
    listed: pd.DataFrame = made[list(COLUMNS)]
    return listed


def _text(column: pd.Series, digits: int) -> NDArray[Any]:
    return np.array(["" if np.isnan(v) else f"{v:.{digits}f}" for v in column], object)


def _percents(labels: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """Percent for each class in `CLASSES`' order; empty where the audit has none."""
    if not set(columns) <= set(labels.columns):
        return [""] * len(labels)
    percent = labels[list(columns)].to_numpy(np.float64) * 100
    return ["" if np.isnan(row).any() else " ".join(f"{v:.0f}" for v in row) for row in percent]


def read(path: Path) -> tuple[pd.DataFrame, Signatures]:
    """A list and its signatures, as `build` made it.

    Returns:
        A table of `COLUMNS`, all text but `row` int64, empty text where there is nothing.

    Raises:
        InputError: no such file, no such list, a damaged one.
    """
    import pandas as pd

    again = "Take it again from where it was published."
    try:
        table: pd.DataFrame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no published list {path}.",
            f"Give a file, or one that is shipped: --with-published {', '.join(NAMES)}",
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}", again) from error
    table = table.assign(**{name: "" for name in LATER if name not in table.columns})
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise InputError(f"{path} is no published list: it has no column {missing[0]}.", again)
    try:
        table["row"] = table["row"].astype("int64")
        marks = from_hex(table["phash"].tolist(), table["grey"].tolist())
        for name in ("duplicate_group", "near_duplicate_group", "human_score"):
            pd.to_numeric(table[name].where(table[name] != "", "0"))
        known = (
            table["label"].isin(["", *CLASSES]).all()
            and table["suggested_label"].isin(["", *CLASSES]).all()
            and table["split"].isin(SPLITS).all()
            and table["kind"].isin(["", "drawn", "nonface"]).all()
            and table["belief"].str.fullmatch(_PERCENTS).all()
            and table["shares"].str.fullmatch(_PERCENTS).all()
        )
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}", again) from error
    if not known:
        raise InputError(f"{path} is damaged: a class, a split or a kind is not known.", again)
    return table, marks
