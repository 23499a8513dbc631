"""One mongod and one import of fiftyone for all tests here that need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from desk_page import WAIT, Desk, opened_desk
from PIL import Image
from recorded import write_table
from review_browser import browser
from review_tables import manifest_table

from fercurate.review.connection import opened
from fercurate.workspace import Workspace


@pytest.fixture(scope="package")
def fo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """fiftyone, connected to a real database, in an empty home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("FIFTYONE_DATABASE_URI", raising=False)
        with opened(tmp_path_factory.mktemp("review") / "db", timeout=120) as module:
            yield module


@pytest.fixture
def clean_fo(fo: ModuleType) -> Iterator[ModuleType]:
    """The same, without datasets of earlier tests."""
    yield fo
    fo.delete_datasets("*")


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """A workspace of `N` rows; tables that are None are not written."""

    def make(
        name: str = "faces",
        manifest: pd.DataFrame | None = None,
        audit: pd.DataFrame | None = None,
        votes: pd.DataFrame | None = None,
        screen: pd.DataFrame | None = None,
    ) -> Workspace:
        workspace = Workspace(tmp_path / name)
        table = manifest_table() if manifest is None else manifest
        write_table(workspace.manifest_path, table)
        for path, given in (
            (workspace.audit_path, audit),
            (workspace.votes_path, votes),
            (workspace.screen_path, screen),
        ):
            if given is not None:
                write_table(path, given)
        workspace.images_dir.mkdir(exist_ok=True)
        for sample_id in table["sample_id"]:
            Image.fromarray(np.zeros((48, 48), dtype=np.uint8)).save(
                workspace.image_path(sample_id)
            )
        return workspace

    return make


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(tmp_path: Path, page: Any) -> Iterator[Desk]:
    yield from opened_desk(tmp_path, page=page)
