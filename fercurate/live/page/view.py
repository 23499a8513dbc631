"""The page as the loop sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fercurate.errors import FercurateError

if TYPE_CHECKING:
    from fercurate.live.controls import Controls
    from fercurate.live.frame import Result
    from fercurate.live.page.hub import Hub
    from fercurate.live.stats import Stats


class PageView:
    """Shows results on every page that is open; a `Sink`.

    Args:
        hub: Where the pages are.
        controls: Whose changes the pages are to show.
    """

    def __init__(self, hub: Hub, controls: Controls) -> None:
        self._hub, self._controls = hub, controls
        self._switches = controls.as_dict()
        self.failure: FercurateError | None = None
        """Why the page cannot be served any more, raised at the next frame; any thread may set
        it."""

    def take(self, result: Result, stats: Stats) -> None:
        self._check()
        self._hub.show(result, stats)

    def idle(self) -> None:
        self._check()
        switches = self._controls.as_dict()
        if switches != self._switches:
            self._switches = switches
            self._hub.wake()

    def say(self, text: str) -> None:
        """A notice on the page; any thread may call it."""
        self._hub.say(text)

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def close(self, why: str = "fercurate live has ended.") -> None:
        """Tell the pages that it is over."""
        self._hub.end(why)
