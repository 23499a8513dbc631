from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from screen_cases import Row, write_flaws, write_kinds

from fercurate.config import FitScreenConfig
from fercurate.errors import InputError
from fercurate.progress import Quiet
from fercurate.screen import embedding, heads, teach
from fercurate.screen.teach import LEAST, FitScreenResult
from fercurate.workspace import Workspace


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thumbnails stand for the backbone's features."""

    def thumbnails(faces: np.ndarray, on_images=lambda images: None, *, threads: int = 0):
        return faces[:, ::4, ::4].reshape(len(faces), -1).astype(np.float32)

    monkeypatch.setattr(embedding, "features", thumbnails)


def test_labels_in_heads_out(fitted: tuple[Workspace, FitScreenResult], rows: list[Row]) -> None:
    space, result = fitted
    assert result.heads == space.heads_path
    assert result.seconds > 0
    made = heads.load(space.heads_path)
    assert made.report == result.report
    assert list(made.heads) == ["human", "drawn", "watermark", "occluded"]
    assert made.report["all"]["labelled"] == {"human": 54, "drawn": 25, "nonface": 25}
    assert made.report["random"]["labelled"] == made.report["all"]["labelled"]
    known = [i for i, row in enumerate(rows) if row.kind]
    digest = heads.digests(space.manifest()["sha256"].iloc[known].tolist())
    assert (made.labelled.digest == digest).all()
    assert [heads.KINDS[k] for k in made.labelled.kind] == [rows[i].kind for i in known]
    asked = {name: int((~np.isnan(d)).sum()) for name, d in made.labelled.held_out.items()}
    assert asked == {"human": 104, "drawn": 50, "watermark": 54, "occluded": 54}


def test_what_is_easily_told_is_told(fitted: tuple[Workspace, FitScreenResult]) -> None:
    found = fitted[1].report
    assert found["all"]["recall"]["drawn"] > 0.7
    assert found["all"]["recall"]["nonface"] > 0.7
    assert found["all"]["human_flagged"] == 0
    for name in ("watermark", "occluded"):
        assert found["flaws"][name]["recall"] > 0.9
        assert found["flaws"][name]["precision"] > 0.7


def test_files_may_lie_elsewhere(unfitted: Workspace, tmp_path: Path, quick: None) -> None:
    kinds, flaws = tmp_path / "kinds.csv", tmp_path / "flaws.csv"
    unfitted.kinds_path.rename(kinds)
    unfitted.flaws_path.rename(flaws)
    out = tmp_path / "other" / "heads.npz"
    result = teach.run(unfitted, FitScreenConfig(kinds, flaws, out), Quiet())
    assert result.heads == out
    assert "watermark" in heads.load(out).heads
    assert not unfitted.heads_path.exists()


def test_flaws_may_be_unknown(unfitted: Workspace, quick: None) -> None:
    unfitted.flaws_path.unlink()
    teach.run(unfitted, FitScreenConfig(), Quiet())
    assert list(heads.load(unfitted.heads_path).heads) == ["human", "drawn"]


def test_heads_that_are_there_are_replaced_only_when_all_went_well(
    fitted: tuple[Workspace, FitScreenResult], unscreened: Workspace, quick: None
) -> None:
    before = unscreened.heads_path.read_bytes()
    write_kinds(unscreened.kinds_path, {0: "human"})
    with pytest.raises(InputError):
        teach.run(unscreened, FitScreenConfig(), Quiet())
    assert unscreened.heads_path.read_bytes() == before


def fewer_drawn(space: Workspace) -> None:
    table = pd.read_csv(space.kinds_path)
    drawn = table.index[table["kind"] == "drawn"]
    table.drop(drawn[LEAST - 1 :]).to_csv(space.kinds_path, index=False)


def one_scene_less(space: Workspace) -> None:
    """24 are labelled, of which six are constant: those count as one."""
    table = pd.read_csv(space.kinds_path)
    scene = table.index[table["kind"] == "nonface"][0]
    table.drop(scene).to_csv(space.kinds_path, index=False)


def nobody_at_random(space: Workspace) -> None:
    table = pd.read_csv(space.kinds_path)
    table.assign(sample="suspicious").to_csv(space.kinds_path, index=False)


def hardly_a_watermark(space: Workspace) -> None:
    write_flaws(space.flaws_path, {row: (row < LEAST - 1, row > 21) for row in range(54)})


def hardly_without_glasses(space: Workspace) -> None:
    write_flaws(space.flaws_path, {row: (row < 22, row > LEAST - 2) for row in range(54)})


def flaws_of_others(space: Workspace) -> None:
    """Most of those with a watermark have no kind: nothing says why they were picked."""
    table = pd.read_csv(space.kinds_path)
    table[table["row"] >= 18].to_csv(space.kinds_path, index=False)


def no_labels(space: Workspace) -> None:
    space.kinds_path.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (fewer_drawn, r"kinds\.csv: only 19 images are labelled drawn"),
        (one_scene_less, r"kinds\.csv: only 19 images are labelled nonface; copies count once"),
        (nobody_at_random, r"kinds\.csv: only 0 images are human and drawn at random"),
        (hardly_a_watermark, r"flaws\.csv: only 19 images are watermark"),
        (hardly_without_glasses, r"flaws\.csv: only 19 images are not occluded"),
        (flaws_of_others, r"flaws\.csv: only 2 images are watermark and drawn at random"),
        (no_labels, r"no file .*kinds\.csv"),
    ],
)
def test_too_few_labels_are_refused(
    unfitted: Workspace, quick: None, spoil: Callable[[Workspace], None], says: str
) -> None:
    spoil(unfitted)
    with pytest.raises(InputError, match=says) as caught:
        teach.run(unfitted, FitScreenConfig(), Quiet())
    assert caught.value.fix
    assert not unfitted.heads_path.exists()


def test_flaws_that_were_asked_for_must_be_there(unfitted: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        teach.run(unfitted, FitScreenConfig(flaws=tmp_path / "none.csv"), Quiet())
