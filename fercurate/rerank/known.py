"""What an audit leaves behind for learning from verdicts, as it lies in its file of evidence."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.files import replacing
from fercurate.rerank import heads
from fercurate.rerank.choice import UNINFORMED, Matrix, Probs, probabilities, shared_features
from fercurate.rerank.learn import Evidence
from fercurate.workspace import Workspace


@dataclass(frozen=True)
class Known:
    """Over N audited images, before any verdict.

    Attributes:
        rows: int64 [N], rows of the manifest.
        sha256: uint8 [N, 32], of the images' pixels.
        labels: int64 [N], given labels.
        groups: int64 [N], copies share one.
        embeddings: float16 [R, N, D], of each repeat's network that held the image out.
        folds: int64 [R, N], which network that was.
        start: float32 [N, K], see `learn.Evidence`.
        transition: float64 [K, K], see `learn.Evidence`.
        evenness: float32 [N], area under the margin, standardised.
        quality: float32 [N], label quality without a verdict, 0 to 1, low = bad.
    """

    rows: NDArray[np.int64]
    sha256: NDArray[np.uint8]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    embeddings: NDArray[np.float16]
    folds: NDArray[np.int64]
    start: Probs
    transition: Matrix
    evenness: NDArray[np.float32]
    quality: NDArray[np.float32]

    def evidence(self, general: NDArray[np.float32] | None) -> Evidence:
        """What verdicts are learnt with; `general` from `general_features`."""
        repeats = [
            heads.cells(of_repeat, fold, self.groups, general)
            for of_repeat, fold in zip(self.embeddings, self.folds, strict=True)
        ]
        return Evidence(
            self.labels, self.start, self.transition, self.evenness, self.quality, repeats
        )

    def untaught(self) -> Probs:
        """What learning believes before any verdict or profile: float32 [N, K], rows sum to 1."""
        features = shared_features(self.start, self.labels, self.transition, self.evenness)
        return probabilities(features, self.labels, UNINFORMED.mean)


FIELDS = tuple(Known.__dataclass_fields__)


def general_features(space: Workspace, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """What the screen's image network sees in the audited images, None before a screening."""
    components = space.components()
    if components is None or len(components) <= int(rows.max(initial=-1)):
        return None
    chosen: NDArray[np.float32] = components[rows].astype(np.float32)
    return chosen


def load(space: Workspace) -> Known:
    """What the last audit left behind; raises `InputError` where it left nothing."""
    return Known(**read(space, FIELDS))


def read(space: Workspace, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Arrays of the file of evidence.

    Raises:
        InputError: there is no such file, or it is damaged, stale or of an earlier version.
    """
    fix = space.again(space.evidence_path)
    if not space.has("audit"):
        raise InputError(f"{space.name} has no audit that can be ranked anew.", fix)
    space.check(space.evidence_path)
    try:
        with np.load(space.evidence_path) as stored:
            return {name: stored[name] for name in names}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{space.evidence_path} cannot be read: {error}.", fix) from error


def write(space: Workspace, arrays: dict[str, NDArray[Any]]) -> None:
    with replacing(space.evidence_path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
