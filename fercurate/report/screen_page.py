"""The screen's report: index.html for people, metrics.json for programs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fercurate.config import ReportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.files import write_json, write_text
from fercurate.progress import Progress
from fercurate.report import images, prose, screen_metrics, screen_section
from fercurate.report.environment import environment
from fercurate.workspace import REPORTS, Workspace, option


@dataclass(frozen=True)
class ScreenReportResult:
    """The files that were written, and what they say in three numbers.

    `n_issues` images have a quality issue: one that is neither their kind nor a near
    duplicate.
    """

    index: Path
    metrics: Path
    n_images: int
    n_not_human: int
    n_issues: int


def run(workspace: Workspace, config: ReportConfig, progress: Progress) -> ScreenReportResult:
    """Write the screen's report of a workspace; the same input gives the same bytes.

    Raises:
        InputError: the screen did not run.
        FercurateError: the screen's files are damaged, lack what the report shows, or were
            made from other images.
    """
    facts = read(workspace)
    if facts is None:
        raise InputError(
            f"{workspace.root} has no {workspace.screen_path.name}.",
            f"Make it with: fercurate screen{option(workspace)}",
        )
    folder = config.folder or REPORTS / f"{workspace.name}-screen"
    result = ScreenReportResult(
        index=folder / "index.html",
        metrics=folder / "metrics.json",
        n_images=facts["images"],
        n_not_human=facts["not_human"]["images"],
        n_issues=facts["quality"]["images"],
    )
    with progress.task("Report", total=2, unit="files") as advance:
        write_json(result.metrics, facts)
        advance(1)
        faces = workspace.faces() if config.faces else None
        face = None if faces is None else (lambda row: images.data_uri(faces[row]))
        write_text(result.index, render(facts, face))
        advance(1)
    return result


def read(workspace: Workspace) -> dict[str, Any] | None:
    """The facts of a workspace's screen, None where nothing was screened.

    Raises:
        FercurateError: the screen's files are damaged, lack what the report shows, or were
            made from other images.
    """
    screen = workspace.screen()
    if screen is None:
        return None
    again = f"Make it again: fercurate screen{option(workspace)} --force"
    missing = [c for c in screen_metrics.SCREEN_COLUMNS if c not in screen.columns]
    if missing:
        raise FercurateError(f"{workspace.screen_path} lacks {', '.join(missing)}.", again)
    return screen_metrics.collect(workspace.name, screen, workspace.screen_summary())


def render(facts: Mapping[str, Any], face: Callable[[int], str] | None) -> str:
    """The page as HTML text; everything that comes from data is escaped.

    Args:
        facts: What `screen_metrics.collect` returns.
        face: Data URI of the face in a row; None leaves all faces out.
    """
    name = shlex.quote(facts["dataset"])
    return (
        environment()
        .get_template("screen.html.j2")
        .render(
            facts=facts,
            face=face,
            screen=screen_section.view(facts),
            alone=True,
            summary=prose.screen_summary(facts),
            audit=f"fercurate audit --dataset {name}",
            sync=f"fercurate sync --dataset {name}",
        )
    )
