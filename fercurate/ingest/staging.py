"""A folder beside the workspace to build in, and the moves that put it in place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fercurate import locks, ownership
from fercurate.ingest.table import PHOTO
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace

_OUR_PNG = re.compile(rf"(?:(?:{'|'.join(SPLITS)})-\d+|fer\d+|{PHOTO}[0-9a-f]+)\.png")


@contextmanager
def staging(workspace: Workspace) -> Iterator[Workspace]:
    """An empty workspace beside `workspace`, removed at the end whatever happens.

    Holds the workspace for writing meanwhile; what killed imports left behind is removed first.

    Raises:
        InputError: another process writes to the workspace, or it is no dataset.
    """
    beside = workspace.root.resolve().parent  # where a link leads, or renaming would copy
    with locks.writing(workspace):
        staged = Workspace(beside / f".{workspace.name}.import-{os.getpid()}")
        staged.images_dir.mkdir(parents=True)
        try:
            yield staged
        finally:
            shutil.rmtree(staged.root, ignore_errors=True)


def install(staged: Workspace, workspace: Workspace, record: Callable[[Workspace], None]) -> None:
    """Put what was built in place of what the last import wrote; all else stays.

    Killed at any point, it leaves the old import, the new one, or no manifest, and so
    nothing that looks finished and is not.

    Args:
        staged: Built by import; emptied.
        workspace: May exist or not.
        record: Called with the workspace whose stage record is to be written.

    Raises:
        InputError: the workspace's folder holds something that is no dataset.
    """
    ownership.require_ours(workspace.root)
    if not workspace.root.exists():
        record(staged)
        staged.root.rename(workspace.root.resolve())
        return
    _retire(workspace.manifest_path, staged.root)
    for new, old in zip(_outputs(staged), _outputs(workspace), strict=True):
        retired = _retire(old, staged.root)
        if new.exists():
            new.rename(old)
        if retired is not None and old == workspace.images_dir:
            _give_back(retired, old)
    record(workspace)
    staged.manifest_path.rename(workspace.manifest_path)


def _outputs(workspace: Workspace) -> tuple[Path, ...]:
    """All that import writes but the manifest, whose presence says that the rest is there."""
    return (
        workspace.faces_path,
        workspace.images_dir,
        workspace.votes_path,
        workspace.rejected_path,
        workspace.dataset_path,
    )


def _retire(path: Path, staged: Path) -> Path | None:
    if not path.exists():
        return None
    return path.rename(staged / f"old-{path.name}")


def _give_back(retired: Path, images: Path) -> None:
    """What the user has put among our PNGs stays."""
    if not retired.is_dir():
        return
    with os.scandir(retired) as entries:
        theirs = [entry.name for entry in entries if not _OUR_PNG.fullmatch(entry.name)]
    for name in theirs:
        Path(retired, name).rename(images / name)
