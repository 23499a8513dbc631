"""The audit's table: what a ranking says of each image, one row an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fercurate.audit import rank, scores
from fercurate.audit.kept import Kept
from fercurate.audit.rank import Ranking
from fercurate.labels import CLASSES

if TYPE_CHECKING:
    import pandas as pd


def build(audited: pd.DataFrame, kept: Kept, ranking: Ranking) -> pd.DataFrame:
    """`AUDIT_COLUMNS` and all scores.

    Args:
        audited: Rows of the manifest, with `is_constant`, in the order of `kept`.
        kept: What the cross-fitting says.
        ranking: What follows from it.
    """
    labels, evidence = kept.known.labels, kept.evidence
    names = np.array(CLASSES)
    suggested, confidence = rank.suggest(ranking, labels)
    verdict = rank.verdicts(ranking, evidence, labels)
    # what cannot be seen cannot be labelled
    verdict = np.where(audited["is_constant"], "outlier", verdict)
    table: pd.DataFrame = audited[["row", "sample_id", "sha256", "split", "label"]].copy()
    table["label_quality"] = ranking.quality
    table["rank"] = np.empty(len(table), np.int32)
    table.loc[np.argsort(ranking.quality, kind="stable"), "rank"] = np.arange(
        len(table), dtype=np.int32
    )
    table["is_label_issue"] = ranking.is_issue
    table["suggested_label"] = names[suggested]
    table["suggested_confidence"] = confidence
    table["verdict"] = verdict
    top = np.argsort(-ranking.belief, axis=1, kind="stable")[:, :3]
    for place in range(3):
        table[f"top{place + 1}_label"] = names[top[:, place]]
        table[f"top{place + 1}_prob"] = np.take_along_axis(
            ranking.belief, top[:, place : place + 1], axis=1
        )[:, 0]
    for place, name in enumerate(CLASSES):
        table[f"belief_{name}"] = ranking.belief[:, place]
    shares = ranking.belief if ranking.shares is None else ranking.shares
    for place, name in enumerate(CLASSES):
        table[f"share_{name}"] = shares[:, place]
    table["self_confidence"] = scores.self_confidence(evidence.probs, labels)
    table["margin"] = scores.normalized_margin(evidence.probs, labels)
    table["entropy"] = scores.confidence_weighted_entropy(evidence.probs, labels)
    table["aum"] = evidence.margins
    table["neighbour_agreement"] = scores.self_confidence(evidence.votes, labels)
    table["typicality"] = evidence.typicality
    nearest = rank.confident_neighbours(kept.neighbours, ranking, labels)
    table["neighbours"] = [kept.known.rows[found].tolist() for found in nearest]
    return table
