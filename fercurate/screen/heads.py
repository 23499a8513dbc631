"""Small classifiers on top of the backbone: human or not, drawn or no face, watermark, hands.

Each is scikit-learn's SVC with an RBF kernel on the principal components of the backbone's
features, fitted by `fercurate fit-screen` and kept as plain arrays.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, first_line
from fercurate.files import replacing
from fercurate.seal import digest, is_sealed, sealed_zip
from fercurate.strict import Table, parse_json

KINDS = ("human", "drawn", "nonface")

SHIPPED = Path(__file__).parent / "weights" / "heads.npz"
BACKBONE = Path(__file__).parent / "weights" / "backbone.npz"

# every screening is noted with the hash of this file, so that it stays as it is, without a seal
_SHIPPED_DIGEST = "a9da531377d14df81d19360bce1dfa9e"

_CLIP = 5.0
_BLOCK = 4096


@dataclass(frozen=True)
class Reducer:
    """Features to principal components.

    Attributes:
        mean, scale: float32 [F], of each feature; values beyond 5 scales are cut.
        components: float32 [F, D].
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    components: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [N, F] to float32 [N, D], rows of about unit length."""
        scaled = np.clip((features - self.mean) / self.scale, -_CLIP, _CLIP)
        reduced: NDArray[np.float32] = (scaled @ self.components).astype(np.float32)
        return reduced


@dataclass(frozen=True)
class Head:
    """A support vector machine with an RBF kernel, and what its decision means.

    Attributes:
        support: float32 [S, D], the support vectors.
        weights: float32 [S], their dual coefficients.
        intercept, gamma: As in scikit-learn's SVC.
        cut: Decision from which on an image is an issue.
        slope: Steepness of the score about the cut.
    """

    support: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercept: float
    gamma: float
    cut: float
    slope: float

    def decide(self, reduced: NDArray[np.float32]) -> NDArray[np.float32]:
        """Decision of each row: float32 [N], high = the issue is there."""
        found = np.empty(len(reduced), np.float32)
        norms = (self.support**2).sum(1)
        for start in range(0, len(reduced), _BLOCK):
            block = reduced[start : start + _BLOCK]
            distance = (block**2).sum(1)[:, None] + norms - 2 * block @ self.support.T
            kernel = np.exp(-self.gamma * np.maximum(distance, 0))
            found[start : start + len(block)] = kernel @ self.weights + self.intercept
        return found

    def score(self, decision: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [N], 0..1, low = the issue is there; below 0.5 it counts as one."""
        steps = np.clip(self.slope * (decision - self.cut), -50, 50)
        score: NDArray[np.float32] = (1 / (1 + np.exp(steps))).astype(np.float32)
        # rounding must carry nothing across the cut
        below = np.minimum(score, np.nextafter(np.float32(0.5), np.float32(0)))
        above = np.maximum(score, np.float32(0.5))
        return np.asarray(np.where(decision >= self.cut, below, above))


@dataclass(frozen=True)
class Labelled:
    """The images that were labelled by eye when the heads were fitted, M of them.

    Attributes:
        digest: uint64 [M], first 8 bytes of the sha256 of the pixels.
        kind: int8 [M], index in `KINDS`, -1 where only flaws were labelled.
        held_out: float32 [M] by head: decision of the fold that did not see the image, NaN
            where it was not labelled for that head.
    """

    digest: NDArray[np.uint64]
    kind: NDArray[np.int8]
    held_out: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Heads:
    """All that `fercurate screen` needs beside the backbone.

    Attributes:
        reducer: Features to components.
        heads: By name: `human` (issue: not a human face), `drawn` (among those: a depiction
            rather than no face), and one a flaw.
        labelled: What was labelled by eye.
        report: Cross-validated precision and recall, as JSON has it.
    """

    reducer: Reducer
    heads: dict[str, Head]
    labelled: Labelled
    report: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write to `path` as plain arrays."""
        arrays: dict[str, Any] = {
            "mean": self.reducer.mean,
            "scale": self.reducer.scale,
            "components": self.reducer.components.astype(np.float16),
            "digest": self.labelled.digest,
            "kind": self.labelled.kind,
            "report": np.frombuffer(json.dumps(self.report).encode(), np.uint8),
            "names": np.array(list(self.heads)),
        }
        for name, head in self.heads.items():
            arrays[f"{name}.support"] = head.support.astype(np.float16)
            arrays[f"{name}.weights"] = head.weights
            numbers = (head.intercept, head.gamma, head.cut, head.slope)
            arrays[f"{name}.numbers"] = np.array(numbers, np.float64)
            arrays[f"{name}.held_out"] = self.labelled.held_out[name].astype(np.float16)
        whole = io.BytesIO()
        np.savez_compressed(whole, **arrays)
        with replacing(path) as beside:
            beside.write_bytes(sealed_zip(whole.getvalue()))


def load(path: Path = SHIPPED) -> Heads:
    """Heads from a file that `Heads.save` wrote; no pickle is read.

    Raises:
        FercurateError: the file is missing or damaged.
    """
    try:
        data = path.read_bytes()
        if not is_sealed(data) and path == SHIPPED and digest(data) != _SHIPPED_DIGEST:
            raise ValueError("it is not as it was shipped")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            names = [str(name) for name in stored["names"]]
            heads = {}
            for name in names:
                intercept, gamma, cut, slope = (float(x) for x in stored[f"{name}.numbers"])
                support = stored[f"{name}.support"].astype(np.float32)
                heads[name] = Head(support, stored[f"{name}.weights"], intercept, gamma, cut, slope)
            return Heads(
                Reducer(stored["mean"], stored["scale"], stored["components"].astype(np.float32)),
                heads,
                Labelled(
                    stored["digest"],
                    stored["kind"],
                    {n: stored[f"{n}.held_out"].astype(np.float32) for n in names},
                ),
                Table(parse_json(stored["report"].tobytes(), is_finite=False)).value,
            )
    except FercurateError:  # Ctrl-C
        raise
    except Exception as error:  # numpy and zipfile let through whatever the bytes bring about
        fix = "Install fercurate again." if path == SHIPPED else (
            "Make it again with: fercurate fit-screen"
        )  # fmt: skip
        raise FercurateError(f"{path} cannot be read: {first_line(error)}", fix) from error


def digests(sha256: list[str]) -> NDArray[np.uint64]:
    """First 8 bytes of hex digests: uint64 [N], enough to tell images apart."""
    return np.array([int(digest[:16], 16) for digest in sha256], np.uint64)
