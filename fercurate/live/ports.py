"""What the loop needs of a source, and of what takes its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fercurate.live.frame import Frame, Result
    from fercurate.live.stats import Stats


class Source(Protocol):
    """Where frames come from."""

    @property
    def name(self) -> str:
        """What it is called in messages, such as "camera 0"; no password of a stream's address."""

    @property
    def is_live(self) -> bool:
        """Whether frames come in their own time, so that those nobody waits for are dropped."""

    @property
    def rate(self) -> float | None:
        """Frames a second, where it says so."""

    def read(self, timeout: float) -> Frame | None:
        """The next frame of a file, the newest of a camera; each frame once.

        Args:
            timeout: Seconds to wait at most; nothing came is `TimeoutError`.

        Returns:
            None when the source has come to its end.

        Raises:
            TimeoutError: no new frame yet; ask again.
            FercurateError: it failed, and will not come back.
        """

    def close(self) -> None:
        """Give the device back and end its threads; may be called twice."""


class Sink(Protocol):
    """Takes results: a view, a recording, a table of rows."""

    def take(self, result: Result, stats: Stats) -> None:
        """One result, in the loop's own thread: return at once."""

    def idle(self) -> None:
        """Called some 30 times a second while there is no new result, paused for one."""

    def close(self) -> None:
        """Finish; called once, whatever happened."""
