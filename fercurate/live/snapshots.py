"""What the key s keeps: the picture as it is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from fercurate.live.controls import Controls
from fercurate.live.draw import overlay
from fercurate.live.frame import Result
from fercurate.live.look import look_of
from fercurate.live.stats import Stats


class Snapshots:
    """Writes the newest result when it is asked to, each to a file of its own; a `Sink`.

    Args:
        folder: Made when it is needed.
        classes: The model's, in order.
        controls: Where a snapshot is asked for, and how it is to look.
        say: Tells where it is, or why there is none: a full disk ends no session.
    """

    def __init__(
        self, folder: Path, classes: Sequence[str], controls: Controls, say: Callable[[str], None]
    ) -> None:
        self._folder, self._classes, self._controls, self._say = folder, classes, controls, say
        self._last: Result | None = None
        self.files: list[Path] = []

    def take(self, result: Result, stats: Stats) -> None:
        self._last = result
        self.idle()

    def idle(self) -> None:
        if self._last is None or not self._controls.take_snapshot():
            return
        try:
            path = self._write(self._last)
        except OSError as error:
            self._say(f"No snapshot: {self._folder} cannot be written: {error.strerror or error}")
            return
        self.files.append(path)
        self._say(f"Snapshot: {path}")

    def close(self) -> None:
        self._last = None

    def _write(self, result: Result) -> Path:
        import cv2

        look = look_of(self._controls, self._classes)
        image = overlay(result, look)
        stem = f"{time.strftime('%Y-%m-%d-%H%M%S')}-{result.frame.index:06d}"
        _, data = cv2.imencode(".png", image)
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in count(2):
            path = self._folder / f"{stem}.png"
            try:
                file = path.open("xb")
                break
            except FileExistsError:  # another session's, of the same second
                stem = f"{stem.split('_')[0]}_{number}"
        try:
            with file:
                file.write(data.tobytes())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path
