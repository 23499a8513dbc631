"""An audited workspace made from nothing: random scores, real faces of scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skimage
from PIL import Image
from recorded import write_array, write_json, write_table
from screen_tables import add_screen

from fercurate.labels import CLASSES
from fercurate.workspace import Workspace

# Sizes and confusions in the manner of FER2013: (given, true, how many of 100).
SHARES = (0.139, 0.015, 0.143, 0.251, 0.168, 0.111, 0.173)
CONFUSED = {
    "angry": {"neutral": 20, "sad": 6, "disgust": 2},
    "disgust": {"angry": 31, "neutral": 12},
    "fear": {"neutral": 16, "sad": 15, "surprise": 13},
    "happy": {"neutral": 4, "surprise": 2},
    "sad": {"neutral": 31, "fear": 2},
    "surprise": {"neutral": 5, "fear": 3},
    "neutral": {"sad": 6, "happy": 2},
}


def lfw_faces(n: int) -> np.ndarray:
    """uint8 [n, 48, 48]: scikit-image's 100 faces over and over."""
    small = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy")[:100]
    large = [
        np.asarray(Image.fromarray((255 * face).astype(np.uint8)).resize((48, 48), Image.BICUBIC))
        for face in small
    ]
    return np.stack(large)[np.arange(n) % len(large)]


def fill(
    root: Path,
    n: int = 400,
    n_audited: int | None = None,
    n_conflicts: int = 3,
    classes: tuple[str, ...] = CLASSES,
    seed: int = 0,
) -> Workspace:
    """Write manifest, faces, audit.parquet and audit.json of a made dataset."""
    workspace = Workspace(root)
    rng = np.random.default_rng(seed)
    n_audited = n * 4 // 5 if n_audited is None else n_audited
    shares = np.resize(np.array(SHARES), len(classes))
    label = rng.choice(classes, n, p=shares / shares.sum())
    # Copies: rows 0 to 2k are pairs with two labels, then as many pairs with one label.
    group = np.full(n, -1, np.int32)
    group[: 4 * n_conflicts] = np.arange(4 * n_conflicts) // 2
    conflict = np.arange(n) < 2 * n_conflicts
    for i in range(0, 4 * n_conflicts, 2):
        k = classes.index(label[i])
        label[i + 1] = classes[(k + 1) % len(classes)] if i < 2 * n_conflicts else classes[k]
    split = np.array(["train"] * n_audited + ["val"] * ((n - n_audited) // 2))
    split = np.concatenate([split, ["test"] * (n - len(split))])
    manifest = pd.DataFrame(
        {
            "row": np.arange(n, dtype=np.int32),
            "sample_id": [f"{s}-{i:06d}" for i, s in enumerate(split)],
            "split": split,
            "label": label,
            "source": [f"made.csv:{i + 2}" for i in range(n)],
            "sha256": [f"{i:064x}" for i in range(n)],
            "is_constant": np.arange(n) == n - 1,
            "duplicate_group": group,
            "is_label_conflict": conflict,
            "is_split_leak": np.isin(np.arange(n), [n_audited, n - 1]),
        }
    )
    write_table(workspace.manifest_path, manifest)
    write_array(workspace.faces_path, lfw_faces(n))
    audit, noise = _audit(manifest.iloc[:n_audited], classes, rng)
    write_table(workspace.audit_path, audit)
    prior = np.array([(audit["label"] == c).mean() for c in classes])
    write_json(
        workspace.audit_summary_path,
        {
            "fingerprint": "0123456789abcdef",
            "effort": "standard",
            "folds": 4,
            "repeats": 1,
            "seed": 0,
            "device": "cpu",
            "profile": "generic",
            "seconds": 1391.4,
            "n_audited": n_audited,
            "classes": list(classes),
            "joint": noise * prior[:, None],
            "noise_matrix": noise,
            "held_out_accuracy": 0.652,
            "versions": {"fercurate": "0.1.0", "torch": "2.15.0", "cleanlab": "2.9.0"},
        },
    )
    return workspace


def _audit(
    audited: pd.DataFrame, classes: tuple[str, ...], rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    k, n = len(classes), len(audited)
    noise = np.zeros((k, k))
    for i, given in enumerate(classes):
        for true, share in CONFUSED.get(given, {}).items():
            if true in classes:
                noise[i, classes.index(true)] = share / 100
        noise[i] += 0.002
        noise[i, i] = 1 - noise[i].sum() + noise[i, i]
    given = np.array([classes.index(c) for c in audited["label"]])
    true = np.array([rng.choice(k, p=noise[g]) for g in given], dtype=np.int64)
    wrong = true != given
    quality = np.where(wrong, rng.beta(1.3, 5, n), rng.beta(4, 1.4, n)).astype(np.float32)
    issue = wrong & (quality < 0.5)
    sure = np.clip(1 - quality - 0.05 * rng.random(n), 0.3, 0.99)
    verdict = np.where(
        ~issue & (quality > 0.25), "ok", np.where(sure > 0.7, "mislabeled", "ambiguous")
    )
    verdict = np.where((rng.random(n) < 0.02) & (verdict != "ok"), "outlier", verdict)
    best = np.where(issue, true, given)
    names = np.array(classes)
    good = np.flatnonzero(quality > np.quantile(quality, 0.6))
    rows = audited["row"].to_numpy()
    audit = pd.DataFrame(
        {
            "row": rows,
            "sample_id": audited["sample_id"],
            "sha256": audited["sha256"],
            "split": audited["split"],
            "label": audited["label"],
            "label_quality": quality,
            "is_label_issue": issue,
            "suggested_label": names[best],
            "suggested_confidence": sure.astype(np.float32),
            "verdict": verdict,
            "rank": np.argsort(np.argsort(quality)).astype(np.int32),
            "top1_label": names[best],
            "top1_prob": sure.astype(np.float32),
            "top2_label": names[(best + 1) % k],
            "top2_prob": ((1 - sure) * 0.6).astype(np.float32),
            "top3_label": names[(best + 2) % k],
            "top3_prob": ((1 - sure) * 0.2).astype(np.float32),
            "self_confidence": quality,
            "margin": (2 * quality - 1).astype(np.float32),
            "entropy": rng.random(n).astype(np.float32),
            "aum": rng.normal(np.where(wrong, -1, 2), 1).astype(np.float32),
            "neighbour_agreement": rng.random(n).astype(np.float32),
            "neighbours": [rows[rng.choice(good, 5)].tolist() for _ in range(n)],
        }
    )
    return audit.sample(frac=1, random_state=1), noise


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Workspace]:
    """`make(name, ...)`: a workspace under tmp_path, filled as `fill` says."""

    def build(name: str = "made", **settings: Any) -> Workspace:
        return fill(tmp_path / name, **settings)

    return build


@pytest.fixture
def make_screened(make: Callable[..., Workspace]) -> Callable[..., Workspace]:
    """`make`, and a screen of it."""
    return lambda name="made", **settings: add_screen(make(name, **settings))


@pytest.fixture(scope="session")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One small audited and screened workspace for tests that only read."""
    return add_screen(fill(tmp_path_factory.mktemp("screened") / "made"))


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One small workspace for tests that only read."""
    return fill(tmp_path_factory.mktemp("datasets") / "made")
