"""A made dataset whose labels err with a system: half of class 6 is called class 4."""

from __future__ import annotations

import numpy as np

from fercurate.rerank import heads
from fercurate.rerank.learn import Evidence


def made(n: int = 1200, seed: int = 7) -> tuple[Evidence, np.ndarray]:
    """Evidence of networks that learnt the annotators' system, and the true classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 7, n)
    labels = np.where((truth == 6) & (rng.random(n) < 0.5), 4, truth)
    centres = rng.normal(size=(7, 12))
    pictures = centres[truth] + 0.7 * rng.normal(size=(n, 12))
    score = pictures @ centres.T
    share = np.exp(score - score.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    share[:, 4] += share[:, 6] / 2
    share[:, 6] /= 2
    fold = np.arange(n) % 2
    cells = heads.cells(pictures.astype(np.float16), fold, np.arange(n), None)
    margins = (labels == truth) + rng.normal(size=n)
    standardised = (margins - margins.mean()) / margins.std()
    evidence = Evidence(
        labels,
        share.astype(np.float32),
        np.full((7, 7), 0.05) + 0.65 * np.eye(7),
        standardised.astype(np.float32),
        share[np.arange(n), labels].astype(np.float32),
        [cells],
    )
    return evidence, truth
