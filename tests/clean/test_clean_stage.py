from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import recorded
from clean_cases import (
    belief_of,
    decide,
    manifest_of,
    verdict,
    workspace_of,
    write_audit,
    write_screen,
)

from fercurate.clean import stage
from fercurate.clean.diff import SOFT
from fercurate.config import CleanConfig
from fercurate.errors import InputError
from fercurate.progress import Quiet
from fercurate.workspace import CLEAN_COLUMNS, Workspace

LABELS = ["sad", "sad", "fear", "happy", "sad", "angry", None, "sad"]
SPLITS = ["train"] * 7 + ["test"]
BELIEFS = {
    0: belief_of(sad=0.98),
    1: belief_of(sad=0.5, neutral=0.4),
    2: belief_of(neutral=0.95),
    3: belief_of(happy=0.99),
    4: belief_of(sad=0.02, fear=0.3, angry=0.3),
    5: belief_of(angry=0.6),
}


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    manifest = manifest_of(LABELS, SPLITS)
    made = workspace_of(tmp_path, manifest, BELIEFS)
    write_screen(made, manifest, kind={3: "drawn"}, human_score={3: 0.03})
    decide(made, verdict(5, "relabel", "disgust", given="angry"), verdict(7, "accept", "fear"))
    return made


def clean(space: Workspace, config: CleanConfig = CleanConfig(), **options: Any) -> Any:  # noqa: B008
    return stage.run(space, config, Quiet(), **options)


def outputs(space: Workspace) -> list[bytes]:
    return [
        p.read_bytes() for p in (space.clean_path, space.clean_summary_path, space.changes_path)
    ]


def test_the_clean_table(space: Workspace) -> None:
    clean(space)
    table = space.clean().set_index("row")
    assert set(CLEAN_COLUMNS) <= {"row", *table.columns}
    assert table.index.tolist() == [0, 1, 2, 5, 7]
    assert table["label"].tolist() == ["sad", "sad", "neutral", "disgust", "sad"]
    assert table["given_label"].tolist() == ["sad", "sad", "fear", "angry", "sad"]
    assert table.loc[7, "gold_label"] == "fear"
    assert table.loc[0, "gold_label"] is None
    soft = table[list(SOFT)].to_numpy()
    assert soft.dtype == np.float32
    assert soft.sum(axis=1) == pytest.approx(1)
    assert table.loc[1, "soft_neutral"] == pytest.approx(0.4)


def test_each_dropped_or_relabeled_image_is_among_the_changes(space: Workspace) -> None:
    clean(space)
    changes = pd.read_csv(space.changes_path, keep_default_na=False).set_index("row")
    assert changes.index.tolist() == [2, 3, 4, 5, 6]
    assert changes["change"].tolist() == ["relabeled", "dropped", "dropped", "relabeled", "dropped"]
    assert changes.loc[2, ["from", "to"]].tolist() == ["fear", "neutral"]
    assert float(changes.loc[2, "confidence"]) == pytest.approx(0.95)
    assert changes.loc[5, "who"] == "ann"
    assert changes.loc[4, "reason"] == "wrong label, no clear other"
    kept = set(space.clean()["row"])
    assert kept | set(changes[changes["change"] == "dropped"].index) == set(range(8))
    assert not kept & set(changes[changes["change"] == "dropped"].index)


def test_the_summary_adds_up_and_says_what_to_expect(space: Workspace) -> None:
    found = clean(space).summary
    assert found == json.loads(space.clean_summary_path.read_text())
    assert sum(found["reasons"].values()) == found["n_images"] == 8
    assert (found["n_kept"], found["n_dropped"], found["n_relabeled"]) == (5, 3, 2)
    fear = found["by_class"]["fear"]
    assert (fear["before"], fear["relabeled"], fear["after"]) == (1, 1, 0)
    assert found["expected"]["relabeled"] == {"images": 1, "precision": 0.95}
    assert found["expected"]["dropped as wrong"]["precision"] == pytest.approx(0.98)
    assert found["expected"]["removed by the screen"] == {"images": 1, "precision": 0.97}
    assert found["used"] == ["screen", "audit (profile fer2013, 0 verdicts)", "decisions"]
    assert found["n_decided"] == 2


def test_the_same_inputs_give_the_same_bytes(space: Workspace, tmp_path: Path) -> None:
    clean(space)
    before = outputs(space)
    assert clean(space).skipped
    assert not clean(space, force=True).skipped
    assert outputs(space) == before


@pytest.mark.parametrize("what", ["decision", "audit", "config", "lost"])
def test_what_changed_is_cleaned_again(space: Workspace, what: str) -> None:
    clean(space)
    config = CleanConfig()
    if what == "decision":
        decide(space, verdict(0, "exclude"))
    elif what == "audit":
        write_audit(space, space.manifest(), BELIEFS | {0: belief_of(sad=0.5)})
    elif what == "config":
        config = CleanConfig(relabel=0.99)
    else:
        space.changes_path.unlink()
    assert not clean(space, config).skipped
    assert clean(space, config).skipped


def test_decided_needs_neither_screen_nor_audit(space: Workspace) -> None:
    recorded.forget(space, "audit")
    recorded.forget(space, "screen")
    found = clean(space, CleanConfig(policy="decided"))
    assert found.summary["reasons"] == {
        "kept": 5,
        "not touched: its split is not cleaned": 1,
        "decided: another label": 1,
        "no label": 1,
    }
    assert len(found.notes) == 2


def test_what_is_missing_is_said(space: Workspace) -> None:
    recorded.forget(space, "screen")
    heard: list[str] = []

    class Listening(Quiet):
        def warn(self, text: str) -> None:
            heard.append(text)

    found = stage.run(space, CleanConfig(), Listening())
    assert "fercurate screen" in heard[0]
    assert found.summary["not_used"] == heard
    assert 3 in set(space.clean()["row"])


@pytest.mark.parametrize(
    ("profile", "verdicts", "is_told"), [("generic", 0, 1), ("generic", 100, 0), ("fer2013", 0, 0)]
)
def test_an_audit_that_knows_nothing_is_told_of(
    space: Workspace, profile: str, verdicts: int, is_told: int
) -> None:
    recorded.write_json(space.audit_summary_path, {"profile": profile, "n_verdicts": verdicts})
    found = clean(space)
    told = [note for note in found.notes if "no better than the raw one" in note]
    assert len(told) == is_told
    assert all("fercurate review --sample 100" in note for note in told)


def test_decided_with_nothing_decided(tmp_path: Path) -> None:
    space = workspace_of(tmp_path, manifest_of(["sad"]))
    with pytest.raises(InputError, match="Nobody has decided") as caught:
        clean(space, CleanConfig(policy="decided"))
    assert "fercurate review" in caught.value.fix


@pytest.mark.parametrize("name", ["audit", "screen"])
def test_what_was_found_on_other_images_is_refused(space: Workspace, name: str) -> None:
    manifest = space.manifest()
    order = [1, 0, *range(2, len(manifest))]
    swapped = manifest.iloc[order].reset_index(drop=True).assign(row=manifest["row"])
    recorded.write_table(space.manifest_path, swapped)
    other = "screen" if name == "audit" else "audit"
    recorded.forget(space, other)
    with pytest.raises(InputError, match=f"{name}.parquet is older than") as caught:
        clean(space)
    assert f"Make it with: fercurate {name}" in caught.value.fix


def test_all_splits(space: Workspace) -> None:
    found = clean(space, CleanConfig(splits="all")).summary
    assert found["splits_cleaned"] == "all"
    assert space.clean().set_index("row").loc[7, "label"] == "fear"
