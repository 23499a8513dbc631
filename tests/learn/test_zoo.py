from __future__ import annotations

import pytest
import torch

from fercurate.learn import zoo
from fercurate.learn.models import count_multiply_adds, count_parameters
from fercurate.learn.recipe import Recipe


@pytest.mark.parametrize("name", [*zoo.NAMES, "torchvision:resnet18", "torchvision:squeezenet1_1"])
def test_each_network_takes_grey_faces_and_gives_seven_logits(name: str) -> None:
    model = zoo.create(name).eval()
    side = zoo.recipe_for(name, "quick").predict_side
    with torch.inference_mode():
        assert model(torch.zeros(2, 1, side, side)).shape == (2, 7)


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("simple", 1.4e6, 28e6), ("facenet", 1.1e6, 92e6), ("facenet-large", 1.9e6, 160e6),
        ("facenet-xl", 7.7e6, 616e6), ("plain", 7.6e6, 638e6), ("vit", 0.95e6, 21e6),
    ],
)  # fmt: skip
def test_networks_are_as_large_as_their_docstrings_say(
    name: str, parameters: float, multiply_adds: float
) -> None:
    model = zoo.create(name)
    assert count_parameters(model) == pytest.approx(parameters, rel=0.05)
    assert count_multiply_adds(model, 48) == pytest.approx(multiply_adds, rel=0.05)


@pytest.mark.parametrize("name", ["facenet", "plain", "vit", "simple", "torchvision:resnet18"])
def test_heads_share_one_trunk(name: str) -> None:
    one, two = zoo.create(name), zoo.create(name, n_heads=2).eval()
    with torch.inference_mode():
        assert two(torch.zeros(2, 1, 48, 48)).shape == (2, 14)
    assert count_parameters(two) - count_parameters(one) < 8000


def test_dropout_where_there_is_a_place_for_it() -> None:
    assert zoo.create("facenet-large", dropout=0.2).get_submodule("dropout").share == 0.2
    with pytest.raises(ValueError, match="vit has no dropout to set"):
        zoo.create("vit", dropout=0.2)


@pytest.mark.parametrize("side", [32, 40])
def test_the_transformer_takes_smaller_faces(side: int) -> None:
    assert zoo.create("vit")(torch.zeros(2, 1, side, side)).shape == (2, 7)


def test_torchvision_keeps_small_faces_large() -> None:
    model = zoo.create("torchvision:resnet18")
    first = model.get_submodule("conv1")
    assert first.in_channels == 1
    assert first.stride == (1, 1)
    assert isinstance(model.get_submodule("maxpool"), torch.nn.Identity)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet", "there is no network 'resnet'"),
        ("torchvision:resnet17", "torchvision has no network 'resnet17'"),
        ("torchvision:vit_b_16", "vit_b_16 takes"),
    ],
)
def test_unknown_networks_are_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        zoo.create(name)


def test_efforts() -> None:
    epochs = [zoo.recipe_for("facenet", effort).epochs for effort in ("quick", "standard")]
    assert epochs == sorted(epochs)
    assert isinstance(zoo.recipe_for("simple", "quick"), Recipe)
    with pytest.raises(ValueError, match="no effort 'huge'"):
        zoo.recipe_for("facenet", "huge")  # type: ignore[arg-type]
