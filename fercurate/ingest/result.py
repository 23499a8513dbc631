"""What an import found, in numbers that all follow from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from fercurate.labels import CLASSES, SPLITS


@dataclass(frozen=True)
class VerdictsKept:
    """What became of the verdicts that were given on earlier imports.

    Attributes:
        here: Images with a verdict that are in this import; it counts for them.
        moved: Those of them that have another name or row now.
        gone: Images with a verdict that are not in this import.
        untied: Images whose verdict an earlier version noted under a name alone, on an import
            that is gone. These and those of `gone` stay in the log and are not applied.
    """

    here: int = 0
    moved: int = 0
    gone: int = 0
    untied: int = 0


@dataclass(frozen=True)
class ImportResult:
    """What `fercurate import` prints.

    Attributes:
        n_images: Images imported.
        n_rejected: Input rows refused; `rejected.csv` says why.
        counts: Images by class and split, all classes and splits there; class "" holds the
            unlabelled images and is there only when there are some.
        imbalance: Largest class to smallest class that occurs, over labelled train images;
            0 when there are none.
        n_constant: Images whose pixels are all the same.
        n_duplicate_groups: Groups of images with the same pixels.
        n_conflicting_groups: Those with two or more labels.
        n_leaked: Images of val and test whose exact pixels are also in train.
        is_fer2013: Whether this is FER2013 itself, by its pixels.
        seconds: Wall time.
        skipped: The import was there already and nothing was done.
        verdicts: What became of the verdicts on earlier imports.
    """

    n_images: int
    n_rejected: int
    counts: Mapping[str, Mapping[str, int]]
    imbalance: float
    n_constant: int
    n_duplicate_groups: int
    n_conflicting_groups: int
    n_leaked: int
    is_fer2013: bool
    seconds: float
    skipped: bool
    verdicts: VerdictsKept = VerdictsKept()


def result_of(
    manifest: pd.DataFrame,
    *,
    n_rejected: int,
    is_fer2013: bool,
    seconds: float,
    skipped: bool,
) -> ImportResult:
    """The numbers of a manifest (columns as `workspace.MANIFEST_COLUMNS`)."""
    counts = _counts(manifest)
    in_train = [counts[name]["train"] for name in CLASSES if counts[name]["train"]]
    group, train = manifest["duplicate_group"], manifest["split"] == "train"
    leaked = ~train & (group >= 0) & group.isin(group[train])
    return ImportResult(
        n_images=len(manifest),
        n_rejected=n_rejected,
        counts=counts,
        imbalance=max(in_train) / min(in_train) if in_train else 0.0,
        n_constant=int(manifest["is_constant"].sum()),
        n_duplicate_groups=int(group[group >= 0].nunique()),
        n_conflicting_groups=int(group[manifest["is_label_conflict"]].nunique()),
        n_leaked=int(leaked.sum()),
        is_fer2013=is_fer2013,
        seconds=seconds,
        skipped=skipped,
    )


def _counts(manifest: pd.DataFrame) -> dict[str, dict[str, int]]:
    labels = manifest["label"].fillna("").astype(str)
    n = manifest.groupby([labels, manifest["split"]]).size()
    names = (*CLASSES, "") if (labels == "").any() else CLASSES
    return {name: {split: int(n.get((name, split), 0)) for split in SPLITS} for name in names}
