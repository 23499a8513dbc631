"""From a key to a decision, or to the reason why there is none; pure, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def against(
    made: Sequence[Decision], answers: Sequence[Decision | None]
) -> tuple[list[Decision], list[Decision]]:
    """Those decisions that say something new, and the answers that they would replace.

    Args:
        made: What a key means for some images.
        answers: What the reviewer has answered on each of them, None where nothing.
    """
    new = [
        (decision, answer)
        for decision, answer in zip(made, answers, strict=True)
        if answer is None or answer.outcome != decision.outcome
    ]
    return [d for d, _ in new], [answer for _, answer in new if answer is not None]


def told(made: Sequence[Decision], replaced: Sequence[Decision], *, is_blind: bool) -> str:
    """What a key press did, in words; no class in a blind sample, where it would stay in sight
    over the next image."""
    what = "answered" if is_blind else spoken(made[-1])
    if len(made) > 1:
        also = f"; {len(replaced)} answered before" if replaced else ""
        return f"{len(made)} images: {what}{also}"
    if not replaced:
        return what
    return f"{what} anew" if is_blind else f"{what}, was {replaced[0].outcome}"


def question(answers: Sequence[Decision], n: int, *, changes: bool, is_blind: bool) -> str:
    """What is said where a key press would change answers, or is one of them already.

    Args:
        answers: That stand, not empty.
        n: Images that the press was for.
        changes: The press is another answer than at least one of these.
    """
    said = ", ".join(dict.fromkeys(answer.outcome for answer in answers))
    what = "answered" if is_blind else f"answered: {said}"
    if n > 1:
        what = f"{len(answers)} of {n} {what}"
    return f"{what}; press again to change" if changes else f"{what}, nothing to change"


def taken_back(last: Sequence[Decision], *, is_blind: bool) -> str:
    """An undo in words; no class in a blind sample."""
    more = f" and {len(last) - 1} more" if len(last) > 1 else ""
    return f"taken back: {'an answer' if is_blind else spoken(last[-1])}{more}"
