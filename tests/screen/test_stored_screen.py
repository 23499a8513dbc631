"""The screen's figures of the embedded sample are what mediapipe 0.10.21 and numpy 1.26 gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fercurate.config import ImportConfig, ScreenConfig
from fercurate.ingest import stage as ingest
from fercurate.progress import Quiet
from fercurate.samples import stage as samples
from fercurate.screen import stage
from fercurate.workspace import Workspace

STORED = Path(__file__).parent / "stored_screen.csv"
"""Of every tenth image."""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("stored")
    sample = samples.write(folder / "sample", seed=0)
    space = Workspace(folder / "datasets" / "demo")
    ingest.run(space, ImportConfig(source=sample.csv), Quiet())
    stage.run(space, ScreenConfig(), Quiet())
    found = space.screen()
    assert found is not None
    return found.iloc[::10]


@pytest.fixture(scope="module")
def stored() -> pd.DataFrame:
    return pd.read_csv(STORED).fillna({"points": ""})


def test_it_is_the_same_sample(screen: pd.DataFrame, stored: pd.DataFrame) -> None:
    assert screen["sha256"].str[:16].tolist() == stored["sha256"].tolist()


def test_the_kinds(screen: pd.DataFrame, stored: pd.DataFrame) -> None:
    assert screen["kind"].tolist() == stored["kind"].tolist()
    assert screen["face_turn"].tolist() == stored["face_turn"].tolist()


def test_the_scores(screen: pd.DataFrame, stored: pd.DataFrame) -> None:
    scores = [name for name in stored.columns if name.endswith("_score")]
    assert len(scores) == 11
    np.testing.assert_allclose(
        screen[scores].to_numpy(float), stored[scores].to_numpy(float), atol=2e-5
    )


def test_the_faces(screen: pd.DataFrame, stored: pd.DataFrame) -> None:
    box = ["face_left", "face_top", "face_width", "face_height"]
    ours, theirs = screen[box].to_numpy(float), stored[box].to_numpy(float)
    # a box is whole pixels of the view that was looked at: float noise may round one the other way
    assert (np.abs(ours - theirs) > 1e-3).any(1).sum() <= 1
    np.testing.assert_allclose(ours, theirs, atol=0.51)
    for points, text in zip(screen["face_points"], stored["points"], strict=True):
        expected = [float(number) for number in text.split()]
        np.testing.assert_allclose([] if points is None else points, expected, atol=0.01)
