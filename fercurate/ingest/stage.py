"""The front of import: a source in, a workspace out, all of it or nothing."""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fercurate import fer2013, folders, ownership, records
from fercurate.config import ImportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.files import fingerprint, hash_file, write_json, write_table
from fercurate.folders import valid_text, walk
from fercurate.ingest import classes, holdout
from fercurate.ingest.reading import read_source, tell, with_val
from fercurate.ingest.refusals import EXPECTED
from fercurate.ingest.result import ImportResult, VerdictsKept, result_of
from fercurate.ingest.source import Source, open_source
from fercurate.ingest.staging import install, staging
from fercurate.ingest.store import write_pngs
from fercurate.ingest.streams import damage_named
from fercurate.ingest.table import (
    FER2013_ROWS,
    Rows,
    manifest_of,
    n_from_photos,
    sample_ids,
)
from fercurate.ingest.votes import FerPlus, Votes, join_by_name, join_by_row, read_ferplus
from fercurate.labels import FERPLUS_COLUMNS
from fercurate.progress import Progress
from fercurate.workspace import Workspace

STAGE = "import"
_VERSION = 1
"""Counted up when the same source would give another workspace."""


def run(
    workspace: Workspace, config: ImportConfig, progress: Progress, *, force: bool = False
) -> ImportResult:
    """Import a source into a workspace.

    Args:
        workspace: Need not exist. What other stages wrote there stays.
        config: Which source, which votes, which limits.
        progress: Bars with rates, which file is read, what was rejected.
        force: Repeat an import that is there, or replace another one.

    Raises:
        InputError: the source is missing, damaged, unsafe or holds nothing to import; too
            many rows are bad; the votes belong to another dataset; the workspace holds
            another import. Nothing is changed then.
        FercurateError: the workspace cannot be written.
    """
    started = time.perf_counter()
    _check(config)
    ownership.require_ours(workspace.root)
    ownership.require_apart(config.source, workspace.root)
    source_hash = _identity(config.source)
    votes_hash = _identity(config.ferplus) if config.ferplus else None
    settings = _settings(config)
    said = classes.parse(config.classes)

    def mark_with(votes: str | None) -> str:
        return fingerprint(STAGE, _VERSION, settings, source_hash, votes)

    mark = mark_with(votes_hash)
    # not naming the votes again does not lose them
    there = mark if config.ferplus or force else mark_with(_votes_there(workspace))
    if not force and _is_done(workspace, there, source_hash):
        progress.say(f"{workspace.name} holds this import already; nothing to do.")
        return _result_on_disk(workspace, time.perf_counter() - started)

    from_photos = _from_photos(workspace, force=force)
    if from_photos and not force:
        raise InputError(
            f"{workspace.name} has {from_photos:,} faces that were added from photographs, and "
            "importing it anew would drop them.",
            "Repeat with --force if that is right; fercurate enrich adds them again.",
        )

    source = open_source(config.source, config.max_unpacked_gb * 1e9, said)
    ferplus = read_ferplus(config.ferplus) if config.ferplus else None
    tell(source, config.source, progress)
    try:
        with staging(workspace) as staged:
            rows = read_source(source, staged, config, progress)
            votes = None if ferplus is None else _join(ferplus, source, rows)
            rows = with_val(rows, staged, config, progress)
            manifest, is_fer2013 = _describe(source, rows)
            _write(staged, manifest, votes, progress)
            about: dict[str, Any] = {
                "source": _name(config.source),
                "is_fer2013": is_fer2013,
                "n_images": len(manifest),
                "format": source.format,
            }
            about |= {"classes": dict(said.said)} if said.said else {}
            about |= {"val_share": config.val_share} if config.val_share is not None else {}
            write_json(staged.dataset_path, about)
            _keep_verdicts(workspace, force=force)
            result = result_of(
                manifest,
                n_rejected=rows.n_rejected,
                is_fer2013=is_fer2013,
                seconds=time.perf_counter() - started,
                skipped=False,
            )
            hashes = {"source_hash": source_hash, "votes_hash": votes_hash}
            summary = {**about, **hashes, **dataclasses.asdict(result)}
            noted = records.describe(staged.outputs(STAGE))
            command = _command(config)
            install(
                staged,
                workspace,
                lambda target: target.record(STAGE, mark, summary, files=noted, command=command),
            )
    except OSError as error:
        raise FercurateError(
            f"{workspace.root} cannot be written: {error}.", "Is the disk full or read-only?"
        ) from error
    if from_photos:
        progress.warn(
            f"{from_photos:,} faces from photographs are lost with the earlier import. Add them "
            f"again with: fercurate enrich PHOTOS --into {workspace.name}"
        )
    placed = _told_of_verdicts(workspace, progress)
    return dataclasses.replace(result, seconds=time.perf_counter() - started, verdicts=placed)


def _settings(config: ImportConfig) -> dict[str, Any]:
    """What decides about an import, by the names under which it was always noted; later options
    only where they are used."""
    plain: dict[str, Any] = {
        "source": _name(config.source),
        "ferplus": None,
        "max_rejected": config.max_rejected,
        "max_unpacked_gb": config.max_unpacked_gb,
    }
    if config.classes is not None:
        plain["classes"] = dict(classes.parse(config.classes).said)
    if config.val_share is not None:
        plain |= {"val_share": config.val_share, "seed": config.seed}
    return {"ImportConfig": plain}


def _command(config: ImportConfig) -> str:
    """The command line that imports the same again, from any folder."""
    named = dataclasses.replace(
        config,
        source=ImportConfig.source,
        ferplus=config.ferplus and config.ferplus.resolve(),
    )
    asked = records.command_of(STAGE, named).removeprefix(f"fercurate {STAGE}")
    return f"fercurate {STAGE} {shlex.quote(str(config.source.resolve()))}{asked}"


def _keep_verdicts(workspace: Workspace, *, force: bool) -> None:
    """Tie verdicts to the pixels of the import that is about to go, while it is there."""
    if not (workspace.manifest_path.exists() and workspace.decisions_path.exists()):
        return
    try:
        workspace.tie_decisions()
    except InputError:
        if not force:
            raise


def _told_of_verdicts(workspace: Workspace, progress: Progress) -> VerdictsKept:
    """What became of the verdicts that were given before this import."""
    placed = workspace.placed_decisions()
    stay = f"They stay in {workspace.decisions_path} and are not applied."
    if placed.n_gone:
        progress.warn(f"Verdicts whose image is not in this import: {placed.n_gone:,}. {stay}")
    if placed.n_untied:
        progress.warn(
            "Verdicts of an earlier version, given on an import that is gone, so that nobody can "
            f"say which image they mean: {placed.n_untied:,}. {stay}"
        )
    return VerdictsKept(placed.n_here, placed.n_moved, placed.n_gone, placed.n_untied)


def _check(config: ImportConfig) -> None:
    folders.check(config.source, EXPECTED)
    if config.ferplus:
        folders.check(config.ferplus, "Give FER+'s fer2013new.csv.")
    if config.val_share is not None:
        holdout.check_share(config.val_share)
    if not 0 <= config.max_rejected <= 1:
        raise InputError(f"max_rejected is {config.max_rejected}.", "It is a share, 0 to 1.")
    if not config.max_unpacked_gb > 0:
        raise InputError(f"max_unpacked_gb is {config.max_unpacked_gb}.", "It is above 0.")


def _name(source: Path) -> str:
    return valid_text(source.resolve().name)


def _identity(source: Path) -> str:
    """Changes when the content of the source does."""
    if source.is_file():
        with damage_named(str(source)):
            return hash_file(source)
    return fingerprint([(e.name, e.size, e.mtime_ns) for e in walk(source) if not e.reason])


def _votes_there(workspace: Workspace) -> str | None:
    """Hash of the votes that an earlier import joined."""
    if not workspace.votes_path.exists():
        return None
    found: str | None = workspace.stages().get(STAGE, {}).get("summary", {}).get("votes_hash")
    return found


def _is_done(workspace: Workspace, mark: str, source_hash: str) -> bool:
    """Whether the workspace holds just this import, and all of it is sound.

    Raises:
        InputError: it holds an import of another source.
    """
    if not workspace.manifest_path.exists():
        return False
    record = workspace.stages().get(STAGE, {})
    summary = record.get("summary", {})
    if record.get("fingerprint") == mark:
        return workspace.fault(STAGE) is None and workspace.images_dir.is_dir()
    if summary.get("source_hash") == source_hash:
        return False
    raise InputError(
        f"{workspace.root} holds another import, of {summary.get('source', 'unknown origin')}.",
        "Give this one another name with --name OTHER, or replace that one with --force.",
    )


def _from_photos(workspace: Workspace, *, force: bool) -> int:
    """How many images of the present import `fercurate enrich` added to it; with `force` also
    where it cannot be read."""
    if not workspace.manifest_path.exists():
        return 0
    try:
        return n_from_photos(workspace.manifest(["sample_id"])["sample_id"])
    except InputError:
        if not force:
            raise
        return 0


def _result_on_disk(workspace: Workspace, seconds: float) -> ImportResult:
    summary: dict[str, Any] = workspace.stages()[STAGE]["summary"]
    return result_of(
        workspace.manifest(),
        n_rejected=int(summary["n_rejected"]),
        is_fer2013=bool(summary["is_fer2013"]),
        seconds=seconds,
        skipped=True,
    )


def _describe(source: Source, rows: Rows) -> tuple[pd.DataFrame, bool]:
    is_fer2013 = fer2013.is_fer2013(rows.sha256)
    whole = is_fer2013 and source.has_usage and rows.n_source_rows == FER2013_ROWS
    return manifest_of(rows, sample_ids(rows.rows, rows.splits, fer2013=whole)), is_fer2013


def _join(ferplus: FerPlus, source: Source, rows: Rows) -> Votes:
    if source.is_table:
        return join_by_row(ferplus, rows.rows, rows.splits, rows.n_source_rows)
    return join_by_name(ferplus, rows.sources, rows.splits if source.gives_splits else None)


def _write(
    staged: Workspace, manifest: pd.DataFrame, votes: Votes | None, progress: Progress
) -> None:
    if votes is not None:
        table = pd.DataFrame(votes, columns=list(FERPLUS_COLUMNS))
        table.insert(0, "row", np.arange(len(votes), dtype=np.int32))
        table.insert(1, "sha256", manifest["sha256"])
        write_table(staged.votes_path, table)
    ids = manifest["sample_id"].tolist()
    with progress.task("writing PNGs", len(ids)) as advance:
        write_pngs(np.load(staged.faces_path, mmap_mode="r"), ids, staged.images_dir, advance)
    write_table(staged.manifest_path, manifest)
