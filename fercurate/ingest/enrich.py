"""The front of enrich: photographs in, their faces at the end of a dataset."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fercurate import copies
from fercurate.config import EnrichConfig
from fercurate.errors import FercurateError, InputError
from fercurate.files import fingerprint, replacing
from fercurate.folders import tally
from fercurate.foreign import cell
from fercurate.ingest.append import append
from fercurate.ingest.batch import Rejection, no_faces
from fercurate.ingest.photos import Cuts, Photo, cut_all, find_photos
from fercurate.ingest.table import PHOTO
from fercurate.labels import CLASSES
from fercurate.progress import Progress
from fercurate.workspace import Workspace

STAGE = "enrich"


@dataclass(frozen=True)
class EnrichResult:
    """What `fercurate enrich` prints.

    Attributes:
        n_photos: Files taken for photographs.
        n_read: Those that could be decoded.
        n_faces: Faces found in them and large enough.
        n_added: Faces added to the dataset.
        n_duplicates: Faces left out because the dataset or the photographs have them already.
        rejected: Photographs and faces left out for another reason; with the duplicates they
            are also in `enrich-rejected.csv`.
        counts: Added faces by class, all classes there; class "" for those without a label.
        n_images: Images that the dataset has now.
        seconds: Wall time.
    """

    n_photos: int
    n_read: int
    n_faces: int
    n_added: int
    n_duplicates: int
    rejected: tuple[Rejection, ...]
    counts: Mapping[str, int]
    n_images: int
    seconds: float


def run(workspace: Workspace, config: EnrichConfig, progress: Progress) -> EnrichResult:
    """Cut the faces out of photographs and add those that are new to the train split.

    A face is labelled by its photograph's folder ("happy/IMG_1.jpg"), or not at all. The
    same photographs again add nothing.

    Args:
        workspace: An imported dataset.
        config: Which photographs, and how small or doubtful a face may be.
        progress: Bars, and how many were found.

    Raises:
        InputError: no dataset, no photographs, or a setting out of range.
        FercurateError: mediapipe cannot be used, or the workspace cannot be written. The
            dataset is as it was then.
    """
    started = time.perf_counter()
    _check(config)
    there = workspace.manifest(["row", "sample_id"])
    photos, others = find_photos([Path(place) for place in config.photos], workspace.root)
    if not photos:
        raise InputError(
            "There is no photograph but the dataset's own images.",
            "Give a folder of photographs.",
        )
    try:
        cuts = _cut(photos, config, progress)
        faces = np.concatenate([no_faces(), *(cut.faces for cut in cuts)])
        sources = [source for cut in cuts for source in cut.sources]
        labels = [cut.photo.label for cut in cuts for _ in cut.sources]
        like = copies.near_duplicates_of(faces, workspace.faces()[: len(there)])
        new = np.flatnonzero(like < 0)
        added = [labels[i] for i in new]
        if len(new):
            named = [sources[i] for i in new]
            append(workspace, faces[new], added, named, progress, _note(workspace, added))
        rejected = [rejection for cut in cuts for rejection in cut.rejected]
        duplicates = _duplicates(like, sources, there["sample_id"].tolist())
        _write_rejected(workspace.enrich_rejected_path, [*rejected, *duplicates])
    except OSError as error:
        raise FercurateError(
            f"{workspace.root} cannot be written: {error}.", "Is the disk full or read-only?"
        ) from error
    n_read = sum(cut.is_read for cut in cuts)
    if others or n_read < len(photos):
        progress.say(tally(n_read, len(photos) - n_read, others))
    return EnrichResult(
        n_photos=len(photos),
        n_read=n_read,
        n_faces=len(faces),
        n_added=len(new),
        n_duplicates=len(duplicates),
        rejected=tuple(rejected),
        counts=_counts(added),
        n_images=len(there) + len(new),
        seconds=time.perf_counter() - started,
    )


def _check(config: EnrichConfig) -> None:
    if not config.photos:
        raise InputError("No photographs were named.", "Give one or more folders of them.")
    if not config.min_face >= 1:
        raise InputError(f"min_face is {config.min_face}.", "It is 1 pixel or more.")
    if not 0 <= config.min_score <= 1:
        raise InputError(f"min_score is {config.min_score}.", "It is between 0 and 1.")


def _cut(photos: Sequence[Photo], config: EnrichConfig, progress: Progress) -> list[Cuts]:
    cuts = []
    with progress.task("looking for faces", len(photos), "photos") as advance:
        for cut in cut_all(photos, config.min_face, config.min_score):
            cuts.append(cut)
            advance(1)
    return cuts


def _note(workspace: Workspace, labels: Sequence[str | None]) -> Callable[[pd.DataFrame], None]:
    """What records the stage once the new manifest is known."""

    def record(manifest: pd.DataFrame) -> None:
        from_photos = manifest[manifest["sample_id"].str.startswith(PHOTO)]
        summary = {
            "n_added": len(labels),
            "n_from_photos": len(from_photos),
            "n_images": len(manifest),
        }
        mark = fingerprint(STAGE, from_photos["sha256"].tolist(), from_photos["label"].tolist())
        workspace.record(STAGE, mark, summary)

    return record


def _duplicates(
    like: NDArray[np.int64], sources: Sequence[str], ids: Sequence[str]
) -> list[Rejection]:
    names = [*ids, *sources]
    return [
        Rejection(source, None, f"near duplicate of {names[other]}")
        for source, other in zip(sources, like.tolist(), strict=True)
        if other >= 0
    ]


def _write_rejected(path: Path, rejected: Sequence[Rejection]) -> None:
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("source", "reason"))
        rows.writerows((cell(rejection.source), cell(rejection.reason)) for rejection in rejected)


def _counts(labels: Sequence[str | None]) -> dict[str, int]:
    n = Counter(label or "" for label in labels)
    return {name: n[name] for name in (*CLASSES, "") if name or n[name]}
