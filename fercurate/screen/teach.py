"""The front of `fercurate fit-screen`: labels by eye in, heads and their figures out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.config import FitScreenConfig
from fercurate.copies import near_duplicate_groups
from fercurate.errors import InputError
from fercurate.progress import Progress
from fercurate.screen import embedding, fit, heads, kinds
from fercurate.workspace import Workspace

LEAST = 20
"""Different images of each side of a question: with fewer, a fold might have none."""


@dataclass(frozen=True)
class FitScreenResult:
    """Where the heads were written, how good they are, and what it took.

    Attributes:
        heads: The file.
        report: Cross-validated figures, as `fit.report` gives them.
        seconds: Of the whole run.
    """

    heads: Path
    report: dict[str, Any]
    seconds: float


def run(workspace: Workspace, config: FitScreenConfig, progress: Progress) -> FitScreenResult:
    """Fit the screen's heads on the labels by eye of a dataset.

    Raises:
        InputError: no labels, or too few of a kind, or of a flaw.
    """
    started = time.monotonic()
    manifest = workspace.manifest()
    digests = manifest["sha256"].tolist()
    kinds_path = config.kinds or workspace.kinds_path
    if config.tie_rows:
        for path in (kinds_path, config.flaws or workspace.flaws_path):
            if path.exists() and kinds.tie_rows(path, digests):
                progress.say(f"{path} names its images by sha256 now.")
    kind, at_random = kinds.read_kinds(kinds_path, digests)
    path = config.flaws or workspace.flaws_path
    flaws = kinds.read_flaws(path, digests) if config.flaws or path.exists() else {}
    faces = workspace.faces()
    with progress.task("Looking for copies", len(faces)) as advance:
        groups = near_duplicate_groups(np.asarray(faces), on_images=advance)
    for i, name in enumerate(heads.KINDS):
        _require(f"labelled {name}", kind == i, groups, kinds_path)
    # cuts are set on these
    _require("human and drawn at random", at_random & (kind == 0), groups, kinds_path)
    for name, target in flaws.items():
        _require(f"{name} and drawn at random", at_random & (target == 1), groups, path)
        _require(f"not {name} and drawn at random", at_random & (target == 0), groups, path)
    labelled = kind >= 0
    for target in flaws.values():
        labelled |= target >= 0
    rows = np.flatnonzero(labelled)
    with progress.task("Looking at labelled images", 2 * len(rows)) as advance:
        looked_at = np.asarray(faces)[rows]
        seen = embedding.features(looked_at, advance)
        features = embedding.both_ways(seen, looked_at, advance)
    with progress.task("Fitting", fit.n_fits(len(flaws)), unit="fits") as advance:
        fitted = fit.fit(
            features,
            heads.digests(manifest["sha256"].iloc[rows].tolist()),
            kind[rows],
            at_random[rows],
            {name: target[rows] for name, target in flaws.items()},
            groups[rows],
            advance,
        )
    out = config.out or workspace.heads_path
    fitted.save(out)
    return FitScreenResult(out, fitted.report, time.monotonic() - started)


def _require(what: str, which: NDArray[np.bool_], groups: NDArray[np.int64], path: Path) -> None:
    different = len(np.unique(groups[which]))
    if different < LEAST:
        raise InputError(
            f"{path}: only {different} images are {what}; copies count once.",
            f"Label {LEAST} or more.",
        )
