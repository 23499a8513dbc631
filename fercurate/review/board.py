"""What the panel shows, as plain values: progress, estimates, and one image's evidence."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from fercurate.decisions import VERDICTS
from fercurate.errors import FercurateError
from fercurate.labels import COLOURS, HOTKEYS
from fercurate.review import estimate
from fercurate.review.desk import Desk
from fercurate.review.relearn import EVERY


class Board:
    """Numbers about one desk. What takes long to work out is worked out beside the review."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._remaining: estimate.Remaining | None = None
        self._known: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def state(self) -> dict[str, Any]:
        """Where the review stands. Blind reviewers learn their progress and nothing else."""
        desk, trouble = self.desk, self._trouble()
        settled = desk.history.settled
        mine = [event for event in desk.history.events if event.who == desk.who]
        found: dict[str, Any] = {
            "mode": desk.mode, "who": desk.who, "classes": list(HOTKEYS.values()),
            "colours": dict(COLOURS), "given": desk.given_here,
            "batch": {
                "done": sum(desk.is_done(name) for name in desk.batch), "of": len(desk.batch)
            },
            "trouble": trouble,
            "minutes": estimate.minutes_to_next_hundred(mine),
            "ranking": {
                "state": desk.relearner.state, "message": desk.relearner.message,
                "rounds": desk.relearner.rounds, "every": EVERY,
                "enabled": bool(desk.relearner.command),
            },
        }  # fmt: skip
        if desk.is_blind:
            seen = sum(desk.is_done(name) for name in desk.drawn)
            return found | {"total": {"done": seen, "of": len(desk.drawn)}}
        actions = Counter(stands.last.action for stands in settled.values())
        flagged = desk.evidence.flagged
        in_queue = [v for s in settled.values() for v in s.verdicts if v.mode == "queue"]
        precision = estimate.queue_precision(sum(map(estimate.changes, in_queue)), len(in_queue))
        return found | {
            "total": {"done": len(flagged & settled.keys()), "of": len(flagged)},
            "decided": len(settled),
            "disputed": sum(stands.is_disputed for stands in settled.values()),
            "counts": {action: actions[action] for action in VERDICTS},
            "precision": precision and dataclasses.asdict(precision) | {"n": len(in_queue)},
            "remaining": self._left(),
        }

    def _trouble(self) -> str | None:
        """What is wrong with the log, looked at now; None where verdicts can be given."""
        with contextlib.suppress(FercurateError):
            self.desk.follow()
        trouble = self.desk.history.trouble
        return None if trouble is None else str(trouble)

    def _left(self) -> dict[str, Any] | None:
        """Wrong labels that remain, as last worked out; begins anew where that is out of date."""
        now = (len(self.desk.history.events), self.desk.relearner.rounds)
        if now != self._known and self._lock.acquire(blocking=False):
            self._known = now
            threading.Thread(target=self._work, name="remaining", daemon=True).start()
        return None if self._remaining is None else dataclasses.asdict(self._remaining)

    def _work(self) -> None:
        try:
            with contextlib.suppress(FercurateError):
                self._remaining = estimate.wrong_labels_remaining(self.desk.workspace)
        finally:
            self._lock.release()

    def image(self, image_id: str) -> dict[str, Any] | None:
        """The evidence of one image; nothing but its name in a blind sample."""
        desk = self.desk
        name = desk.names.get(image_id)
        if name is None or name not in desk.evidence.facts:
            return None
        found: dict[str, Any] = {"id": image_id, "sample_id": name, "filepath": self._path(name)}
        answer = desk.answer(name)
        found["answered"] = answer and answer.outcome
        if name in desk.batch:
            found |= {"place": desk.batch.index(name) + 1, "is_done": desk.is_done(name)}
        if desk.is_blind:
            return found
        found |= desk.evidence.shown(name)
        for neighbour in found["neighbours"]:
            neighbour["filepath"] = self._path(neighbour["sample_id"])
        stands = desk.earlier(name)
        found["earlier"] = [
            {"who": v.who, "action": v.action, "outcome": v.outcome, "when": v.when,
             "suggested": v.evidence.get("suggested_label")}
            for v in (stands.verdicts if stands else ())
        ]  # fmt: skip
        return found

    def paths(self, images: Sequence[str]) -> dict[str, str]:
        """The files of images by database id, for the page to load ahead."""
        names = {image: self.desk.names.get(image) for image in images}
        return {image: self._path(name) for image, name in names.items() if name is not None}

    def _path(self, name: str) -> str:
        return str(self.desk.workspace.image_path(name).resolve())


_boards: dict[int, Board] = {}


def of(desk: Desk) -> Board:
    """The board beside a desk."""
    board = _boards.get(id(desk))
    if board is None or board.desk is not desk:
        _boards.clear()
        board = _boards[id(desk)] = Board(desk)
    return board
