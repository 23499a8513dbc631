"""What finished training runs kept, as compare reads it: answers and settings, and no model."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate import seal
from fercurate.errors import FercurateError, InputError
from fercurate.files import hash_file
from fercurate.identity import unpacked
from fercurate.paths import RunFiles
from fercurate.workspace import Workspace, option


def read_predictions(
    folder: Path,
    home: Workspace,
    sha256: Sequence[str],
    head: str | None = None,
    balance: float = 0.0,
) -> NDArray[np.int64]:
    """The class that a run predicts for each of n images, int64 [n], 0..6.

    Args:
        folder: Of the run.
        home: The dataset that it was trained in.
        sha256: Of the n images' pixels.
        head: Which of its heads answers, by default its own choice; a run with one head always
            answers with that.
        balance: How far the answers make up for unequal classes; see `heads.OperatingPoint`.

    Raises:
        InputError: the run did not finish, held out other images than these, or its file has no
            such head or no class shares.
        FercurateError: its logits cannot be read.
    """
    logits = read_logits(folder, home, sha256)
    if logits.shape[1] == 1 and not balance:
        scores = logits[:, 0]
    else:
        from fercurate.infer.checkpoint import read_info

        info = read_info(RunFiles(folder).best_path)
        scores = info.point(head if len(info.heads) > 1 else None, balance).probabilities(logits)
    predicted: NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
    return predicted


def read_logits(folder: Path, home: Workspace, sha256: Sequence[str]) -> NDArray[np.float32]:
    """What a run kept of images of val and test, looked up by their pixels.

    Args:
        folder, home, sha256: As for `read_predictions`.

    Returns:
        float32 [n, heads, 7], before the temperature.

    Raises:
        InputError, FercurateError: as `read_predictions`.
    """
    path = RunFiles(folder).logits_path
    if not path.exists():
        raise InputError(
            f"The run {folder.name} did not finish.",
            "Finish it: give the command that began it again.",
        )
    try:
        stored = seal.read_arrays(path)
        seen, logits = stored["row"].astype(np.int64), stored["logits"].astype(np.float32)
        digests = unpacked(stored["sha256"]) if "sha256" in stored else None
    except (OSError, ValueError, KeyError) as error:
        raise FercurateError(
            f"{path} cannot be read: {error}", "Train the run again with --force."
        ) from error
    if digests is None:
        digests = _digests_then(folder, home, seen)
    place = {digest: i for i, digest in enumerate(digests)}
    found = [place.get(digest, -1) for digest in sha256]
    if -1 in found or len(digests) != len(logits):
        raise InputError(
            f"The run {folder.name} was trained on other images: it kept nothing of "
            f"{found.count(-1):,} of the {len(found):,} that are to be scored.",
            f"Train one on these: fercurate train{option(home)}",
        )
    chosen: NDArray[np.float32] = logits[found]
    return chosen if chosen.ndim == 3 else chosen[:, None]  # earlier versions had one head


def _digests_then(folder: Path, home: Workspace, rows: NDArray[np.int64]) -> list[str]:
    """The pixels of the rows that a run of an earlier version names, where its manifest is still
    there."""
    used = read_config(folder).get("inputs", {}).get("manifest")
    if used != hash_file(home.manifest_path):
        raise InputError(
            f"The run {folder.name} is of an earlier version and of another import: nobody can "
            "say which images its answers are about.",
            f"Train one on these: fercurate train{option(home)}",
        )
    digests: list[str] = home.manifest(["sha256"])["sha256"].iloc[rows].tolist()
    return digests


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
