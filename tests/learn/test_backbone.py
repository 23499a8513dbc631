from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fercurate.learn import backbone
from fercurate.learn.backbone import DIMENSIONS, SIDE, Backbone
from fercurate.learn.models import count_multiply_adds
from fercurate.screen.heads import BACKBONE

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (5, 8, 8), dtype=np.uint8).repeat(6, axis=1).repeat(6, axis=2)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On few and busy cores torch's threads wait for one another longest."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model() -> Backbone:
    """With random weights."""
    torch.manual_seed(0)
    return Backbone().eval()


@pytest.fixture
def packed(model: Backbone, tmp_path: Path) -> Path:
    np.savez(tmp_path / "backbone.npz", **backbone.pack(model))
    return tmp_path / "backbone.npz"


@pytest.fixture(scope="module")
def shipped() -> Backbone:
    return backbone.load(BACKBONE)


def test_it_is_as_large_as_its_docstring_says(model: Backbone) -> None:
    weights = sum(p.numel() for p in model.parameters())
    assert weights == pytest.approx(2.9e6, rel=0.02)
    assert count_multiply_adds(model, SIDE) == pytest.approx(82e6, rel=0.01)
    assert BACKBONE.stat().st_size < 3e6, "a byte a weight"


def test_packing_costs_half_a_step_at_most(model: Backbone, packed: Path) -> None:
    back = backbone.load(packed).state_dict()
    for name, values in model.state_dict().items():
        assert back[name].dtype == torch.float32
        if values.ndim == 1:
            assert torch.equal(back[name], values), name
            continue
        largest = values.abs().flatten(1).amax(dim=1)
        lost = (back[name] - values).abs().flatten(1).amax(dim=1)
        assert (lost <= 0.501 * largest / 127).all(), name


def test_features_survive_packing(model: Backbone, packed: Path) -> None:
    exact = backbone.embed(model, FACES)
    coarse = backbone.embed(backbone.load(packed), FACES)
    for one, other in zip(exact, coarse, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.995


def test_packing_again_loses_nothing(shipped: Backbone) -> None:
    with np.load(BACKBONE) as stored:
        again = backbone.pack(shipped)
        assert set(again) == set(stored.files)
        for name, values in again.items():
            assert values.dtype == stored[name].dtype, name
            np.testing.assert_allclose(values, stored[name], rtol=1e-5, atol=1e-9, err_msg=name)


def test_a_channel_without_weights_stays_empty() -> None:
    layer = torch.nn.Conv2d(1, 2, 3)
    with torch.no_grad():
        layer.weight[0] = 0
    assert not backbone.pack(layer)["weight"][0].any()
    assert np.abs(backbone.pack(layer)["weight"][1]).max() == 127


def test_features_are_finite_and_differ(shipped: Backbone) -> None:
    found = backbone.embed(shipped, FACES)
    assert found.shape == (5, DIMENSIONS)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.unique(found.round(3), axis=0).shape[0] == 5
    blank = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    assert np.isfinite(backbone.embed(shipped, blank)).all()


def test_the_mirrored_are_the_mean_of_both(shipped: Backbone) -> None:
    straight = backbone.embed(shipped, FACES)
    turned = backbone.embed(shipped, FACES[:, :, ::-1])
    both = backbone.embed(shipped, FACES, mirrored=True)
    assert both == pytest.approx((straight + turned) / 2, abs=1e-3)
    assert np.abs(both - straight).max() > 0.01
    again = backbone.embed(shipped, FACES[:, :, ::-1], mirrored=True)
    assert again == pytest.approx(both, abs=1e-3), "the side does not matter any more"


def test_the_batch_size_does_not_matter(shipped: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backbone.embed(shipped, FACES)
    monkeypatch.setattr(backbone, "BATCH", 2)
    seen: list[int] = []
    assert backbone.embed(shipped, FACES, on_batch=seen.append) == pytest.approx(whole, abs=1e-3)
    assert seen == [2, 2, 1]
    assert backbone.embed(shipped, FACES[:0]).shape == (0, DIMENSIONS)


def test_a_memory_map_is_only_read(shipped: Backbone, tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", FACES)
    mapped = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert backbone.embed(shipped, mapped) == pytest.approx(backbone.embed(shipped, FACES))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
@pytest.mark.parametrize("side", [14, 56])
def test_it_pads_as_tensorflow_does(kernel: int, stride: int, side: int) -> None:
    """SAME: the output has ceil(side / stride), an odd pixel of padding goes to the far side."""
    layer = backbone._Conv(1, 1, kernel, stride)
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    found = layer(torch.ones(1, 1, side, side))[0, 0]
    assert found.shape == (side // stride, side // stride)
    total = kernel - stride
    near, far = total // 2, total - total // 2
    assert found[0, 0] == (kernel - near) ** 2
    assert found[-1, -1] == (kernel - far) ** 2


def damaged(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how in ("a layer less", "another shape", "no scale"):
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if how == "another shape":
            arrays["stem.weight"] = np.zeros((32, 3, 3, 3), np.int8)
        else:
            del arrays["stem.weight.scale" if how == "no scale" else "blocks.3.project.weight"]
        np.savez(path, **arrays)
    elif how == "pickle":
        np.savez(path, **{"stem.weight": np.array([{}], object)})
    else:
        ways = {"empty": b"", "half": data[: len(data) // 2], "text": b"weights"}
        path.write_bytes(ways[how])


@pytest.mark.parametrize(
    "how",
    ["gone", "empty", "half", "text", "pickle", "a layer less", "another shape", "no scale"],
)
def test_another_file_is_refused(packed: Path, how: str) -> None:
    damaged(packed, how)
    with pytest.raises((OSError, ValueError, KeyError)):
        backbone.load(packed)


def test_another_network_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", **backbone.pack(torch.nn.Conv2d(1, 2, 3)))
    with pytest.raises(KeyError):
        backbone.load(tmp_path / "other.npz")
