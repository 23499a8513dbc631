"""The road: which stages there are, in which order, and how each is called.

The command line and `fercurate run` both go through here, so that a stage has one set of
options. Stages are imported when they run.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fercurate import config, workspace
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Progress
from fercurate.standing import is_clean_stale
from fercurate.standing import standing as standing
from fercurate.workspace import Workspace


def run_sample(
    space: Workspace, options: config.SampleConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.samples import stage

    return stage.write(options.folder, seed=options.seed)


def run_import(
    space: Workspace, options: config.ImportConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.ingest import stage

    return stage.run(space, options, progress, force=force)


def run_enrich(
    space: Workspace, options: config.EnrichConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.ingest import enrich

    return enrich.run(space, options, progress)


def run_screen(
    space: Workspace, options: config.ScreenConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.screen import stage

    return stage.run(space, options, progress, force=force)


def run_fit_screen(space: Workspace, options: config.FitScreenConfig, progress: Progress) -> Any:
    from fercurate.screen import teach

    return teach.run(space, options, progress)


def run_audit(
    space: Workspace, options: config.AuditConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.audit import stage

    return stage.run(space, options, progress, force=force)


def run_report(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.report import audit_page

    return audit_page.run(space, options, progress)


def run_screen_report(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> Any:
    """The screen's page; in a folder that was named it leaves room for the audit's."""
    from fercurate.report import screen_page

    if options.folder is not None:
        options = dataclasses.replace(options, folder=options.folder / "screen")
    return screen_page.run(space, options, progress)


def run_reports(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> list[Any]:
    """The page of each stage that has run, the audit's last; without any it says what to do."""
    written = []
    if space.screen_path.exists():
        written.append(run_screen_report(space, options, progress))
    if space.audit_path.exists() or not written:
        written.append(run_report(space, options, progress))
    return written


def run_review(space: Workspace, options: config.ReviewConfig, progress: Progress) -> Any:
    """The App until Ctrl-C; the audit is ranked anew in a process of its own meanwhile."""
    from fercurate.review import stage

    relearn = [
        sys.executable, "-m", "fercurate", "audit", "--relearn", "--no-report", "--no-fiftyone",
        "--dataset", str(space.root.resolve()),
    ]  # fmt: skip
    return stage.run(space, options, progress, relearn_command=relearn)


def run_review_loop(
    space: Workspace, options: config.ReviewLoopConfig, progress: Progress
) -> tuple[Any, Path]:
    """Play the review, and write its report; what was found, and the page."""
    from fercurate.evaluate import review_loop
    from fercurate.report import review_loop as page

    found = review_loop.run(space, options.votes, progress, options.profile, options.seeds)
    folder = options.folder or workspace.REPORTS / f"{space.name}-review-loop"
    return found, page.write(folder, space.name, found.as_dict())


def run_clean(
    space: Workspace, options: config.CleanConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.clean import stage

    return stage.run(space, options, progress, force=force)


def run_export(
    space: Workspace, options: config.ExportConfig, progress: Progress, *, force: bool = False
) -> Any:
    """As plain files, or through FiftyOne for the formats that it knows."""
    if is_clean_stale(space):
        progress.warn("The clean set is older than what it was made from.")
        progress.warn(f"Bring it up to date with: fercurate clean{workspace.option(space)}")
    from fercurate.clean import export

    if options.as_ in export.FORMATS:
        return export.run(space, options, progress, force=force)
    from fercurate.review import export as through_fiftyone

    return through_fiftyone.run(space, options, progress, force=force)


def run_sync(
    space: Workspace, options: config.SyncConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.review import sync

    return sync.run(space, options, progress)


def try_sync(
    space: Workspace, options: config.SyncConfig, progress: Progress, *, force: bool = False
) -> Any:
    """Mirror into FiftyOne after other stages; None, and a warning, when that fails.

    The workspace is the truth and FiftyOne a view of it: what was imported or audited
    counts, whether or not a database starts.
    """
    try:
        return run_sync(space, options, progress)
    except FercurateError as error:
        progress.warn(f"FiftyOne was not brought up to date: {error.message}")
        progress.warn(f"Nothing is lost. {error.fix}")
        progress.warn(f"Later: fercurate sync --dataset {space.name}")
        return None


@dataclass(frozen=True)
class Stage:
    """One stage as a pipeline's TOML names it."""

    name: str
    config: type
    run: Callable[..., Any]


STAGES = {
    stage.name: stage
    for stage in (
        Stage("sample", config.SampleConfig, run_sample),
        Stage("import", config.ImportConfig, run_import),
        Stage("screen", config.ScreenConfig, run_screen),
        Stage("audit", config.AuditConfig, run_audit),
        Stage("report", config.ReportConfig, run_reports),
        Stage("clean", config.CleanConfig, run_clean),
        Stage("sync", config.SyncConfig, try_sync),
    )
}


@dataclass(frozen=True)
class Pipeline:
    """Stages in order, with what each is told, for one dataset."""

    dataset: str
    steps: tuple[tuple[Stage, Any], ...]

    @property
    def workspace(self) -> Workspace:
        return Workspace(workspace.DATASETS / self.dataset)

    def run(self, progress: Progress, *, force: bool = False) -> Iterator[tuple[str, Any]]:
        """Run the stages in order; yields each one's name and result as it ends."""
        for stage, options in self.steps:
            yield stage.name, stage.run(self.workspace, options, progress, force=force)

    def options(self, name: str) -> Any:
        """What the stage `name` is told; None when it is not in the pipeline."""
        return next((options for stage, options in self.steps if stage.name == name), None)


def read_pipeline(path: Path) -> Pipeline:
    """A pipeline from TOML: `dataset = "name"`, then one table a stage, run in their order.

    Raises:
        InputError: no such file, no TOML, an unknown stage or setting.
    """
    table = _read_toml(path)
    dataset = table.pop("dataset", None)
    if not isinstance(dataset, str) or not dataset or Path(dataset).name != dataset:
        raise InputError(f"{path} names no dataset.", 'Begin it with: dataset = "name"')
    steps: list[tuple[Stage, Any]] = []
    for name, settings in table.items():
        if name not in STAGES or not isinstance(settings, dict):
            raise InputError(f"{path}: there is no stage {name!r}.", f"Stages: {', '.join(STAGES)}")
        stage = STAGES[name]
        steps.append((stage, config.build(stage.config, settings, f"{path} [{name}]")))
    if not steps:
        raise InputError(f"{path} has no stage.", f"Stages: {', '.join(STAGES)}")
    return Pipeline(dataset, tuple(steps))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

    try:
        with path.open("rb") as file:
            return dict(tomllib.load(file))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", "Recipes are in pipelines/.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no TOML: {error}.", "See pipelines/demo.toml.") from error


def demo_pipeline() -> Path:
    """pipelines/demo.toml, of the repository or of the installed package."""
    here = Path(__file__).parent
    places = (here.parent / "pipelines", here / "pipelines")
    return next(p / "demo.toml" for p in places if (p / "demo.toml").exists())
