"""Made-up faces, their list, and copies of them as others have them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from fercurate.clean import listing
from fercurate.clean.evidence import BELIEFS
from fercurate.labels import CLASSES


def made_faces(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [n, 48, 48], as smooth as photographs, all different."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 7, 7), dtype=np.uint8)
    smooth = [Image.fromarray(c).resize((48, 48), Image.Resampling.BICUBIC) for c in coarse]
    # grain, as photographs have: without it the finer bits of a hash are a matter of chance
    grain = rng.normal(0, 8, (n, 48, 48))
    return np.clip(np.array(smooth, float) + grain, 0, 255).astype(np.uint8)


def compressed(faces: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The same after JPEG, uint8 [n, 48, 48]."""
    return np.array([Image.open(io.BytesIO(jpeg(f, quality))) for f in faces], np.uint8)


def jpeg(face: NDArray[np.uint8], quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(face).save(out, "JPEG", quality=quality)
    return out.getvalue()


def made_list(
    manifest: pd.DataFrame, faces: NDArray[np.uint8], beliefs: bool = False
) -> pd.DataFrame:
    """A list of a dataset in which row 0 is drawn, 1 mislabeled, 2 ambiguous, 3 and 4 copies."""
    n = len(manifest)
    kind, eye = np.full(n, "human", object), np.full(n, None, object)
    kind[0], eye[0] = "drawn", "drawn"
    group, keep = np.full(n, -1), np.ones(n, bool)
    group[[3, 4]], keep[4] = 0, False
    screen = pd.DataFrame(
        {
            "kind": kind,
            "kind_by_eye": eye,
            "human_score": np.float32(0.9),
            "near_duplicate_group": group,
            "keep": keep,
            "keep_split": manifest["split"],
        }
    )
    audit = pd.DataFrame(
        {
            "row": manifest["row"],
            "verdict": "ok",
            "suggested_label": manifest["label"],
            "suggested_confidence": 0.9,
            "label_quality": np.float32(0.9),
        }
    )
    audit.loc[[1, 2], "verdict"] = ["mislabeled", "ambiguous"]
    for i, sure in ((1, 0.97), (2, 0.6)):
        other = CLASSES[(CLASSES.index(manifest["label"][i]) + 1) % 7]
        audit.loc[i, ["suggested_label", "suggested_confidence"]] = [other, sure]
    if beliefs:
        audit[list(BELIEFS)] = np.float32(1 / 7)
    return listing.build(manifest, faces, screen, audit, "audit")
