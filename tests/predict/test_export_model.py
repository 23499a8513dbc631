"""export-model: which run, what is written, and what int8 costs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from recorded import write_array, write_table
from torch import nn

from fercurate import road
from fercurate.config import ExportModelConfig
from fercurate.errors import FercurateError, InputError
from fercurate.halves import is_choosing
from fercurate.infer import onnx_export
from fercurate.infer.checkpoint import save_model
from fercurate.infer.classifier import OnnxClassifier
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.infer.quantise import quantise
from fercurate.infer.runs import find_run
from fercurate.infer.torch_classifier import TorchClassifier
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS, INDEX
from fercurate.learn import zoo
from fercurate.learn.models import FaceNet
from fercurate.predict import export_model
from fercurate.progress import Quiet
from fercurate.samples.stage import compose
from fercurate.show_predict import exported
from fercurate.workspace import Workspace

INFO = ModelInfo(
    "facenet", side=40, mirrored=True, heads=(Head("given", temperature=1.4),),
    provenance={"seed": 0},
)  # fmt: skip


def sure_model() -> FaceNet:
    torch.manual_seed(0)
    model = FaceNet().eval()
    with torch.no_grad():
        model.head.weight.mul_(30)
    return model


def write_run(space: Workspace, name: str, *, finished: bool = True, age: int = 0) -> Path:
    folder = space.run_dir(name)
    save_model(folder / "best.safetensors", sure_model(), INFO)
    (folder / "logits.npz").touch()
    curve = folder / "metrics.json"
    curve.write_text(json.dumps({"finished": "2026-01-01" if finished else None}))
    os.utime(curve, (1e9 - age, 1e9 - age))
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """600 faces of the sample, two finished runs and one that was stopped."""
    made = Workspace(tmp_path_factory.mktemp("datasets") / "toy")
    made.root.mkdir()
    rows = [row for row in compose(0) if row.kind == "human"][:600]
    write_array(made.faces_path, np.stack([row.pixels for row in rows]))
    write_table(
        made.manifest_path,
        pd.DataFrame(
            {
                "row": np.arange(600, dtype=np.int32),
                "sample_id": [f"s{i}" for i in range(600)],
                "split": ["train"] * 400 + ["val"] * 200,
                "label": [row.given_label for row in rows[:599]] + [None],
                "source": "x",
                "sha256": [hashlib.sha256(row.pixels).hexdigest() for row in rows],
                "is_constant": [row.is_constant for row in rows],
                "duplicate_group": -1,
                "is_label_conflict": False,
                "is_split_leak": False,
            }
        ),
    )
    write_run(made, "train-raw-given-facenet-s0-00000000", age=9)
    write_run(made, "train-raw-given-facenet-s1-11111111", age=5)
    write_run(made, "train-clean-given-facenet-s0-22222222", finished=False)
    return made


@pytest.mark.parametrize(
    ("named", "found"), [(None, "s1-11111111"), ("s0-00000", "s0-00000000"), ("s1", "s1-11111111")]
)
def test_the_newest_finished_run_or_the_one_that_is_named(
    space: Workspace, named: str | None, found: str
) -> None:
    assert find_run(space, named).name == f"train-raw-given-facenet-{found}"


@pytest.mark.parametrize(
    ("named", "message"),
    [("nothing", "has no run"), ("facenet", "several runs"), ("clean", "did not finish")],
)
def test_a_name_that_is_no_finished_run_is_refused(
    space: Workspace, named: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        find_run(space, named)
    assert caught.value.fix


def test_a_dataset_without_a_run_says_how_to_train(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished training run") as caught:
        find_run(Workspace(tmp_path / "none"), None)
    assert "fercurate train" in caught.value.fix


def export(space: Workspace | None, to: Path, **changes: Any) -> export_model.ExportedModel:
    return export_model.run(space, ExportModelConfig(to=to, **changes), Quiet())


def test_a_run_is_exported_and_measured(space: Workspace, tmp_path: Path) -> None:
    result = export(space, tmp_path / "m.onnx")
    opened = OnnxClassifier(result.path)
    assert opened.info == INFO
    assert result.difference < 1e-4
    assert result.onnx.megabytes == pytest.approx(result.path.stat().st_size / 1e6, rel=0.01)
    assert result.int8 is None
    manifest = space.manifest()
    mine = (manifest["split"] == "val").to_numpy() & ~is_choosing(manifest["sha256"].tolist())
    assert result.n_val == mine.sum()
    assert 60 < result.n_val < 140
    labels = manifest["label"][mine].map(dict(INDEX)).fillna(-1).to_numpy()
    logits = opened.logits(np.asarray(space.faces()[mine]))
    right = (opened.info.point().probabilities(logits).argmax(1) == labels)[labels >= 0]
    assert result.onnx.val_accuracy == {"given": pytest.approx(right.mean())}
    assert result.onnx.gold_accuracy == {"given": None}  # nobody voted here


def test_int8_is_smaller_and_its_loss_is_measured(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = export(space, tmp_path / "m8.onnx", format="onnx-int8", mirrored=False, threshold=0.3)
    assert result.int8 is not None
    assert result.agreement is not None
    assert result.int8.megabytes < 0.4 * result.onnx.megabytes
    assert result.agreement["given"] > 0.9
    opened = OnnxClassifier(result.path)
    assert (opened.info.mirrored, opened.info.point().threshold) == (False, 0.3)
    exported(result, as_json=False)
    out = capsys.readouterr().out
    assert "onnx-int8" in out
    assert f"{result.agreement['given']:.2%} as given" in out
    assert f"Accuracy on {result.n_val} images: the half of validation that chose nothing" in out
    assert "gold rows" not in out
    exported(result, as_json=True)
    assert json.loads(capsys.readouterr().out)["info"]["classes"] == list(CLASSES)


@pytest.mark.parametrize("format_", ["onnx", "onnx-int8"])
def test_both_heads_are_exported_with_their_operating_points(
    space: Workspace, tmp_path: Path, format_: str
) -> None:
    shares = (0.1, 0.02, 0.08, 0.3, 0.1, 0.1, 0.3)
    info = dataclasses.replace(
        INFO, heads=(Head("given", shares, temperature=1.4), Head("votes", shares, balance=0.25))
    )
    torch.manual_seed(0)
    model = zoo.create("facenet", n_heads=2).eval()
    save_model(tmp_path / "two.safetensors", model, info)
    result = export(
        space, tmp_path / "two.onnx", run=str(tmp_path / "two.safetensors"), format=format_,
        as_="given", balance=0.5, threshold=0.2,
    )  # fmt: skip
    opened = OnnxClassifier(result.path)
    assert opened.info.answers_as == "given"
    point = opened.info.point()
    assert (point.balance, point.threshold, point.head.temperature) == (0.5, 0.2, 1.4)
    assert opened.info.heads[1] == info.heads[1]
    assert opened.info.heads[0] == dataclasses.replace(info.heads[0], balance=0.5, threshold=0.2)
    faces = np.array(space.faces()[:40])
    by_torch = TorchClassifier(tmp_path / "two.safetensors", "cpu").logits(faces)
    for head in ("given", "votes"):
        told = [
            info.point(head).probabilities(logits) for logits in (by_torch, opened.logits(faces))
        ]
        assert np.abs(told[0] - told[1]).max() < (0.1 if format_ == "onnx-int8" else 0.03)
    # whoever opens it without fercurate gets the answer of the default head, balance and all
    session = onnxruntime.InferenceSession(result.path)
    (inside,) = session.run(["probabilities"], {"faces": faces})
    assert np.abs(inside - point.probabilities(opened.logits(faces))).max() < 1e-4


def test_each_head_is_scored_on_given_labels_and_on_gold_rows(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All votes are for what the votes head answers, on two rows of three."""
    shares = (1 / 7,) * 7
    torch.manual_seed(0)
    model = zoo.create("facenet", n_heads=2).eval()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data.mul_(30)
    info = dataclasses.replace(INFO, heads=(Head("given", shares), Head("votes", shares)))
    save_model(tmp_path / "two.safetensors", model, info)
    mine = Workspace(tmp_path / "voted")
    shutil.copytree(space.root, mine.root)
    logits = TorchClassifier(tmp_path / "two.safetensors", "cpu").logits(np.array(mine.faces()))
    says = {name: info.point(name).probabilities(logits).argmax(1) for name in ("given", "votes")}
    votes = np.zeros((600, len(FERPLUS_COLUMNS)), np.int64)
    for row, klass in enumerate(says["votes"]):
        if row % 3:  # for the others there is no gold
            votes[row, FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[CLASSES[klass]])] = 10
    write_table(mine.votes_path, pd.DataFrame(votes, columns=list(FERPLUS_COLUMNS)))
    result = export(mine, tmp_path / "two.onnx", run=str(tmp_path / "two.safetensors"))
    manifest = mine.manifest()
    val = (manifest["split"] == "val").to_numpy() & ~is_choosing(manifest["sha256"].tolist())
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy()
    labelled, gold = val & (given >= 0), val & (np.arange(600) % 3 > 0)
    assert result.onnx.val_accuracy == {
        name: pytest.approx((said == given)[labelled].mean(), abs=0.011)
        for name, said in says.items()
    }
    assert result.onnx.gold_accuracy["votes"] == pytest.approx(1, abs=0.02)
    same = (says["given"] == says["votes"])[gold].mean()
    assert same < 0.9
    assert result.onnx.gold_accuracy["given"] == pytest.approx(same, abs=0.02)
    exported(result, as_json=False)
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    row = next(cells for cells in table if "given" in cells and "onnx" in cells)
    assert row[-2:] == [
        f"{result.onnx.val_accuracy['given']:.2%}", f"{result.onnx.gold_accuracy['given']:.2%}"
    ]  # fmt: skip


def test_a_checkpoint_needs_no_dataset(space: Workspace, tmp_path: Path) -> None:
    run = find_run(space, None)
    for named in (run, run / "best.safetensors"):
        options = ExportModelConfig(to=tmp_path / f"{named.stem}.onnx", run=str(named))
        result = road.run_export_model(None, options, Quiet())
        assert result.onnx.val_accuracy == {"given": None}
        assert OnnxClassifier(result.path).info == INFO


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to": Path("m.pt")}, "does not end in .onnx"),
        ({"threshold": 2.0}, "threshold is"),
        ({"as_": "votes"}, "does not answer as votes"),
        ({"balance": 0.5}, "does not say how frequent"),
        ({"run": "nothing"}, "has no run"),
    ],
)
def test_wrong_settings_are_refused(
    space: Workspace, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    settings = {"to": tmp_path / "m.onnx", **changes}
    with pytest.raises(InputError, match=message):
        export_model.run(space, ExportModelConfig(**settings), Quiet())


@pytest.mark.parametrize("name", ["m.onnx", "link.onnx"])
def test_a_file_that_is_there_is_kept_before_anything_is_loaded(
    name: str, space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.onnx").write_text("the model in use")
    (tmp_path / "link.onnx").symlink_to("m.onnx")
    monkeypatch.setattr(export_model, "load_model", lambda source: pytest.fail("loaded"))
    with pytest.raises(InputError, match="not overwritten") as error:
        export_model.run(space, ExportModelConfig(to=tmp_path / name), Quiet())
    assert "--force" in error.value.fix
    assert (tmp_path / "m.onnx").read_text() == "the model in use"


def test_an_export_that_says_something_else_is_refused(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "difference", lambda *_: 0.01)
    with pytest.raises(FercurateError, match="differ by"):
        export(space, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_quantising_needs_faces_and_a_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no faces"):
        quantise(tmp_path / "m.onnx", np.empty((0, 48, 48), np.uint8), tmp_path / "q.onnx")
    (tmp_path / "m.onnx").write_text("nothing")
    with pytest.raises(InputError):
        quantise(tmp_path / "m.onnx", np.zeros((4, 48, 48), np.uint8), tmp_path / "q.onnx")
