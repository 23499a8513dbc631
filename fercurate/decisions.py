"""What reviewers decided: a log that is only ever appended to, and what stands after it.

One JSON object a line, as `journal` keeps them. An undo is a line of its own; nothing is erased.
A verdict counts as given when its line is on the disk: a torn last line was never acknowledged
and is left out. What is newer is told by the place in the file, never by the clock.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from fercurate.errors import FercurateError, InputError
from fercurate.journal import Journal, write_copy
from fercurate.labels import INDEX
from fercurate.strict import Table, parse_json

Action = Literal["accept", "keep", "relabel", "ambiguous", "exclude", "undo"]
ACTIONS: tuple[Action, ...] = get_args(Action)
VERDICTS = tuple(action for action in ACTIONS if action != "undo")

Mode = Literal["queue", "sample", "repeat", "import"]
"""How an image came before its reviewer: by its rank (or chosen by hand), drawn at random and
shown blind, shown again blind, or settled elsewhere."""
MODES: tuple[Mode, ...] = get_args(Mode)

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Decision:
    """One verdict, or one taking back.

    Attributes:
        sample_id: The image's name for people at the time; after another import the same name
            may be another image.
        action: One of `ACTIONS`.
        who: The reviewer.
        given: The dataset's label at the time; "from" in the file.
        label: The class that the reviewer settled on; None for ambiguous, exclude and undo; "to"
            in the file.
        mode: How the image came before the reviewer.
        evidence: What the reviewer was shown or could have been: `label_quality`,
            `suggested_label`, `suggested_confidence`, `run`, the audit's fingerprint, and
            `is_second_choice` where the given label was more probable than the suggested one.
        undoes: For an undo the `id` of the verdict that it takes back.
        seconds: From showing the image to the verdict; None where nobody timed it.
        when: ISO 8601 with time zone, for people.
        id: Names this line.
        sha256: What the image is, wherever it lies: sha256 of its pixels, 64 lower-case hex
            digits. None in lines of older versions.
    """

    sample_id: str
    action: Action
    who: str
    given: str | None = None
    label: str | None = None
    mode: Mode = "queue"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    undoes: str | None = None
    seconds: float | None = None
    when: str = field(
        default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    )
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"no action: {self.action!r}")
        if self.mode not in MODES:
            raise ValueError(f"no mode: {self.mode!r}")
        settles = self.action in ("accept", "keep", "relabel")
        if settles != (self.label is not None) or (settles and self.label not in INDEX):
            raise ValueError(f"{self.action} does not go with the label {self.label!r}")
        if (self.action == "undo") != (self.undoes is not None):
            raise ValueError(f"{self.action} does not go with undoes={self.undoes!r}")
        if self.sha256 is not None and not _SHA256.fullmatch(str(self.sha256)):
            raise ValueError(f"no sha256: {self.sha256!r}")

    @property
    def outcome(self) -> str:
        """The class settled on, or "ambiguous" or "exclude": what two reviewers can agree on."""
        return self.label or self.action

    def line(self) -> str:
        """As it stands in the file, without the newline."""
        stored = {
            "id": self.id,
            "sample_id": self.sample_id,
            "sha256": self.sha256,
            "action": self.action,
            "from": self.given,
            "to": self.label,
            "who": self.who,
            "when": self.when,
            "mode": self.mode,
            "evidence": dict(self.evidence),
            "undoes": self.undoes,
            "seconds": self.seconds,
        }
        return json.dumps({k: v for k, v in stored.items() if v is not None}, ensure_ascii=False)

    @classmethod
    def parse(cls, line: str | bytes) -> Decision:
        """A line of the file; raises `ValueError` where it is none."""
        # older versions wrote what the audit did not know as NaN
        stored = Table(parse_json(line, nan_as_none=True))
        if "check" in stored:
            raise ValueError("its check does not stand at its end")
        seconds = stored.value.get("seconds")
        return cls(
            sample_id=stored.text("sample_id"),
            action=stored.text("action"),
            who=stored.text("who"),
            given=stored.text_or_none("from"),
            label=stored.text_or_none("to"),
            mode=stored.text("mode", "queue"),
            evidence=stored.table("evidence", {}),
            undoes=stored.text_or_none("undoes"),
            seconds=None if seconds is None else stored.number("seconds", 0, math.inf),
            when=stored.text("when"),
            id=stored.text("id"),
            sha256=stored.text_or_none("sha256"),
        )


class Log:
    """The file of decisions; several processes may append to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path, "verdict")

    def append(self, decisions: Sequence[Decision]) -> int:
        """Write decisions to the disk; all of them are there when this returns.

        Returns:
            How many bytes they take in the file.

        Raises:
            InputError: verdicts that were saved are gone from the file; nothing was written.
            FercurateError: they could not be written; then none of them counts.
        """
        if not decisions:
            return 0
        try:
            return self.journal.append([decision.line().encode() for decision in decisions])
        except OSError as error:
            raise FercurateError(
                f"The verdict was not saved: {self.path}: {error.strerror or error}.",
                "Mend that (disk full, no right to write?) and give it again.",
            ) from error

    def rewrite(self, decisions: Sequence[Decision]) -> None:
        """Put other lines in place of all; the file as it was is kept beside it.

        For the one time that lines of an earlier version are brought up to date.

        Raises:
            FercurateError: they could not be written; then the file is as it was.
        """
        try:
            self.journal.rewrite([decision.line().encode() for decision in decisions])
        except OSError as error:
            raise FercurateError(
                f"{self.path} could not be brought up to date: {error.strerror or error}.",
                "Is the disk full or the folder read-only?",
            ) from error

    def write_copy(self, path: Path, decisions: Sequence[Decision]) -> None:
        """Write decisions to another file that can take this one's place.

        Raises:
            FercurateError: it cannot be written.
        """
        try:
            write_copy(path, [decision.line().encode() for decision in decisions])
        except OSError as error:
            raise FercurateError(
                f"{path} cannot be written: {error.strerror or error}.", "Is the disk full?"
            ) from error

    def read(self) -> list[Decision]:
        """All decisions, oldest first; empty where nothing was decided yet.

        Raises:
            InputError: a line was changed, taken out, moved or cut off, or is no decision.
        """
        found = []
        for number, line in enumerate(self.journal.read(), start=1):
            try:
                found.append(Decision.parse(line))
            except ValueError as error:
                raise InputError(
                    f"{self.path}, line {number} is no decision: {error}.",
                    "After a look at it take the line out by hand, and the check "
                    '(, "check": "...") of the line after it; the others are sound.',
                ) from error
        return found


def given(events: Iterable[Decision]) -> dict[str, dict[str, list[Decision]]]:
    """All verdicts that were not taken back: for each image, each reviewer's, oldest first."""
    found: dict[str, dict[str, list[Decision]]] = {}
    for event in events:
        by_who = found.setdefault(event.sample_id, {})
        if event.action != "undo":
            by_who.setdefault(event.who, []).append(event)
            continue
        for verdicts in by_who.values():
            verdicts[:] = [v for v in verdicts if v.id != event.undoes]
    left = {
        sample_id: {who: verdicts for who, verdicts in by_who.items() if verdicts}
        for sample_id, by_who in found.items()
    }
    return {sample_id: by_who for sample_id, by_who in left.items() if by_who}


def standing(events: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """What stands after all undoing: for each image, each reviewer's last verdict.

    Taking a verdict back brings the reviewer's one before it up again.
    """
    return {
        sample_id: {who: verdicts[-1] for who, verdicts in by_who.items()}
        for sample_id, by_who in given(events).items()
    }


@dataclass(frozen=True)
class Settled:
    """What stands for one image.

    Attributes:
        verdicts: Each reviewer's last one, the oldest first.
        drawn_for: The reviewers to whom it came as a drawn image, shown blind, whatever they
            settled on when it came again.
    """

    verdicts: tuple[Decision, ...]
    drawn_for: frozenset[str] = frozenset()

    @property
    def last(self) -> Decision:
        return self.verdicts[-1]

    @property
    def is_disputed(self) -> bool:
        """Reviewers settled on different things."""
        return len({verdict.outcome for verdict in self.verdicts}) > 1

    @property
    def outcome(self) -> str:
        """A class, "ambiguous" or "exclude"; "ambiguous" also where reviewers disagree."""
        return "ambiguous" if self.is_disputed else self.last.outcome

    @property
    def label(self) -> str | None:
        """The class that all reviewers settled on, None where there is none."""
        return None if self.is_disputed else self.last.label


def settle(events: Iterable[Decision]) -> dict[str, Settled]:
    """What stands for each image that anybody decided, by `sample_id`.

    Older is what stands earlier in the log; clocks are set back.
    """
    events = list(events)
    place = {event.id: place for place, event in enumerate(events)}
    return {
        sample_id: Settled(
            tuple(sorted((v[-1] for v in by_who.values()), key=lambda verdict: place[verdict.id])),
            frozenset(who for who, v in by_who.items() if any(e.mode == "sample" for e in v)),
        )
        for sample_id, by_who in given(events).items()
    }
