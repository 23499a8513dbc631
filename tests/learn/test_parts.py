"""Augmentation, networks, optimizers and devices."""

from __future__ import annotations

import pytest
import torch

from fercurate.learn import augment, device, initial, models, optim
from fercurate.learn.augment import Augmentation
from fercurate.learn.recipe import Recipe

STILL = Augmentation(rotate=0, scale=0, shift=0, flip="none")


def faces(n: int = 4, side: int = 48) -> torch.Tensor:
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0))


def test_no_augmentation_changes_nothing() -> None:
    maps = augment.random_maps(4, STILL, torch.Generator())
    assert torch.allclose(augment.warp(faces(), maps, 48), faces(), atol=1e-5)


@pytest.mark.parametrize("side", [24, 40, 48])
def test_augmentation_resamples(side: int) -> None:
    maps = augment.random_maps(4, Augmentation(), torch.Generator().manual_seed(1))
    made = augment.warp(faces(), maps, side)
    assert made.shape == (4, 1, side, side)
    assert made.min() >= 0
    assert made.max() <= 1


def n_mirrored(maps: torch.Tensor) -> int:
    many = faces(len(maps))
    made = augment.warp(many, maps, 48)
    return sum(torch.allclose(a, b.flip(2), atol=1e-4) for a, b in zip(made, many, strict=True))


def test_half_are_mirrored() -> None:
    maps = augment.random_maps(64, Augmentation(0, 0, 0), torch.Generator().manual_seed(0))
    assert 16 < n_mirrored(maps) < 48


def test_which_are_mirrored_can_be_said() -> None:
    mirrored = torch.arange(64) < 10
    how = Augmentation(0, 0, 0, flip="alternate")
    assert n_mirrored(augment.random_maps(64, how, torch.Generator(), mirrored)) == 10


def test_a_seed_means_the_same_batch() -> None:
    one, two = (
        augment.random_maps(4, Augmentation(), torch.Generator().manual_seed(5)) for _ in range(2)
    )
    assert torch.equal(one, two)


def test_cut_out_lays_a_square_of_zeros() -> None:
    middles = torch.tensor([[0.5, 0.5], [0.0, 0.0]])
    made = augment.cut_out(torch.ones(2, 1, 48, 48), middles, 0.25)
    assert [(48 * 48 - int(m.sum())) for m in made] == [12 * 12, 6 * 6]
    assert made[0, 0, 24, 24] == 0
    assert made[1, 0, 47, 47] == 1


def test_mixup_pairs_keep_the_larger_share_first() -> None:
    share, partners = augment.random_pairs(32, 0.2, torch.Generator().manual_seed(0))
    assert 0.5 <= share <= 1
    assert sorted(partners.tolist()) == list(range(32))


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


@pytest.mark.parametrize("shape", [(5, 6), (6, 5)])
def test_a_stack_is_orthogonalised_as_each_of_it_is(shape: tuple[int, int]) -> None:
    stack = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([optim.orthogonalise(one) for one in stack])
    assert torch.allclose(optim.orthogonalise(stack), alone, atol=1e-5)


def test_muon_steps_over_stacks_as_over_one_weight_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against the rule written out: momentum, Newton-Schulz, norm, step."""
    monkeypatch.setattr(optim, "has_fast_bf16", lambda device: False)
    draw = torch.Generator().manual_seed(0)
    shapes = [(8, 4, 3, 3), (6, 8, 3, 3), (8, 4, 3, 3)]
    weights = [torch.nn.Parameter(torch.randn(shape, generator=draw)) for shape in shapes]
    wanted = [weight.detach().clone() for weight in weights]
    running = [torch.zeros_like(weight) for weight in wanted]
    muon = optim.Muon(weights, lr=0.05, momentum=0.6)
    for _ in range(3):
        for i, weight in enumerate(weights):
            weight.grad = torch.randn(weight.shape, generator=draw)
            running[i] = 0.6 * running[i] + weight.grad
            step = optim.orthogonalise((weight.grad + 0.6 * running[i]).flatten(1))
            scaled = wanted[i] * len(weight) ** 0.5 / wanted[i].norm()
            wanted[i] = scaled - 0.05 * step.view_as(weight)
        muon.step()
    for weight, value in zip(weights, wanted, strict=True):
        assert torch.allclose(weight, value, atol=1e-5)


@pytest.mark.parametrize("rate", [0.1, torch.tensor(0.1)], ids=["number", "tensor"])
def test_nesterov_is_torchs_own(rate: float | torch.Tensor) -> None:
    draw = torch.Generator().manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(3, 4, generator=draw)) for _ in range(2)]
    theirs = [torch.nn.Parameter(weight.detach().clone()) for weight in ours]
    one = optim.Nesterov(ours, rate, 0.9, weight_decay=0.01)
    other = torch.optim.SGD(theirs, 0.1, 0.9, weight_decay=0.01, nesterov=True)
    for _ in range(4):
        for mine, its in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(3, 4, generator=draw)
            its.grad = mine.grad.clone()
        one.step()
        other.step()
    for mine, its in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, its, atol=1e-6)


def test_what_belongs_to_the_device_is_not_loaded_from_a_state() -> None:
    made = optim.build(models.FaceNet(), Recipe(optimizer="nesterov"))
    state = made.state_dict()
    for of_one in state:
        of_one["param_groups"][0]["lr"] = torch.tensor(7.0)
    made.load_state_dict(state)
    assert [o.param_groups[0]["lr"] for o in made._all] == [0.08, 2e-3]


def test_a_state_of_another_device_takes_its_counts_along() -> None:
    """A run begun on the CPU and resumed where steps are captured; "meta" stands in for CUDA."""
    begun = optim.build(models.FaceNet(), Recipe(optimizer="adamw"))
    model = models.FaceNet()
    for weight in begun._all[0].param_groups[0]["params"]:
        weight.grad = torch.zeros_like(weight)
    begun.step(torch.tensor(0.5))
    resumed = optim.build(model.to("meta"), Recipe(optimizer="adamw"))
    resumed._own[0][0]["capturable"] = True
    resumed.load_state_dict(begun.state_dict())
    adamw = resumed._all[0]
    assert adamw.param_groups[0]["capturable"]
    assert {state["step"].device.type for state in adamw.state.values()} == {"meta"}


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
    assert ema.weight(0) == pytest.approx(0.9)  # the first step counts for more
    assert ema.weight(1000) == 0.5
    ema.update(torch.tensor(0.4))
    moved = (average.weight - (model.weight - 1)).mean()
    assert float(moved.detach()) == pytest.approx(0.4)


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


def test_whitening_takes_the_correlations_out_of_patches() -> None:
    smooth = torch.nn.functional.avg_pool2d(faces(64, 52), 5, stride=1)
    smooth = models.standardise(smooth * 200)
    layer = torch.nn.Conv2d(1, 40, 4, stride=2, bias=False)
    untouched = layer.weight[32:].clone()
    initial.whiten(layer, smooth)
    found = layer(smooth).detach().transpose(0, 1).flatten(1)
    assert torch.allclose(found[:16], -found[16:32], atol=1e-5)
    first = found[:4]
    correlation = torch.corrcoef(first)
    assert (correlation - torch.eye(4)).abs().max() < 0.15
    assert torch.equal(layer.weight[32:], untouched)
