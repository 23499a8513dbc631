"""A source to rows: what was read, what may be left out, and what is said of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np

from fercurate.config import ImportConfig
from fercurate.folders import not_looked_at, tally
from fercurate.images import quiet_pillow
from fercurate.ingest import holdout, known
from fercurate.ingest.refusals import Taken, judge
from fercurate.ingest.source import Source
from fercurate.ingest.store import Store
from fercurate.ingest.table import Rows
from fercurate.progress import Progress
from fercurate.workspace import Workspace


def tell(source: Source, path: Path, progress: Progress) -> None:
    """Say what is read, what is left unread, and what is taken from the source's own name."""
    names = ", ".join(source.names)
    what = names or f"{len(source.images)} images"
    progress.say(f"Reading {what} ({source.format}: {path}).")
    if source.unread:
        progress.say(f"Left unread, for its rows are in that one: {', '.join(source.unread)}.")
    if source.is_table and source.others:
        progress.say(f"In it {not_looked_at(source.others)}.")
    if not source.is_table and source.whole_split:
        progress.say(f"All is {source.whole_split}, as its name {source.root!r} says.")


def read_source(
    source: Source, staged: Workspace, config: ImportConfig, progress: Progress
) -> Rows:
    """Read all rows and write their faces, and the reasons of those that are rejected.

    Raises:
        InputError: it cannot be read to its end, or what was rejected may not be left out.
    """
    with quiet_pillow(), Store(staged.faces_path, staged.rejected_path) as store:
        for batch in source.batches(progress):
            store.add(batch)
    rows = store.rows()
    taken = Taken(
        source=str(config.source),
        labels=Counter(label for label in rows.labels if label),
        splits=Counter(rows.splits),
        refused=store.refused,
        first=store.first_rejected,
        is_table=source.is_table,
        numbered=source.numbered,
        others=source.others,
    )
    judge(taken, config.max_rejected)
    known.check(
        str(config.source), rows.labels, rows.sha256, source.classes, numbered=source.numbered
    )
    if taken.n_bad:
        progress.warn(
            f"{taken.n_bad} of {rows.n_source_rows} rows are bad and left out, see "
            f"rejected.csv; the first is {store.first_rejected[0]}."
        )
    if rows.n_rejected > taken.n_bad:
        progress.say(
            f"{rows.n_rejected - taken.n_bad} rows are left out as --classes says; they are in "
            "rejected.csv."
        )
    if not source.is_table:
        progress.say(tally(len(rows.rows), rows.n_rejected, source.others))
    return rows


def with_val(rows: Rows, staged: Workspace, config: ImportConfig, progress: Progress) -> Rows:
    """The rows, with the validation split that `config.val_share` asks for.

    Raises:
        InputError: there is one already.
    """
    if config.val_share is None:
        return rows
    splits = holdout.with_val(
        np.load(staged.faces_path, mmap_mode="r"),
        rows.splits,
        rows.labels,
        rows.sha256,
        config.val_share,
        config.seed,
    )
    progress.say(f"Moved {splits.count('val'):,} images from train to val, copies together.")
    return dataclasses.replace(rows, splits=splits)
