"""What each image is, and its flaws: the heads' decisions, and the labels made by eye."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate import dialect
from fercurate.errors import InputError
from fercurate.files import write_text
from fercurate.folders import check
from fercurate.screen.heads import KINDS, Heads, Labelled

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = ("random", "suspicious")
"""Why an image was looked at: drawn at random, or picked because a classifier doubted it."""


DOUBTFUL_FACE, NO_FACE, STEP = 0.5, 0.2, 0.7
"""Below the first detector score the decisions move towards a non-face, by the whole step
below the second: suits, cats and pages of text look like photographs of people. On the
images labelled by eye it finds 2 more of the 43 non-faces, on which it was chosen."""


def judge(
    reduced: NDArray[np.float32],
    heads: Heads,
    digest: NDArray[np.uint64],
    face_score: NDArray[np.float32],
    is_constant: NDArray[np.bool_],
    by_eye: NDArray[np.int8],
) -> pd.DataFrame:
    """Kind, human score and flaws of N images.

    An image that the heads were fitted on, and every exact copy of it, is scored by the
    fold that did not see it. A label by eye decides `kind`, and never the scores.

    Args:
        reduced: float32 [N, D].
        digest: uint64 [N], first 8 bytes of the sha256 of the pixels.
        face_score: float32 [N], the detector's.
        is_constant: bool [N]; such an image is no face.
        by_eye: int8 [N], index in `KINDS`, -1 where nobody looked.

    Returns:
        `kind`, `kind_by_eye` (None: nobody looked), `human_score`, `is_human_issue`,
        `drawn_score`, `nonface_score` (low: it looks like one), and `<flaw>_score`,
        `is_<flaw>_issue` of each flaw.
    """
    import pandas as pd

    place = _places(heads.labelled, digest)
    step = STEP * np.clip((DOUBTFUL_FACE - face_score) / (DOUBTFUL_FACE - NO_FACE), 0, 1)
    towards = {"human": step, "drawn": -step}
    scores = {}
    for name, head in heads.heads.items():
        # -1 is the last place
        held_out = np.append(heads.labelled.held_out[name], np.float32(np.nan))[place]
        decision = np.where(np.isnan(held_out), head.decide(reduced), held_out)
        scores[name] = head.score((decision + towards.get(name, 0.0)).astype(np.float32))
    human = np.where(is_constant, 0.0, scores["human"]).astype(np.float32)
    is_depiction = (scores["drawn"] < 0.5) & ~is_constant
    depiction = np.where(is_constant, 0.0, 1 - scores["drawn"])
    guess = np.where(human >= 0.5, 0, np.where(is_depiction, 1, 2))
    seen = by_eye >= 0
    kind = np.where(seen, by_eye, guess)
    names = np.array(KINDS)
    table: pd.DataFrame = pd.DataFrame(
        {
            "kind": names[kind],
            "kind_by_eye": np.where(seen, names[by_eye], None),  # type: ignore[call-overload]
            "human_score": human,
            "is_human_issue": kind > 0,
            "drawn_score": (1 - (1 - human) * depiction).astype(np.float32),
            "nonface_score": (1 - (1 - human) * (1 - depiction)).astype(np.float32),
        }
    )
    for name in heads.heads:
        if name not in ("human", "drawn"):
            table[f"{name}_score"] = scores[name]
            table[f"is_{name}_issue"] = scores[name] < 0.5
    return table


def shipped_labels(labelled: Labelled, digest: NDArray[np.uint64]) -> NDArray[np.int8]:
    """Labels by eye that came with the heads, found by pixels: int8 [N], -1 unknown."""
    place = _places(labelled, digest)
    known: NDArray[np.int8] = np.append(labelled.kind, np.int8(-1))[place]
    return known


def _places(labelled: Labelled, digest: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Position of each image among the labelled ones, -1 where it is none of them."""
    if not len(labelled.digest):
        return np.full(len(digest), -1, np.int64)
    order = np.argsort(labelled.digest, kind="stable")
    ordered = labelled.digest[order]
    at = np.minimum(np.searchsorted(ordered, digest), len(ordered) - 1)
    return np.where(ordered[at] == digest, order[at], -1)


def read_kinds(path: Path, sha256: Sequence[str]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Labels made by eye: int8 [N] index in `KINDS` (-1 none), and whether drawn at random.

    Args:
        path: csv with `sha256` (of the image's pixels, `DIGITS` hex digits or more), `kind`, and
            optionally `sample` ("random" or "suspicious").
        sha256: Of the N images of the dataset.

    Raises:
        InputError: no such file, a column is missing, a kind is unknown, or no image of it is in
            the dataset.
    """
    n = len(sha256)
    table = _read(path, ("sha256", "kind"), sha256)
    unknown = set(table["kind"]) - set(KINDS)
    if unknown:
        raise InputError(
            f"{path}: there is no kind {sorted(map(str, unknown))[0]!r}.",
            f"Kinds: {', '.join(KINDS)}.",
        )
    kind = np.full(n, -1, np.int8)
    kind[table["place"]] = table["kind"].map({name: i for i, name in enumerate(KINDS)})
    at_random = np.zeros(n, bool)
    sample = table["sample"] if "sample" in table else np.array(["random"] * len(table))
    at_random[table["place"]] = sample == "random"
    return kind, at_random


def read_flaws(path: Path, sha256: Sequence[str]) -> dict[str, NDArray[np.int8]]:
    """Flaws seen by eye, int8 [N] by name: 1 there, 0 not, -1 nobody looked.

    `occluded` is a hand over the face or dark glasses.

    Raises:
        InputError: no such file, a column is missing, a flaw is not 0 or 1, or no image of it is
            in the dataset.
    """
    import pandas as pd

    n = len(sha256)
    columns = ("watermark", "hand", "sunglasses")
    table = _read(path, ("sha256", *columns), sha256)
    for name in columns:
        table[name] = pd.to_numeric(table[name], errors="coerce")
        bad = table.loc[~table[name].isin([0, 1]), "sha256"]
        if len(bad):
            raise InputError(
                f"{path}: {name} of the image {bad.iloc[0]} is neither 0 nor 1.",
                "Write 1 where the flaw is there, 0 where it is not.",
            )
    table = table.astype(dict.fromkeys(columns, np.int8))
    flaws = {
        "watermark": table["watermark"],
        "occluded": table["hand"] | table["sunglasses"],
    }
    found = {}
    for name, values in flaws.items():
        found[name] = np.full(n, -1, np.int8)
        found[name][table["place"]] = values
    return found


DIGITS = 16
"""Hex digits of the sha256 of the pixels that a list carries, at least."""


def tie_rows(path: Path, sha256: Sequence[str]) -> bool:
    """Write `sha256` into a list that has row numbers alone; False where it has it already.

    Args:
        path: csv with `row`, numbers of images of the present import.
        sha256: Of its N images.

    Raises:
        InputError: no such file, no such column, or a row that the dataset does not have.
    """
    import pandas as pd

    table = _csv(path, ("row",))
    if "sha256" in table:
        return False
    if "row" not in table:
        raise InputError(
            f"{path} lacks sha256.", "It names each image by the sha256 of its pixels."
        )
    row = pd.to_numeric(table["row"], errors="coerce")
    bad = table["row"][~row.between(0, len(sha256) - 1) | (row % 1 != 0)]
    if len(bad):
        raise InputError(
            f"{path}: there is no row {bad.iloc[0]}.", f"Rows are 0 to {len(sha256) - 1} here."
        )
    table.insert(1, "sha256", [sha256[i][:DIGITS] for i in row.astype(int)])
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
    return True


def _csv(path: Path, columns: tuple[str, ...]) -> Any:
    import pandas as pd

    fix = f"Write one with the columns {', '.join(columns)}."
    if not path.exists():
        raise InputError(f"There is no file {path}.", fix)
    check(path, fix)  # to read a pipe would be to wait for its writer
    try:
        text = dialect.text_of(path.read_bytes())
        delimiter = dialect.delimiter_of(text.split("\n", 1)[0])
        return pd.read_csv(io.StringIO(text), sep=delimiter, dtype={"sha256": str})
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no csv: {error}", f"Columns: {', '.join(columns)}.") from error


def _read(path: Path, columns: tuple[str, ...], sha256: Sequence[str]) -> Any:
    """The rows of a list whose image is in the dataset, each with its `place` there: of several
    exact copies the one in its `row`, else the first."""
    import pandas as pd

    table = _csv(path, columns)
    if "row" in table and "sha256" not in table:
        raise InputError(
            f"{path} names its images by row, and rows change with the import.",
            "If these are rows of the present import, give the same again as: "
            "fercurate fit-screen --tie-rows",
        )
    missing = [c for c in columns if c not in table]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}.", f"Columns: {', '.join(columns)}.")
    bad = table["sha256"][~table["sha256"].astype(str).str.fullmatch(f"[0-9a-f]{{{DIGITS},64}}")]
    if len(bad):
        raise InputError(
            f"{path}: {bad.iloc[0]!r} is no sha256.", f"It has {DIGITS} to 64 digits of 0-9a-f."
        )
    there = pd.Series([digest[:DIGITS] for digest in sha256], dtype=object)
    first = pd.Series(there.index, index=there).groupby(level=0).first()
    prefix = table["sha256"].str[:DIGITS]
    place = prefix.map(first)
    if "row" in table:
        row = pd.to_numeric(table["row"], errors="coerce")
        place = row.where(row.map(there) == prefix, place)
    matched = table.assign(place=place).dropna(subset="place").astype({"place": int})
    if len(table) and matched.empty:
        raise InputError(
            f"{path} is of another dataset: none of its images is here.",
            f"Give a list of this one. Columns: {', '.join(columns)}.",
        )
    return matched
