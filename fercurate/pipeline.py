"""Pipelines: several stages in order, as `fercurate run` reads them from TOML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fercurate import config, names, parts, road, settings, workspace
from fercurate.errors import InputError
from fercurate.progress import Progress
from fercurate.strict import parse_toml
from fercurate.workspace import Workspace


@dataclass(frozen=True)
class Stage:
    """One stage as a pipeline's TOML names it."""

    name: str
    config: type
    run: Callable[..., Any]


STAGES = {
    stage.name: stage
    for stage in (
        Stage("sample", config.SampleConfig, road.run_sample),
        Stage("import", config.ImportConfig, road.run_import),
        Stage("screen", config.ScreenConfig, road.run_screen),
        Stage("audit", config.AuditConfig, road.run_audit),
        Stage("report", config.ReportConfig, road.run_reports),
        Stage("clean", config.CleanConfig, road.run_clean),
        Stage("train", config.TrainConfig, road.run_train),
        Stage("evaluate", config.EvaluateConfig, road.run_evaluate),
        Stage("sync", config.SyncConfig, road.try_sync),
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
        """Run the stages in order; yields each one's name and result as it ends.

        Raises:
            FercurateError: a package that one of them needs is not installed, and others.
        """
        for stage, _ in self.steps:
            if stage.run is not road.try_sync:
                parts.need(stage.name)
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
    if not isinstance(dataset, str) or not dataset:
        raise InputError(f"{path} names no dataset.", 'Begin it with: dataset = "name"')
    names.require_name(dataset, f' as dataset = "..." in {path}')
    names.require_unlike(dataset, workspace.DATASETS)
    steps: list[tuple[Stage, Any]] = []
    for name, told in table.items():
        if name not in STAGES or not isinstance(told, dict):
            raise InputError(f"{path}: there is no stage {name!r}.", f"Stages: {', '.join(STAGES)}")
        stage = STAGES[name]
        steps.append((stage, settings.build(stage.config, told, f"{path} [{name}]")))
    if not steps:
        raise InputError(f"{path} has no stage.", f"Stages: {', '.join(STAGES)}")
    return Pipeline(dataset, tuple(steps))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", "Recipes are in pipelines/.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no TOML: {error}.", "See pipelines/demo.toml.") from error


def demo() -> Pipeline:
    """The demo, where its dataset is not there or its own.

    Raises:
        InputError: a dataset of that name was imported from something else.
    """
    pipeline = read_pipeline(demo_pipeline())
    space, source = pipeline.workspace, pipeline.options("import").source
    try:
        about = json.loads(space.dataset_path.read_text(encoding="utf-8"))
        other = about["source"] if about["source"] != Path(source).name else None
    except (OSError, ValueError, KeyError, TypeError):
        other = None
    if other is not None:
        raise InputError(
            f"{space.root} holds a dataset of yours, from {other}.",
            "Rename that folder, or run the demo in another folder.",
        )
    return pipeline


def demo_pipeline() -> Path:
    """pipelines/demo.toml, of the repository or of the installed package."""
    here = Path(__file__).parent
    places = (here.parent / "pipelines", here / "pipelines")
    return next(p / "demo.toml" for p in places if (p / "demo.toml").exists())
