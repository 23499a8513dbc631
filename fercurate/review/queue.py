"""Which images to ask about, and in which order."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fercurate.decisions import Decision, Settled

SURE = 0.8
"""A new suggestion reopens a settled image only with this confidence or more."""


@dataclass(frozen=True)
class Facts:
    """What decides about an image's place in the queue.

    `quality` is the audit's label quality, 0 to 1, low: the label is probably wrong; None
    where the image was not audited. `suggestion` is None where no other class than the given
    one is proposed; `is_second_choice` says that the given label is more probable than it.
    """

    label: str | None
    quality: float | None = None
    suggestion: str | None = None
    confidence: float = 0.0
    is_second_choice: bool = False


def reopened(verdict: Decision, facts: Facts) -> bool:
    """Whether the evidence has changed so much since a verdict that it is asked for again.

    It has where the given label is another one now, or where the audit now suggests, with a
    confidence of `SURE`, a class that is neither what it suggested then nor what was decided.
    """
    if facts.label != verdict.given:
        return True
    return (
        facts.suggestion is not None
        and facts.confidence >= SURE
        and facts.suggestion != verdict.evidence.get("suggested_label")
        and facts.suggestion != verdict.outcome
    )


def is_due(facts: Facts, settled: Settled | None) -> bool:
    """Whether an image is to be asked about: nobody decided, or the evidence changed since."""
    return settled is None or reopened(settled.last, facts)


def queue(facts: Mapping[str, Facts], settled: Mapping[str, Settled]) -> list[str]:
    """`sample_id` of all audited images that are due, the most likely mislabeled first."""
    due = [
        (found.quality, sample_id)
        for sample_id, found in facts.items()
        if found.quality is not None and is_due(found, settled.get(sample_id))
    ]
    return [sample_id for _, sample_id in sorted(due)]


def with_repeats(
    batch: Sequence[str], decided: Collection[str], share: float, seed: int
) -> tuple[list[str], frozenset[str]]:
    """Mix images that were decided before into a batch, at random places.

    Args:
        batch: Images that are due, in order.
        decided: Images to choose the repeats from.
        share: Of the result, 0 to 1, that is to be repeats.
        seed: Same seed, same choice.

    Returns:
        The mixed batch, and which of it are repeats.
    """
    draw = random.Random(seed)
    known = sorted(set(decided) - set(batch))
    wanted = round(len(batch) * share / (1 - share)) if share < 1 else len(known)
    chosen = draw.sample(known, min(wanted, len(known)))
    mixed = list(batch)
    for sample_id in chosen:
        mixed.insert(draw.randint(0, len(mixed)), sample_id)
    return mixed, frozenset(chosen)


def own(settled: Mapping[str, Settled], who: str, modes: Collection[str]) -> set[str]:
    """Images on which a verdict of `who`, given in one of these modes, stands."""
    return {
        sample_id
        for sample_id, stands in settled.items()
        if any(v.who == who and v.mode in modes for v in stands.verdicts)
    }


def open_of(drawn: Iterable[str], done: Collection[str]) -> list[str]:
    """Drawn images that a reviewer has not seen yet, in the order of the draw."""
    return [sample_id for sample_id in drawn if sample_id not in done]
