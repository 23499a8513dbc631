"""One review, one tab: which of the open pages takes verdicts.

FiftyOne sends what one tab shows to every other, and two tabs that turn each other's pages would
decide images that nobody looked at.
"""

from __future__ import annotations

import threading

ELSEWHERE = "The review is open in another tab. Press “Review here” to go on in this one."


class Tabs:
    """The tab that holds the review. The first to arrive has it, then whichever took it over.

    A tab is a name that its page made up. Calls without one come from no page of ours, and
    pass.
    """

    def __init__(self) -> None:
        self.holder: str | None = None
        self._lock = threading.Lock()

    def arrive(self, tab: str) -> bool:
        """A page was loaded; whether it has the review."""
        with self._lock:
            if self.holder is None:
                self.holder = tab
            return self.holder == tab

    def take(self, tab: str) -> None:
        """Give a tab the review, whoever has it."""
        with self._lock:
            self.holder = tab

    def leave(self, tab: str) -> None:
        """A page was closed or is loaded again."""
        with self._lock:
            if self.holder == tab:
                self.holder = None

    def may_act(self, tab: str | None) -> bool:
        """Whether a call from this tab counts."""
        return tab is None or self.holder == tab
