"""Augmentation, networks, optimizers and devices."""

from __future__ import annotations

import pytest
import torch

from fercurate.learn import device, models, optim
from fercurate.learn.augment import Augmentation, affine

STILL = Augmentation(rotate=0, scale=0, shift=0, flip=False)


def faces(n: int = 4, side: int = 48) -> torch.Tensor:
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0))


def test_no_augmentation_changes_nothing() -> None:
    same = affine(faces(), 48, STILL, torch.Generator())
    assert torch.allclose(same, faces(), atol=1e-5)


@pytest.mark.parametrize("side", [24, 40, 48])
def test_augmentation_resamples(side: int) -> None:
    made = affine(faces(), side, Augmentation(), torch.Generator().manual_seed(1))
    assert made.shape == (4, 1, side, side)
    assert made.min() >= 0
    assert made.max() <= 1


def test_half_are_mirrored() -> None:
    many = faces(64)
    flipped = affine(many, 48, Augmentation(0, 0, 0), torch.Generator().manual_seed(0))
    mirrored = sum(
        torch.allclose(a, b.flip(2), atol=1e-4) for a, b in zip(flipped, many, strict=True)
    )
    assert 16 < mirrored < 48


def test_a_seed_means_the_same_batch() -> None:
    one, two = (
        affine(faces(), 32, Augmentation(), torch.Generator().manual_seed(5)) for _ in range(2)
    )
    assert torch.equal(one, two)


def test_standardise_takes_lighting_out_and_spares_flat_images() -> None:
    bytes_ = (faces() * 100).byte()
    dark = models.standardise(bytes_)
    bright = models.standardise(bytes_ + 50)
    assert torch.allclose(dark, bright, atol=1e-4)
    assert models.standardise(torch.full((1, 1, 48, 48), 9, dtype=torch.uint8)).abs().max() == 0


@pytest.mark.parametrize("side", [24, 40, 48])
def test_facenet_takes_any_resolution(side: int) -> None:
    net = models.FaceNet(models.FaceNetConfig(widths=(8, 8, 16)))
    assert net(faces(2, side)).shape == (2, 7)
    assert net.embed(faces(2, side)).shape == (2, 16)


def test_the_default_network_is_as_large_as_its_docstring_says() -> None:
    net = models.FaceNet()
    assert models.count_parameters(net) == pytest.approx(1.1e6, rel=0.05)
    assert models.count_multiply_adds(net, 48) == pytest.approx(92e6, rel=0.05)
    assert net.training


@pytest.mark.parametrize("shape", [(8, 8), (6, 20), (20, 6)])
def test_orthogonalise_pulls_singular_values_to_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(optim.orthogonalise(matrix))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_muon_turns_a_filter_and_keeps_its_norm() -> None:
    weight = torch.nn.Parameter(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)))
    muon = optim.Muon([weight], lr=0.01)
    before = weight.detach().clone()
    weight.grad = torch.ones_like(weight)
    muon.step()
    assert float(weight.detach().norm()) == pytest.approx(8**0.5, rel=0.05)
    assert not torch.allclose(before, weight)


def test_the_weight_average_follows_slowly() -> None:
    model, average = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    ema = optim.WeightAverage(model, average, decay=0.5)
    assert torch.equal(model.weight, average.weight)
    with torch.no_grad():
        model.weight += 1
    ema.update()
    moved = (average.weight - (model.weight - 1)).mean()
    assert 0.5 <= float(moved.detach()) < 1


def test_devices() -> None:
    assert device.choose("cpu").type == "cpu"
    assert device.choose("auto").type in {"cpu", "cuda", "mps"}
    assert "threads" in device.describe(torch.device("cpu"))
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no cuda"):
            device.choose("cuda")
    with device.autocast(torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    fast = device.has_fast_bf16(torch.device("cpu"))
    assert product.dtype == (torch.bfloat16 if fast else torch.float32)
