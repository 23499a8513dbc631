"""From the decision log to verdicts that can be learnt from, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate import design_weights
from fercurate.decisions import Settled
from fercurate.labels import INDEX
from fercurate.rerank.learn import Verdicts

if TYPE_CHECKING:
    import pandas as pd

LIGHTEST, HEAVIEST = 1 / 3, 3.0
"""Bounds of a random verdict's weight around the mean of 1: a few heavy ones would rule."""

CHOSEN = 0.03
"""Weight of a verdict whose image came up by its rank, or was chosen by hand, beside the mean of
1 of those on images drawn at random. What was chosen for looking wrong tells little of what looks
right: on FER2013 the ranking of the rest gets worse with more weight (reports/record/
fer2013-review-loop). The heads learn from it in full."""


def gather(
    sample_ids: Sequence[str], settled: Mapping[str, Settled], frame: pd.DataFrame | None
) -> Verdicts:
    """What a model of the true class can learn from: each reviewer's verdict on each image.

    The verdicts on one image share its weight, so that a dispute counts for each side. An image
    that came to somebody as a drawn one counts as drawn, whatever was settled when it came
    again. Whoever excludes an image says nothing of its class.

    Args:
        sample_ids: Of the audited images, in their order.
        settled: What stands, by `sample_id`.
        frame: `FRAME_COLUMNS` of the images that a random sample was drawn from, or None.
    """
    names = sorted({v.who for found in settled.values() for v in found.verdicts})
    number = {who: place for place, who in enumerate(names)}
    rows, blind, parts = [], [], []
    for place, sample_id in enumerate(sample_ids):
        found = settled.get(sample_id)
        heard = [v for v in found.verdicts if v.action != "exclude"] if found else []
        for verdict in heard:
            truth = -1 if verdict.label is None else INDEX[verdict.label]
            rows.append((place, truth, number[verdict.who]))
            blind.append(bool(found and found.drawn_for))
            parts.append(1 / len(heard))
    index, truths, who = np.array(rows, np.int64).reshape(-1, 3).T
    ids = [sample_ids[place] for place in index]
    weight = weigh(ids, np.array(blind, bool), frame) * np.array(parts)
    return Verdicts(index, truths, weight, who, tuple(names))


def weigh(
    sample_ids: Sequence[str], is_blind: NDArray[np.bool_], frame: pd.DataFrame | None
) -> NDArray[np.float64]:
    """How much each verdict counts, float64 [n].

    A random one counts as many images as it stands for, within bounds and over the mean of all
    random ones; a chosen one counts `CHOSEN`.

    Args:
        sample_ids: Of the images with a verdict.
        is_blind: bool [n], drawn at random and shown blind.
        frame: `FRAME_COLUMNS` of the images that the sample was drawn from, or None.
    """
    weight = np.where(is_blind, 1.0, CHOSEN)
    if frame is None or not is_blind.any():
        return weight
    ids = [name for name, blind in zip(sample_ids, is_blind, strict=True) if blind]
    whole = design_weights.weights(
        frame["stratum"].to_numpy(), frame["sample_id"].isin(ids).to_numpy()
    )
    of_id = dict(zip(frame["sample_id"], whole, strict=True))
    design = np.array([of_id.get(name, 0.0) for name in ids])
    known = design > 0
    if known.any():
        design = np.where(known, design / design[known].mean(), 1.0)
        weight[is_blind] = np.clip(design, LIGHTEST, HEAVIEST)
    return weight
