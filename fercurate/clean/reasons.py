"""Why an image stays as it is, changes or leaves: the only values that these columns take."""

from __future__ import annotations

KEPT = "kept"
UNTOUCHED = "not touched: its split is not cleaned"
DECIDED_KEEP = "decided: the label is right"
DECIDED_LABEL = "decided: another label"
DECIDED_AMBIGUOUS = "decided: ambiguous"
DECIDED_DISPUTED = "decided: reviewers disagree"
RELABELED = "relabeled: another class is nearly certain"
SOFTENED = "softened: the label is in doubt"
MERGED = "merged: exact copies disagree"

STAYS = (
    KEPT, UNTOUCHED, DECIDED_KEEP, DECIDED_LABEL, DECIDED_AMBIGUOUS, DECIDED_DISPUTED,
    RELABELED, SOFTENED, MERGED,
)  # fmt: skip
"""Values of `why` in the clean table."""

DECIDED_EXCLUDE = "decided: excluded"
NO_LABEL = "no label"
CONSTANT = "constant image"
NONFACE = "no face"
DRAWN = "drawn, no photograph"
LEAK = "copy of an image in a split that is scored"
WRONG = "wrong label, no clear other"
COPY = "copy of a kept image"
CONFLICT = "exact copies disagree"

LEAVES = (
    DECIDED_EXCLUDE, NO_LABEL, CONSTANT, NONFACE, DRAWN, LEAK, WRONG, COPY, CONFLICT,
)  # fmt: skip
"""Reasons for which an image leaves."""
