"""What reviewers decided: a log that is only ever appended to, and what stands after it.

One JSON object a line. An undo is a line of its own; nothing is erased. A verdict counts as
given when its line, newline included, is on the disk: a torn last line was never
acknowledged and is left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, Literal, get_args

from fercurate.errors import FercurateError
from fercurate.files import write_text
from fercurate.labels import INDEX

Action = Literal["accept", "keep", "relabel", "ambiguous", "exclude", "undo"]
ACTIONS: tuple[Action, ...] = get_args(Action)
VERDICTS = tuple(action for action in ACTIONS if action != "undo")

Mode = Literal["queue", "sample", "repeat", "import"]
"""How an image came before its reviewer: by its rank (or chosen by hand), drawn at random and
shown blind, shown again blind, or settled elsewhere."""
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Decision:
    """One verdict, or one taking back.

    Attributes:
        sample_id: The name of the image at the time.
        action: One of `ACTIONS`.
        who: The reviewer.
        given: The dataset's label at the time; "from" in the file.
        label: The class that the reviewer settled on; None for ambiguous, exclude and undo; "to"
            in the file.
        mode: How the image came before the reviewer.
        evidence: What the reviewer was shown or could have been: `label_quality`,
            `suggested_label`, `suggested_confidence` and `run`, the audit's fingerprint.
        undoes: For an undo the `id` of the verdict that it takes back.
        seconds: From showing the image to the verdict; None where nobody timed it.
        when: ISO 8601 with time zone.
        id: Names this line.
        sha256: Of the image's pixels, 64 hex digits: which image it is, whatever it is called. None
            in lines of earlier versions.
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
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
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
    def parse(cls, line: str) -> Decision:
        """A line of the file; raises `ValueError` where it is none."""
        stored = json.loads(line)
        if not isinstance(stored, dict):
            raise ValueError("no JSON object")
        try:
            return cls(
                sample_id=str(stored["sample_id"]),
                action=stored["action"],
                who=str(stored["who"]),
                given=stored.get("from"),
                label=stored.get("to"),
                mode=stored.get("mode", "queue"),
                evidence=stored.get("evidence", {}),
                undoes=stored.get("undoes"),
                seconds=stored.get("seconds"),
                when=str(stored["when"]),
                id=str(stored["id"]),
                sha256=stored.get("sha256"),
            )
        except KeyError as error:
            raise ValueError(f"{error} is missing") from error


class Log:
    """The file of decisions; several processes may append to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, decisions: Sequence[Decision]) -> None:
        """Write decisions to the disk; all of them are there when this returns.

        Raises:
            FercurateError: they could not be written; then none of them counts.
        """
        if not decisions:
            return
        text = "".join(decision.line() + "\n" for decision in decisions).encode()
        try:
            is_new = not self.path.exists()
            with self.path.open("ab+") as file, _alone(file):
                _mend(file)
                start = file.seek(0, os.SEEK_END)
                try:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with contextlib.suppress(OSError):
                        file.truncate(start)
                    raise
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise FercurateError(
                f"The verdict was not saved: {self.path}: {error.strerror or error}.",
                "Mend that (disk full, no right to write?) and give it again.",
            ) from error

    def rewrite(self, decisions: Sequence[Decision]) -> None:
        """Put other lines in place of all; the file as it was is kept beside it.

        For the one time that lines of an earlier version are brought up to date.
        """
        with self.path.open("rb") as file, _alone(file):
            kept = self.path.with_name(f"{self.path.stem}-before-{secrets.token_hex(3)}.jsonl")
            shutil.copyfile(self.path, kept)
            write_text(self.path, "".join(decision.line() + "\n" for decision in decisions))

    def read(self) -> list[Decision]:
        """All decisions, oldest first; empty where nothing was decided yet.

        Raises:
            FercurateError: a line is damaged.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        lines = data.split(b"\n")
        torn = lines.pop()
        found = []
        for number, line in enumerate(lines, start=1):
            try:
                found.append(Decision.parse(line.decode()))
            except ValueError as error:
                raise FercurateError(
                    f"{self.path}, line {number} is no decision: {error}.",
                    "Take the line out by hand, after a look at it; the others are sound.",
                ) from error
        with contextlib.suppress(ValueError):
            found.append(Decision.parse(torn.decode()))
        return found


@contextlib.contextmanager
def _alone(file: IO[bytes]) -> Iterator[None]:
    """Hold the file alone while it is written to, where the system has file locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _mend(file: IO[bytes]) -> None:
    """End the file with a newline: after a whole line add one, a torn line take away."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - (1 << 16))
    file.seek(start)
    tail = file.read()
    torn = tail.rpartition(b"\n")[2]
    if not torn:
        return
    try:
        Decision.parse(torn.decode())
    except ValueError:
        file.truncate(size - len(torn))
    else:
        file.write(b"\n")


def _sync_folder(folder: Path) -> None:
    """Make a new file's name outlive a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def standing(events: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """What stands after all undoing: for each image, each reviewer's last verdict.

    Taking a verdict back brings the reviewer's one before it up again.
    """
    given: dict[str, dict[str, list[Decision]]] = {}
    for event in events:
        by_who = given.setdefault(event.sample_id, {})
        if event.action != "undo":
            by_who.setdefault(event.who, []).append(event)
            continue
        for verdicts in by_who.values():
            verdicts[:] = [v for v in verdicts if v.id != event.undoes]
    last = {
        sample_id: {who: verdicts[-1] for who, verdicts in by_who.items() if verdicts}
        for sample_id, by_who in given.items()
    }
    return {sample_id: verdicts for sample_id, verdicts in last.items() if verdicts}


@dataclass(frozen=True)
class Settled:
    """What stands for one image: each reviewer's last verdict, the oldest first."""

    verdicts: tuple[Decision, ...]

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
    """What stands for each image that anybody decided, by `sample_id`."""
    return {
        sample_id: Settled(tuple(sorted(by_who.values(), key=lambda verdict: verdict.when)))
        for sample_id, by_who in standing(events).items()
    }
