"""What verdicts have bought, and what the next ones would buy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fercurate.decisions import Decision, Settled, standing
from fercurate.rerank.profiles import GENERIC
from fercurate.review import estimate
from fercurate.review.queue import queue
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.review.evidence import Evidence

NEXT = 100
"""Images of the queue that are looked ahead."""

RANDOM_VERDICTS = (
    (0, 0.826), (1, 0.827), (2, 0.828), (5, 0.833), (10, 0.841), (20, 0.849), (50, 0.854),
    (100, 0.859), (200, 0.865), (500, 0.879), (1000, 0.883), (2000, 0.888),
)  # fmt: skip
"""Number of random verdicts, and the average precision of the ranking that has learnt from them.

Measured on FER2013 without a profile; one FER+ vote drawn at random plays the reviewer. From
`reports/record/fer2013-review-loop`: `fercurate evaluate review-loop --votes fer2013new.csv`.
"""


@dataclass(frozen=True)
class Gains:
    """Shares are of wrong labels, 0 to 1; ambiguous and excluded images count as neither.

    Attributes:
        found: Labels that verdicts have changed.
        next_n: Images in what comes next, `NEXT` or what is left.
        next_found: Wrong labels expected among them, by the audit's belief.
        before: Share before any verdict.
        now: With those given.
        after: With those on the next images, as expected.
        by: What the wrong labels that remain are known from, "sample" or "audit".
    """

    found: int
    next_n: int
    next_found: float
    before: float
    now: float
    after: float
    by: str


def gains(found: int, remaining: float, n: int, next_n: int, next_found: float, by: str) -> Gains:
    """From counts: wrong labels found and remaining, of `n` images."""
    n = max(n, 1)
    left = min(max(remaining, 0.0), n)
    return Gains(
        found, next_n, next_found,
        before=min(1.0, (left + found) / n), now=left / n,
        after=max(0.0, left - next_found) / n, by=by,
    )  # fmt: skip


def of_review(
    workspace: Workspace,
    evidence: Evidence,
    settled: Mapping[str, Settled],
    remaining: estimate.Remaining,
) -> Gains:
    """The gains of all verdicts so far; the images are those that `remaining` counts among."""
    labels = {str(name): evidence.facts[str(name)].label for name in evidence.table.index}
    frame = workspace.sample_frame() if remaining.by == "sample" else None
    if frame is not None:
        labels = dict(zip(frame["sample_id"], frame["label"], strict=True))
    changed = {n for n, s in settled.items() if s.label is not None and s.label != labels.get(n)}
    without = {n for n, s in settled.items() if s.label is None} if frame is None else set()
    n = len(labels.keys() - without)
    next_n, next_found = ahead(evidence, settled)
    return gains(len(changed & labels.keys()), remaining.value, n, next_n, next_found, remaining.by)


def ahead(evidence: Evidence, settled: Mapping[str, Settled]) -> tuple[int, float]:
    """How many images come next in the queue, and how many of their labels are expected wrong.

    The expectation is the sum of 1 - P(given label), as the audit believes it.
    """
    due = queue(evidence.facts, settled)[:NEXT]
    belief = estimate.belief_of_given(evidence.table.loc[due])
    return len(due), float((1 - belief).sum())


def average_precision(n_random: float) -> float:
    """Of the ranking after so many random verdicts: `RANDOM_VERDICTS`, linear in between."""
    at, value = zip(*RANDOM_VERDICTS, strict=True)
    return float(np.interp(n_random, at, value))


def is_measured(workspace: Workspace) -> bool:
    """Whether `RANDOM_VERDICTS` speaks of an audit like this one: it began without a profile."""
    return str(workspace.audit_summary().get("profile_key", GENERIC.key)) == GENERIC.key


def random_verdicts(events: Iterable[Decision]) -> int:
    """Images with a verdict that was given blind, in a drawn sample."""
    return sum(
        any(verdict.mode == "sample" for verdict in by_who.values())
        for by_who in standing(events).values()
    )
