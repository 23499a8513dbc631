from __future__ import annotations

from pathlib import Path

import pytest

from fercurate.config import ImportConfig
from fercurate.ingest import stage as ingest
from fercurate.progress import Quiet
from fercurate.samples import stage as samples
from fercurate.workspace import Workspace


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """The embedded sample, imported, and the file that says what was planted in it."""
    folder = tmp_path_factory.mktemp("sample")
    made = samples.write(folder / "source")
    space = Workspace(folder / "datasets" / "demo")
    ingest.run(space, ImportConfig(source=made.csv), Quiet())
    return space, made.truth
