"""What is the user's own: folders that are no dataset, and sources that overlap with one."""

from __future__ import annotations

import os
from pathlib import Path

from fercurate.errors import InputError
from fercurate.paths import Paths

_CARD = ("README.md", "curation.csv")
"""With `kinds.csv`, `flaws.csv` and the log: what may lie there before anything is imported."""


def require_ours(root: Path) -> None:
    """Raise `InputError` where a folder holds something and is no dataset of fercurate."""
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file.", "Choose another name with --name.")
    if not is_ours(root):
        raise InputError(
            f"{root} holds files that are not from fercurate; nothing is written there.",
            "Choose another name with --name, or move that folder elsewhere.",
        )


def is_ours(root: Path) -> bool:
    """Whether a folder may be written to as a dataset: a new one, ours, or one with only a card.

    A damaged dataset is ours, and one whose import was cut short: two of our files are enough.
    """
    if not root.is_dir():
        return True
    space = Paths(root)
    there = {entry.name for entry in os.scandir(root) if not entry.name.startswith(".")}
    card = {space.kinds_path.name, space.flaws_path.name, space.decisions_path.name, *_CARD}
    if there <= card:
        return True
    strong = {path.name for path in (space.manifest_path, space.faces_path, space.stages_path)}
    ours = _files(space) - card
    if there & strong and len(there & ours) > 1:
        return True
    return space.manifest_path.name in there and _is_manifest(space.manifest_path)


def _files(space: Paths) -> set[str]:
    values = (getattr(space, name) for name, p in vars(Paths).items() if isinstance(p, property))
    return {path.name for path in values if path.suffix}


def _is_manifest(path: Path) -> bool:
    import pyarrow.parquet as parquet

    try:
        return {"row", "label"} <= set(parquet.read_schema(path).names)
    except Exception:  # whatever it is, it is not ours
        return False


def require_apart(source: Path, root: Path) -> None:
    """Raise `InputError` where a source and a dataset lie in one another, also through links."""
    real, own = source.resolve(), root.resolve()
    if real == own or real.is_relative_to(own):
        raise InputError(
            f"{source} lies in the dataset's own folder, {root}, and would be replaced.",
            "Copy it elsewhere and import that, or give the dataset another name with --name.",
        )
    if own.is_relative_to(real):
        raise InputError(
            f"The dataset's folder, {root}, would lie in the source, {source}.",
            "Give the folder of the images alone, or run this in another folder.",
        )
    if real.is_dir():
        inside = _link_into(real, own)
        if inside is not None:
            raise InputError(
                f"{inside} leads into the dataset's own folder, {root}.",
                "Remove that link, or give the dataset another name with --name.",
            )


def _link_into(folder: Path, own: Path) -> Path | None:
    """A link at or below a folder that leads into another one."""
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = list(os.scandir(here))
        except OSError:
            continue  # who reads the source says so
        for entry in entries:
            place = Path(entry.path)
            if entry.is_symlink():
                target = place.resolve()
                if target.is_relative_to(own) or own.is_relative_to(target):
                    return place
            if entry.is_dir() and not entry.name.startswith("."):
                waiting.append(place)
    return None
