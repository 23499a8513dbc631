"""A folder beside the workspace to build in, and the moves that put it in place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fercurate.workspace import Workspace

_A_DAY = 86_400


@contextmanager
def staging(workspace: Workspace) -> Iterator[Workspace]:
    """An empty workspace beside `workspace`, removed at the end whatever happens.

    What earlier imports left behind when they were killed is removed first.
    """
    beside = workspace.root.resolve().parent  # where a link leads, or renaming would copy
    beside.mkdir(parents=True, exist_ok=True)
    prefix = f".{workspace.name}.import-"
    for left in [path for path in beside.iterdir() if path.name.startswith(prefix)]:
        if _is_abandoned(left, left.name.removeprefix(prefix)):
            shutil.rmtree(left, ignore_errors=True)
    staged = Workspace(beside / f"{prefix}{os.getpid()}")
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
    """
    if not workspace.root.exists():
        record(staged)
        staged.root.rename(workspace.root.resolve())
        return
    _retire(workspace.manifest_path, staged.root)
    for new, old in zip(_outputs(staged), _outputs(workspace), strict=True):
        _retire(old, staged.root)
        if new.exists():
            new.rename(old)
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


def _retire(path: Path, staged: Path) -> None:
    if path.exists():
        path.rename(staged / f"old-{path.name}")


def _is_abandoned(folder: Path, pid: str) -> bool:
    if not pid.isdecimal() or int(pid) == os.getpid():
        return pid.isdecimal()
    if os.name == "nt":  # there, asking whether a process lives would end it
        return time.time() - folder.stat().st_mtime > _A_DAY
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
