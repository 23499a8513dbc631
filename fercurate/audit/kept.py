"""What an audit keeps beside its table, so that it can be ranked anew without the networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.audit import rank
from fercurate.audit.evidence import Evidence, Spaces
from fercurate.identity import packed
from fercurate.rerank import known
from fercurate.rerank.known import Known
from fercurate.rerank.learn import Verdicts, learn
from fercurate.rerank.order import standardised
from fercurate.workspace import Workspace

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
    evidence: Evidence,
    neighbours: NDArray[np.int64],
    spaces: Spaces,
) -> Kept:
    """Learn what can be learnt without a verdict, and write it down with the evidence.

    Args:
        space: Whose evidence it is.
        rows: int64 [N], rows of the manifest.
        digests: sha256 of the pixels of these N images, hex.
        labels, groups: int64 [N], as in `Known`.
        evidence: What the folds say.
        neighbours: int64 [N, k], positions, -1 for none.
        spaces: Where heads are to learn.
    """
    model, apart = rank.apart_from_labels(evidence, labels)
    margins = standardised(evidence.margins)
    pixels = packed(digests)
    quality = rank.rank(evidence, labels).quality
    begun = Known(
        rows, pixels, labels, groups, spaces.embeddings, spaces.folds, apart, model.transition,
        margins, quality,
    )  # fmt: skip
    first = begun.evidence(known.general_features(space, rows))
    picture = learn(first, Verdicts(), rounds=FIRST_ROUNDS).picture
    kept = Kept(replace(begun, start=picture), evidence, neighbours)
    arrays: dict[str, Any] = {name: getattr(kept.known, name) for name in known.FIELDS}
    arrays |= {name: getattr(evidence, name) for name in _EVIDENCE}
    beside, n = (evidence, 0) if evidence.beside is None else (evidence.beside, len(labels))
    arrays |= {_BESIDE + name: getattr(beside, name)[:n] for name in _EVIDENCE}
    known.write(space, {**arrays, "neighbours": neighbours})
    return kept


_EVIDENCE = ("probs", "votes", "margins", "typicality")
_BESIDE = "beside_"


def load(space: Workspace) -> Kept:
    """What the last audit kept; raises `InputError` where it kept nothing."""
    besides = [_BESIDE + name for name in _EVIDENCE]
    arrays = known.read(space, (*known.FIELDS, *_EVIDENCE, *besides, "neighbours"))
    evidence = _evidence(arrays)
    if len(arrays[besides[0]]):
        evidence = replace(evidence, beside=_evidence(arrays, _BESIDE))
    return Kept(
        Known(**{name: arrays[name] for name in known.FIELDS}),
        evidence,
        arrays["neighbours"],
    )


def _evidence(arrays: Mapping[str, NDArray[Any]], before: str = "") -> Evidence:
    found: Mapping[str, Any] = {name: arrays[before + name] for name in _EVIDENCE}
    return Evidence(**found)
