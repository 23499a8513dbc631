"""How far cleaning goes: thresholds, each with the evidence for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from fercurate.config import CleanConfig, CleanPolicy
from fercurate.errors import InputError

NEVER = 2.0
"""A threshold for a probability that none reaches."""


@dataclass(frozen=True)
class Policy:
    """What is done to an image; thresholds are probabilities, 0..1.

    Measured against FER+ votes on FER2013's training split, by `tools/clean_steps.py`, with
    an audit that learnt from 500 random verdicts, and one that knows the fer2013 profile.
    The votes chose these settings and decide on no image. A person's verdict goes before all.

    Attributes:
        name: As it is chosen.
        remove: An image leaves that is no human face with this probability or more, or that
            a person saw to be none. Held-out scores on images labelled by eye: right in 84 %
            at 0.5, 91 % at 0.6, 98 % at 0.8 (618, 514 and 324 images).
        relabel: A label is replaced where another class has this belief or more. With verdicts
            right in 97 % at 0.95, 92 % at 0.9, 88 % at 0.8. Lower ones gain nothing over a
            soft label, which carries the same belief.
        drop: An image leaves where its label has less belief than this, and `clear` holds.
            Below 0.05 the label is wrong in 91 %, below 0.1 in 91 %.
        clear: No class has as much belief as this. Below 0.4 the likeliest class is right in
            46 %, below 0.5 in 44 to 49 %: softening keeps the more of an image the clearer
            it is.
        certain: A label with this belief or more is taken as it is, one-hot: right in 99 %.
        soften: Weight of the belief in a soft label; the rest is one-hot on the label. The
            cross-entropy to the shares of the votes falls from 2.91 at 0 to 0.98 at 0.9 and 1.
        copies: Copies are taken out and merged.
    """

    name: str
    remove: float
    relabel: float
    drop: float
    clear: float
    certain: float
    soften: float
    copies: bool


POLICIES: dict[CleanPolicy, Policy] = {
    "decided": Policy(
        "decided",
        remove=NEVER, relabel=NEVER, drop=0.0, clear=0.0, certain=0.0, soften=1.0, copies=False,
    ),
    "confident": Policy(
        "confident",
        remove=0.8, relabel=0.95, drop=0.05, clear=0.4, certain=0.95, soften=1.0, copies=True,
    ),
    "strict": Policy(
        "strict",
        remove=0.6, relabel=0.9, drop=0.1, clear=0.5, certain=0.95, soften=1.0, copies=True,
    ),
}  # fmt: skip


def policy_of(config: CleanConfig) -> Policy:
    """The policy that a configuration names, with the thresholds that it sets itself.

    Raises:
        InputError: a threshold outside 0..1, or one for a policy that has none.
    """
    policy = POLICIES[config.policy]
    names = ("remove", "relabel", "drop", "soften")
    own = {n: getattr(config, n) for n in names if getattr(config, n) is not None}
    for name, value in own.items():
        if not 0 <= value <= 1:
            raise InputError(f"--{name} is {value}.", "It is a probability, 0 to 1.")
    if own and config.policy == "decided":
        raise InputError(
            f"The policy decided has no threshold: --{', --'.join(own)}.",
            "Take --policy confident or strict, or leave it out.",
        )
    return dataclasses.replace(policy, **own)
