"""Cross-fitting: every image is scored by networks that never saw it or a copy of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fercurate.audit import folds
from fercurate.errors import FercurateError, first_line
from fercurate.files import replacing
from fercurate.learn.models import FaceNet, FaceNetConfig
from fercurate.learn.predict import predict
from fercurate.learn.recipe import Recipe
from fercurate.learn.train import Trainer, fit
from fercurate.progress import Progress
from fercurate.seal import BLANK, is_sealed, read_arrays, sealed, write_arrays

NEIGHBOURS = 24
"""Nearest neighbours kept for each image."""


@dataclass(frozen=True)
class Plan:
    """What one cross-fitting run trains.

    Cost: `repeats * (folds - 1)` passes over the data an epoch.
    """

    folds: int
    repeats: int
    recipe: Recipe
    network: FaceNetConfig
    seed: int
    average_epochs: int = 2
    """Held-out logits are the mean over the weight averages of this many last epochs."""


@dataclass(frozen=True)
class HeldOut:
    """What one fold's network says of the images that it never saw.

    Attributes:
        index: int64 [n], positions in the audited arrays.
        logits: float32 [n, 7].
        neighbours: int64 [n, NEIGHBOURS], positions of the nearest held-out images in the
            network's embedding, nearest first, copies left out; -1 where there are fewer.
        similarity: float32 [n, NEIGHBOURS], cosine, -1..1.
        margins: float32 [N], mean logit margin while the network trained on an image;
            NaN for the held-out ones.
        embeddings: float16 [n, D], the network's pooled features.
    """

    index: NDArray[np.int64]
    logits: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    similarity: NDArray[np.float32]
    margins: NDArray[np.float32]
    embeddings: NDArray[np.float16]

    def __post_init__(self) -> None:
        n = len(self.index)
        if self.logits.shape[0] != n or self.neighbours.shape != self.similarity.shape:
            raise ValueError("the arrays of a fold differ in length")


def run(
    faces: NDArray[np.uint8],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    plan: Plan,
    device: torch.device,
    folder: Path,
    progress: Progress,
) -> list[list[HeldOut]]:
    """Train every fold of every repeat and collect what each says of its held-out images.

    What is finished stays in `folder`, as does the state after each epoch of the fold that
    is under way: the next call with the same arguments goes on from there.

    Args:
        faces: uint8 [N, 48, 48].
        labels: int64 [N].
        groups: int64 [N], images of one group are never on both sides of a fold.
        plan: What to train.
        device: Where to train.
        folder: Where the state is kept.
        progress: Counts images in forward and backward passes.

    Returns:
        One list a repeat, with one `HeldOut` a fold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    per_epoch = len(faces) * plan.repeats * (plan.folds - 1)
    total = per_epoch * plan.recipe.epochs
    repeats: list[list[HeldOut]] = []
    with progress.task("Cross-fitting", total) as advance:
        for repeat in range(plan.repeats):
            fold_of = folds.assign(labels, groups, plan.folds, plan.seed + 7919 * repeat)
            repeats.append([])
            for fold in range(plan.folds):
                job = _Fold(faces, labels, groups, fold_of == fold, plan, device, progress.say)
                stem = folder / f"{repeat}-{fold}"
                repeats[-1].append(job.run(stem, plan.seed + 101 * repeat + fold, advance))
    return repeats


@dataclass(frozen=True)
class _Fold:
    faces: NDArray[np.uint8]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    plan: Plan
    device: torch.device
    say: Callable[[str], None]

    def run(self, stem: Path, seed: int, advance: Callable[[float], None]) -> HeldOut:
        done, state_path = stem.with_suffix(".npz"), stem.with_suffix(".pt")
        seen = np.flatnonzero(~self.held_out)
        if (earlier := _load(done)) is not None:
            advance(len(seen) * self.plan.recipe.epochs)
            return earlier
        torch.manual_seed(seed)
        trainer: Trainer[FaceNet] = Trainer(
            FaceNet(self.plan.network),
            self.faces[seen],
            self.labels[seen],
            self.plan.recipe,
            self.device,
            seed,
        )
        index = np.flatnonzero(self.held_out)
        sums = _Sums(np.zeros((len(index), self.plan.network.n_classes), np.float32))
        if state_path.exists():
            try:
                state = _read_state(state_path, self.device)
            except ValueError as error:
                self.say(f"{state_path} is damaged ({error}); this part is trained anew")
            else:
                trainer.load_state_dict(state["trainer"])
                sums.logits = state["logits"].cpu().numpy()
                advance(len(seen) * trainer.epochs_done)

        def after_epoch(trainer: Trainer[FaceNet], loss: float) -> None:
            if trainer.epochs_done > trainer.recipe.epochs - self.plan.average_epochs:
                logits, sums.embeddings = predict(
                    trainer.average, self.faces[index], self.device, trainer.recipe.predict_side
                )
                sums.logits += logits / self.plan.average_epochs
            if trainer.epochs_done < trainer.recipe.epochs:
                state = {
                    "trainer": trainer.state_dict(),
                    "logits": torch.from_numpy(sums.logits),
                }
                _write_state(state_path, state)

        fit(trainer, [after_epoch], advance)
        neighbours, similarity = nearest(sums.embeddings, self.groups[index])
        margins = np.full(len(self.faces), np.nan, np.float32)
        margins[seen] = trainer.margins.cpu().numpy() / trainer.recipe.epochs
        result = HeldOut(
            index,
            sums.logits,
            np.where(neighbours < 0, -1, index[neighbours]),
            similarity,
            margins,
            sums.embeddings.astype(np.float16),
        )
        _save(done, result)
        state_path.unlink(missing_ok=True)
        return result


class _Sums:
    """What gathers over the last epochs of a fold."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self.logits = logits
        self.embeddings: NDArray[np.float32] = np.empty((len(logits), 0), np.float32)


def nearest(
    embeddings: NDArray[np.float32], groups: NDArray[np.int64], k: int = NEIGHBOURS
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Nearest images by cosine, leaving out the image itself and its copies.

    Args:
        embeddings: float32 [n, D].
        groups: int64 [n]; images of one group do not count as neighbours.
        k: Neighbours an image.

    Returns:
        int64 [n, k] positions, nearest first, -1 where there are fewer, and float32 [n, k]
        cosines, NaN there.
    """
    n = len(embeddings)
    centred = torch.from_numpy(embeddings - embeddings.mean(0))
    unit = torch.nn.functional.normalize(centred, dim=1)
    group = torch.from_numpy(groups)
    positions = np.full((n, k), -1, np.int64)
    similarity = np.full((n, k), np.nan, np.float32)
    for start in range(0, n, 1024):
        cosine = unit[start : start + 1024] @ unit.T
        cosine[group[start : start + 1024, None] == group[None, :]] = -torch.inf
        best, where = cosine.topk(min(k, n), dim=1)
        there = torch.isfinite(best)
        block = slice(start, start + len(best))
        positions[block, : best.shape[1]] = torch.where(there, where, -1).numpy()
        similarity[block, : best.shape[1]] = torch.where(there, best, torch.nan).numpy()
    return positions, similarity


def load_repeats(folder: Path) -> list[list[HeldOut]]:
    """The finished folds that `run` left in `folder`, one list a repeat.

    Raises:
        FercurateError: a fold is missing or damaged.
    """
    repeats: dict[int, list[HeldOut]] = {}
    for path in sorted(folder.glob("*.npz")):
        fold = _load(path)
        if fold is None:
            raise FercurateError(f"{path} is damaged.", "Audit again: it is trained anew.")
        repeats.setdefault(int(path.stem.split("-")[0]), []).append(fold)
    if not repeats:
        raise FercurateError(f"{folder} holds no finished fold.", "Run: fercurate audit")
    return list(repeats.values())


def _write_state(path: Path, state: dict[str, Any]) -> None:
    whole = io.BytesIO()
    torch.save(state, whole)
    with replacing(path) as beside:
        beside.write_bytes(sealed(whole.getvalue() + BLANK.encode()))


def _read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """What `_write_state` was given; raises `ValueError` where it is damaged."""
    data = path.read_bytes()
    if is_sealed(data):
        data = data[: -len(BLANK)]
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(data), device, weights_only=True)
    except Exception as error:  # torch lets through whatever the bytes bring about
        raise ValueError(first_line(error)) from error
    return state


_FIELDS = ("index", "logits", "neighbours", "similarity", "margins", "embeddings")


def _save(path: Path, result: HeldOut) -> None:
    write_arrays(path, {name: getattr(result, name) for name in _FIELDS})


def _load(path: Path) -> HeldOut | None:
    """A finished fold, or None when it is missing or damaged."""
    try:
        stored = read_arrays(path)
        return HeldOut(**{name: stored[name] for name in _FIELDS})
    except (OSError, KeyError, ValueError):
        return None
