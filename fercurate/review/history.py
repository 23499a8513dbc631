"""The log of decisions as a running desk knows it: read once, then only what was added."""

from __future__ import annotations

from collections.abc import Sequence

from fercurate.decisions import Decision, Log, Settled, settle
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
        self._of: dict[str, list[Decision]] = {}
        self._size = -1
        self.refresh()

    def refresh(self) -> None:
        """Read the log again where somebody else wrote to it.

        Raises:
            FercurateError: a line is damaged.
        """
        size = self._present_size()
        if size == self._size:
            return
        self.events = self.images.placed(self.log.read()).events
        self._of = {}
        for event in self.events:
            self._of.setdefault(event.sample_id, []).append(event)
        self.settled = settle(self.events)
        self._size = size

    def append(self, events: Sequence[Decision]) -> None:
        """Write to the log; the events are on the disk when this returns.

        Raises:
            FercurateError: they could not be written; then none of them counts.
        """
        self.refresh()
        events = self.images.stamped(events)
        known = self._size
        self.log.append(events)
        added = sum(len(event.line().encode()) + 1 for event in events)
        self.events += events
        for event in events:
            self._of.setdefault(event.sample_id, []).append(event)
        for sample_id in {event.sample_id for event in events}:
            self.settled.pop(sample_id, None)
            self.settled |= settle(self._of[sample_id])
        # another size than expected means that somebody else wrote at the same time
        if known + added == self._present_size():
            self._size = known + added

    def _present_size(self) -> int:
        try:
            return self.log.path.stat().st_size
        except FileNotFoundError:
            return 0

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
