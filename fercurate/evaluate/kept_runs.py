"""What finished training runs kept, as compare reads it: answers and settings, and no model."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, InputError
from fercurate.paths import RunFiles


def read_predictions(folder: Path, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class that a run predicts for each of `rows`, int64 [n], 0..6.

    Raises:
        InputError: the run did not finish, or did not see these rows.
        FercurateError: its logits cannot be read.
    """
    path = RunFiles(folder).logits_path
    if not path.exists():
        raise InputError(
            f"The run {folder.name} did not finish.",
            "Finish it: give the command that began it again.",
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            seen, logits = stored["row"].astype(np.int64), stored["logits"]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise FercurateError(
            f"{path} cannot be read: {error}", "Train the run again with --force."
        ) from error
    order = np.argsort(seen)
    place = np.searchsorted(seen[order], rows)
    if not np.array_equal(seen[order][np.minimum(place, len(seen) - 1)], rows):
        raise InputError(
            f"The run {folder.name} did not see all images of this split.",
            "It was trained on other data: train it again with --force.",
        )
    predicted: NDArray[np.int64] = logits[order[place]].argmax(axis=1).astype(np.int64)
    return predicted


def by_seed(folders: Sequence[Path]) -> dict[int, Path]:
    """The runs of one arm by the seed that each was trained with, by its place where it has none.

    Raises:
        InputError: two of them have the same seed.
    """
    found: dict[int, Path] = {}
    for place, folder in enumerate(folders):
        seed = int(read_config(folder).get("config", {}).get("seed", place))
        if seed in found:
            raise InputError(
                f"{found[seed].name} and {folder.name} are two runs of the seed {seed}.",
                "An arm takes one run a seed. To compare the two, make each an arm of its own.",
            )
        found[seed] = folder
    return found


def common_seeds(arms: Mapping[str, Collection[int]]) -> tuple[int, ...]:
    """The seeds that all arms have, ascending: runs are compared seed by seed.

    Raises:
        InputError: there is none.
    """
    common = set.intersection(*(set(seeds) for seeds in arms.values()))
    if not common:
        each = "; ".join(
            f"{name}: {', '.join(map(str, sorted(seeds)))}" for name, seeds in arms.items()
        )
        raise InputError(
            f"No seed is in all arms ({each}).",
            "Runs of one seed are compared with each other: train what is missing with --seed.",
        )
    return tuple(sorted(common))


def read_config(folder: Path) -> dict[str, Any]:
    """What a run was told: the object in its config file, empty where there is none."""
    path = RunFiles(folder).config_path
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FercurateError(
            f"{path} cannot be read: {error}", "Train the run again with --force."
        ) from error
    return stored if isinstance(stored, dict) else {}
