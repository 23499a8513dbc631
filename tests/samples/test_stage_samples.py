"""The sample as a whole: what is planted, what is written, and that both agree."""

from __future__ import annotations

import csv
import socket
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest

from fercurate.errors import FercurateError, InputError
from fercurate.labels import CLASSES
from fercurate.samples import stage

SPLIT_OF_USAGE = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def result(folder):
    return stage.write(folder, seed=0)


@pytest.fixture(scope="module")
def table(result):
    return pd.read_csv(result.csv)


@pytest.fixture(scope="module")
def truth(result):
    return pd.read_csv(result.truth, keep_default_na=False)


@pytest.fixture(scope="module")
def pixels(table):
    return [np.array(text.split(), dtype=np.int64) for text in table["pixels"]]


def test_the_csv_is_kaggles(result, table, pixels):
    with result.csv.open() as file:
        assert file.readline() == "emotion,pixels,Usage\n"
    assert all(p.size == 2304 and p.min() >= 0 and p.max() <= 255 for p in pixels)
    assert set(table["emotion"]) == set(range(7))
    order = [list(SPLIT_OF_USAGE).index(u) for u in table["Usage"]]
    assert order == sorted(order)


def test_the_key_goes_row_by_row_with_the_csv(result, table, truth):
    assert tuple(truth.columns) == stage.TRUTH_COLUMNS
    assert truth["row"].tolist() == list(range(len(table))) == list(range(result.rows))
    assert truth["given_label"].tolist() == [CLASSES[e] for e in table["emotion"]]
    assert all(truth[c].dtype == bool for c in stage.TRUTH_COLUMNS[4:])
    assert ((truth["true_label"] != "") == (truth["kind"] == "human")).all()


def test_the_size_is_as_promised(result, truth):
    assert 1350 <= result.rows <= 1450
    assert dict(result.by_kind) == {"human": 1320 + 40, "drawn": 25, "nonface": 25}
    assert 0.03 <= 50 / result.rows <= 0.04
    assert dict(result.by_class) == {c: (truth["true_label"] == c).sum() for c in CLASSES}
    for label, least in stage.FACES_OF_CLASS.items():
        assert least <= result.by_class[label] <= least + stage.N_CONFLICTS + stage.N_COPIES
    assert min(result.by_class, key=result.by_class.get) == "disgust"


def test_the_splits_are_about_eight_to_one_to_one(result, table):
    found = table["Usage"].map(SPLIT_OF_USAGE).value_counts()
    assert dict(result.by_split) == found.to_dict()
    assert 0.77 <= result.by_split["train"] / result.rows <= 0.82
    assert 0.08 <= result.by_split["test"] / result.rows <= 0.12


def test_every_class_is_in_every_split(table, truth):
    human = truth["kind"] == "human"
    cells = pd.crosstab(truth["true_label"][human], table["Usage"][human])
    assert cells.shape == (7, 3)
    assert cells.to_numpy().min() >= 5


def test_flips_are_eight_percent_of_training_and_confusable(result, table, truth):
    flipped = truth[truth["is_flipped"]]
    assert result.flipped == len(flipped)
    train = (table["Usage"] == "Training") & (truth["kind"] == "human")
    assert len(flipped) / train.sum() == pytest.approx(0.08, abs=0.003)
    assert train[flipped.index].all()
    for row in flipped.itertuples():
        assert row.given_label in stage.CONFUSED_WITH[row.true_label]


def test_no_other_label_is_wrong(truth):
    wrong = (truth["kind"] == "human") & (truth["given_label"] != truth["true_label"])
    assert (wrong == truth["is_flipped"])[~truth["is_duplicate_conflict"]].all()


def test_what_is_planted_never_overlaps(truth):
    flags = truth[list(stage.TRUTH_COLUMNS[4:])]
    assert flags.sum(axis=1).max() == 1


def test_duplicates_are_the_same_pixels_with_two_labels(result, table, truth):
    pairs = defaultdict(list)
    for row in truth.index[truth["is_duplicate_conflict"]]:
        pairs[table["pixels"][row]].append(row)
    assert len(pairs) == result.duplicate_conflicts == stage.N_CONFLICTS
    for rows in pairs.values():
        pair = truth.loc[rows]
        assert len(pair) == 2
        assert pair["true_label"].nunique() == 1
        assert pair["given_label"].nunique() == 2
        assert (pair["given_label"] == pair["true_label"]).sum() == 1
        assert (table["Usage"][rows] == "Training").all()


def test_copies_are_training_images_in_another_split(result, table, truth):
    copies = truth.index[truth["is_split_copy"]]
    assert len(copies) == result.split_copies == stage.N_COPIES
    assert Counter(table["Usage"][copies]) == {"PublicTest": 10, "PrivateTest": 10}
    for row in copies:
        twins = table.index[table["pixels"] == table["pixels"][row]].drop(row)
        assert len(twins) == 1
        assert table["Usage"][twins[0]] == "Training"
        assert truth["given_label"][twins[0]] == truth["given_label"][row]


def test_no_image_is_there_twice_but_those(table, truth):
    repeated = table["pixels"].duplicated().sum()
    assert repeated == stage.N_CONFLICTS + stage.N_COPIES


def test_constant_images_are_marked(result, truth, pixels):
    flat = [bool(p.min() == p.max()) for p in pixels]
    assert flat == truth["is_constant"].tolist()
    assert result.constant == sum(flat) == 6
    assert set(truth["kind"][truth["is_constant"]]) == {"nonface"}


def test_people_stay_within_a_split():
    rng = np.random.default_rng(0)
    marked = [np.full((48, 48), i / 100) for i in range(100)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "express", lambda face, *args, **kwargs: face)
        patch.setattr(stage, "expose", lambda face, rng: np.rint(100 * face).astype(np.uint8))
        rows = stage._humans(marked, rng)
    splits = defaultdict(set)
    for row in rows:
        splits[int(row.pixels[0, 0])].add(row.split)
    assert len(splits) == 100
    assert Counter(*zip(*splits.values(), strict=True)) == {"train": 80, "val": 10, "test": 10}


def test_the_same_seed_gives_the_same_bytes_without_a_network(result, tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "socket", no_network)
    again = stage.write(tmp_path, seed=0)
    assert again.csv.read_bytes() == result.csv.read_bytes()
    assert again.truth.read_bytes() == result.truth.read_bytes()


def test_another_seed_gives_another_sample_of_the_same_make_up(result, tmp_path):
    other = stage.write(tmp_path / "new" / "folder", seed=1)
    assert other.csv.read_bytes() != result.csv.read_bytes()
    assert other.by_kind == result.by_kind
    assert (other.duplicate_conflicts, other.split_copies) == (20, 20)


@pytest.mark.parametrize("name", [stage.CSV_NAME, stage.TRUTH_NAME])
def test_what_is_there_and_is_not_the_sample_stays_but_with_force(name, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "compose", lambda seed: [])
    stage.write(tmp_path)
    made = (tmp_path / name).read_bytes()
    stage.write(tmp_path)  # the same again is no loss
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="is there already") as caught:
        stage.write(tmp_path)
    assert "--force" in caught.value.fix
    assert (tmp_path / name).read_text() == "mine"
    stage.write(tmp_path, force=True)
    assert (tmp_path / name).read_bytes() == made


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "compose", lambda seed: [])
    (tmp_path / "file").write_text("")
    with pytest.raises(FercurateError) as caught:
        stage.write(tmp_path / "file" / "below")
    assert caught.value.fix


def test_plain_csv_readers_can_read_the_key(result):
    with result.truth.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["is_flipped"] for r in rows} == {"true", "false"}


@pytest.mark.parametrize("name", ["fer2013-sample.csv", "truth.csv"])
def test_a_file_of_the_users_own_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(InputError, match="is not the sample"):
        stage.write(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine\n")]
