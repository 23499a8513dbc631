from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
import torch_backbone
from screen_cases import one_thread
from torch_backbone import TorchBackbone

from fercurate.learn.models import count_multiply_adds
from fercurate.screen import backbone
from fercurate.screen.backbone import DIMENSIONS, SIDE, Backbone, Weights
from fercurate.screen.heads import BACKBONE

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (5, 8, 8), dtype=np.uint8).repeat(6, axis=1).repeat(6, axis=2)


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    whole = io.BytesIO()
    np.savez(whole, **arrays)
    return whole.getvalue()


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Random ones."""
    torch.manual_seed(0)
    return TorchBackbone().weights()


@pytest.fixture(scope="module")
def packed(weights: Weights) -> bytes:
    return npz(backbone.pack(weights))


@pytest.fixture(scope="module")
def shipped() -> Backbone:
    return backbone.load(BACKBONE.read_bytes(), 1)


def test_it_is_as_large_as_its_docstring_says(weights: Weights) -> None:
    assert sum(values.size for values in weights.values()) == pytest.approx(2.9e6, rel=0.02)
    multiply_adds = count_multiply_adds(torch_backbone.of(weights), SIDE)
    assert multiply_adds == pytest.approx(82e6, rel=0.01)
    assert BACKBONE.stat().st_size < 3e6, "a byte a weight"


def test_names_and_shapes_are_those_of_torch(weights: Weights) -> None:
    assert {name: values.shape for name, values in weights.items()} == backbone.shapes()


@pytest.mark.parametrize("which", ["shipped", "random"])
def test_it_sees_what_the_torch_network_sees(weights: Weights, which: str) -> None:
    if which == "shipped":
        weights = backbone.unpack(BACKBONE.read_bytes())
    model = backbone.graph(weights).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    blank = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    faces = np.concatenate([FACES, blank])
    with one_thread():
        theirs = torch_backbone.embed(torch_backbone.of(weights), faces)
    ours = Backbone(session)(faces)
    spread = theirs.std(0) + 1e-3
    assert np.abs((ours - theirs) / spread).max() < 2e-3


def test_it_is_enlarged_as_torch_does() -> None:
    faces = torch.from_numpy(FACES).unsqueeze(1).float()
    theirs = F.interpolate(faces, size=SIDE, mode="bicubic", align_corners=False)[:, 0].numpy()
    matrix = backbone.enlarging()
    assert matrix @ FACES @ matrix.T == pytest.approx(theirs, abs=2e-3)


@pytest.mark.parametrize("side", [3, 7, 14])
def test_cells_are_those_of_torch(side: int) -> None:
    maps = RNG.normal(size=(2, 5, side, side)).astype(np.float32)
    theirs = F.adaptive_avg_pool2d(torch.from_numpy(maps), 3).flatten(2).numpy()
    ours = maps.reshape(2, 5, side * side) @ backbone.pooling(side)
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_packing_costs_half_a_step_at_most(weights: Weights, packed: bytes) -> None:
    back = backbone.unpack(packed)
    for name, values in weights.items():
        assert back[name].dtype == np.float32
        if values.ndim == 1:
            assert (back[name] == values).all(), name
            continue
        largest = np.abs(values).reshape(len(values), -1).max(axis=1)
        lost = np.abs(back[name] - values).reshape(len(values), -1).max(axis=1)
        assert (lost <= 0.501 * largest / 127).all(), name


def test_features_survive_packing(weights: Weights, packed: bytes) -> None:
    exact = torch_backbone.embed(torch_backbone.of(weights), FACES)
    coarse = backbone.load(packed, 1)(FACES)
    for one, other in zip(exact, coarse, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.995


def test_packing_again_loses_nothing() -> None:
    again = backbone.pack(backbone.unpack(BACKBONE.read_bytes()))
    with np.load(BACKBONE) as stored:
        assert set(again) == set(stored.files)
        for name, values in again.items():
            assert values.dtype == stored[name].dtype, name
            np.testing.assert_allclose(values, stored[name], rtol=1e-5, atol=1e-9, err_msg=name)


def test_a_channel_without_weights_stays_empty() -> None:
    weight = RNG.normal(size=(2, 1, 3, 3)).astype(np.float32)
    weight[0] = 0
    packed = backbone.pack({"weight": weight})["weight"]
    assert not packed[0].any()
    assert np.abs(packed[1]).max() == 127


def test_features_are_finite_and_differ(shipped: Backbone) -> None:
    found = shipped(FACES)
    assert found.shape == (5, DIMENSIONS)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.unique(found.round(3), axis=0).shape[0] == 5


def test_the_batch_size_does_not_matter(shipped: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shipped(FACES)
    monkeypatch.setattr(backbone, "BATCH", 2)
    seen: list[int] = []
    assert shipped(FACES, seen.append) == pytest.approx(whole, abs=1e-3)
    assert seen == [2, 2, 1]
    assert shipped(FACES[:0]).shape == (0, DIMENSIONS)


def test_a_memory_map_is_only_read(shipped: Backbone, tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", FACES)
    mapped = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert shipped(mapped) == pytest.approx(shipped(FACES))


def test_it_is_made_ready_once(packed: bytes) -> None:
    assert backbone.load(packed, 1) is backbone.load(bytes(bytearray(packed)), 1)


def damaged(data: bytes, how: str) -> bytes:
    if how in ("a layer less", "another shape", "no scale"):
        with np.load(io.BytesIO(data)) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if how == "another shape":
            arrays["stem.weight"] = np.zeros((32, 3, 3, 3), np.int8)
        else:
            del arrays["stem.weight.scale" if how == "no scale" else "blocks.3.project.weight"]
        return npz(arrays)
    if how == "pickle":
        return npz({"stem.weight": np.array([{}], object)})
    return {"empty": b"", "half": data[: len(data) // 2], "text": b"weights"}[how]


@pytest.mark.parametrize(
    "how", ["empty", "half", "text", "pickle", "a layer less", "another shape", "no scale"]
)
def test_another_file_is_refused(packed: bytes, how: str) -> None:
    with pytest.raises((OSError, ValueError, KeyError)):
        backbone.unpack(damaged(packed, how))


def test_another_network_is_refused() -> None:
    with pytest.raises(KeyError):
        backbone.unpack(npz(backbone.pack({"weight": np.ones((2, 1, 3, 3), np.float32)})))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
@pytest.mark.parametrize("side", [14, 56])
def test_the_torch_network_pads_as_tensorflow_does(kernel: int, stride: int, side: int) -> None:
    """SAME: the output has ceil(side / stride), an odd pixel of padding goes to the far side."""
    layer = torch_backbone._Conv(1, 1, kernel, stride)
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    found = layer(torch.ones(1, 1, side, side))[0, 0]
    assert found.shape == (side // stride, side // stride)
    total = kernel - stride
    near, far = total // 2, total - total // 2
    assert found[0, 0] == (kernel - near) ** 2
    assert found[-1, -1] == (kernel - far) ** 2
