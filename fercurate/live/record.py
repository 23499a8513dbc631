"""A recording of a session, drawn and encoded in a thread of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from fercurate.errors import FercurateError
from fercurate.live.decode import Image, quiet
from fercurate.live.film import Film
from fercurate.live.frame import Result
from fercurate.live.stats import Stats

_LIVE_RATE = 30.0
_LONGEST_REST = 2.0
"""Seconds of a live source without a frame (paused, lost) that are recorded; the rest is cut."""

_LONGEST_GAP = 60.0
"""The same for a file; times that jump further are its fault."""

_WAITING = 4
"""Frames that may wait for the encoder."""


class Recorder:
    """Draws and encodes in a thread of its own; a `Sink`.

    Each frame is shown at its own time. A file's frames wait for the encoder; a live source's
    do not, and one for which there is no place is left out. What was written can be played,
    whatever ends the process: see `film`.

    Args:
        path: Of the file, ending in .mp4.
        draw: Makes the picture of a result, uint8 [H, W, 3]; None records the frame as it is.
        rate: Of the source, frames a second, where it is known and makes sense (1 to 120).
        is_live: Whether the source is.
        force: Whether a file that is there is replaced, as soon as there is a frame.

    Raises:
        FercurateError: PyAV cannot be used.
    """

    def __init__(
        self,
        path: Path,
        draw: Callable[[Result], Image] | None,
        rate: float | None,
        *,
        is_live: bool,
        force: bool = False,
    ) -> None:
        _load()
        self._path, self._draw, self._is_live, self._force = path, draw, is_live, force
        self._rate = rate if rate is not None and 1 <= rate <= 120 else _LIVE_RATE
        self._error: FercurateError | None = None
        self._waiting: queue.Queue[Result | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, daemon=True, name="live-record")
        self._thread.start()

    def take(self, result: Result, stats: Stats) -> None:
        """As `ports.Sink` says; of a file it waits for the encoder.

        Raises:
            FercurateError: the disk is full, or this PyAV cannot write H.264.
        """
        if self._error is not None:
            raise self._error
        with contextlib.suppress(queue.Full):
            self._waiting.put(result, block=not self._is_live)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        """Finish the file.

        Raises:
            FercurateError: it could not be written to its end.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self) -> None:
        longest = _LONGEST_REST if self._is_live else _LONGEST_GAP
        film = Film(self._path, self._rate, longest, force=self._force)
        try:
            with quiet():
                try:
                    self._encode(film)
                finally:
                    film.finish()
        except FercurateError as error:
            self._error = error
        except Exception as error:
            self._error = FercurateError(f"{self._path} cannot be written: {error}.")
        finally:
            film.drop()
            while self._error is not None and self._waiting.get() is not None:
                pass  # whoever waits for a place goes on, and is told at the next frame

    def _encode(self, film: Film) -> None:
        while (result := self._waiting.get()) is not None:
            image = result.frame.image if self._draw is None else self._draw(result)
            film.show(image, result.frame.time)


def _load() -> None:
    """Import PyAV before the first frame comes: half a second on a busy machine.

    Raises:
        FercurateError: it cannot be.
    """
    try:
        import av  # noqa: F401
    except (ImportError, OSError) as error:
        raise FercurateError(
            f"A recording is written by PyAV, which cannot be used: {error}.",
            "Install it again: pip install --force-reinstall av",
        ) from error
