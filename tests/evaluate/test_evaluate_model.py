"""A workspace with a run in, a scored model out; and the command line around it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from evaluate_cases import (
    N_TRAIN,
    N_VAL,
    RUN,
    TEMPERATURE,
    N,
    add_run,
    digests,
    given_classes,
    logits,
    make_workspace,
    true_classes,
)
from recorded import forget, write_table
from typer.testing import CliRunner

from fercurate import pipeline as pipelines
from fercurate import show
from fercurate.cli.options import app
from fercurate.config import EvaluateConfig
from fercurate.decisions import Decision, Log
from fercurate.errors import FercurateError, InputError
from fercurate.evaluate import model, outputs
from fercurate.identity import packed
from fercurate.infer.checkpoint import save_model
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES
from fercurate.learn import zoo
from fercurate.paths import RunFiles
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

VAL = np.arange(N_TRAIN, N_TRAIN + N_VAL)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path / "datasets" / "made")
    add_run(made)
    return made


def evaluated(space: Workspace, **options: object) -> model.Evaluation:
    return model.run(space, EvaluateConfig(**options), Quiet())[0]


def test_each_set_of_labels_has_its_own_scores(space: Workspace) -> None:
    found = evaluated(space)
    answers = logits()[VAL].argmax(axis=1)
    assert (found.model, found.split, found.images) == (RUN, "val", N_VAL)
    assert set(found.sets) == {"given", "gold", "voted"}
    given, gold = found.sets["given"].scores, found.sets["gold"].scores
    assert given.accuracy == pytest.approx((answers == given_classes()[VAL]).mean())
    assert gold.accuracy == pytest.approx((answers == true_classes()[VAL]).mean()) == 0.9
    assert np.sum(gold.confusion) == gold.images == N_VAL
    assert found.label_errors == {"gold": N_VAL, "wrong": N_VAL // 5}
    assert "28 of its 140 gold rows (20%)" in found.why
    assert "validation" in found.why


def test_the_temperature_changes_the_calibration_and_no_answer(space: Workspace) -> None:
    found, answers = model.run(space, EvaluateConfig(), Quiet())
    gold = found.sets["gold"]
    assert found.temperature == TEMPERATURE
    assert gold.before.ece != gold.after.ece
    raw, sure = answers.probabilities(1.0), answers.probabilities()
    assert (raw.argmax(axis=1) == sure.argmax(axis=1)).all()
    assert raw.max(axis=1).mean() > sure.max(axis=1).mean()
    assert sure.sum(axis=1) == pytest.approx(1)


def test_of_validation_the_half_that_chose_nothing_is_scored(space: Workspace) -> None:
    table = space.manifest()
    table.loc[VAL[:30], "sha256"] = [f"{2 * i:064x}" for i in VAL[:30]]
    write_table(space.manifest_path, table)
    path = RunFiles(space.run_dir(RUN)).best_path
    for options in ({}, {"model": path, "device": "cpu"}):
        found = evaluated(space, **options)
        assert (found.images, found.n_split) == (N_VAL - 30, N_VAL)
        assert found.sets["gold"].scores.images == N_VAL - 30
    test = evaluated(space, split="test")
    assert test.images == test.n_split


def two_heads(space: Workspace) -> None:
    """The run kept a second head, which names the given class but where it is disgust."""
    files = RunFiles(space.run_dir(RUN))
    rows = np.arange(N_TRAIN, N)
    other = 8 * np.eye(7)[given_classes()[rows]].astype(np.float32)
    other[:, 1] -= 4
    both = np.stack([logits()[rows], other], axis=1)
    held = packed(digests(rows))
    np.savez(files.logits_path, row=rows.astype(np.int32), sha256=held, logits=both)
    prior = (0.165, 0.01, 0.165, 0.165, 0.165, 0.165, 0.165)
    heads = (Head("votes", prior), Head("given", prior, threshold=0.5, balance=0.5))
    info = ModelInfo("simple", heads=heads, answers_as="votes")
    save_model(files.best_path, zoo.create("simple", n_heads=2), info)


def test_each_head_is_scored_and_the_one_that_is_asked_for_in_full(space: Workspace) -> None:
    two_heads(space)
    found = evaluated(space)
    assert (found.answers_as, found.balance) == ("votes", 0.0)
    assert found.sets["gold"].scores.accuracy == pytest.approx(0.9)
    assert [(h.name, h.balance) for h in found.heads] == [
        ("votes", 0.0), ("given", 0.0), ("given", 0.5)
    ]  # fmt: skip
    given = found.heads[1].sets["given"]
    assert given.scores.accuracy == 1.0
    assert given.answered == given.answered_right == 1.0
    asked, answers = model.run(space, EvaluateConfig(as_="given", balance=1.0), Quiet())
    assert (asked.answers_as, asked.balance) == ("given", 1.0)
    assert asked.sets["given"].scores.accuracy == 1.0
    assert [(h.name, h.balance) for h in asked.heads][-1] == ("given", 1.0)
    assert set(outputs.others(answers)) == {"votes"}
    with pytest.raises(InputError, match="does not answer as corrected"):
        evaluated(space, as_="corrected")


def test_the_balance_takes_the_log_of_the_shares_off(space: Workspace) -> None:
    two_heads(space)
    _, answers = model.run(space, EvaluateConfig(as_="given", balance=0.5), Quiet())
    scores = answers.logits[:, 1] - 0.5 * np.log(answers.info.heads[1].prior)
    wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert answers.probabilities() == pytest.approx(wanted, abs=1e-5)


def test_the_test_split_is_looked_at_only_when_asked_for(space: Workspace) -> None:
    found, answers = model.run(space, EvaluateConfig(split="test"), Quiet())
    assert answers.rows.min() == N_TRAIN + N_VAL
    assert found.images == N - N_TRAIN - N_VAL
    assert found.sets["gold"].scores.images == found.images - 10  # the last ten have no votes
    assert model.run(space, EvaluateConfig(), Quiet())[1].rows.max() == VAL[-1]


def test_reviewed_rows_count_as_their_reviewer_settled_them(space: Workspace) -> None:
    row = VAL[1]
    truth, other = CLASSES[true_classes()[row]], CLASSES[(true_classes()[row] + 1) % 7]
    verdicts = [
        Decision(f"image-{row}", "relabel", "ann", other, truth),
        Decision(f"image-{VAL[2]}", "ambiguous", "ann", other),
        Decision("image-0", "relabel", "ann", other, truth),
    ]
    Log(space.decisions_path).append(space.images().stamped(verdicts))
    assert evaluated(space, split="test").reviewed == {"train": 1, "val": 1}
    found = evaluated(space)
    assert found.reviewed == {"train": 1, "val": 1}
    assert found.sets["reviewed"].scores.images == 1
    assert found.sets["reviewed"].scores.accuracy == 1


def test_without_votes_there_is_no_gold_set(tmp_path: Path) -> None:
    space = make_workspace(tmp_path / "made", votes=False)
    add_run(space)
    found = evaluated(space)
    assert set(found.sets) == {"given"}
    assert (found.why, found.label_errors) == ("", {})


def test_votes_that_say_nothing_of_the_split_are_told(space: Workspace) -> None:
    votes = space.votes()
    votes.iloc[N_TRAIN + N_VAL :] = 0
    write_table(space.votes_path, votes)
    warnings = []

    class Heard(Quiet):
        def warn(self, text: str) -> None:
            warnings.append(text)

    found, _ = model.run(space, EvaluateConfig(split="test"), Heard())
    assert set(found.sets) == {"given"}
    assert warnings == ["The votes agree on no image of the split test: no gold scores."]
    model.run(space, EvaluateConfig(), Heard())
    assert len(warnings) == 1


def test_a_run_follows_its_images_and_is_refused_on_others(space: Workspace) -> None:
    before = evaluated(space).sets["given"].scores.accuracy
    order = [*range(N_TRAIN), *range(N_TRAIN + N_VAL - 1, N_TRAIN - 1, -1)]
    order += range(N_TRAIN + N_VAL, len(space.manifest()))
    turned = space.manifest().iloc[order].reset_index(drop=True)
    recorded = turned.assign(row=range(len(turned)))
    write_table(space.votes_path, space.votes().iloc[order].reset_index(drop=True))
    write_table(space.manifest_path, recorded)
    assert evaluated(space).sets["given"].scores.accuracy == before
    another = recorded.copy()
    another.loc[N_TRAIN, "sha256"] = "f" * 64
    write_table(space.manifest_path, another)
    with pytest.raises(InputError, match="kept nothing of 1 of the 140") as caught:
        outputs.of_run(space, None, "val")
    assert "fercurate train" in caught.value.fix


def test_without_a_validation_split_what_works_is_named(space: Workspace) -> None:
    manifest = space.manifest()
    manifest.loc[manifest["split"] == "val", "split"] = "train"
    with pytest.raises(InputError, match="has no image in the split val") as caught:
        outputs._rows(space, manifest, "val")
    assert "fercurate evaluate --split test" in caught.value.fix
    assert "--val-share 0.1" in caught.value.fix
    assert len(outputs._rows(space, manifest, "test"))


def test_groups_and_a_limited_model(space: Workspace) -> None:
    found = evaluated(space, labels=("happy", "sad", "neutral"))
    assert set(found.views) == {"three", "four", "limited"}
    four = found.views["four"].sets["gold"]
    assert four.scores.images == N_VAL
    assert four.left_out == 0
    three = found.views["three"].sets["gold"]
    assert three.left_out == N_VAL // 7
    limited = found.views["limited"].sets["gold"]
    assert (limited.scores.images, limited.left_out) == (60, 80)
    assert limited.scores.accuracy >= limited.unlimited
    assert list(limited.scores.by_class) == ["happy", "sad", "neutral"]


@pytest.mark.parametrize(
    ("on", "kept", "near", "what"),
    [
        ("raw", None, 2, "raw training split"),
        ("clean", range(1, N_TRAIN), 1, "clean set"),
        ("random-control", range(1, N_TRAIN), 2, "whole training split"),
    ],
)
def test_copies_are_those_of_the_images_that_the_run_was_trained_on(
    on: str, kept: range | None, near: int, what: str, tmp_path: Path
) -> None:
    space = make_workspace(tmp_path / "made")
    if kept is not None:
        table = space.manifest().iloc[list(kept)]
        write_table(space.clean_path, table)
    add_run(space, on=on)
    found = evaluated(space)
    leak = found.leaks["gold"]
    assert (leak.exact, leak.near) == (near - 1, near)
    assert what in found.trained_on["what"]
    right = logits()[VAL].argmax(axis=1) == true_classes()[VAL]
    copies = np.isin(VAL, [40, 41][2 - near :])
    assert leak.without == pytest.approx(right[~copies].mean())
    assert leak.on_copies == pytest.approx(right[copies].mean())


def test_copies_that_a_chain_links_count_whatever_stands_for_them(tmp_path: Path) -> None:
    space = make_workspace(tmp_path / "made")
    screen = space.screen()
    assert screen is not None
    component = screen["near_duplicate_group"]
    write_table(
        space.screen_path,
        screen.assign(near_duplicate_component=component, near_duplicate_group=-1),
    )
    add_run(space)
    assert evaluated(space).leaks["gold"].near == 2


def test_a_clean_set_made_anew_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    space = make_workspace(tmp_path / "made")
    write_table(space.clean_path, space.manifest().iloc[1:N_TRAIN])
    add_run(space, on="clean")
    write_table(space.clean_path, space.manifest().iloc[5:N_TRAIN])
    found = evaluated(space)
    assert "whole training split" in found.trained_on["what"]
    assert found.trained_on["images"] == N_TRAIN


def test_without_a_screen_near_copies_are_not_known(space: Workspace) -> None:
    forget(space, "screen")
    leak = evaluated(space).leaks["given"]
    assert (leak.exact, leak.near) == (1, None)


def test_the_newest_finished_run_is_taken(space: Workspace) -> None:
    newer = add_run(space, "train-raw-given-vit-s1-ffffffff")
    os.utime(newer.metrics_path, (time.time() + 60,) * 2)
    add_run(space, "train-raw-given-vit-s2-eeeeeeee", finished=False)
    assert evaluated(space).model == newer.folder.name
    assert evaluated(space, run=RUN).model == RUN
    assert evaluated(space, run="0a1b2c3d").model == RUN


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"run": "train-x"}, "no run 'train-x'"),
        ({"run": "train"}, "several runs"),
        ({"run": "eeeeeeee"}, "did not finish"),
        ({"run": RUN, "model": Path("x.onnx")}, "both name a model"),
        ({"model": Path("nowhere.onnx")}, "no model"),
        ({"labels": ("happy", "bored")}, "no class 'bored'"),
        ({"votes": Path("nowhere.csv")}, "no file nowhere.csv"),
    ],
)
def test_wrong_input_is_said_so(space: Workspace, options: dict, says: str) -> None:
    add_run(space, "train-raw-given-vit-s2-eeeeeeee", finished=False)
    with pytest.raises(InputError, match=says):
        evaluated(space, **options)


def test_no_run_and_no_labels(tmp_path: Path) -> None:
    space = make_workspace(tmp_path / "made")
    with pytest.raises(InputError, match="no finished training run"):
        evaluated(space)
    add_run(space)
    write_table(space.manifest_path, space.manifest().assign(label=None))
    with pytest.raises(InputError, match="no label in the split val"):
        evaluated(space)


def test_a_damaged_run_is_said_so(space: Workspace) -> None:
    RunFiles(space.run_dir(RUN)).logits_path.write_bytes(b"nothing")
    with pytest.raises(FercurateError, match="cannot be read"):
        evaluated(space)


def test_a_model_file_is_run_over_the_faces(space: Workspace) -> None:
    path = RunFiles(space.run_dir(RUN)).best_path
    found, answers = model.run(space, EvaluateConfig(model=path, device="cpu"), Quiet())
    assert found.model == path.name
    assert found.training == {}
    assert answers.logits.shape == (N_VAL, 1, 7)
    assert np.ptp(answers.logits, axis=0).max() < 1e-4  # all faces are black
    assert outputs.of_file(space, path, "test", "cpu", Quiet()).rows[0] == N_TRAIN + N_VAL


def test_it_all_goes_into_json(space: Workspace) -> None:
    found = evaluated(space, labels=("happy", "sad")).as_dict()
    again = json.loads(json.dumps(found))
    assert again["sets"]["gold"]["scores"]["by_class"]["happy"]["support"] == 20
    assert again["views"]["limited"]["classes"] == {"happy": ["happy"], "sad": ["sad"]}


# -- the command line ---------------------------------------------------------------------
@pytest.fixture
def told(space: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(space.root.parent.parent)
    import fercurate.cli  # noqa: F401  (its commands register themselves)

    return lambda *words: CliRunner().invoke(app, ["evaluate", *words])


def test_evaluate_by_itself_scores_the_model(told) -> None:
    done = told("--no-fiftyone", "--groups", "--labels", "happy,sad")
    assert done.exit_code == 0, done.output
    for said in (
        f"{RUN} on the validation split of made", "95 % interval", "balanced accuracy",
        "wrong too", "80% answered", "positive, neutral, negative", "only happy, sad",
        "raw training split", f"reports/made-{RUN}-val/index.html",
    ):  # fmt: skip
        assert said in " ".join(done.output.split()), said
    assert Path(f"reports/made-{RUN}-val/model.json").exists()


def test_evaluate_prints_json(told) -> None:
    done = told("--no-fiftyone", "--json", "--split", "test", "--folder", "out")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["report"] == "out/index.html"
    assert found["split"] == "test"
    assert found["fiftyone"] is None


def test_a_recipe_can_have_the_stage(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = space.root.parent.parent
    monkeypatch.chdir(home)
    recipe = home / "recipe.toml"
    recipe.write_text('dataset = "made"\n[evaluate]\nlabels = ["happy", "sad"]\nfolder = "out"\n')
    pipeline = pipelines.read_pipeline(recipe)
    for name, result in pipeline.run(Quiet()):
        show.step(pipeline.workspace, name, result)
    said = capsys.readouterr().out
    assert "90.0% gold, 90.0% voted labels (val): out/index.html" in said
    assert "limited" in json.loads(Path("out/model.json").read_text())["views"]


def test_the_other_evaluations_go_on_working(told) -> None:
    done = told("audit")
    assert isinstance(done.exception, InputError)
    assert "audit.parquet" in str(done.exception)
    done = told("--json", "audit")
    assert isinstance(done.exception, InputError)
    assert "after its name" in str(done.exception)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--help"], ["--split", "audit", "review-loop", "--surprise"]),
        (["audit", "--help"], ["FER+"]),
        (["review-loop", "--help"], ["--seeds"]),
    ],
)
def test_help_of_both_kinds(told, words: list[str], says: list[str]) -> None:
    done = told(*words)
    assert done.exit_code == 0
    for said in says:
        assert said in done.output
