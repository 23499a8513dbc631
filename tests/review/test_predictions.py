"""A model's answers in FiftyOne, over a real database."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from review_sync import Make, synced
from review_tables import N, manifest_table

from fercurate.errors import FercurateError
from fercurate.labels import CLASSES, INDEX
from fercurate.review import layout
from fercurate.review.predictions import FIELD, KEY, VIEW, PredictionResult, write
from fercurate.review.stage import saved_view
from fercurate.workspace import Workspace

VAL = np.flatnonzero(manifest_table()["split"] == "val")
TEST = np.flatnonzero(manifest_table()["split"] == "test")
GIVEN = manifest_table()["label"].map(dict(INDEX)).to_numpy()


def probabilities(rows: np.ndarray, n_wrong: int = 0) -> np.ndarray:
    """Sure of the given label; of the next class on the first `n_wrong`, surer on the first."""
    answers = GIVEN[rows].copy()
    answers[:n_wrong] = (answers[:n_wrong] + 1) % 7
    confidence = np.linspace(0.9, 0.6, len(rows))[:, None]
    one_hot = np.eye(7)[answers]
    return np.where(one_hot == 1, confidence, (1 - confidence) / 6)


def predicted(
    fo: ModuleType, space: Workspace, rows: np.ndarray, split: str, model: str = "m", wrong: int = 0
) -> PredictionResult:
    return write(fo, space, model, split, rows, probabilities(rows, wrong))


@pytest.fixture
def space(clean_fo: ModuleType, make_workspace: Make) -> Workspace:
    made = make_workspace()
    synced(clean_fo, made)
    return made


def test_answers_and_fiftyones_evaluation_of_them(clean_fo: ModuleType, space: Workspace) -> None:
    found = predicted(clean_fo, space, VAL, "val", wrong=2)
    assert (found.n_predictions, found.eval_key) == (len(VAL), "model_val")
    assert found.accuracy == pytest.approx(1 - 2 / len(VAL))
    dataset = clean_fo.load_dataset("faces")
    values = dataset.values(f"{FIELD}.label")
    answers = probabilities(VAL, 2).argmax(axis=1)
    assert [values[row] for row in VAL] == [CLASSES[a] for a in answers]
    assert [v for row, v in enumerate(values) if row not in VAL] == [None] * (N - len(VAL))
    assert dataset.values(f"{FIELD}.confidence")[VAL[0]] == pytest.approx(0.9)
    results = dataset.load_evaluation_results("model_val")
    assert results.metrics()["accuracy"] == pytest.approx(found.accuracy)
    mistakes = dataset.load_saved_view(VIEW["val"])
    assert mistakes.values("row") == [int(row) for row in VAL[:2]]


def test_both_splits_of_one_model_stand_side_by_side(
    clean_fo: ModuleType, space: Workspace
) -> None:
    predicted(clean_fo, space, VAL, "val")
    predicted(clean_fo, space, TEST, "test")
    predicted(clean_fo, space, VAL, "val", wrong=1)
    dataset = clean_fo.load_dataset("faces")
    assert set(dataset.list_evaluations()) == set(KEY.values())
    assert len(dataset.exists(f"{FIELD}.label")) == len(VAL) + len(TEST)
    assert len(dataset.load_saved_view(VIEW["val"])) == 1


def test_another_model_takes_the_place_of_the_first(clean_fo: ModuleType, space: Workspace) -> None:
    predicted(clean_fo, space, TEST, "test")
    predicted(clean_fo, space, VAL, "val", model="other")
    dataset = clean_fo.load_dataset("faces")
    assert dataset.list_evaluations() == ["model_val"]
    assert dataset.count(f"{FIELD}.label") == len(VAL)
    assert VIEW["test"] not in dataset.list_saved_views()


def test_a_sync_leaves_the_predictions(clean_fo: ModuleType, space: Workspace) -> None:
    predicted(clean_fo, space, VAL, "val")
    result = synced(clean_fo, space)
    assert (result.n_added, result.n_updated, result.n_removed) == (0, 0, 0)
    assert clean_fo.load_dataset("faces").count(f"{FIELD}.label") == len(VAL)


def test_a_field_of_the_users_own_stays(clean_fo: ModuleType, space: Workspace) -> None:
    dataset = clean_fo.load_dataset("faces")
    dataset.add_sample_field(FIELD, clean_fo.StringField)
    dataset.set_values(FIELD, ["mine"] * N)
    with pytest.raises(FercurateError, match="of your own"):
        predicted(clean_fo, space, VAL, "val")
    assert clean_fo.load_dataset("faces").values(FIELD) == ["mine"] * N


def test_images_without_a_label_are_shown_and_not_scored(
    clean_fo: ModuleType, make_workspace: Make
) -> None:
    space = make_workspace(manifest=manifest_table().assign(label=None))
    synced(clean_fo, space)
    found = predicted(clean_fo, space, VAL, "val")
    assert (found.eval_key, found.accuracy, found.n_predictions) == (None, None, len(VAL))


@pytest.mark.parametrize(
    ("view", "blind", "with_answer"),
    [(None, False, False), ("Queue", False, False), (VIEW["val"], False, True),
     (VIEW["test"], False, True), (VIEW["val"], True, False)],
)  # fmt: skip
def test_a_thumbnail_bears_the_answer_where_mistakes_are_looked_at(
    view: str | None, blind: bool, with_answer: bool
) -> None:
    fields = layout.shown(SimpleNamespace(view_name=view, is_blind=blind))
    assert (FIELD in fields) is with_answer
    assert ("ground_truth" in fields) is not blind


def test_the_view_of_mistakes_is_found_by_the_name_that_evaluate_prints(
    clean_fo: ModuleType, space: Workspace
) -> None:
    predicted(clean_fo, space, VAL, "val", wrong=2)
    dataset = clean_fo.load_dataset("faces")
    assert saved_view(dataset, "models-mistakes-val") == VIEW["val"]


def test_answers_bear_the_colours_of_the_classes(clean_fo: ModuleType, space: Workspace) -> None:
    for _ in range(2):
        predicted(clean_fo, space, VAL, "val")
    config = clean_fo.load_dataset("faces").app_config
    ours = [f for f in config.color_scheme.fields if f["path"] == FIELD]
    assert len(ours) == 1
    assert {v["value"] for v in ours[0]["valueColors"]} == set(CLASSES)
    assert config.active_fields.paths.count(FIELD) == 1
