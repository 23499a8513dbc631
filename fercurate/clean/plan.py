"""The plan: for each image whether it stays, with which label, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.clean import copies, reasons
from fercurate.clean.evidence import BELIEFS, SHARES, Evidence
from fercurate.clean.policy import Policy
from fercurate.clean.targets import Target, name_of, one_hot, settled_target, soften
from fercurate.config import CleanSplits, MergeCopies
from fercurate.decisions import Settled
from fercurate.labels import CLASSES, INDEX

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Plan:
    """What becomes of N images, filled in step by step by `plan`.

    Attributes:
        given: int64 [N], label in the manifest, -1 none.
        label: int64 [N], label afterwards, -1 none.
        target: float32 [N, K], soft label; rows add up to 1, NaN where there is no label.
        why: object [N], one of `reasons.STAYS` or `reasons.LEAVES`.
        stays: bool [N].
        confidence: float32 [N], 0..1, that the change is right; NaN where nothing says.
        who: object [N], the reviewers, "" where nobody decided.
        gold: object [N], the class that reviewers settled on, None elsewhere.
    """

    given: NDArray[np.int64]
    label: NDArray[np.int64]
    target: Target
    why: NDArray[np.object_]
    stays: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    who: NDArray[np.object_]
    gold: NDArray[np.object_]

    def drop(self, which: NDArray[np.bool_], why: str, confidence: Target | float) -> None:
        """Take out the images `which` (bool [N]) that are still in."""
        which = which & self.stays
        self.stays[which] = False
        self.why[which] = why
        self.confidence[which] = np.broadcast_to(confidence, which.shape)[which]


def plan(
    manifest: pd.DataFrame,
    evidence: Evidence,
    settled: Mapping[str, Settled],
    policy: Policy,
    splits: CleanSplits = "train",
    merge: MergeCopies = "soft",
) -> Plan:
    """Decide what becomes of each image.

    A person goes before the evidence: only an image whose copy is scored elsewhere leaves
    whatever was decided. Images of other splits than those cleaned stay with their labels.

    Args:
        manifest: N images.
        evidence: Of the same images in the same order.
        settled: What reviewers settled on, by `sample_id`.
        policy: Thresholds.
        splits: Which splits are cleaned.
        merge: What exact copies become whose labels disagree.
    """
    known = evidence.table
    made = _untouched(manifest, settled)
    open_ = np.full(len(manifest), splits == "all") | (manifest["split"] == "train").to_numpy()
    belief = known[list(BELIEFS)].to_numpy(np.float32)
    shares = known[list(SHARES)].to_numpy(np.float32)
    made.why[open_] = reasons.KEPT
    decided = _decide(made, manifest, settled, shares, open_)
    free = open_ & ~decided
    if policy.copies:
        copies.follow_exclusions(made, manifest, open_)
        made.drop(free & manifest["is_constant"].to_numpy(bool), reasons.CONSTANT, 1.0)
        _remove(made, known, policy, free)
        made.drop(open_ & copies.leaks(manifest, known), reasons.LEAK, np.nan)
    made.drop(free & (made.label < 0), reasons.NO_LABEL, np.nan)
    _doubt(made, belief, shares, policy, free & ~np.isnan(belief[:, 0]) & (made.label >= 0))
    if policy.copies:
        copies.join(made, manifest, known, decided, open_, merge)
    return made


def _untouched(manifest: pd.DataFrame, settled: Mapping[str, Settled]) -> Plan:
    n = len(manifest)
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)
    stood = [settled.get(sample_id) for sample_id in manifest["sample_id"]]
    names = [sorted({v.who for v in s.verdicts}) if s else [] for s in stood]
    return Plan(
        given=given,
        label=given.copy(),
        target=one_hot(given),
        why=np.full(n, reasons.UNTOUCHED, object),
        stays=np.ones(n, bool),
        confidence=np.full(n, np.nan, np.float32),
        who=np.array([", ".join(who) for who in names], object),
        gold=np.array([s.label if s else None for s in stood], object),
    )


def _decide(
    made: Plan,
    manifest: pd.DataFrame,
    settled: Mapping[str, Settled],
    shares: Target,
    open_: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Carry out what reviewers settled on; bool [N], which images were decided."""
    decided = np.zeros(len(manifest), bool)
    for i, sample_id in enumerate(manifest["sample_id"]):
        stands = settled.get(sample_id)
        if stands is None or not open_[i]:
            continue
        before = made.target[i] if np.isnan(shares[i, 0]) else shares[i]
        if np.isnan(before[0]):
            if all(verdict.label is None for verdict in stands.verdicts) and (
                stands.outcome != "exclude"
            ):
                continue  # ambiguous between nobody knows what
            before = np.full(len(CLASSES), 1 / len(CLASSES), np.float32)
        target = settled_target(stands, before)
        decided[i] = True
        if target is None:
            made.stays[i] = False
            made.why[i] = reasons.DECIDED_EXCLUDE
            continue
        made.target[i] = target
        if stands.label is not None:
            made.label[i] = INDEX[stands.label]
            same = made.label[i] == made.given[i]
            made.why[i] = reasons.DECIDED_KEEP if same else reasons.DECIDED_LABEL
        else:
            made.why[i] = (
                reasons.DECIDED_DISPUTED if stands.is_disputed else reasons.DECIDED_AMBIGUOUS
            )
            at_odds = stands.is_disputed and target[made.given[i]] < target.max()
            if made.given[i] < 0 or at_odds:
                made.label[i] = INDEX[name_of(target)]
    return decided


def _remove(made: Plan, known: pd.DataFrame, policy: Policy, free: NDArray[np.bool_]) -> None:
    """Take out what is no human face."""
    sure = known["kind_confidence"].to_numpy(np.float32)
    enough = known["kind_by_eye"].to_numpy(bool) | (sure >= policy.remove)
    for kind, why in (("nonface", reasons.NONFACE), ("drawn", reasons.DRAWN)):
        made.drop(free & enough & (known["kind"] == kind).to_numpy(), why, sure)


def _doubt(
    made: Plan, belief: Target, shares: Target, policy: Policy, which: NDArray[np.bool_]
) -> None:
    """Relabel, drop or soften the images `which` (bool [N]).

    What is believed of them decides what is done; a soft label is what people would say.
    """
    rows = np.flatnonzero(which & made.stays)
    if not len(rows):
        return
    believed, given = belief[rows], made.label[rows]
    own = believed[np.arange(len(rows)), given]
    best = believed.argmax(axis=1)
    most = believed.max(axis=1)
    relabel = (best != given) & (most >= policy.relabel)
    drop = ~relabel & (own < policy.drop) & (most < policy.clear)
    label = np.where(relabel, best, given)
    sure = np.where(relabel, most, own) >= policy.certain
    hard = sure | (policy.soften == 0)
    target = np.where(hard[:, None], one_hot(label), soften(label, shares[rows], policy.soften))
    made.label[rows] = label
    made.target[rows] = target
    made.why[rows] = np.select(
        [relabel, ~hard], [reasons.RELABELED, reasons.SOFTENED], reasons.KEPT
    )
    made.confidence[rows] = np.select([relabel, ~hard], [most, own], np.nan)
    out = np.zeros(len(which), bool)
    out[rows[drop]] = True
    wrong = np.full(len(which), np.nan, np.float32)
    wrong[rows] = 1 - own
    made.drop(out, reasons.WRONG, wrong)
