"""The review desk: verdicts in, the log and FiftyOne brought up to date, the next images out.

A verdict is on the disk before anybody is told of it. FiftyOne is brought up to date after
that, and when it cannot be, the next `fercurate sync` does it from the log.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Sequence
from typing import Any, Literal

from fercurate.decisions import Action, Decision, Log, Mode, Settled
from fercurate.errors import InputError
from fercurate.review import marks
from fercurate.review.active import activate as activate
from fercurate.review.active import current as current
from fercurate.review.agreement import repeatable
from fercurate.review.drawn import names as drawn_names
from fercurate.review.evidence import Evidence
from fercurate.review.history import History
from fercurate.review.queue import open_of, own, queue, reopened, with_repeats
from fercurate.review.relearn import EVERY, Relearner
from fercurate.review.tabs import Tabs
from fercurate.review.verdicts import Outcome, against, decide, question, taken_back, told
from fercurate.workspace import Workspace

BATCH = 50
"""Images that are laid out at a time; the next ones come in the newest order."""

LONGEST = 600.0
"""Seconds on one image above which the reviewer was away."""

DeskMode = Literal["queue", "sample"]
BLIND: tuple[Mode, ...] = ("sample", "repeat")
SIGHTED: tuple[Mode, ...] = ("queue", "repeat")


class Desk:
    """One reviewer's desk over one dataset; may be used from several threads.

    Args:
        workspace: An audited dataset.
        dataset: Its FiftyOne dataset, synced.
        who: The reviewer.
        mode: "queue": by rank, with all evidence. "sample": the drawn sample, blind.
        repeats: Share of a batch, 0 to 1, that this reviewer has decided before.
        relearn_command: Ranks the audit anew; run in the background.
        view: A saved view to open instead of the queue.
        evidence: What was read of the workspace already; None to read it here.

    Raises:
        InputError: no audit, or no drawn sample where the mode asks for one.
    """

    def __init__(
        self,
        workspace: Workspace,
        dataset: Any,
        who: str,
        *,
        mode: DeskMode = "queue",
        repeats: float = 0.0,
        relearn_command: Sequence[str] | None = None,
        view: str | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.workspace, self.dataset, self.who, self.mode = workspace, dataset, who, mode
        self.view_name = view
        self.evidence = evidence or Evidence.read(workspace)
        self.history = History(Log(workspace.decisions_path), workspace.images())
        self.relearner = Relearner(relearn_command, self._renewed)
        self.tabs = Tabs()
        self.batch: tuple[str, ...] = ()
        self.given_here = 0
        """Verdicts since the desk was set up."""
        self._repeats = repeats
        self._repeated: frozenset[str] = frozenset()
        self._asked: object = None  # the key press that would change answers
        self._lock = threading.RLock()
        self._seed = random.SystemRandom().randrange(1 << 30)
        self.ids = {
            document["sample_id"]: document["_id"]
            for document in dataset._sample_collection.find(
                {"sample_id": {"$ne": None}}, {"sample_id": 1}
            )
        }
        self.names = {str(_id): sample_id for sample_id, _id in self.ids.items()}
        drawn = drawn_names(workspace) if mode == "sample" else ()
        self.drawn = tuple(name for name in drawn if name in self.ids)
        self.next_batch()

    @property
    def is_blind(self) -> bool:
        return self.mode == "sample"

    # -- verdicts -----------------------------------------------------------------------
    def record(
        self,
        action: Action,
        images: Sequence[str],
        *,
        label: str | None = None,
        seconds: float | None = None,
    ) -> Outcome:
        """Settle images; what is in the outcome as recorded is on the disk.

        What this reviewer has answered is changed by the second press of a key alone: the first
        one asks.

        Args:
            action: A verdict; `undo` is a method of its own.
            images: Database ids, as the App gives them.
            label: The class, for "relabel".
            seconds: From showing the images to the verdict.

        Raises:
            FercurateError: the log cannot be written or read; then nothing was recorded.
        """
        with self._lock:
            asked, self._asked = self._asked, None
            self.history.refresh()
            names = list(dict.fromkeys(self.names[i] for i in images if i in self.names))
            if not names:
                return Outcome((), "Select images in the grid, or open one.", "error")
            shown = str(self.ids[names[0]])
            each = None if seconds is None else round(min(seconds, LONGEST) / len(names), 2)
            meant = [self._decision(action, name, label, each) for name in names]
            refusals = [refusal for refusal in meant if isinstance(refusal, str)]
            made = [decision for decision in meant if isinstance(decision, Decision)]
            if not made:
                return Outcome((), refusals[0], "error", shown)
            answers = [self.answer(decision.sample_id) for decision in made]
            fresh, changed = against(made, answers)
            press = (action, label, tuple(names)) if fresh else None
            if not fresh or (changed and asked != press):
                self._asked = press
                stand = changed or [old for old in answers if old]
                said = question(stand, len(names), changes=bool(fresh), is_blind=self.is_blind)
                return Outcome((), said, "warning", shown)
            stamp = fresh[0].when  # one key press is one moment: undo takes all of it back
            made = [dataclasses.replace(decision, when=stamp) for decision in fresh]
            self.history.append(made)
            self._count(len(made))
            done = tuple(decision.sample_id for decision in made)
            problem = self._mirror(done)
            message = told(made, changed, is_blind=self.is_blind)
            if refusals:
                message += f"; {len(refusals)} left undecided: {refusals[0]}"
            level = "warning" if refusals or problem else "success"
            return Outcome(done, message + problem, level, str(self.ids[done[-1]]))

    def _decision(
        self, action: Action, name: str, label: str | None, seconds: float | None
    ) -> Decision | str:
        return decide(
            action, name, self.evidence.facts.get(name), who=self.who, label=label,
            mode="repeat" if name in self._repeated else self.mode, is_blind=self.is_blind,
            evidence=self.evidence.stamp(name), seconds=seconds,
        )  # fmt: skip

    def undo(self) -> Outcome:
        """Take back what this reviewer's last key press decided, in earlier sessions too.

        Raises:
            FercurateError: the log cannot be written or read; then nothing was taken back.
        """
        with self._lock:
            self._asked = None
            self.history.refresh()
            last = self.history.last_of(self.who, BLIND if self.is_blind else SIGHTED)
            last = [verdict for verdict in last if verdict.sample_id in self.ids]
            if not last:
                return Outcome((), f"There is nothing of {self.who} to take back.", "error")
            self.history.append([
                Decision(v.sample_id, "undo", self.who, given=v.given, mode=v.mode, undoes=v.id)
                for v in last
            ])  # fmt: skip
            done = tuple(dict.fromkeys(verdict.sample_id for verdict in last))
            problem = self._mirror(done)
            what = taken_back(last, is_blind=self.is_blind)
            level = "warning" if problem else "success"
            return Outcome(done, what + problem, level, str(self.ids[done[-1]]))

    def _mirror(self, names: Sequence[str]) -> str:
        """Bring FiftyOne up to date; returns what to add to the message where it fails."""
        stand = {name: self.history.settled.get(name) for name in names}
        return marks.bring(self.dataset, self.ids, stand)

    def _count(self, n: int) -> None:
        before = self.given_here // EVERY
        self.given_here += n
        is_drawn_done = self.is_blind and not self.is_open()
        if is_drawn_done or self.given_here // EVERY > before:
            self.relearner.start()

    def follow(self) -> None:
        """Take over what others wrote to the log; raises as `History.refresh` does."""
        with self._lock:
            self.history.refresh()

    # -- what comes next -----------------------------------------------------------------
    def is_open(self) -> bool:
        """Whether an image of the present batch is still to be decided."""
        return any(not self.is_done(name) for name in self.batch)

    def is_done(self, name: str) -> bool:
        """Whether an image of the batch needs no verdict any more."""
        if self.is_blind or name in self._repeated:
            return self.answer(name) is not None
        settled = self.history.settled.get(name)
        return settled is not None and not reopened(settled.last, self.evidence.facts[name])

    def answer(self, name: str) -> Decision | None:
        """This reviewer's verdict on an image, where it is not asked for again."""
        settled = self.history.settled.get(name)
        mine = next((v for v in settled.verdicts if v.who == self.who), None) if settled else None
        if mine is None:
            return None
        if name in self._repeated:
            return mine if mine.mode == "repeat" and mine.id not in self._laid_out else None
        if self.is_blind:
            return mine if mine.mode in BLIND else None
        facts = self.evidence.facts.get(name)
        return None if facts is None or reopened(mine, facts) else mine

    def left(self) -> list[str]:
        """Drawn images that this reviewer has yet to see; empty in the queue."""
        return open_of(self.drawn, own(self.history.settled, self.who, BLIND))

    def go_on(self) -> tuple[str, ...]:
        """From the sample to the queue, whose first images are laid out.

        Raises:
            InputError: some of the sample is left.
        """
        with self._lock:
            self.history.refresh()
            left = len(self.left())
            if left:
                raise InputError(
                    f"{left:,} of the sample {'are' if left > 1 else 'is'} still to be seen.",
                    "Press n for them.",
                )
            self.mode, self.drawn = "queue", ()
            return self.next_batch()

    def next_batch(self) -> tuple[str, ...]:
        """Lay out the next images, in the newest order; empty where all is decided."""
        with self._lock:
            self.history.refresh()
            settled = self.history.settled
            if self.is_blind:
                due = self.left()
                known = set(self.drawn) - set(due)
            else:
                due = [n for n in queue(self.evidence.facts, settled) if n in self.ids]
                known = set(settled)  # another's verdicts too: two reviewers are compared
            due = [name for name in due if name in self.ids][:BATCH]
            known &= repeatable(self.history.events, self.who, self.ids)
            seed = self._seed + len(self.history.events)
            batch, self._repeated = with_repeats(due, known, self._repeats, seed)
            self._laid_out = {event.id for event in self.history.events}
            self.batch = tuple(batch)
            return self.batch

    def laid_out(self) -> list[str]:
        """Database ids of what is left of the batch, in its order; of all where nothing is."""
        left = [name for name in self.batch if not self.is_done(name)]
        return [str(self.ids[name]) for name in left or self.batch]

    def view(self) -> Any:
        """What is laid out as a FiftyOne view; without any label where the reviewer is blind."""
        shown = self.dataset.select(self.laid_out(), ordered=True)
        if self.is_blind:
            return shown.select_fields(["sample_id"])
        if self._repeated:
            return shown.exclude_fields(list(marks.FIELDS))
        return shown

    def earlier(self, name: str) -> Settled | None:
        """The verdict to show beside an image; None where it would give a repeat away."""
        hidden = self.is_blind or name in self._repeated
        return None if hidden else self.history.settled.get(name)

    # -- the renewed audit --------------------------------------------------------------
    def _renewed(self) -> None:
        """Take over an audit that was just ranked anew; runs in the background."""
        from fercurate.review.sync import update_audit

        evidence = Evidence.read(self.workspace)
        with self._lock:
            self.evidence = evidence
        update_audit(self.dataset, self.workspace)

    def close(self) -> None:
        """Stop what runs in the background; all verdicts are on the disk already.

        Raises:
            InputError: verdicts are gone from the log; they are kept beside it.
        """
        self.relearner.close()
        self.follow()
