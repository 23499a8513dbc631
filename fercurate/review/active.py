"""The desk that the App's operators work on: one a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fercurate.errors import FercurateError

if TYPE_CHECKING:
    from fercurate.review.desk import Desk

_active: Desk | None = None


def activate(desk: Desk | None) -> None:
    """Make a desk the one that the App's operators work on; None for none."""
    global _active
    _active = desk


def current() -> Desk:
    """The active desk; raises `FercurateError` where there is none."""
    if _active is None:
        raise FercurateError(
            "No review is open in this process.", "Open one with: fercurate review"
        )
    return _active
