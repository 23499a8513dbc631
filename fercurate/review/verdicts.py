"""From a key to a decision, or to the reason why there is none; pure, without files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fercurate.decisions import Action, Decision, Mode
from fercurate.review.queue import Facts


@dataclass(frozen=True)
class Outcome:
    """What became of a key press.

    Attributes:
        recorded: Images that were decided (for an undo: whose verdict was taken back).
        message: For the reviewer, one line.
        level: "success", "warning" (part of it was not done) or "error" (nothing was).
        image: The database id of one of the images.
    """

    recorded: tuple[str, ...]
    message: str
    level: str = "success"
    image: str | None = None


def decide(
    action: Action,
    sample_id: str,
    facts: Facts | None,
    *,
    who: str,
    label: str | None = None,
    mode: Mode = "queue",
    is_blind: bool = False,
    evidence: Mapping[str, Any] | None = None,
    seconds: float | None = None,
) -> Decision | str:
    """The decision that a key means for an image, or why it means none.

    A relabel to the given label is a keep, but not in a blind sample: there the reviewer does
    not know the given one.

    Args:
        facts: Of the image; None where the audit knows no such image.
        label: The class, for "relabel".
        is_blind: Nothing is suggested and no label shown.
    """
    if facts is None:
        return "The audit was made from other images: fercurate audit"
    if is_blind and action in ("accept", "keep"):
        return "Nothing is suggested in a blind sample: press 1 to 7, m or x."
    if action == "accept":
        label = facts.suggestion
        if label is None:
            return "No other label is suggested here: press k to keep, or 1 to 7."
    elif action == "keep":
        label = facts.label
        if label is None:
            return "There is no label to keep: press 1 to 7."
    elif action == "relabel":
        if label is None:
            return "Which label? Press 1 to 7."
        if label == facts.label and not is_blind:
            action = "keep"
    else:
        label = None
    return Decision(
        sample_id, action, who, given=facts.label, label=label, mode=mode,
        evidence=evidence or {}, seconds=seconds,
    )  # fmt: skip


_DONE = {
    "accept": "accepted as", "keep": "kept as", "relabel": "relabelled as",
    "ambiguous": "marked as ambiguous", "exclude": "excluded",
}  # fmt: skip


def spoken(decision: Decision) -> str:
    """A decision in words: "kept as happy"."""
    if decision.action == "accept" and decision.evidence.get("is_second_choice"):
        return f"second choice accepted: {decision.label}"
    return " ".join(filter(None, (_DONE[decision.action], decision.label)))
