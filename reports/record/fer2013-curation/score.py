"""Scores the published list: against FER+ votes, and by finding compressed copies again.

    python reports/record/fer2013-curation/score.py DATASET_FOLDER VOTES.csv [--matching]

Writes README.md beside itself, and changes nothing else. The dataset must have been imported
from fer2013.csv and screened. Votes score the list; nothing of them goes into it.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fercurate.clean import listing
from fercurate.clean.matching import Signatures, nearest, signatures
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS
from fercurate.workspace import Workspace

HERE = Path(__file__).parent


def gold(table: pd.DataFrame, votes_file: Path) -> pd.Series:
    """The class that more than half of the votes of each row go to; None where none does."""
    votes = pd.read_csv(votes_file)
    votes.columns = votes.columns.str.strip()
    votes = votes[votes["Image name"].notna() & ~votes["Image name"].duplicated(keep=False)]
    votes.index = votes["Image name"].str.removesuffix(".png")
    votes = votes[list(FERPLUS_COLUMNS)].reindex(table["sample_id"], fill_value=0)
    share = votes.div(votes.sum(1).clip(lower=1), axis=0)[[FERPLUS_OF_CLASS[c] for c in CLASSES]]
    best = share.to_numpy()
    named = np.array(CLASSES, object)[best.argmax(1)]
    return pd.Series(np.where(best.max(1) > 0.5, named, None), table.index, dtype=object)


def by_problem(table: pd.DataFrame, truth: pd.Series) -> list[str]:
    lines = [
        "| problem | rows | gold rows | label is wrong | suggestion is right |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    sure = pd.to_numeric(table["suggested_confidence"], errors="coerce")
    mislabeled = table["problem"] == "mislabeled"
    groups = {name: table["problem"] == name for name in ("mislabeled", "ambiguous", "outlier")}
    for cut in (0.99, 0.95, 0.9, 0.8):
        groups[f"mislabeled, confidence {cut} or more"] = mislabeled & (sure >= cut)
    for name in CLASSES:
        groups[f"mislabeled, given {name}"] = mislabeled & (table["label"] == name)
    audited = table["label_quality"] != ""
    groups["none (audited)"] = audited & (table["problem"] == "")
    for name, rows in groups.items():
        known = rows & truth.notna()
        n = int(known.sum())
        wrong = (truth != table["label"])[known].mean() if n else np.nan
        given = known & (table["suggested_label"] != "")
        right = (truth == table["suggested_label"])[given].mean() if given.any() else np.nan
        last = "" if np.isnan(right) else f"{right:.3f}"
        lines.append(f"| {name} | {int(rows.sum()):,} | {n:,} | {wrong:.3f} | {last} |")
    errors = audited & truth.notna() & (truth != table["label"])
    share = (errors & mislabeled).sum() / max(1, errors.sum())
    lines += ["", f"Of the {errors.sum():,} gold rows whose label is wrong, "
              f"{share:.1%} are listed as mislabeled."]  # fmt: skip
    return lines


def compress(faces: np.ndarray, quality: int) -> np.ndarray:
    out = np.empty_like(faces)
    for i, face in enumerate(faces):
        buffer = io.BytesIO()
        Image.fromarray(face).save(buffer, "JPEG", quality=quality)
        out[i] = np.asarray(Image.open(buffer))
    return out


def matching(space: Workspace, table: pd.DataFrame, listed: Signatures) -> list[str]:
    faces = np.asarray(space.faces())
    alone = (table["duplicate_group"] == "").to_numpy()
    sha = table["sha256"].to_numpy(object)
    lines = [
        "| JPEG quality | RMS, grey levels | found, no duplicate | found, all | wrong | seconds |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for quality in (98, 97, 95, 90, 75):
        order = np.random.default_rng(quality).permutation(len(faces))
        copy = compress(faces[order], quality)
        rms = np.sqrt(np.mean((copy.astype(np.float32) - faces[order]) ** 2))
        started = time.monotonic()
        found = nearest(signatures(copy), listed, sha)
        seconds = time.monotonic() - started
        got = found >= 0
        wrong = int((sha[found[got]] != sha[order[got]]).sum())
        lines.append(
            f"| {quality} | {rms:.2f} | {got[alone[order]].mean():.3%} | {got.mean():.3%} "
            f"| {wrong} | {seconds:.0f} |"
        )
    half = np.random.default_rng(0).permutation(len(faces))
    out, kept = half[: len(half) // 2], half[len(half) // 2 :]
    out = out[~np.isin(sha[out], sha[kept])]
    copy = compress(faces[out], 95)
    found = nearest(signatures(copy), Signatures(listed.phash[kept], listed.grey[kept]), sha[kept])
    got = np.flatnonzero(found >= 0)
    apart = copy[got].astype(np.float32) - faces[kept][found[got]]
    rms = np.sqrt((apart**2).mean((1, 2)))
    lines += [
        "",
        f"With half of the rows taken off the list, {len(got):,} of {len(out):,} images that "
        f"were not on it any more matched (quality 95): other copies of one photograph, "
        f"{np.median(rms) if len(rms) else 0:.1f} grey levels RMS from it in the median, "
        f"{rms.max() if len(rms) else 0:.1f} at most.",
    ]
    return lines


def main() -> None:
    space, votes = Workspace(Path(sys.argv[1])), Path(sys.argv[2])
    table, marks = listing.read(listing.shipped("fer2013"))
    how = space.screen_summary()["classifier"]
    eye = table["how"].str.contains(listing.BY_EYE, regex=False)
    lines = [
        "# The published list of FER2013, scored",
        "",
        "Written by `score.py` in this folder; do not edit. "
        "`python reports/record/fer2013-curation/score.py datasets/fer2013 VOTES.csv --matching`",
        "",
        "## Labels, on gold rows of FER+ (more than half of the votes on one of seven classes)",
        "",
        *by_problem(table, gold(table, votes)),
        "",
        "## Kinds",
        "",
        "| kind | rows | by eye |",
        "| --- | ---: | ---: |",
        *(
            f"| {kind} | {of_kind.sum():,} | {(of_kind & eye).sum():,} |"
            for kind in ("drawn", "nonface")
            for of_kind in [table["kind"] == kind]
        ),
        "",
        f"Precision of the classifier, cross-validated: {how['precision']['not human']:.3f} on the "
        f"random part, {how['all']['precision']:.3f} on all labelled.",
        "",
        "## Copies",
        "",
        f"{(table['keep'] == '0').sum():,} rows have another copy to keep, "
        f"{(table['leak'] != '').sum():,} of all have one in a later split.",
    ]
    if "--matching" in sys.argv:
        lines += ["", "## Finding JPEG copies, shuffled", "", *matching(space, table, marks)]
    (HERE / "README.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
