"""Labels against the published list of FER2013: whether classes were counted in another order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from fercurate.errors import InputError
from fercurate.fer2013 import given_labels
from fercurate.ingest.classes import Classes, option
from fercurate.labels import CLASSES

_FEW = 5
_CLEAR = 0.9


def other_order(labels: Sequence[str | None], sha256: Sequence[str]) -> dict[str, str]:
    """Classes that the list knows under another name, to that name.

    A relabelled copy of FER2013 differs in many rows, but no class of it is nearly wholly
    another one.

    Args:
        labels: n classes of images.
        sha256: n hex digests of their pixels.

    Returns:
        Empty unless two classes or more, of at least 5 known images each, are another one
        in nine rows of ten.
    """
    given = given_labels()
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for label, digest in zip(labels, sha256, strict=True):
        theirs = given.get(digest[:16])
        if label is not None and theirs:
            seen[label][theirs] += 1
    found = {}
    for label, counts in seen.items():
        theirs, n = counts.most_common(1)[0]
        if theirs != label and counts.total() >= _FEW and n >= _CLEAR * counts.total():
            found[label] = theirs
    return found if len(found) > 1 else {}


def check(
    source: str,
    labels: Sequence[str | None],
    sha256: Sequence[str],
    classes: Classes,
    *,
    numbered: bool,
) -> None:
    """Refuse labels that stand in another order than FER2013's own.

    Args:
        source: For messages.
        labels, sha256: As in `other_order`.
        classes: What the user said of the source's classes.
        numbered: Whether the source gives them as 0 to 6.

    Raises:
        InputError: that is so.
    """
    wrong = other_order(labels, sha256)
    if not wrong:
        return
    if classes.said:
        right = {name: wrong.get(c, c) or "none" for name, c in classes.said.items()}
    elif numbered:
        right = {str(i): wrong.get(name, name) for i, name in enumerate(CLASSES)}
    else:
        right = wrong
    pairs = ", ".join(f"{ours} is {theirs} there" for ours, theirs in sorted(wrong.items()))
    raise InputError(
        f"{source} is FER2013 with its classes in another order: by its pixels, {pairs}.",
        f"Say what they mean: {option(right)}",
    )
