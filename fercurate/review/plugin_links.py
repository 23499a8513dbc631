"""The folder in which FiftyOne finds our plugin, and the user's own beside it.

FiftyOne reads one folder of plugins, named in the environment before it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from fercurate.files import write_text
from fercurate.workspace import Workspace

VARIABLE = "FIFTYONE_PLUGINS_DIR"
REMEMBERED = "FERCURATE_USERS_PLUGINS_DIR"
"""Where the user's folder is noted for this process and those it starts."""

OURS = Path(__file__).with_name("plugin")
NAME = "fercurate-review"

_COPIED = ".copied-by-fercurate"
"""Marks a folder that is a copy, which may be deleted; a link may be anyway."""


def prepare(workspace: Workspace) -> Path:
    """Fill `workspace.plugins_dir` with links and tell FiftyOne of it; call it before the import.

    Copies where the system has no links. A second call in one process takes the user's folder
    that it took the first time.

    Returns:
        The folder.
    """
    folder = workspace.plugins_dir.resolve()
    theirs = users_folder()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {NAME: OURS}
    if theirs.is_dir() and theirs.resolve() != folder:
        wanted |= {
            f"own-{path.name}": path.resolve()
            for path in sorted(theirs.iterdir())
            if path.is_dir() and not path.name.startswith(".")
        }
    for entry in folder.iterdir():
        if wanted.get(entry.name) is None or not _leads_to(entry, wanted[entry.name]):
            _remove(entry)
    for name, target in wanted.items():
        if not (folder / name).exists():
            _place(folder / name, target)
    os.environ[REMEMBERED] = str(theirs)
    os.environ[VARIABLE] = str(folder)
    fiftyone = sys.modules.get("fiftyone")
    if fiftyone is not None:
        fiftyone.config.plugins_dir = str(folder)
    return folder


def users_folder() -> Path:
    """Where the user's own plugins are, as FiftyOne would look for them."""
    named = os.environ.get(REMEMBERED) or os.environ.get(VARIABLE)
    if named:
        return Path(named)
    home = Path.home()
    path = Path(os.environ.get("FIFTYONE_CONFIG_PATH") or home / ".fiftyone" / "config.json")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    if config.get("plugins_dir"):
        return Path(config["plugins_dir"]).expanduser()
    datasets = os.environ.get("FIFTYONE_DEFAULT_DATASET_DIR") or config.get("default_dataset_dir")
    return Path(datasets or home / "fiftyone").expanduser() / "__plugins__"


def _leads_to(entry: Path, target: Path) -> bool:
    return entry.is_symlink() and entry.resolve() == target.resolve()


def _place(entry: Path, target: Path) -> None:
    try:
        entry.symlink_to(target, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(target, entry)
        write_text(entry / _COPIED, str(target))


def _remove(entry: Path) -> None:
    """Links and our own copies; whatever else lies there stays."""
    if entry.is_symlink():
        entry.unlink()
    elif (entry / _COPIED).exists():
        shutil.rmtree(entry)
