"""Sheets for people who review elsewhere: out as csv or as one page, verdicts back in as csv."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fercurate import foreign
from fercurate.decisions import Action, Decision, Mode, standing
from fercurate.errors import InputError
from fercurate.identity import Images
from fercurate.labels import CLASSES, HOTKEYS, INDEX
from fercurate.review.queue import Facts

BLIND_COLUMNS = ("sample_id", "sha256", "row", "mode", "verdict", "note")
COLUMNS = (
    "sample_id", "sha256", "row", "mode", "given_label", "suggestion", "confidence", "verdict",
    "note",
)  # fmt: skip
NEEDED = ("sample_id", "sha256", "mode", "verdict")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

KEYS: Mapping[str, str] = {
    "a": "accept", "k": "keep", "m": "ambiguous", "x": "exclude", **HOTKEYS,
}  # fmt: skip
WORDS = ("accept", "keep", "ambiguous", "exclude", *CLASSES)
LONGEST_NOTE = 500
LARGEST = 20 << 20
"""Bytes of a sheet; more is none of ours."""


@dataclass(frozen=True)
class Face:
    """One image of a sheet, `sha256` that of its pixels; the last three are None in a blind one.

    `suggestion` is None also where no other class than the given one is suggested;
    `confidence` is its, 0 to 1.
    """

    sample_id: str
    sha256: str
    row: int
    given: str | None = None
    suggestion: str | None = None
    confidence: float | None = None


def to_csv(faces: Iterable[Face], *, blind: bool) -> str:
    """The sheet as csv, with empty columns for verdict and note."""
    columns = BLIND_COLUMNS if blind else COLUMNS
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    for face in faces:
        cells = {
            "sample_id": face.sample_id,
            "sha256": face.sha256,
            "row": face.row,
            "mode": "sample" if blind else "import",
            "given_label": face.given or "",
            "suggestion": face.suggestion or "",
            "confidence": "" if face.confidence is None else f"{face.confidence:.3f}",
            "verdict": "",
            "note": "",
        }
        writer.writerow({name: foreign.cell(value) for name, value in cells.items()})
    return text.getvalue()


@dataclass(frozen=True)
class Line:
    """One row of a sheet that came back, and the line of the file on which it ends."""

    number: int
    cells: Mapping[str, str]


def read(path: Path) -> tuple[list[Line], str]:
    """The rows of a csv and the sha256 of its bytes; commas, semicolons or tabs.

    Raises:
        InputError: no such file, no text, or columns are missing or doubled.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.",
            "Give the csv that came back: fercurate review --import verdicts.csv",
        ) from error
    if data is None:
        raise InputError(f"{path} is larger than {LARGEST >> 20} MB.", "Give a sheet of verdicts.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8: {error}.", "Save it as csv in UTF-8, and import that."
        ) from error
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in NEEDED if name not in header]
        if missing == ["sha256"]:
            raise InputError(
                f"{path} names its images without the column sha256: an earlier version wrote it.",
                "Export a new sheet: fercurate review --export sheet.html",
            )
        if missing:
            raise bad(path, 1, f"the column {missing[0]} is missing")
        if len(set(header)) < len(header):
            raise bad(path, 1, "a column is there twice")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise bad(path, reader.line_num, f"{len(cells)} cells, not {len(header)}")
            named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            lines.append(Line(reader.line_num, named))
    except csv.Error as error:
        raise bad(path, reader.line_num, str(error)) from error
    return lines, hashlib.sha256(data).hexdigest()


def bad(path: Path, line: int, reason: str) -> InputError:
    return InputError(
        f"{path}, line {line}: {reason}. Nothing was imported.", "Mend the line and import again."
    )


def verdicts(
    lines: Sequence[Line],
    *,
    path: Path,
    digest: str,
    who: str,
    images: Images,
    facts: Mapping[str, Facts],
    drawn: Collection[str],
    stamp: Callable[[str], dict[str, Any]],
) -> list[Decision]:
    """The decisions of a sheet; all of it or an error, rows without a verdict left out.

    An image is looked up by its pixels: it may have another name now than the sheet gives it.

    Args:
        lines: See `read`.
        path: Named in errors.
        digest: Of the file; the same sheet again gives decisions with the same `id`.
        who: The reviewer.
        images: Those of the dataset.
        facts: Of every image of the dataset, by `sample_id`.
        drawn: Images of the blind sample.
        stamp: The evidence that a decision keeps, by `sample_id`.

    Raises:
        InputError: names file, line and reason.
    """
    made: list[Decision] = []
    seen: dict[str, int] = {}
    for line in lines:
        if not line.cells["verdict"]:
            continue
        try:
            decision = _decision(line.cells, digest, who, images, facts, drawn, stamp)
            if decision.sample_id in seen:
                raise ValueError(
                    f"{decision.sample_id} has a verdict in line {seen[decision.sample_id]} already"
                )
        except ValueError as error:
            raise bad(path, line.number, str(error)) from error
        seen[decision.sample_id] = line.number
        made.append(decision)
    return made


def _decision(
    cells: Mapping[str, str],
    digest: str,
    who: str,
    images: Images,
    facts: Mapping[str, Facts],
    drawn: Collection[str],
    stamp: Callable[[str], dict[str, Any]],
) -> Decision:
    for name, cell in cells.items():
        if cell.startswith(FORMULA):
            raise ValueError(f"the cell {name} begins like a formula: {cell[:20]!r}")
    called = foreign.uncell(cells["sample_id"])
    label_then = foreign.uncell(cells.get("given_label", "")) or None
    found = images.name_of(cells["sha256"].lower(), called, label_then)
    if found is None or found not in facts:
        raise ValueError(f"the dataset has no image {called[:60]!r} of these pixels")
    name = found
    mode = cells["mode"].lower()
    if mode not in ("import", "sample"):
        raise ValueError(f"mode is {mode[:20]!r}, not import or sample")
    blind = mode == "sample"
    if blind and name not in drawn:
        raise ValueError(f"{name} is not in the drawn sample")
    given = facts[name].label
    if not blind and cells.get("given_label", given or "") != (given or ""):
        raise ValueError(f"{name} has another label now, {given}")
    word = cells["verdict"].lower()
    word = KEYS.get(word, word)
    if word not in WORDS:
        raise ValueError(f"no verdict: {word[:20]!r} (known: {', '.join(WORDS)})")
    if blind and word in ("accept", "keep"):
        raise ValueError(f"{word} is no verdict on a blind sample")
    evidence = stamp(name)
    if not blind and "suggestion" in cells:
        evidence["suggested_label"] = cells["suggestion"] or given
    note = foreign.uncell(cells.get("note", ""))
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"the note has more than {LONGEST_NOTE} characters")
    if note:
        evidence["note"] = note
    action, label = _settled(word, given, cells.get("suggestion", ""), blind)
    key = f"{digest}:{who}:{name}".encode()
    return Decision(
        name,
        action,
        who,
        given=given,
        label=label,
        mode=_mode(blind),
        evidence=evidence,
        seconds=_seconds(cells.get("seconds", "")),
        id=hashlib.blake2b(key, digest_size=6).hexdigest(),
    )


def _mode(blind: bool) -> Mode:
    return "sample" if blind else "import"


def _settled(
    word: str, given: str | None, suggestion: str, blind: bool
) -> tuple[Action, str | None]:
    """The action and the class of a verdict."""
    if word == "ambiguous":
        return "ambiguous", None
    if word == "exclude":
        return "exclude", None
    if word == "accept":
        if suggestion not in INDEX:
            raise ValueError("accept, but the sheet has no suggestion here")
        return "accept", suggestion
    if word == "keep":
        if given is None:
            raise ValueError("keep, but the image has no label")
        return "keep", given
    return ("keep" if word == given and not blind else "relabel"), word


def _seconds(cell: str) -> float | None:
    if not cell:
        return None
    if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", cell, flags=re.ASCII):
        raise ValueError(f"seconds is {cell[:20]!r}")
    return float(cell)


def unknown_yet(made: Sequence[Decision], events: Sequence[Decision]) -> list[Decision]:
    """Those that the log does not hold: neither this sheet's line nor the same verdict standing.

    A page that is saved half way and again at its end comes in as two files.
    """
    ids = {event.id for event in events}
    stands = standing(events)
    new = []
    for decision in made:
        before = stands.get(decision.sample_id, {}).get(decision.who)
        same = before is not None and (before.outcome, before.mode) == (
            decision.outcome, decision.mode,
        )  # fmt: skip
        if decision.id not in ids and not same:
            new.append(decision)
    return new
