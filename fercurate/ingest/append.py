"""New images at the end of a workspace, so that a kill at any point leaves it whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from fercurate import records
from fercurate.errors import FercurateError
from fercurate.files import write_table
from fercurate.ingest.batch import Batch, Faces
from fercurate.ingest.staging import staging
from fercurate.ingest.store import Store, write_pngs
from fercurate.ingest.table import manifest_of, photo_ids
from fercurate.progress import Progress
from fercurate.workspace import Workspace

SPLIT = "train"
_IMAGES_A_STEP = 4096


def append(
    workspace: Workspace,
    faces: Faces,
    labels: Sequence[str | None],
    sources: Sequence[str],
    progress: Progress,
    record: Callable[[pd.DataFrame], None],
) -> pd.DataFrame:
    """Add images to the train split; the rows that are there keep their places.

    The columns that compare images (copies, conflicts, leaks) are made anew for all of them
    as import makes them. Votes stay as they are: who reads them takes the new images for not
    annotated.

    Args:
        workspace: Imported; the new images are not in it.
        faces: uint8 [n, 48, 48].
        labels, sources: n of each, as in `Batch`.
        progress: Shows the writing of PNGs.
        record: Called with the new manifest before that is put in place, for what the stage
            notes of itself: a later stage had better be told of images that are not there
            than not be told of those that are.

    Returns:
        The new manifest.

    Raises:
        FercurateError: another command changed the workspace meanwhile.
    """
    before = workspace.manifest_path.stat().st_mtime_ns
    old = workspace.manifest()
    with staging(workspace) as staged:
        with Store(staged.faces_path, staged.rejected_path) as store:
            for start in range(0, len(old), _IMAGES_A_STEP):
                part = old.iloc[start : start + _IMAGES_A_STEP]
                there = workspace.faces()[start : start + len(part)]
                store.add(_batch(there, part["split"], part["label"], part["source"]))
            store.add(_batch(faces, [SPLIT] * len(faces), labels, sources))
        rows = store.rows()
        ids = photo_ids(rows.sha256[len(old) :], old["sample_id"])
        manifest = manifest_of(rows, [*old["sample_id"], *ids])
        with progress.task("writing PNGs", len(ids)) as advance:
            write_pngs(faces, ids, staged.images_dir, advance)
        write_table(staged.manifest_path, manifest)
        if workspace.manifest_path.stat().st_mtime_ns != before:
            raise FercurateError(
                f"{workspace.name} was changed by another command meanwhile.",
                "Run this one again.",
            )
        _install(staged, workspace, ids, lambda: record(manifest))
    return manifest


def _batch(
    faces: Faces,
    splits: Sequence[str],
    labels: Sequence[str | None],
    sources: Sequence[str],
) -> Batch:
    return Batch(
        faces=np.ascontiguousarray(faces), splits=list(splits), labels=list(labels),
        sources=list(sources), rows=range(len(faces)), rejected=(),
    )  # fmt: skip


def _install(
    staged: Workspace, workspace: Workspace, ids: Sequence[str], record: Callable[[], None]
) -> None:
    """Move what was built into place.

    Until the manifest is, readers see the old dataset: they take no more faces than it has
    rows, and no PNG that it does not name. The record knows the old files and the new ones
    before the first is replaced.
    """
    for name in ids:
        staged.image_path(name).replace(workspace.image_path(name))
    was = records.describe((workspace.manifest_path, workspace.faces_path))
    made = records.describe((staged.manifest_path, staged.faces_path))
    both = {name: {**entry, "was": was[name]["digest"]} for name, entry in made.items()}
    workspace.note_files("import", both)
    staged.faces_path.replace(workspace.faces_path)
    record()
    staged.manifest_path.replace(workspace.manifest_path)
    workspace.note_files("import", made)
