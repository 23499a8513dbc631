"""What an audit keeps beside its table, so that it can be ranked anew without the networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.audit import noise, rank
from fercurate.audit.evidence import Evidence, gather, own_spaces
from fercurate.identity import packed
from fercurate.rerank import known
from fercurate.rerank.known import Known
from fercurate.rerank.learn import Verdicts, learn
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.audit.crossfit import HeldOut

FIRST_ROUNDS = 2
"""Rounds of learning without any verdict, once an audit; verdicts then start from there. More
make the belief surer of itself and no better."""


@dataclass(frozen=True)
class Kept:
    """Everything over N audited images that a ranking needs.

    Attributes:
        known: What verdicts are learnt with.
        evidence: What the folds say together.
        neighbours: int64 [N, k], positions, -1 for none.
    """

    known: Known
    evidence: Evidence
    neighbours: NDArray[np.int64]


def keep(
    space: Workspace,
    rows: NDArray[np.int64],
    digests: Sequence[str],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    repeats: list[list[HeldOut]],
) -> Kept:
    """Gather what the folds say, learn what can be learnt without a verdict, write it down.

    Args:
        space: Whose evidence it is.
        rows: int64 [N], rows of the manifest.
        digests: sha256 of the pixels of these N images, hex.
        labels, groups: int64 [N], as in `Known`.
        repeats: What the folds held out.
    """
    evidence, neighbours = gather(repeats, labels)
    model = rank.estimated_noise(evidence, labels)
    apart = noise.true_probs(rank.mixed(evidence), model, rank.STEPS)
    margins = rank.standardised(evidence.margins)
    spaces = own_spaces(repeats, len(labels))
    pixels = packed(digests)
    begun = Known(rows, pixels, labels, groups, *spaces, apart, model.transition, margins)
    first = begun.evidence(known.general_features(space, rows))
    picture = learn(first, Verdicts(), rounds=FIRST_ROUNDS).picture
    kept = Kept(replace(begun, start=picture), evidence, neighbours)
    arrays: dict[str, Any] = {name: getattr(kept.known, name) for name in known.FIELDS}
    arrays |= {name: getattr(evidence, name) for name in _EVIDENCE}
    known.write(space, {**arrays, "neighbours": neighbours})
    return kept


_EVIDENCE = ("probs", "votes", "margins", "typicality")


def load(space: Workspace) -> Kept:
    """What the last audit kept; raises `InputError` where it kept nothing."""
    arrays = known.read(space, (*known.FIELDS, *_EVIDENCE, "neighbours"))
    return Kept(
        Known(**{name: arrays[name] for name in known.FIELDS}),
        Evidence(**{name: arrays[name] for name in _EVIDENCE}),
        arrays["neighbours"],
    )
