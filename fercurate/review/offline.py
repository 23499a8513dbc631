"""The parts of `fercurate review` that need no App: draw, export, import, compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fercurate import locks
from fercurate.config import ReviewConfig
from fercurate.decisions import Log, settle
from fercurate.errors import InputError
from fercurate.files import write_text
from fercurate.progress import Progress
from fercurate.review import agreement, estimate, sampling, sheet, sheet_page
from fercurate.review.evidence import Evidence
from fercurate.review.queue import own, queue
from fercurate.review.sheet import Face
from fercurate.workspace import Workspace, option


@dataclass(frozen=True)
class ExportResult:
    """A sheet that was written; `blind` when it is the drawn sample's."""

    path: Path
    n_faces: int
    blind: bool


@dataclass(frozen=True)
class ImportResult:
    """Verdicts that were read: how many are new, were known, and rows that have none.

    `estimate` is what the drawn sample says now, or None.
    """

    path: Path
    who: str
    n_added: int
    n_known: int
    n_empty: int
    estimate: estimate.Estimate | None


def is_offline(config: ReviewConfig) -> bool:
    """Whether the App is not needed."""
    return config.agreement or config.export is not None or config.import_ is not None


def run(
    workspace: Workspace, config: ReviewConfig, progress: Progress, who: str
) -> ExportResult | ImportResult | agreement.AgreementResult:
    """What the options ask for.

    Raises:
        InputError: two of them at once, no audit, or a bad sheet.
    """
    asked = [config.agreement, config.export is not None, config.import_ is not None]
    if sum(asked) > 1:
        raise InputError(
            "--agreement, --export and --import do not go together.", "Give one at a time."
        )
    if config.import_ is not None:
        with locks.writing(workspace):  # nothing is ranked or imported in between
            return import_sheet(workspace, config.import_, who)
    if config.export is not None:
        if config.sample is not None:
            with locks.writing(workspace):
                sampling.run(workspace, config.sample, config.seed)
        return export_sheet(
            workspace, config.export, who, blind=config.sample is not None, rows=config.rows
        )
    return agreement.compare(workspace.decisions())


def export_sheet(
    workspace: Workspace, path: Path, who: str, *, blind: bool, rows: int
) -> ExportResult:
    """Write the top of the queue, or what a reviewer has not seen of the drawn sample.

    Raises:
        InputError: neither csv nor html, or no audit.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".html", ".htm"):
        raise InputError(f"{path} is neither .html nor .csv.", "Use: --export sheet.html")
    if rows < 1:
        raise InputError(f"--rows is {rows}.", "Give a number above 0.")
    faces = _drawn(workspace, who) if blind else _queue(workspace, rows)
    if kind == ".csv":
        text = sheet.to_csv(faces, blind=blind)
    else:
        text = sheet_page.render(
            faces,
            lambda name: workspace.image_path(name).read_bytes(),
            dataset=workspace.name,
            blind=blind,
        )
    write_text(path, text)
    return ExportResult(path, len(faces), blind)


def _drawn(workspace: Workspace, who: str) -> list[Face]:
    sample = workspace.drawn_sample()
    if sample is None:
        return []
    seen = own(settle(workspace.decisions()), who, ("sample",))
    sample = sample.sort_values("order")
    return [
        Face(name, digest, int(row))
        for name, digest, row in zip(
            sample["sample_id"], sample["sha256"], sample["row"], strict=True
        )
        if name not in seen
    ]


def _queue(workspace: Workspace, rows: int) -> list[Face]:
    evidence = Evidence.read(workspace)
    row_of = {name: row for row, name in enumerate(evidence.names)}
    digest_of = workspace.images().digest_of
    faces = []
    for name in queue(evidence.facts, settle(workspace.decisions()))[:rows]:
        facts = evidence.facts[name]
        confidence = facts.confidence if facts.suggestion else None
        row, digest = row_of[name], digest_of[name]
        faces.append(Face(name, digest, row, facts.label, facts.suggestion, confidence))
    return faces


def import_sheet(workspace: Workspace, path: Path, who: str) -> ImportResult:
    """Append the verdicts of a sheet to the log, all of them or none.

    Raises:
        InputError: names file, line and reason; nothing was written.
    """
    lines, digest = sheet.read(path)
    evidence = Evidence.read(workspace)
    sample = workspace.drawn_sample()
    images = workspace.images()
    made = sheet.verdicts(
        lines,
        path=path,
        digest=digest,
        who=who,
        images=images,
        facts=evidence.facts,
        drawn=frozenset() if sample is None else frozenset(sample["sample_id"]),
        stamp=evidence.stamp,
    )
    if not lines:
        raise InputError(
            f"{path} has no rows.", f"Write a sheet: fercurate review --export{option(workspace)}"
        )
    log = Log(workspace.decisions_path)
    new = sheet.unknown_yet(made, images.placed(log.read()).events)
    log.append(images.stamped(new))
    return ImportResult(
        path=path,
        who=who,
        n_added=len(new),
        n_known=len(made) - len(new),
        n_empty=len(lines) - len(made),
        estimate=estimate.of_workspace(workspace),
    )
