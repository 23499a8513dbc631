"""Which file gives which classifier, and what is refused."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from infer_cases import a_model, an_info, probabilities, random_faces

from fercurate.errors import FercurateError, InputError
from fercurate.infer import classifier, onnx_export
from fercurate.infer.checkpoint import save_model
from fercurate.infer.classifier import OnnxClassifier, open_classifier
from fercurate.infer.heads import Head
from fercurate.infer.torch_classifier import TorchClassifier
from fercurate.seal import KEY, is_sealed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with its best model, and that model as ONNX beside it."""
    folder = tmp_path_factory.mktemp("run")
    save_model(folder / "best.safetensors", a_model(), an_info())
    onnx_export.export(a_model(), an_info(), folder / "m.onnx")
    return folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [("m.onnx", OnnxClassifier), ("best.safetensors", TorchClassifier), ("", TorchClassifier)],
)
def test_a_file_or_a_run_opens(folder: Path, name: str, kind: type) -> None:
    opened = open_classifier(folder / name, "cpu")
    found = probabilities(opened, random_faces())
    assert isinstance(opened, kind)
    assert opened.info == an_info()
    assert found.shape == (37, 7)
    assert found.dtype == np.float32
    assert np.allclose(found.sum(1), 1, atol=1e-5)


def test_torch_and_onnx_name_the_same_classes(folder: Path) -> None:
    by_torch, by_onnx = (
        probabilities(open_classifier(folder / n, "cpu"), random_faces(200))
        for n in ("best.safetensors", "m.onnx")
    )
    assert (by_torch.argmax(1) == by_onnx.argmax(1)).mean() > 0.97  # torch may use bfloat16
    assert np.abs(by_torch - by_onnx).max() < 0.1


@pytest.mark.parametrize("name", ["m.onnx", "best.safetensors"])
def test_no_face_gives_no_probability(folder: Path, name: str) -> None:
    opened = open_classifier(folder / name, "cpu")
    assert probabilities(opened, random_faces(0)).shape == (0, 7)


@pytest.mark.parametrize("name", ["m.onnx", "best.safetensors"])
@pytest.mark.parametrize(
    "faces", [np.zeros((2, 48, 48)), np.zeros((2, 40, 40), np.uint8), np.zeros((48, 48), np.uint8)]
)
def test_other_arrays_are_refused(folder: Path, name: str, faces: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not uint8"):
        open_classifier(folder / name, "cpu").logits(faces)


def test_without_a_packaged_model_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "PACKAGED", tmp_path / "fer.onnx")
    with pytest.raises(FercurateError, match="carries no model") as caught:
        open_classifier(None)
    assert "--model" in caught.value.fix


def test_the_packaged_model_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "PACKAGED", folder / "m.onnx")
    assert open_classifier(None, threads=1).info == an_info()


def foreign(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "pickle.onnx" or name == "model.pt":
        path.write_bytes(pickle.dumps([1]))
    elif name == "stranger.onnx":
        x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
        node = onnx.helper.make_node("Identity", ["x"], ["y"])
        graph = onnx.helper.make_graph([node], "g", [x], [y])
        opset = [onnx.helper.make_opsetid("", 18)]
        onnx.save(onnx.helper.make_model(graph, ir_version=10, opset_imports=opset), path)
    elif name == "run-without-model":
        path.mkdir()
    return path


@pytest.mark.parametrize(
    "name",
    ["pickle.onnx", "stranger.onnx", "absent.onnx", "absent.safetensors", "absent", "model.pt",
     "run-without-model"],
)  # fmt: skip
def test_foreign_files_are_refused_with_a_fix(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        open_classifier(foreign(tmp_path, name))
    assert name in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize("name", ["m.onnx", "best.safetensors"])
def test_a_device_that_is_not_there_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(InputError):
        open_classifier(folder / name, "no-such-device")


def test_an_onnx_model_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys, numpy; from pathlib import Path\n"
        "from fercurate.infer.classifier import open_classifier\n"
        f"c = open_classifier(Path({str(folder / 'm.onnx')!r}))\n"
        "c.info.point().probabilities(c.logits(numpy.zeros((1, 48, 48), numpy.uint8)))\n"
        "print(sorted({'torch', 'onnx', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PACKAGED = classifier.PACKAGED.read_bytes()
_MARK = PACKAGED.index(b"fercurate-xxh3")


@pytest.mark.parametrize(
    "at", [0, 5, 1000, 500_001, 2_200_000, 4_300_003, _MARK, _MARK + 40, _MARK + 60, -700, -1]
)
def test_one_changed_bit_of_the_packaged_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    data = bytearray(PACKAGED)
    data[at] ^= 1
    monkeypatch.setattr(classifier, "PACKAGED", tmp_path / "fer.onnx")
    classifier.PACKAGED.write_bytes(data)
    with pytest.raises(InputError, match="not as it was written") as caught:
        open_classifier()
    assert caught.value.fix == "Install fercurate again."


def test_what_is_written_holds_its_digest(folder: Path) -> None:
    for path in (folder / "m.onnx", folder / "best.safetensors", classifier.PACKAGED):
        assert is_sealed(path.read_bytes())


def with_metadata(folder: Path, to: Path, **put: bytes) -> Path:
    """The exported model with other metadata, as an older version wrote it: without digest."""
    graph = onnx.load(folder / "m.onnx")
    kept = {prop.key: prop.value for prop in graph.metadata_props if prop.key != KEY}
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, {k: kept[k] for k in kept})
    data = graph.SerializeToString()
    old = kept["fercurate"].encode()
    new = put.get("fercurate", old)
    to.write_bytes(data.replace(old, new + b" " * (len(old) - len(new))))
    return to


def test_a_model_of_an_older_version_is_read(folder: Path, tmp_path: Path) -> None:
    opened = open_classifier(with_metadata(folder, tmp_path / "old.onnx"), "cpu", 1)
    assert opened.info == an_info()


def test_a_model_of_a_version_before_heads_answers_as_it_did(folder: Path, tmp_path: Path) -> None:
    said = an_info().as_dict()
    del said["heads"], said["answers_as"]
    said |= {"temperature": 1.3, "threshold": 0.4, "provenance": {"labels": "votes"}}
    path = with_metadata(folder, tmp_path / "m.onnx", fercurate=json.dumps(said).encode())
    opened = open_classifier(path, "cpu", 1)
    assert opened.info.heads == (Head("votes", temperature=1.3, threshold=0.4),)
    new = open_classifier(folder / "m.onnx", "cpu", 1)
    assert np.array_equal(probabilities(opened, random_faces()), probabilities(new, random_faces()))
    with pytest.raises(InputError, match="does not say how frequent each class was"):
        opened.info.point(balance=0.5)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe{}", b"[" * 300, b"NaN", an_info(side=40).as_json().replace(
        '"neutral"', '"n", "m"').replace('"seed": 0', "").encode()],
)  # fmt: skip
def test_metadata_that_make_no_sense_are_refused(folder: Path, tmp_path: Path, text: bytes) -> None:
    path = with_metadata(folder, tmp_path / "bad.onnx", fercurate=text)
    with pytest.raises(InputError, match=r"bad\.onnx") as caught:
        open_classifier(path, "cpu", 1)
    assert "export-model" in caught.value.fix


def test_more_classes_than_the_model_answers_for_are_refused(folder: Path, tmp_path: Path) -> None:
    said = an_info(heads=(Head("given"),)).as_json().replace(', "neutral"]', "]").encode()
    path = with_metadata(folder, tmp_path / "six.onnx", fercurate=said)
    with pytest.raises(InputError, match="does not fit what it says of itself"):
        open_classifier(path, "cpu", 1)
