"""`fercurate export` in the formats that FiftyOne writes for labelled images."""

from __future__ import annotations

import secrets
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fercurate import outgoing
from fercurate.config import ExportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.labels import CLASSES
from fercurate.outgoing import ExportResult
from fercurate.progress import Progress
from fercurate.review.connection import opened
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

WHOLE = "FiftyOneDataset"
"""The one format that holds all fields and splits in one dataset."""

PER_SPLIT = (
    "ImageClassificationDirectoryTree",
    "FiftyOneImageClassificationDataset",
    "TFImageClassificationDataset",
)
"""Formats for labelled images; each split goes into a folder of its own."""

ALIASES = {"fiftyone": WHOLE}


def run(
    space: Workspace, config: ExportConfig, progress: Progress, *, force: bool = False
) -> ExportResult:
    """Write the clean set to `config.to` through FiftyOne.

    A dataset is made for it in the workspace's database and taken away again.

    Raises:
        InputError: a format that holds no label of an image, nothing was cleaned, or the folder
            holds something.
        FercurateError: the database does not start, or FiftyOne cannot write the format.
    """
    started = time.monotonic()
    kind = ALIASES.get(config.as_, config.as_)
    if kind != WHOLE and kind not in PER_SPLIT:
        raise InputError(
            f"There is no export {config.as_!r} for labelled images without boxes.",
            f"Choose one of: csv, folder, fiftyone, {', '.join(PER_SPLIT)}.",
        )
    table, without = outgoing.chosen(space, config.splits)
    counts = outgoing.counts(table)
    about = {
        "format": kind,
        "dataset": space.name,
        "clean": space.fingerprint_of("clean"),
        "counts": counts,
    }
    with outgoing.making(config.to, about, force=force) as folder, opened(space) as fo:
        made = fo.Dataset(f".export-{secrets.token_hex(6)}", persistent=False)
        try:
            with progress.task("Writing", len(table)) as advance:
                _fill(fo, made, space, table)
                _export(fo, made, folder, kind, list(counts))
                advance(len(table))
        except ImportError as error:
            raise FercurateError(
                f"FiftyOne cannot write {kind}: {error}", "Install what it names, or take folder."
            ) from error
        finally:
            made.delete()
    place = config.to if kind == WHOLE else config.to / next(iter(counts))
    how = f"fiftyone.Dataset.from_dir({str(place)!r}, dataset_type=fiftyone.types.{kind})"
    return ExportResult(
        config.to, kind, counts, without, f"Open with: {how}", time.monotonic() - started
    )


def _fill(fo: ModuleType, made: Any, space: Workspace, table: pd.DataFrame) -> None:
    soft = table[[f"soft_{name}" for name in CLASSES]].to_numpy(float)
    columns = [table[c] for c in ("sample_id", "split", "label", "gold_label", "why")]
    samples = [
        fo.Sample(
            filepath=str(space.image_path(name).resolve()),
            tags=[split],
            sample_id=name,
            ground_truth=fo.Classification(label=label),
            gold_label=fo.Classification(label=gold) if isinstance(gold, str) else None,
            soft_label=target.tolist(),
            why=why,
        )
        for name, split, label, gold, why, target in zip(*columns, soft, strict=True)
    ]
    made.add_samples(samples, dynamic=False, progress=False)
    made.default_classes = list(CLASSES)
    made.save()


def _export(fo: ModuleType, made: Any, folder: Path, kind: str, splits: list[str]) -> None:
    exporter = getattr(fo.types, kind)
    if kind == WHOLE:
        made.export(export_dir=str(folder), dataset_type=exporter, overwrite=True, progress=False)
        return
    # a tree tells its classes by its folders
    named = {} if kind == "ImageClassificationDirectoryTree" else {"classes": list(CLASSES)}
    for split in splits:
        made.match_tags(split).export(
            export_dir=str(folder / split),
            dataset_type=exporter,
            label_field="ground_truth",
            **named,
            progress=False,
        )
