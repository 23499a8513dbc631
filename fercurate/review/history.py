"""The log of decisions as a running desk knows it: read once, then only what was added.

The desk notices when verdicts that it knows are gone from the file, keeps them beside it, and
goes on when they are back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fercurate.decisions import Decision, Log, Settled, settle
from fercurate.durable import free_name
from fercurate.errors import FercurateError, InputError
from fercurate.identity import Images


class History:
    """All events of a log on the images of one import, by image; follows what others append.

    Args:
        log: Where they are.
        images: The images; events on others are passed over, and new ones are tied to theirs.
    """

    def __init__(self, log: Log, images: Images) -> None:
        self.log = log
        self.images = images
        self.events: list[Decision] = []
        self.settled: dict[str, Settled] = {}
        """What stands for each image that anybody decided."""
        self.trouble: FercurateError | None = None
        """Why no verdict can be given now: what was found the last time that the file was read."""
        self._of: dict[str, list[Decision]] = {}
        self._logged: list[Decision] = []
        self._seen: tuple[int, ...] | None = None
        self._kept: tuple[Path, int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the log again where anything was done to it.

        Raises:
            InputError: a line is damaged, or verdicts that were known are gone from the file;
                they are kept beside it.
        """
        present = self._present()
        if present == self._seen:
            return
        try:
            self._logged = self._followed()
        except FercurateError as error:
            self.trouble = error
            raise
        self.trouble, self._kept = None, None
        self.events = self.images.placed(self._logged).events
        self._of = {}
        for event in self.events:
            self._of.setdefault(event.sample_id, []).append(event)
        self.settled = settle(self.events)
        self._seen = present

    def _followed(self) -> list[Decision]:
        """All events of the file, which go on from those that are known."""
        try:
            events = self.log.read()
        except InputError as error:
            if not self._logged:
                raise
            raise self._lost([], error.message) from error
        known = [event.id for event in self._logged]
        if [event.id for event in events[: len(known)]] != known:
            path = self.log.path
            raise self._lost(events, f"{path} was cut or replaced while it was reviewed.")
        return events

    def _lost(self, present: Sequence[Decision], message: str) -> InputError:
        """The error for verdicts that are gone from the file; they are kept beside it."""
        known = {event.id for event in self._logged}
        whole = [*self._logged, *(event for event in present if event.id not in known)]
        if self._kept is None or self._kept[1] != len(whole) or not self._kept[0].exists():
            path = free_name(self.log.path, "kept")
            try:
                self.log.write_copy(path, whole)
            except FercurateError as error:
                return InputError(
                    f"{message} The {len(whole)} verdicts are in this review's memory alone.",
                    f"Do not end it. {error.message} Mend that, then press a key again.",
                )
            self._kept = (path, len(whole))
        path = self._kept[0]
        return InputError(
            f"{message} All {len(whole)} verdicts and undos are kept in {path.name}.",
            f"No verdict is taken until it is back: mv {path} {self.log.path}",
        )

    def append(self, events: Sequence[Decision]) -> None:
        """Write to the log; the events are on the disk when this returns.

        Raises:
            FercurateError: they could not be written, or verdicts that were known are gone from
                the file; then none of them counts.
        """
        self.refresh()
        events = self.images.stamped(events)
        size = self._seen[0] if self._seen else 0
        added = self.log.append(events)
        self._logged += events
        self.events += events
        for event in events:
            self._of.setdefault(event.sample_id, []).append(event)
        for sample_id in {event.sample_id for event in events}:
            self.settled.pop(sample_id, None)
            self.settled |= settle(self._of[sample_id])
        # another size than expected means that somebody else wrote at the same time
        present = self._present()
        if size + added == present[0]:
            self._seen = present

    def _present(self) -> tuple[int, ...]:
        """Size, time of the last change and number of the file: 0 where there is none."""
        try:
            found = self.log.path.stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (found.st_size, found.st_mtime_ns, found.st_ino)

    def last_of(self, who: str, modes: Sequence[str]) -> list[Decision]:
        """The verdicts that `who` gave with one key press, last of those not taken back.

        Args:
            modes: Verdicts of other modes are passed over.
        """
        undone = {event.undoes for event in self.events if event.undoes}
        found: list[Decision] = []
        for event in reversed(self.events):
            if event.who != who or event.mode not in modes or event.action == "undo":
                continue
            if event.id in undone:
                continue
            if found and event.when != found[0].when:
                break
            found.append(event)
        return found[::-1]
