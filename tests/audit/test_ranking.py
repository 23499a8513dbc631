"""Ranking anew: with verdicts, with a profile, without the networks."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded import write_table

from fercurate.audit import crossfit, plans, ranking, stage
from fercurate.config import AuditConfig
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.labels import CLASSES
from fercurate.learn.models import FaceNetConfig
from fercurate.learn.recipe import Recipe
from fercurate.progress import Quiet
from fercurate.workspace import AUDIT_COLUMNS, Workspace

SMALL = crossfit.Plan(
    folds=2,
    repeats=1,
    recipe=Recipe(epochs=8, batch=32, sides=((1.0, 32),), predict_side=32),
    network=FaceNetConfig(widths=(16, 32, 64)),
    seed=0,
)


@pytest.fixture(scope="module")
def audited(
    sample: tuple[Workspace, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, pd.DataFrame]:
    """The sample, audited once, and its true labels by row."""
    root = tmp_path_factory.mktemp("ranking") / "demo"
    shutil.copytree(sample[0].root, root, ignore=shutil.ignore_patterns("images"))
    space = Workspace(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "plan_for", lambda config, n: SMALL)
        stage.run(space, AuditConfig(), Quiet())
    return space, pd.read_csv(sample[1], keep_default_na=False)


@pytest.fixture
def space(audited: tuple[Workspace, pd.DataFrame], tmp_path: Path) -> Workspace:
    shutil.copytree(audited[0].root, tmp_path / "demo", ignore=shutil.ignore_patterns("runs"))
    return Workspace(tmp_path / "demo")


def give(space: Workspace, truth: pd.DataFrame, n: int, mode: str = "sample") -> None:
    """The true label of `n` audited human images, drawn at random."""
    audit = space.audit()
    human = truth["kind"].to_numpy()[audit["row"]] == "human"
    chosen = audit[human].sample(n, random_state=0)
    Log(space.decisions_path).append(
        [
            Decision(
                row.sample_id, "relabel", "anna", given=row.label,
                label=truth["true_label"][row.row], mode=mode,  # type: ignore[arg-type]
            )
            for row in chosen.itertuples()
        ]
    )  # fmt: skip


RELEARN = AuditConfig(relearn=True)


def test_verdicts_change_the_ranking_in_seconds(
    space: Workspace, audited: tuple[Workspace, pd.DataFrame]
) -> None:
    before = space.audit()
    give(space, audited[1], 150)
    started = time.monotonic()
    found = stage.run(space, RELEARN, Quiet())
    assert time.monotonic() - started < 30
    after = space.audit()
    assert found.n_verdicts == 150
    assert list(after.columns) == list(before.columns)
    assert set(AUDIT_COLUMNS) <= set(after.columns)
    assert (after["label_quality"] != before["label_quality"]).any()
    assert (after["margin"] == before["margin"]).all(), "the networks are the same"
    belief = after[[f"belief_{name}" for name in CLASSES]].to_numpy()
    assert belief.sum(axis=1) == pytest.approx(np.ones(len(after)), abs=1e-4)
    issue = after["is_label_issue"].to_numpy()
    best = np.array(CLASSES)[belief.argmax(axis=1)]
    assert (after["suggested_label"].to_numpy()[issue] == best[issue]).all()
    assert after["suggested_confidence"].to_numpy() == pytest.approx(
        belief[np.arange(len(after)), [CLASSES.index(c) for c in after["suggested_label"]]]
    )
    about = json.loads(space.audit_summary_path.read_text())
    assert about["n_verdicts"] == 150
    assert stage.run(space, RELEARN, Quiet()).skipped, "no verdict has come since"


def test_an_undone_verdict_is_forgotten(
    space: Workspace, audited: tuple[Workspace, pd.DataFrame]
) -> None:
    untaught = space.audit()
    give(space, audited[1], 5)
    stage.run(space, RELEARN, Quiet())
    assert not space.audit().equals(untaught)
    given = space.decisions()
    Log(space.decisions_path).append(
        [Decision(d.sample_id, "undo", "anna", undoes=d.id) for d in given]
    )
    assert stage.run(space, RELEARN, Quiet()).n_verdicts == 0
    pd.testing.assert_frame_equal(space.audit(), untaught)


def test_what_was_learnt_here_serves_elsewhere(
    space: Workspace, audited: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(InputError, match="nothing to save"):
        stage.run(space, dataclasses.replace(RELEARN, save_profile=path), Quiet())
    give(space, audited[1], 100)
    stage.run(space, dataclasses.replace(RELEARN, save_profile=path), Quiet())
    Log(space.decisions_path).journal.end_path.unlink()
    space.decisions_path.unlink()
    found = stage.run(space, dataclasses.replace(RELEARN, profile=str(path)), Quiet())
    assert (found.profile, found.n_verdicts) == ("mine", 0)
    assert stage.run(space, RELEARN, Quiet()).profile == "mine", "kept until another is named"
    generic = dataclasses.replace(RELEARN, profile="generic")
    assert stage.run(space, generic, Quiet()).profile == "generic"


def test_what_cannot_be_ranked_anew_says_what_to_do(space: Workspace) -> None:
    before = space.manifest()
    manifest = before.copy()
    manifest.loc[manifest["split"] == "train", "label"] = "fear"
    write_table(space.manifest_path, manifest)
    with pytest.raises(InputError, match="is older than what it was made from"):
        stage.run(space, RELEARN, Quiet())
    write_table(space.manifest_path, before)
    space.evidence_path.write_bytes(b"broken")
    with pytest.raises(InputError, match="is not as fercurate wrote it"):
        ranking.relearn(space, RELEARN)
    space.evidence_path.unlink()
    with pytest.raises(InputError) as caught:
        ranking.relearn(space, RELEARN)
    assert "fercurate audit" in caught.value.fix
