"""`fercurate export` as plain files: Kaggle's csv, and a folder a class."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fercurate import outgoing
from fercurate.clean.diff import SOFT
from fercurate.config import ExportConfig
from fercurate.errors import FercurateError
from fercurate.files import write_text
from fercurate.foreign import cells
from fercurate.labels import INDEX
from fercurate.outgoing import ExportResult
from fercurate.progress import Progress
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "folder")

USAGE = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}

LOADER = '''"""torchvision's reader of FER2013, without the checksum of Kaggle's own file."""

import pathlib

from torchvision.datasets import FER2013


class CleanFER2013(FER2013):
    """`CleanFER2013(root="<folder of this file>", split="train")`; "test" is both test parts."""

    _RESOURCES = {**FER2013._RESOURCES, "fer": ("fer2013.csv", None)}

    def __init__(self, root=pathlib.Path(__file__).parent, **options):
        super().__init__(root, **options)
'''
"""torchvision compares the md5 of whichever csv it reads with that of Kaggle's, so that it opens
no other content; without one it reads the file as it is."""

_HINTS = {
    "csv": "torchvision compares checksums, and opens only Kaggle's own rows. Its reader without "
    "that: from fer2013_clean import CleanFER2013 (in that folder)",
    "folder": "Open a split with torchvision.datasets.ImageFolder",
}
_BLOCK = 512


def run(
    space: Workspace, config: ExportConfig, progress: Progress, *, force: bool = False
) -> ExportResult:
    """Write the clean set to `config.to`.

    csv: `fer2013/fer2013.csv` as Kaggle has it (`emotion,pixels,Usage`), a reader for
    torchvision. folder: `<split>/<class>/<sample_id>.png`. Both: `soft_labels.csv`, a row an
    image in the order of the csv.

    Raises:
        InputError: nothing was cleaned, the folder holds something, or a split is unknown.
    """
    started = time.monotonic()
    table, without = outgoing.chosen(space, config.splits)
    about = {
        "format": config.as_,
        "dataset": space.name,
        "clean": space.fingerprint_of("clean"),
        "counts": outgoing.counts(table),
    }
    with outgoing.making(config.to, about, force=force) as folder:
        with progress.task("Writing", len(table)) as advance:
            if config.as_ == "csv":
                _write_csv(folder, space, table, advance)
            else:
                _write_folders(folder, space, table, advance)
        soft = table[["sample_id", "sha256", "split", "label", "why", *SOFT]]
        text = cells(soft).to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_text(folder / "soft_labels.csv", text)
    return ExportResult(
        config.to, config.as_, about["counts"], without,  # type: ignore[arg-type]
        _HINTS[config.as_], time.monotonic() - started,
    )  # fmt: skip


def _write_csv(
    folder: Path, space: Workspace, table: pd.DataFrame, advance: Callable[[float], None]
) -> None:
    faces = space.faces()
    (folder / "fer2013").mkdir()
    with (folder / "fer2013" / "fer2013.csv").open("w", encoding="ascii", newline="\n") as file:
        file.write("emotion,pixels,Usage\n")
        for start in range(0, len(table), _BLOCK):
            part = table.iloc[start : start + _BLOCK]
            pixels = faces[part["row"].to_numpy()].reshape(len(part), -1).tolist()
            for row, label, split in zip(pixels, part["label"], part["split"], strict=True):
                file.write(f"{INDEX[label]},{' '.join(map(str, row))},{USAGE[split]}\n")
            advance(len(part))
    write_text(folder / "fer2013_clean.py", LOADER)


def _write_folders(
    folder: Path, space: Workspace, table: pd.DataFrame, advance: Callable[[float], None]
) -> None:
    for split, label in table[["split", "label"]].drop_duplicates().itertuples(index=False):
        (folder / split / label).mkdir(parents=True)
    for name, split, label in zip(table["sample_id"], table["split"], table["label"], strict=True):
        source = space.image_path(name)
        if not source.exists():
            raise FercurateError(
                f"The image {source} is gone.",
                "Bring it back with: fercurate import SOURCE --force",
            )
        shutil.copyfile(source, folder / split / label / source.name)
        advance(1)
