"""ONNX models say what torch says, and carry what has to be known about them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from infer_cases import TWO, a_model, an_info, probabilities, random_faces, sample_faces
from numpy.typing import NDArray
from torch import nn

from fercurate.errors import FercurateError
from fercurate.infer import onnx_export
from fercurate.infer.classifier import OnnxClassifier
from fercurate.infer.info import ModelInfo
from fercurate.learn.models import standardise
from fercurate.learn.predict import logits_of


def by_torch(model: nn.Module, info: ModelInfo, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities as `learn.predict` computes them, in float32."""
    import unittest.mock

    with unittest.mock.patch("fercurate.learn.device.has_fast_bf16", return_value=False):
        logits = logits_of(model, faces, torch.device("cpu"), info.side, info.mirrored)
    return info.point().probabilities(logits.reshape(len(faces), len(info.heads), -1))


@pytest.mark.parametrize(
    ("architecture", "side", "mirrored"),
    [
        ("facenet", 40, True),
        ("facenet", 48, False),
        ("facenet", 64, True),
        ("simple", 48, True),
        ("vit", 48, False),
        ("vit", 40, True),
    ],
)
def test_onnx_and_torch_agree(tmp_path: Path, architecture: str, side: int, mirrored: bool) -> None:
    model, path = a_model(architecture), tmp_path / "m.onnx"
    info = an_info(architecture=architecture, side=side, mirrored=mirrored)
    onnx_export.export(model, info, path)
    classifier = OnnxClassifier(path, threads=1)
    for faces in (random_faces(), sample_faces()):
        wanted = by_torch(model, info, faces)
        assert wanted.std() > 0.05  # else anything would agree
        assert np.abs(probabilities(classifier, faces) - wanted).max() < 1e-4
        assert np.abs(outputs_of(path, faces)["probabilities"] - wanted).max() < 1e-4
    assert classifier.info == info


def outputs_of(path: Path, faces: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """What a program without fercurate gets of the file, by name of the output."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [put.name for put in session.get_outputs()]
    return dict(zip(names, session.run(None, {"faces": faces}), strict=True))


def test_every_head_has_its_output_and_the_file_says_what_they_are(tmp_path: Path) -> None:
    """The default head's balance is in its probabilities: (logits - 0.25 * log(prior)) / T."""
    model, path, faces = a_model(n_heads=2), tmp_path / "m.onnx", random_faces()
    info = an_info(heads=TWO, mirrored=True)
    onnx_export.export(model, info, path)
    assert onnx_export.difference(model, info, path) < 1e-4
    found = outputs_of(path, faces)
    assert list(found) == ["probabilities", "logits", "logits_given", "logits_votes"]
    assert np.array_equal(found["logits"], found["logits_votes"])
    scores = (found["logits_votes"] - 0.25 * np.log(TWO[1].prior)) / TWO[1].temperature
    powers = np.exp(scores - scores.max(1, keepdims=True))
    by_hand = powers / powers.sum(1, keepdims=True)
    assert np.abs(found["probabilities"] - by_hand).max() < 1e-5
    opened = OnnxClassifier(path, threads=1)
    assert np.abs(probabilities(opened, faces) - by_hand).max() < 1e-5
    assert np.array_equal(opened.logits(faces)[:, 0], found["logits_given"])
    metadata = json.loads(onnx.load(path).metadata_props[1].value)
    assert [head["name"] for head in metadata["heads"]] == ["given", "votes"]
    assert metadata["heads"][1]["prior"] == list(TWO[1].prior)
    assert metadata["answers_as"] == "votes"


def test_resampling_is_torchs_own() -> None:
    faces = standardise(torch.from_numpy(random_faces(3))[:, None])
    for side in (24, 40, 47, 64):
        wanted = F.interpolate(faces, size=side, mode="bilinear", antialias=True)
        matrix = onnx_export.resampling(48, side)
        assert torch.allclose(matrix @ faces @ matrix.T, wanted, atol=1e-5)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    onnx_export.export(a_model(), an_info(), path)
    return path


def test_old_runtimes_read_it(exported: Path) -> None:
    graph = onnx.load(exported)
    assert graph.ir_version <= 10
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", 18)]


def test_a_stranger_finds_all_that_is_needed(exported: Path) -> None:
    graph = onnx.load(exported)
    described = {p.key: p.value for p in graph.metadata_props}
    assert json.loads(described["fercurate"]) == an_info().as_dict()
    assert "angry, disgust" in graph.doc_string
    taken = graph.graph.input[0].type.tensor_type
    assert taken.elem_type == onnx.TensorProto.UINT8
    assert [d.dim_value or d.dim_param for d in taken.shape.dim] == ["N", 48, 48]
    assert [o.name for o in graph.graph.output] == ["probabilities", "logits"]


def test_nothing_of_this_machine_is_in_it(exported: Path) -> None:
    content = exported.read_bytes()
    for trace in (str(Path.cwd()), "site-packages", ".py"):
        assert trace.encode() not in content


def test_exporting_leaves_the_model_alone_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = a_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    onnx_export.export(model, an_info(), tmp_path / "m.onnx")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert capfd.readouterr() == ("", "")
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


class Stubborn(nn.Module):
    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        if float(faces.sum()) > 0:  # data decide the way: no graph
            return faces.flatten(1)[:, :7]
        return faces.flatten(1)[:, 7:14]


def test_what_cannot_be_exported_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FercurateError, match="cannot export"):
        onnx_export.export(Stubborn(), an_info(), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
