"""One small dataset for teach and stage: made, fitted and screened once a session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from recorded import write_table
from screen_cases import Row, built, one_thread, write_csv, write_flaws, write_kinds

from fercurate.config import FitScreenConfig, ImportConfig, ScreenConfig
from fercurate.ingest import stage as ingest
from fercurate.progress import Quiet
from fercurate.screen import stage, teach
from fercurate.screen.stage import ScreenResult
from fercurate.screen.teach import FitScreenResult
from fercurate.workspace import Workspace


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return built()


@pytest.fixture(scope="session")
def labelled(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """`built`, imported, with what is known by eye; all but a few of one class lost it."""
    folder = tmp_path_factory.mktemp("screen")
    write_csv(folder / "faces.csv", rows)
    space = Workspace(folder / "datasets" / "faces")
    ingest.run(space, ImportConfig(source=folder / "faces.csv"), Quiet())
    manifest = space.manifest()
    manifest.loc[manifest.index[manifest["label"] == "disgust"][3:], "label"] = None
    write_table(space.manifest_path, manifest)
    write_kinds(space.kinds_path, {i: row.kind for i, row in enumerate(rows) if row.kind})
    people = {i: row for i, row in enumerate(rows) if row.kind == "human"}
    write_flaws(space.flaws_path, {i: (r.watermark, r.sunglasses) for i, r in people.items()})
    return space


def copied(space: Workspace, folder: Path) -> Workspace:
    """A copy that a test may write to."""
    shutil.copytree(space.root, folder / "faces", ignore=shutil.ignore_patterns("images"))
    return Workspace(folder / "faces")


@pytest.fixture(scope="session")
def fitted(
    labelled: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, FitScreenResult]:
    """The dataset with heads of its own."""
    space = copied(labelled, tmp_path_factory.mktemp("fitted"))
    with one_thread():
        return space, teach.run(space, FitScreenConfig(), Quiet())


@pytest.fixture(scope="session")
def screened(
    fitted: tuple[Workspace, FitScreenResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, ScreenResult]:
    """The dataset screened with those heads; not to be written to."""
    space = copied(fitted[0], tmp_path_factory.mktemp("screened"))
    with one_thread():
        return space, stage.run(space, ScreenConfig(jobs=1), Quiet())


@pytest.fixture
def space(screened: tuple[Workspace, ScreenResult], tmp_path: Path) -> Workspace:
    """The screened dataset, to be written to."""
    return copied(screened[0], tmp_path)


@pytest.fixture
def unscreened(fitted: tuple[Workspace, FitScreenResult], tmp_path: Path) -> Workspace:
    """The dataset with its heads, to be written to."""
    return copied(fitted[0], tmp_path)


@pytest.fixture
def unfitted(labelled: Workspace, tmp_path: Path) -> Workspace:
    """The labelled dataset, to be written to."""
    return copied(labelled, tmp_path)
