"""The paired bootstrap: no difference, a planted one, copies, seeds, and its coverage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import forget_file, write_table
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from fercurate import road
from fercurate.config import CompareConfig
from fercurate.errors import FercurateError, InputError
from fercurate.evaluate import compare, compare_runs, kept_runs
from fercurate.evaluate.arms import Arm
from fercurate.identity import packed
from fercurate.infer.checkpoint import save_model
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS
from fercurate.learn import zoo
from fercurate.paths import RunFiles
from fercurate.progress import Quiet
from fercurate.train import stage
from fercurate.workspace import Workspace

ALONE = -1


def answers(truth, share_right, rng, seeds=3):
    """Predictions int64 [seeds, n] of which about this share is right."""
    right = rng.random((seeds, len(truth))) < share_right
    return np.where(right, truth, (truth + rng.integers(1, 7, right.shape)) % 7)


def score(predictions, truth, cluster=None, draws=400):
    cluster = np.full(len(truth), ALONE) if cluster is None else cluster
    return compare.score(predictions, truth, cluster, [("b", "a")], draws)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(20, 300), seeds=st.integers(1, 4))
def test_the_same_arm_twice_differs_by_nothing(seed, n, seeds):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 7, n)
    same = answers(truth, 0.7, rng, seeds)
    found = score({"a": same, "b": same.copy()}, truth)
    for gain in (found.accuracy_gain["b", "a"], found.balanced_gain["b", "a"]):
        assert gain.value == pytest.approx(0)
        assert gain.low <= 0 <= gain.high
        assert not gain.excludes_zero
        assert gain.by_seed == pytest.approx((0,) * seeds)


@pytest.mark.parametrize("planted", [0.05, -0.05])
def test_five_planted_points_are_found(planted):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 7, 3000)
    a = answers(truth, 0.7, rng)
    b = a.copy()
    # the same model, but for 5 % of the images, which it gets right (or wrong) instead
    chosen = rng.permutation(3000)
    for run in b:
        able = chosen[(run[chosen] != truth[chosen]) == (planted > 0)][:150]
        run[able] = truth[able] if planted > 0 else (truth[able] + 1) % 7
    gain = score({"a": a, "b": b}, truth).accuracy_gain["b", "a"]
    assert gain.value == pytest.approx(planted)
    assert gain.excludes_zero
    assert gain.low < planted < gain.high
    assert gain.high - gain.low < 0.04


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_measures_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(-1, 7, 200)
    a, b = answers(truth, 0.6, rng, 2), answers(truth, 0.8, rng, 2)
    found = score({"a": a, "b": b}, truth, draws=20)
    known = truth >= 0
    assert found.n == known.sum()
    for run in range(2):
        at = (truth[known], a[run][known])
        assert found.accuracy["a"].by_seed[run] == pytest.approx(accuracy_score(*at))
        assert found.balanced["a"].by_seed[run] == pytest.approx(balanced_accuracy_score(*at))
    both = found.accuracy["b"].value - found.accuracy["a"].value
    assert found.accuracy_gain["b", "a"].value == pytest.approx(both)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """200 small worlds with a known gain: images differ in how hard they are, runs in luck."""
    rng = np.random.default_rng(0)
    gain, hits, worlds = 0.05, 0, 200
    for _ in range(worlds):
        hard = rng.uniform(0.4, 0.9, 400)
        truth = rng.integers(0, 7, 400)
        found = score(
            {"a": answers(truth, hard, rng), "b": answers(truth, hard + gain, rng)},
            truth,
            draws=200,
        ).accuracy_gain["b", "a"]
        hits += found.low <= gain <= found.high
    # it may be too wide (see the module), never much too narrow
    assert 0.92 * worlds <= hits


def test_copies_count_as_one_image():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 7, 200)
    a, b = answers(truth, 0.6, rng, 1), answers(truth, 0.7, rng, 1)
    many = {name: np.repeat(p, 4, axis=1) for name, p in (("a", a), ("b", b))}
    groups = np.repeat(np.arange(200), 4)
    once = score({"a": a, "b": b}, truth).accuracy_gain["b", "a"]
    together = score(many, np.repeat(truth, 4), groups).accuracy_gain["b", "a"]
    apart = score(many, np.repeat(truth, 4)).accuracy_gain["b", "a"]
    assert together.value == pytest.approx(once.value)
    assert together.high - together.low == pytest.approx(once.high - once.low, rel=0.1)
    assert apart.high - apart.low < 0.7 * (once.high - once.low)


@pytest.mark.parametrize(
    ("cluster", "numbered"),
    [([-1, -1, -1], [2, 1, 0]), ([5, -1, 5], [1, 0, 1]), ([0, 1, 0], [0, 1, 0])],
)
def test_images_without_copies_stand_alone(cluster, numbered):
    assert compare.number_clusters(np.array(cluster)).tolist() == numbered


def test_runs_that_differ_widen_the_interval():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 7, 2000)
    a = answers(truth, 0.7, rng)
    steady = np.stack([answers(truth, 0.75, rng, 1)[0] for _ in range(3)])
    unsteady = np.stack([answers(truth, share, rng, 1)[0] for share in (0.65, 0.75, 0.85)])
    width = {}
    for name, b in (("steady", steady), ("unsteady", unsteady)):
        found = score({"a": a, "b": b}, truth)
        gain = found.accuracy_gain["b", "a"]
        width[name] = gain.high - gain.low
    assert width["unsteady"] > 2 * width["steady"]
    assert found.accuracy["b"].sd == pytest.approx(0.1, abs=0.03)


def test_one_seed_has_no_spread():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 7, 500)
    found = score({"a": answers(truth, 0.6, rng, 1), "b": answers(truth, 0.8, rng, 1)}, truth)
    assert found.accuracy_gain["b", "a"].excludes_zero
    assert np.isnan(found.accuracy["b"].sd)


def test_arms_of_other_numbers_of_seeds_are_refused():
    truth = np.zeros(10, np.int64)
    with pytest.raises(ValueError, match="numbers of seeds"):
        score({"a": np.zeros((3, 10), np.int64), "b": np.zeros((2, 10), np.int64)}, truth)


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 7, 100)
    both = {"a": answers(truth, 0.6, rng), "b": answers(truth, 0.7, rng)}
    assert score(both, truth) == score(both, truth)


@pytest.mark.parametrize("truth", [np.full(10, -1), np.zeros(9, np.int64)])
def test_nothing_to_score_is_refused(truth):
    wrong = {"a": np.zeros((1, 10), np.int64), "b": np.zeros((1, 10), np.int64)}
    with pytest.raises(ValueError, match="nothing to score"):
        score(wrong, truth, np.full(len(truth), ALONE))


# -- on the files of runs -------------------------------------------------------------------
N = 120


@pytest.fixture
def space(tmp_path):
    """A dataset of `N` validation images after 10 training images; votes contradict a third."""
    made = Workspace(tmp_path / "faces")
    made.root.mkdir()
    rng = np.random.default_rng(0)
    true = rng.integers(0, 7, N + 10)
    label = np.where(np.arange(N + 10) % 3 == 0, (true + 1) % 7, true)
    write_table(
        made.manifest_path,
        pd.DataFrame(
            {
                "row": np.arange(N + 10, dtype=np.int32),
                "sample_id": [f"s{i}" for i in range(N + 10)],
                "split": ["train"] * 10 + ["val"] * N,
                "label": np.array(CLASSES)[label],
                "sha256": [f"{2 * i + 1:064x}" for i in range(N + 10)],
                "duplicate_group": [7, *[-1] * 9, 7, *[-1] * (N - 1)],
                "is_split_leak": [True, *[False] * 9, True, *[False] * (N - 1)],
            }
        ),
    )
    votes = np.zeros((N + 10, len(FERPLUS_COLUMNS)), int)
    columns = [FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name]) for name in CLASSES]
    votes[np.arange(N + 10), np.array(columns)[true]] = 10
    write_table(made.votes_path, pd.DataFrame(votes, columns=list(FERPLUS_COLUMNS)))
    return made


def finished(space, name, predicted, rows=None, **config):
    """A run's folder as train leaves it, of which compare reads two files."""
    files = RunFiles(space.run_dir(name))
    files.folder.mkdir(parents=True)
    rows = np.arange(10, N + 10) if rows is None else rows
    np.savez(
        files.logits_path,
        row=rows.astype(np.int32),
        sha256=packed([f"{2 * i + 1:064x}" for i in rows]),
        logits=np.eye(7, dtype=np.float32)[predicted],
    )
    told = {"model": "facenet", "balance": "none", **config}
    about = {"config": told, "labels": "given", "n_train": 10, "recipe": {"epochs": 8}}
    files.config_path.write_text(json.dumps(about))
    return files.folder


def truths(space):
    manifest = space.manifest()
    label = manifest["label"].map({name: i for i, name in enumerate(CLASSES)}).to_numpy()[10:]
    votes = space.votes()[[FERPLUS_OF_CLASS[name] for name in CLASSES]].to_numpy()
    return label, votes.argmax(axis=1)[10:]


def two_arms(space):
    label, gold = truths(space)
    return [
        (Arm("raw", space, "raw", "given"), [
            finished(space, f"r{s}", label, seed=s, on="raw") for s in range(2)
        ]),
        (Arm("clean", space, "clean", "corrected"), [
            finished(space, f"c{s}", gold, seed=s, on="clean") for s in range(2)
        ]),
    ]  # fmt: skip


def test_runs_are_scored_on_given_labels_and_gold_rows(space):
    found = compare_runs.run(space, two_arms(space), "val", draws=300)
    gains = {(g.truth, g.measure): g for g in found.gains}
    assert found.scores["raw"]["given"]["accuracy"]["mean"] == 1
    assert found.scores["clean"]["gold"]["accuracy"]["mean"] == 1
    assert gains["gold", "accuracy"].value == pytest.approx(1 / 3, abs=0.01)
    assert gains["given", "accuracy"].value == pytest.approx(-1 / 3, abs=0.01)
    assert gains["gold", "accuracy"].excludes_zero
    assert found.given_is_gold == pytest.approx(2 / 3, abs=0.01)
    assert (found.n_leaks, found.with_near) == (1, False)
    assert found.rows["gold_alone"]["rows"] == N - 1
    assert found.recipe == {"model": "facenet", "balance": "none", "epochs": 8}
    assert found.differs == ()
    assert [arm.seeds for arm in found.arms] == [(0, 1), (0, 1)]
    json.dumps(found.as_dict())


def test_near_copies_are_copies_where_the_dataset_is_screened(space, monkeypatch):
    n = N + 10
    near = np.full(n, -1)
    near[[3, 12, 13]] = 0  # one of training and two of validation
    screen = pd.DataFrame(
        {
            "near_duplicate_group": np.full(n, -1),
            "near_duplicate_component": near,
            "is_near_leak": near == 0,
        }
    )
    monkeypatch.setattr(Workspace, "screen", lambda self: screen)
    found = compare_runs.run(space, two_arms(space), "val", draws=300)
    assert found.with_near
    assert found.n_leaks == 3  # and the exact one
    assert found.rows["gold_alone"]["rows"] == N - 3
    assert found.rows["gold"] == {"rows": N, "images": N - 1}


def test_a_broken_screen_is_found_before_anything_is_trained(space):
    space.screen_path.write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"screen\.parquet"):
        compare_runs.check(space, [Arm("raw", space, "raw", "given")], "val", None, 1)


def test_logits_in_another_order_are_matched_by_row(space):
    label, _ = truths(space)
    order = np.random.default_rng(0).permutation(N)
    folder = finished(space, "mixed", label[order], rows=np.arange(10, N + 10)[order])
    wanted = [f"{2 * i + 1:064x}" for i in range(10, N + 10)]
    np.testing.assert_array_equal(kept_runs.read_predictions(folder, space, wanted), label)


def test_of_validation_the_half_that_chose_nothing_scores(space):
    arms = two_arms(space)
    table = space.manifest()
    table.loc[10:29, "sha256"] = [f"{2 * i:064x}" for i in range(10, 30)]
    write_table(space.manifest_path, table)
    found = compare_runs.run(space, arms, "val", draws=20)
    assert found.rows["given"]["rows"] == N - 20


def test_a_run_with_two_heads_answers_as_it_is_asked(space):
    """Its votes head, which answers by default, names the gold class, the given head the label;
    with a balance of one the rare class 1 takes every answer of the votes head."""
    label, gold = truths(space)
    folder = finished(space, "both", label)
    stored = dict(np.load(folder / "logits.npz"))
    eye = np.eye(7, dtype=np.float32)
    stored["logits"] = np.stack([eye[label], eye[gold]], axis=1)
    np.savez(folder / "logits.npz", **stored)
    prior = (0.166, 0.004, 0.166, 0.166, 0.166, 0.166, 0.166)
    info = ModelInfo("simple", heads=(Head("given", prior), Head("votes", prior)))
    save_model(folder / "best.safetensors", zoo.create("simple", n_heads=2), info)
    wanted = [f"{2 * i + 1:064x}" for i in range(10, N + 10)]

    def answers(*how):
        return kept_runs.read_predictions(folder, space, wanted, *how)

    np.testing.assert_array_equal(answers(), gold)
    np.testing.assert_array_equal(answers("given"), label)
    assert set(answers("votes", 1.0)) == {1}
    arms = [(Arm("raw", space, "raw", "given"), [finished(space, "one", gold)]),
            (Arm("both", space, "raw", "given+votes"), [folder])]  # fmt: skip
    same = compare_runs.run(space, arms, "val", draws=20)
    assert same.scores["both"]["gold"] == same.scores["raw"]["gold"]
    other = compare_runs.run(space, arms, "val", draws=20, head="given")
    assert other.scores["both"]["given"]["accuracy"]["mean"] == 1
    assert (other.answers_as, other.balance) == ("given", 0.0)


def test_without_votes_only_given_labels_score(space):
    arms = two_arms(space)
    forget_file(space.votes_path)
    found = compare_runs.run(space, arms, "val", draws=50)
    assert set(found.rows) == {"given"}
    assert found.given_is_gold is None


def test_each_arm_is_held_against_the_control_too(space):
    arms = two_arms(space)
    label, _ = truths(space)
    control = finished(space, "k", label, seed=0, on="random-control")
    arms.append((Arm("random-control", space, "random-control", "given"), [control]))
    found = compare_runs.run(space, arms, "val", draws=50)
    pairs = list(dict.fromkeys((g.arm, g.against) for g in found.gains))
    assert pairs == [("clean", "raw"), ("random-control", "raw"), ("clean", "random-control")]
    assert found.control == "random-control"


@pytest.mark.parametrize(
    ("raw", "clean", "common", "left_out"),
    [
        ((0, 1), (0, 1), (0, 1), [(), ()]),
        ((0, 1), (1, 0), (0, 1), [(), ()]),
        ((2, 0, 1), (1, 3, 2), (1, 2), [(0,), (3,)]),
        ((0, 1, 2), (1,), (1,), [(0, 2), ()]),
    ],
)
def test_runs_of_one_seed_are_compared(space, raw, clean, common, left_out):
    """Run `s` is right on `s` tenths of the images as raw, on all of them as clean."""
    label, _ = truths(space)

    def arm(name, seeds, share):
        right = {s: np.arange(N) < share(s) for s in seeds}
        folders = [
            finished(space, f"{name}{s}", np.where(right[s], label, (label + 1) % 7), seed=s)
            for s in seeds
        ]
        return Arm(name, space, runs=tuple(f.name for f in folders)), folders

    arms = [arm("raw", raw, lambda s: s * N // 10), arm("clean", clean, lambda _: N)]
    found = compare_runs.run(space, arms, "val", draws=20)
    assert [a.seeds for a in found.arms] == [common, common]
    assert [a.left_out for a in found.arms] == left_out
    gain = next(g for g in found.gains if (g.truth, g.measure) == ("given", "accuracy"))
    assert gain.by_seed == pytest.approx([1 - s / 10 for s in common])
    assert found.arms[1].runs == tuple(f"clean{s}" for s in common)


def test_arms_without_a_common_seed_and_a_seed_twice_are_refused(space):
    label, _ = truths(space)
    runs = [finished(space, f"r{s}", label, seed=s).name for s in (0, 1)]
    again = finished(space, "again", label, seed=0).name
    apart = [Arm(run, space, runs=(run,)) for run in runs]
    with pytest.raises(InputError, match=r"No seed is in all arms \(r0: 0; r1: 1\)") as caught:
        compare_runs.check(space, apart, "val", None, 3)
    assert "--seed" in caught.value.fix
    twice = Arm("r0 and 1 more", space, runs=(runs[0], again))
    with pytest.raises(InputError, match="r0 and again are two runs of the seed 0"):
        compare_runs.check(space, [apart[1], twice], "val", None, 3)


def test_only_seeds_that_a_named_run_has_are_trained(space):
    label, _ = truths(space)
    runs = tuple(finished(space, f"r{s}", label, seed=s).name for s in (1, 7))
    arms = [Arm("raw", space, "raw", "given"), Arm("r1 and 1 more", space, runs=runs)]
    assert compare_runs.check(space, arms, "val", None, 3) == (1,)
    assert compare_runs.check(space, arms[:1], "val", None, 3) == (0, 1, 2)


def test_other_settings_are_told(space):
    arms = two_arms(space)
    label, _ = truths(space)
    arms.append((Arm("other", space), [finished(space, "o", label, model="simple")]))
    assert compare_runs.run(space, arms, "val", draws=20).differs == ("model",)


def test_arms_of_other_images_are_refused(space, tmp_path):
    other = Workspace(tmp_path / "others")
    other.root.mkdir()
    write_table(other.manifest_path, space.manifest().assign(sha256="0" * 64))
    arms = two_arms(space)
    arms[1] = (Arm("others:clean", other, "clean", "corrected"), arms[1][1])
    with pytest.raises(InputError, match="others has other images"):
        compare_runs.check(space, [arm for arm, _ in arms], "val", None, 2)


def test_an_arm_whose_images_lie_in_another_order_is_scored_by_pixels(space, tmp_path):
    arms = two_arms(space)
    found = compare_runs.run(space, arms, "val", draws=20)
    order = [*range(10), *range(N + 9, 9, -1)]
    turned = space.manifest().iloc[order].reset_index(drop=True)
    votes = space.votes().iloc[order].reset_index(drop=True)
    write_table(space.manifest_path, turned.assign(row=range(N + 10)))
    write_table(space.votes_path, votes)
    again = compare_runs.run(space, arms, "val", draws=20)
    assert again.scores["raw"]["given"]["accuracy"] == found.scores["raw"]["given"]["accuracy"]
    assert again.scores["clean"]["gold"]["accuracy"] == found.scores["clean"]["gold"]["accuracy"]


def test_an_unfinished_run_and_one_of_other_rows_are_refused(space):
    label, _ = truths(space)
    rows = np.arange(10, N + 10)
    wanted = [f"{2 * i + 1:064x}" for i in rows]
    folder = finished(space, "short", label[:50], rows=rows[:50])
    with pytest.raises(InputError, match="kept nothing of 70 of the 120"):
        kept_runs.read_predictions(folder, space, wanted)
    whole = RunFiles(folder).logits_path.read_bytes()
    for damaged in (b"no zip", whole[: len(whole) // 2]):
        RunFiles(folder).logits_path.write_bytes(damaged)
        with pytest.raises(FercurateError, match="cannot be read"):
            kept_runs.read_predictions(folder, space, wanted)
    RunFiles(folder).logits_path.unlink()
    with pytest.raises(InputError, match="did not finish"):
        kept_runs.read_predictions(folder, space, wanted)


def test_a_split_without_labels_is_refused(space):
    with pytest.raises(InputError, match="no labelled image in the split test"):
        compare_runs.run(space, two_arms(space), "test")


# -- from the command to the page -----------------------------------------------------------
def test_each_arm_is_trained_alike_with_each_seed(space, tmp_path, monkeypatch):
    label, gold = truths(space)
    write_table(space.clean_path, space.manifest().assign(why=""))
    asked = []

    def train(home, options, progress, record):
        assert not record
        asked.append((home.name, options))
        predicted = gold if options.on == "clean" else label
        name = f"{options.on}-{options.labels}-{options.seed}"
        about = {"seed": options.seed, "on": options.on}
        return SimpleNamespace(folder=finished(home, name, predicted, **about))

    monkeypatch.setattr(stage, "run", train)
    options = CompareConfig(
        arms=("raw", "clean", "random-control"), seeds=2, epochs=3, set=("lr=0.1",),
        folder=tmp_path / "new",
    )  # fmt: skip
    found, page = road.run_compare(space, options, Quiet())
    assert page == tmp_path / "new" / "index.html"
    assert found.scores["clean"]["gold"]["accuracy"]["mean"] == 1
    told = [options for _, options in asked]
    assert [(o.on, o.labels, o.seed) for o in told] == [
        ("raw", "given", 0), ("raw", "given", 1), ("clean", "corrected", 0),
        ("clean", "corrected", 1), ("random-control", "given", 0), ("random-control", "given", 1),
    ]  # fmt: skip
    assert len({replace(o, on="raw", labels=None, seed=0) for o in told}) == 1
    assert (told[0].epochs, told[0].set) == (3, ("lr=0.1",))


def test_arms_are_read_before_anything_is_trained(space, monkeypatch):
    monkeypatch.setattr(stage, "run", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(InputError, match="no clean set"):
        road.run_compare(space, CompareConfig(arms=("raw", "clean")), Quiet())
    with pytest.raises(InputError, match="--seeds is 0"):
        road.run_compare(space, CompareConfig(arms=("raw", "raw:votes"), seeds=0), Quiet())
    run = finished(space, "short", np.zeros(5, int), rows=np.arange(5)).name
    with pytest.raises(InputError, match="kept nothing of"):
        road.run_compare(space, CompareConfig(arms=("raw", run)), Quiet())
    asked = CompareConfig(arms=("raw", "raw:votes"), votes=Path("nowhere.csv"))
    with pytest.raises(InputError, match="nowhere"):
        road.run_compare(space, asked, Quiet())


def test_a_stopped_comparison_goes_on_by_its_own_command(space, monkeypatch):
    def stopped(*_, **__):
        raise FercurateError("Stopped: 1 of 8 epochs are kept.", "train --resume", code=130)

    monkeypatch.setattr(stage, "run", stopped)
    with pytest.raises(FercurateError, match="1 of 8 epochs") as caught:
        road.run_compare(space, CompareConfig(arms=("raw", "raw:votes")), Quiet())
    assert caught.value.code == 130
    assert caught.value.fix == "Give the same command again: what is trained is kept."


def test_a_stale_clean_set_is_refused_before_anything_is_trained(space, monkeypatch):
    write_table(space.clean_path, space.manifest().assign(why=""))
    space.record("clean", "a", {}, inputs={"images": "others"})
    monkeypatch.setattr(stage, "run", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(InputError, match=r"clean\.parquet is older than") as caught:
        road.run_compare(space, CompareConfig(arms=("raw", "clean")), Quiet())
    assert caught.value.fix.startswith("Make it with: fercurate clean")


def test_comparisons_do_not_overwrite_each_other(space, tmp_path, monkeypatch):
    label, _ = truths(space)
    runs = [finished(space, f"r{s}", label, seed=0).name for s in range(3)]
    monkeypatch.setattr(road.workspace, "REPORTS", tmp_path)
    asked = [
        CompareConfig(arms=(runs[0], runs[1])), CompareConfig(arms=(runs[0], runs[2])),
        CompareConfig(arms=(runs[0], runs[1]), model="simple"),
    ]  # fmt: skip
    pages = [road.run_compare(space, options, Quiet())[1] for options in (*asked, asked[0])]
    assert pages[3] == pages[0]
    assert len(set(pages)) == 3
    assert pages[0].parent.name.startswith("faces-compare-r0-r1-")
