"""What the panel shows, as plain values: progress, estimates, and one image's evidence."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fercurate.decisions import VERDICTS, Decision, Settled
from fercurate.errors import FercurateError
from fercurate.labels import COLOURS, HOTKEYS
from fercurate.review import estimate, gains
from fercurate.review.desk import Desk
from fercurate.review.relearn import EVERY


class Board:
    """Numbers about one desk. What takes long to work out is worked out beside the review."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._remaining: estimate.Remaining | None = None
        self._gains: gains.Gains | None = None
        self._estimate: estimate.Estimate | None = None
        self._known: tuple[Any, ...] | None = None
        self._worked = ""
        """The mode whose estimates were worked out once, with or without a result."""
        self._lock = threading.Lock()
        self._is_measured = gains.is_measured(desk.workspace)

    def state(self) -> dict[str, Any]:
        """Where the review stands. Blind reviewers learn their progress and nothing else."""
        desk, trouble = self.desk, self._trouble()
        is_blind = desk.is_blind
        found: dict[str, Any] = {
            "mode": desk.mode, "who": desk.who, "classes": list(HOTKEYS.values()),
            "colours": dict(COLOURS), "given": desk.given_here, "view": desk.view_name,
            "batch": {
                "done": sum(desk.is_done(name) for name in desk.batch), "of": len(desk.batch)
            },
            "trouble": trouble,
            "ranking": {
                "state": desk.relearner.state, "message": desk.relearner.message,
                "rounds": desk.relearner.rounds, "every": EVERY,
                "enabled": bool(desk.relearner.command),
            },
        }  # fmt: skip
        return found | (self._of_sample() if is_blind else self._of_queue())

    def _of_sample(self) -> dict[str, Any]:
        desk = self.desk
        left, drawn = len(desk.left()), len(desk.drawn)
        is_done = not left and not desk.is_open()
        if is_done:
            self._renew()
        rates = self._estimate.overall if is_done and self._estimate else None
        return {
            "total": {"done": drawn - left, "of": drawn},
            "minutes": self._minutes(left),
            "end": is_done,
            "estimate": rates and dataclasses.asdict(rates),
            "waiting": is_done and self._worked != desk.mode,
            "curve": self._curve(drawn),
            "notices": notices(desk.evidence.reviewers, desk.who) if is_done else [],
        }

    def _of_queue(self) -> dict[str, Any]:
        desk = self.desk
        settled = desk.history.settled
        self._renew()
        actions = Counter(_action(stands.last) for stands in settled.values())
        flagged = desk.evidence.flagged
        here = [s for s in settled.values() if any(v.mode == "queue" for v in s.verdicts)]
        precision = estimate.queue_precision(sum(map(_is_changed, here)), len(here))
        return {
            "total": {"done": len(flagged & settled.keys()), "of": len(flagged)},
            "minutes": self._minutes(gains.NEXT),
            "decided": len(settled),
            "disputed": sum(stands.is_disputed for stands in settled.values()),
            "counts": {action: actions[action] for action in VERDICTS},
            "precision": precision and dataclasses.asdict(precision) | {"n": len(here)},
            "found": sum(map(_is_changed, settled.values())),
            "remaining": self._remaining and dataclasses.asdict(self._remaining),
            "gains": self._gains and dataclasses.asdict(self._gains),
            "waiting": self._worked != desk.mode,
            "curve": self._curve(gains.random_verdicts(desk.history.events) + gains.NEXT),
            "notices": notices(desk.evidence.reviewers, desk.who),
        }

    def _minutes(self, n: int) -> float | None:
        """For `n` images at this reviewer's pace in this mode, else in any; None before one."""
        mine = [event for event in self.desk.history.events if event.who == self.desk.who]
        alike = [event for event in mine if event.mode == self.desk.mode]
        pace = estimate.minutes_to_next_hundred(alike)
        pace = estimate.minutes_to_next_hundred(mine) if pace is None else pace
        return None if pace is None else pace * n / 100

    def _curve(self, to: int) -> dict[str, Any] | None:
        """What random verdicts do for the ranking, where that was measured for such an audit."""
        if not self._is_measured:
            return None
        now = gains.random_verdicts(self.desk.history.events)
        at = gains.average_precision
        return {"n": now, "now": at(now), "to": to, "then": at(to)}

    def _trouble(self) -> str | None:
        """What is wrong with the log, looked at now; None where verdicts can be given."""
        with contextlib.suppress(FercurateError):
            self.desk.follow()
        trouble = self.desk.history.trouble
        return None if trouble is None else str(trouble)

    def _renew(self) -> None:
        """Work the estimates out anew, beside the review, where they are out of date."""
        desk = self.desk
        now = (desk.mode, len(desk.history.events), desk.relearner.rounds)
        if now != self._known and self._lock.acquire(blocking=False):
            self._known = now
            threading.Thread(target=self._work, name="estimates", daemon=True).start()

    def _work(self) -> None:
        workspace, desk = self.desk.workspace, self.desk
        mode = desk.mode
        try:
            with contextlib.suppress(FercurateError):
                if mode == "sample":
                    self._estimate = estimate.of_workspace(workspace)
                    return
                remaining = estimate.wrong_labels_remaining(workspace)
                self._gains = gains.of_review(
                    workspace, desk.evidence, desk.history.settled, remaining
                )
                self._remaining = remaining
        finally:
            self._worked = mode
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


def notices(reviewers: Sequence[Mapping[str, Any]], who: str) -> list[str]:
    """What the audit has to say of one reviewer's verdicts, in sentences.

    Args:
        reviewers: The audit's, each with `who` and `messages`.
    """
    return [
        str(said)
        for reviewer in reviewers
        if reviewer.get("who") == who
        for said in reviewer.get("messages") or ()
    ]


def _action(verdict: Decision) -> str:
    """What it came to: who says blind what is given already has kept the label."""
    is_kept = verdict.action == "relabel" and verdict.label == verdict.given
    return "keep" if is_kept else verdict.action


def _is_changed(stands: Settled) -> bool:
    return stands.label is not None and stands.label != stands.last.given


_boards: dict[int, Board] = {}


def of(desk: Desk) -> Board:
    """The board beside a desk."""
    board = _boards.get(id(desk))
    if board is None or board.desk is not desk:
        _boards.clear()
        board = _boards[id(desk)] = Board(desk)
    return board
