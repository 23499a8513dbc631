"""`fercurate sync`: mirror a workspace into a persistent FiftyOne dataset.

The workspace is the truth. A dataset that is missing is built from nothing; one that is
there gets what has changed, and keeps its sample ids and whatever the user added to it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from fercurate import locks
from fercurate.config import SyncConfig
from fercurate.errors import FercurateError, InputError
from fercurate.files import hash_file
from fercurate.progress import Progress, Quiet
from fercurate.review import columns, presentation
from fercurate.review.connection import opened
from fercurate.review.dataset import MARK, Counts, declare, is_whole, load, write
from fercurate.review.label_fields import FOLDED
from fercurate.workspace import Workspace, option

LAYOUT = 2
"""Raised when the mirror of an unchanged workspace would look different."""


@dataclass(frozen=True)
class SyncResult:
    """What a sync did; counts are samples, `views` the saved views that fercurate keeps."""

    dataset: str
    n_samples: int
    n_added: int
    n_updated: int
    n_removed: int
    views: tuple[str, ...]
    seconds: float


def run(workspace: Workspace, config: SyncConfig, progress: Progress) -> SyncResult:
    """Bring the FiftyOne dataset `workspace.name` up to date, making it where it is missing.

    Starts the workspace's database for as long as this takes, or uses the one that runs or
    that `FIFTYONE_DATABASE_URI` names.

    Raises:
        InputError: nothing was imported yet, or an unknown column was asked for.
        FercurateError: the database does not start, or the dataset of that name is not ours.
    """
    started = time.monotonic()
    workspace.manifest(["row"])  # what is missing is said before a database starts
    from pymongo.errors import PyMongoError

    try:
        with opened(workspace) as fo:
            result = sync(fo, workspace, config, progress)
    except PyMongoError as error:
        raise FercurateError(
            f"The FiftyOne database failed: {error}",
            f"The dataset itself is safe. Try again: fercurate sync{option(workspace)}",
        ) from error
    return dataclasses.replace(result, seconds=time.monotonic() - started)


def sync(
    fo: ModuleType, workspace: Workspace, config: SyncConfig, progress: Progress
) -> SyncResult:
    """The same over a FiftyOne that is connected already (see `connection.opened`)."""
    started = time.monotonic()
    root = str(workspace.root.resolve())
    hashes = _hashes(workspace)
    dataset = load(fo, workspace.name, root)
    mark = dataset.info[MARK]
    known = mark.get("tables", {}) if mark.get("layout") == LAYOUT else {}
    if mark["root"] != root or known.get("manifest") != hashes["manifest"] or not is_whole(dataset):
        known = {}
    if config.columns is not None and known:
        counts = update_columns(fo, dataset, workspace, config.columns, progress)
    elif known == hashes:
        counts = Counts()
    else:
        stale = {n for n in {*hashes, *known} if known.get(n) != hashes.get(n)}
        counts = _update(fo, dataset, workspace, stale if known else None, progress)
        dataset.info[MARK] = dataset.info[MARK] | {
            "layout": LAYOUT, "root": root, "tables": hashes
        }  # fmt: skip
        dataset.save()
    fields = dataset.get_field_schema()
    presentation.index(dataset, fields)
    return SyncResult(
        dataset=dataset.name,
        n_samples=dataset.info[MARK]["n_samples"],
        n_added=counts.added,
        n_updated=counts.updated,
        n_removed=counts.removed,
        views=presentation.save_views(fo, dataset, fields),
        seconds=time.monotonic() - started,
    )


def _hashes(workspace: Workspace) -> dict[str, str]:
    """Of the tables that are there.

    A stage's own fingerprint tells what went into it; what came out may still differ.
    """
    paths = [workspace.manifest_path, workspace.votes_path, workspace.audit_path]
    paths += [workspace.screen_path, workspace.decisions_path]
    return {path.stem: hash_file(path) for path in paths if path.exists()}


def _update(
    fo: ModuleType,
    dataset: Any,
    workspace: Workspace,
    stale: set[str] | None,
    progress: Progress,
) -> Counts:
    """Bring the tables `stale` up to date, None for everything."""
    mirror = columns.mirror(workspace, columns.tables(workspace))
    for name, reason in mirror.skipped.items():
        progress.warn(f"Column {name!r} is not shown in FiftyOne: {reason}.")
    mark = dataset.info[MARK]
    ours = set(mark["fields"])
    gone = [name for name in ours - set(mirror.fields) if dataset.has_sample_field(name)]
    if gone:
        dataset.delete_sample_fields(gone)
    new = declare(fo, dataset, mirror, ours, progress)
    # Noted before the values: after a kill the next sync knows its own and compares all.
    dataset.info[MARK] = {
        "root": mark["root"], "fields": mirror.fields, "n_samples": len(mirror.sample_ids)
    }  # fmt: skip
    if new or gone:
        presentation.configure_app(fo, dataset, mirror)
    dataset.save()
    wanted = set(mirror.fields)
    if stale is not None:
        wanted = {name for table in stale for name in mirror.columns_of.get(table, ())} | new
    return write(dataset, mirror, [n for n in mirror.fields if n in wanted], progress)


def update_columns(
    fo: ModuleType,
    dataset: Any,
    workspace: Workspace,
    chosen: Sequence[str],
    progress: Progress,
) -> Counts:
    """Bring some columns of the audit up to date, over the same images.

    Raises:
        InputError: the audit has no such column.
    """
    known = columns.names_in_audit(workspace)
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise InputError(
            f"The audit has no column {', '.join(unknown)}.", f"It has: {', '.join(known)}"
        )
    # A Classification is written whole: one part of it asks for the other.
    fields = {FOLDED.get(name, name) for name in chosen}
    wanted = [name for name in known if FOLDED.get(name, name) in fields]
    mirror = columns.mirror(workspace, columns.tables(workspace, wanted))
    for name in set(mirror.fields) - fields:
        mirror.drop(name)
    ours = dataset.info[MARK]["fields"]
    new = declare(fo, dataset, mirror, ours, progress)
    if new:
        dataset.info[MARK] = dataset.info[MARK] | {"fields": [*ours, *sorted(new)]}
        dataset.save()
    return write(dataset, mirror, mirror.fields, progress)


def update_audit(dataset: Any, workspace: Workspace) -> None:
    """Bring the audit's columns up to date after a ranking, from whichever process."""
    import fiftyone as fo

    with locks.mirroring(workspace):
        update_columns(fo, dataset, workspace, columns.names_in_audit(workspace), Quiet())
