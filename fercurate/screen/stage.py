"""The front of the screen: workspace in, `screen.parquet` and `screen.json` out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate import records
from fercurate.config import ScreenConfig
from fercurate.files import fingerprint, hash_file, together, write_array, write_json, write_table
from fercurate.labels import CLASSES, INDEX
from fercurate.progress import Progress
from fercurate.screen import detection, duplicates, embedding, heads, kinds, quality, spurious
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

STAGE = "screen"
DETECTION, SCREEN = 1, 3
"""Raised when the same input would give other detections, or other columns."""

FACE_FOUND = 0.5


@dataclass(frozen=True)
class ScreenResult:
    """What a screening found.

    Attributes:
        n_images: Images screened.
        kinds: Images of each kind.
        n_by_eye: Images whose kind is a label made by eye.
        issues: Images with each issue, most frequent first.
        n_near_groups, n_near_leaks: Groups of near duplicates; images of such a group that
            reaches into another split.
        seconds: Of this run; of the run that made the present output when `skipped`.
        skipped: The output was there already.
    """

    n_images: int
    kinds: dict[str, int]
    n_by_eye: int
    issues: dict[str, int]
    n_near_groups: int
    n_near_leaks: int
    seconds: float
    skipped: bool = False


def run(
    workspace: Workspace, config: ScreenConfig, progress: Progress, *, force: bool = False
) -> ScreenResult:
    """Screen all images of a workspace; done already is done, half done goes on.

    Raises:
        InputError: nothing was imported, or kinds.csv does not fit.
        FercurateError: mediapipe or a shipped file is missing or damaged.
    """
    manifest = workspace.manifest()
    content = fingerprint(manifest["sha256"].tolist())
    model = workspace.heads_path if workspace.heads_path.exists() else heads.SHIPPED
    loaded = heads.load(model)
    own = hash_file(workspace.kinds_path) if workspace.kinds_path.exists() else ""
    wanted = fingerprint(
        DETECTION, SCREEN, content, manifest["split"].tolist(), manifest["label"].tolist(),
        hash_file(model), own,
    )  # fmt: skip
    if not force and workspace.is_done(STAGE, wanted):
        return _result(workspace.stages()[STAGE]["summary"], skipped=True)
    made_from = {"images": workspace.identity("images")}
    started = time.monotonic()
    found = workspace.run_dir(f"screen-{content}-{DETECTION}")
    reduced = workspace.run_dir(f"screen-{fingerprint(content, hash_file(model))}")
    if force:
        _forget(found, reduced)
    faces = workspace.faces()
    by_eye = _by_eye(workspace, manifest, loaded)
    with progress.task("Looking for faces", len(faces)) as advance:
        faced = detection.detect_all(faces, found, advance, config.jobs)
    with progress.task("Telling people from drawings", len(faces)) as advance:
        components = embedding.reduce_all(faces, loaded, reduced, advance, config.jobs)
    with progress.task("Measuring quality", len(faces)) as advance:
        measured = quality.measure(np.asarray(faces), advance, config.jobs)
    with progress.task("Looking for copies", len(faces)) as advance:
        copies = duplicates.measure(
            np.asarray(faces), manifest["split"].tolist(), _labels(manifest), advance
        )
    judged = kinds.judge(
        components,
        loaded,
        heads.digests(manifest["sha256"].tolist()),
        faced.score,
        manifest["is_constant"].to_numpy(bool),
        by_eye,
    )
    table = _table(manifest, judged, faced, measured, copies)
    summary = _summary(table, loaded, spurious_links(faces, manifest), time.monotonic() - started)
    with together():
        write_array(workspace.components_path, components.astype(np.float16))
        write_json(workspace.screen_summary_path, {"fingerprint": wanted, **summary})
        write_table(workspace.screen_path, table)
    command = records.command_of(STAGE, config)
    workspace.record(STAGE, wanted, summary, inputs=made_from, command=command)
    return _result(summary)


def spurious_links(faces: NDArray[np.uint8], manifest: pd.DataFrame) -> dict[str, Any]:
    """What `spurious` finds between the pictures and their labels, as lists of records."""
    labels = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)
    measured = spurious.properties(np.asarray(faces))
    links = spurious.links(measured, labels, CLASSES)
    return {
        "links": _records(links),
        "predictability": _records(spurious.predictability(measured, labels)),
    }


def _records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """A dict a row; None for NaN, which JSON does not know."""
    plain: list[dict[Any, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    return plain


def _by_eye(workspace: Workspace, manifest: pd.DataFrame, loaded: heads.Heads) -> NDArray[np.int8]:
    """The dataset's own kinds.csv before what came with the heads."""
    digest = heads.digests(manifest["sha256"].tolist())
    shipped = kinds.shipped_labels(loaded.labelled, digest)
    if not workspace.kinds_path.exists():
        return shipped
    own, _ = kinds.read_kinds(workspace.kinds_path, manifest["sha256"].tolist())
    # what is said of an image is said of its exact copies
    said = dict(zip(digest[own >= 0].tolist(), own[own >= 0].tolist(), strict=True))
    own = np.array([said.get(d, -1) for d in digest.tolist()], np.int8)
    return np.where(own >= 0, own, shipped).astype(np.int8)


def _labels(manifest: pd.DataFrame) -> list[str | None]:
    return [label if isinstance(label, str) else None for label in manifest["label"]]


def _table(
    manifest: pd.DataFrame,
    judged: pd.DataFrame,
    faced: detection.Detections,
    measured: pd.DataFrame,
    copies: pd.DataFrame,
) -> pd.DataFrame:
    import pandas as pd

    table = manifest[["row", "sample_id", "sha256", "split", "label"]].reset_index(drop=True)
    places = pd.DataFrame(faced.box, columns=["left", "top", "width", "height"])
    is_found = faced.score >= FACE_FOUND
    face = pd.DataFrame(
        {
            "face_score": faced.score,
            "is_face_issue": ~is_found,
            **{f"face_{name}": places[name] for name in places},
            "face_points": [
                p.ravel() if ok else None
                for p, ok in zip(faced.points, faced.score > 0, strict=True)
            ],
            "roll": faced.roll,
            "face_turn": faced.turn,
        }
    )
    # a box that is hardly one says nothing of how the face lies
    box = np.where(is_found[:, None], faced.box, np.nan).astype(np.float32)
    lying = quality.face_quality(box, np.where(is_found, faced.roll, np.nan).astype(np.float32))
    whole: pd.DataFrame = pd.concat([table, judged, face, measured, lying, copies], axis=1)
    return whole


def _summary(
    table: pd.DataFrame, loaded: heads.Heads, links: dict[str, Any], seconds: float
) -> dict[str, Any]:
    issues = {
        c.removeprefix("is_").removesuffix("_issue"): int(table[c].sum())
        for c in map(str, table)
        if c.startswith("is_") and c.endswith("_issue")
    }
    group = table["near_duplicate_group"]
    return {
        "seconds": round(seconds, 1),
        "n_images": len(table),
        "kinds": {k: int((table["kind"] == k).sum()) for k in heads.KINDS},
        "n_by_eye": int(table["kind_by_eye"].notna().sum()),
        "issues": dict(sorted(issues.items(), key=lambda item: -item[1])),
        "n_near_groups": int(group[group >= 0].nunique()),
        "n_near_leaks": int(table["is_near_leak"].sum()),
        **links,
        "classifier": _figures(loaded.report),
        "versions": {
            n: version(n) for n in ("fercurate", "mediapipe", "cleanvision", "onnxruntime")
        },
    }


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    """The cross-validated figures that the report shows: those of the fair sample, and flaws."""
    fair, flaws = report["random"], report["flaws"]
    return {
        "folds": report["folds"],
        "labelled": {**fair["labelled"], **{n: f["labelled"] for n, f in flaws.items()}},
        "recall": {**fair["recall"], **{n: f["recall"] for n, f in flaws.items()}},
        "precision": {
            "not human": fair["precision"],
            **{n: f["precision"] for n, f in flaws.items()},
        },
        "human_flagged": fair["human_flagged"],
        "all": report["all"],
    }


def _result(summary: dict[str, Any], *, skipped: bool = False) -> ScreenResult:
    names = (
        "n_images", "kinds", "n_by_eye", "issues", "n_near_groups", "n_near_leaks", "seconds"
    )  # fmt: skip
    return ScreenResult(**{name: summary[name] for name in names}, skipped=skipped)


def _forget(*folders: Path) -> None:
    for folder in folders:
        for name in ("*.npz", "*.npy"):
            for path in folder.glob(name):
                path.unlink()
