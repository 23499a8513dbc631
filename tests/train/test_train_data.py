"""Which rows are trained on, and with which targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import recorded
import train_cases as cases

from fercurate.config import TrainConfig
from fercurate.errors import InputError
from fercurate.halves import is_choosing
from fercurate.labels import CLASSES, INDEX
from fercurate.train import data
from fercurate.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return cases.dataset(tmp_path / "toy", unlabelled=4)


def test_raw_takes_every_labelled_training_row_with_its_class(space: Workspace) -> None:
    found = data.gather(space, TrainConfig(on="raw"))
    assert found.rows.tolist() == list(range(60))
    assert found.targets.dtype == np.int64
    assert found.targets.tolist() == [i % 7 for i in range(60)]
    assert (found.labels, found.sources) == ("given", {"given": {"given": 60}})
    assert found.val_rows.tolist() == list(range(64, 120))
    assert found.test_rows.tolist() == list(range(120, 148))
    assert set(found.inputs) == {"manifest"}


def test_one_half_of_validation_chooses_and_calibrates(space: Workspace) -> None:
    found = data.gather(space, TrainConfig(on="raw"))
    chooses = is_choosing(space.manifest()["sha256"].iloc[64:120].tolist())
    assert 18 < chooses.sum() < 38
    wanted = np.where(chooses, np.arange(64, 120) % 7, -1)
    assert found.val_labels.tolist() == wanted.tolist()
    fit = found.calibrating["given"]
    assert fit.rows.tolist() == (64 + np.flatnonzero(chooses)).tolist()
    assert fit.labels.tolist() == [row % 7 for row in fit.rows]


def held_out(space: Workspace, rows: list[int]) -> list[int]:
    """Those of some training rows that are held out where a fifth is, by the pixels' digest."""
    digests = space.manifest()["sha256"]
    return [row for row in rows if int(digests[row][:8], 16) / 16**8 < 0.2]


def test_clean_takes_its_rows_with_soft_labels_and_the_manifests_validation(
    space: Workspace,
) -> None:
    kept = [2, 3, 5, *range(20, 50)]
    cases.cleaned(space, kept)
    found = data.gather(space, TrainConfig())
    held = held_out(space, kept)
    assert 2 < len(held) < 12
    assert found.rows.tolist() == [row for row in kept if row not in held]
    assert found.labels == "corrected"
    assert found.targets.dtype == np.float32
    assert found.targets[0] == pytest.approx(cases.soft(found.rows[0] + 1, 0.7))
    assert found.targets.sum(axis=1) == pytest.approx(np.ones(len(found.rows)))
    fit = found.calibrating["corrected"]
    assert fit.rows.tolist() == held
    assert fit.labels == pytest.approx(np.stack([cases.soft(row + 1, 0.7) for row in held]))
    assert set(found.inputs) == {"manifest", "clean"}
    given = data.gather(space, TrainConfig(labels="given"))
    assert given.targets.tolist() == [i % 7 for i in kept]
    assert given.content != found.content


def test_the_control_is_as_large_as_clean_and_drawn_from_all(space: Workspace) -> None:
    cases.cleaned(space, list(range(30)))
    first, again, other = (
        data.gather(space, TrainConfig(on="random-control", seed=seed)) for seed in (1, 1, 2)
    )
    of_clean = data.gather(space, TrainConfig())
    assert len(first.rows) == len(set(first.rows)) == len(of_clean.rows) < 30
    assert first.rows.tolist() == again.rows.tolist() == sorted(first.rows)
    assert first.rows.tolist() != other.rows.tolist()
    assert first.rows.max() >= 30
    corrected = TrainConfig(on="random-control", labels="corrected")
    cases.audited(space)
    assert len(data.gather(space, corrected).rows) < 30
    assert first.labels == "given"
    assert first.targets.tolist() == [row % 7 for row in first.rows]


def test_raw_with_corrected_labels_takes_the_audits_beliefs(space: Workspace) -> None:
    cases.audited(space)
    found = data.gather(space, TrainConfig(on="raw", labels="corrected"))
    n = 60 - len(held_out(space, list(range(60))))
    assert len(found.rows) == n
    assert found.sources == {"corrected": {"audit": n}}
    assert found.targets[4] == pytest.approx(cases.soft(found.rows[4] + 1, 0.6))


VOTES = {
    0: {"happiness": 6, "neutral": 2},
    1: {"happiness": 1, "contempt": 9},
    2: {"NF": 10},
    3: {"sadness": 5, "unknown": 5},
}


@pytest.mark.parametrize(
    ("on", "sources", "second"),
    [
        ("clean", {"votes": 1, "clean": 39}, 0.7),
        ("raw", {"votes": 1, "audit": 59}, 0.6),
    ],
)
def test_votes_come_first_and_corrected_labels_fill_in(
    space: Workspace, on: str, sources: dict[str, int], second: float
) -> None:
    cases.cleaned(space, list(range(40)))
    cases.audited(space)
    cases.voted(space, VOTES)
    found = data.gather(space, TrainConfig(on=on, labels="votes"))  # type: ignore[arg-type]
    assert found.sources == {"votes": sources}
    assert found.targets[0] == pytest.approx([0, 0, 0, 0.75, 0, 0, 0.25])
    for row in (1, 2, 3, 4):
        assert found.targets[row] == pytest.approx(cases.soft(row + 1, second))
    assert found.targets.sum(axis=1) == pytest.approx(np.ones(len(found.rows)))


def test_votes_without_anything_else_leave_the_given_label(space: Workspace) -> None:
    cases.voted(space, VOTES)
    found = data.gather(space, TrainConfig(on="raw", labels="votes"))
    assert found.sources == {"votes": {"votes": 1, "given": 59}}
    assert found.targets[5].tolist() == [0, 0, 0, 0, 0, 1, 0]


def test_two_heads_learn_each_its_own_labels(space: Workspace) -> None:
    """Where nobody voted, the votes head learns nothing, whatever the audit believes."""
    cases.voted(space, VOTES)
    cases.audited(space)
    found = data.gather(space, TrainConfig(on="raw", labels="given+votes"))
    assert found.heads == ("given", "votes")
    assert found.targets.shape == (60, 2, 7)
    assert found.targets[:, 0].argmax(axis=1).tolist() == [row % 7 for row in range(60)]
    assert found.targets[0, 1] == pytest.approx([0, 0, 0, 0.75, 0, 0, 0.25])
    assert not found.targets[1:, 1].any()
    assert found.sources == {"given": {"given": 60}, "votes": {"votes": 1}}
    assert set(found.inputs) == {"manifest", "votes"}


def test_a_votes_head_is_calibrated_on_gold_rows_of_the_half_that_chooses(
    space: Workspace,
) -> None:
    votes = {row: {"sadness": 6, "neutral": 4} for row in range(64, 120, 2)}
    cases.voted(space, {0: {"fear": 9}, **votes})
    found = data.gather(space, TrainConfig(on="raw", labels="given+votes"))
    fit = found.calibrating["votes"]
    chooses = found.val_rows[found.val_labels >= 0]
    assert fit.rows.tolist() == [row for row in chooses if row % 2 == 0]
    assert set(fit.labels.tolist()) == {INDEX["sad"]}
    assert len(found.calibrating["given"].rows) == len(chooses)


def test_given_and_corrected_on_a_clean_set(space: Workspace) -> None:
    cases.cleaned(space, list(range(2, 60)))
    found = data.gather(space, TrainConfig(labels="given+corrected"))
    held = held_out(space, list(range(2, 60)))
    assert found.rows.tolist() == [row for row in range(2, 60) if row not in held]
    assert found.targets[0, 0].argmax() == found.rows[0] % 7
    assert found.targets[0, 1] == pytest.approx(cases.soft(found.rows[0] + 1, 0.7))
    assert found.calibrating["corrected"].rows.tolist() == held


@pytest.mark.parametrize(
    ("config", "says", "fix"),
    [
        (TrainConfig(), "clean.parquet", "fercurate clean"),
        (TrainConfig(on="random-control"), "clean.parquet", "fercurate clean"),
        (TrainConfig(on="raw", labels="corrected"), "audit.parquet", "fercurate audit"),
        (TrainConfig(on="raw", labels="votes"), "without votes", "--ferplus"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_makes_it(
    space: Workspace, config: TrainConfig, says: str, fix: str
) -> None:
    with pytest.raises(InputError) as caught:
        data.gather(space, config)
    assert says in caught.value.message
    assert fix in caught.value.fix


def test_too_few_images_or_classes(tmp_path: Path, space: Workspace) -> None:
    few = cases.dataset(tmp_path / "few", n_train=12)
    with pytest.raises(InputError, match="12 images of 7 classes"):
        data.gather(few, TrainConfig(on="raw"))
    table = space.manifest()
    table["label"] = "sad"
    recorded.write_table(space.manifest_path, table)
    with pytest.raises(InputError, match="64 images of 1 classes"):
        data.gather(space, TrainConfig(on="raw"))


def test_the_content_follows_pixels_and_labels_alone(space: Workspace) -> None:
    gathered = data.gather(space, TrainConfig(on="raw"))
    before, row = gathered.content, gathered.val_rows[gathered.val_labels >= 0][0]
    table = space.manifest()
    recorded.write_table(space.manifest_path, table.assign(source="y.csv"))
    assert data.gather(space, TrainConfig(on="raw")).content == before
    for column, value in (("label", CLASSES[(row + 1) % 7]), ("sha256", "f" * 64)):
        changed = table.copy()
        changed.loc[row, column] = value
        recorded.write_table(space.manifest_path, changed)
        assert data.gather(space, TrainConfig(on="raw")).content != before
