"""Checkpoints: what goes in comes out, and nothing that is foreign is opened."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from fercurate.errors import FercurateError, InputError
from fercurate.infer.checkpoint import load_model, load_state, save_model, save_state
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo


def same(one: Any, other: Any) -> bool:
    """Whether two nested states are equal, types included."""
    if type(one) is not type(other) and not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


NESTED = {
    "epochs_done": 3,
    "loss": float("inf"),
    "nothing": None,
    "ready": True,
    "slash/ed": {"a": torch.zeros(2)},
    "slash": {"ed": {"a": torch.ones(2)}},
    1: {"x": torch.arange(3), "0": torch.tensor(7), 0: torch.tensor(8)},
    "list": [1, (0.9, 0.999), torch.tensor([True, False]), []],
    "half": torch.ones(2, 2, dtype=torch.bfloat16),
}


def test_a_nested_state_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save_state(path, NESTED, {"config": {"seed": 1}, "on": "raw"})
    state, meta = load_state(path)
    assert same(state, NESTED)
    assert meta == {"config": {"seed": 1}, "on": "raw"}
    assert [p.name for p in tmp_path.iterdir()] == ["last.safetensors"]


def test_an_optimizer_goes_on_where_it_was(tmp_path: Path) -> None:
    def stepped(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        net(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    torch.manual_seed(0)
    nets = [nn.Linear(4, 3) for _ in range(2)]
    optimizers = [torch.optim.AdamW(net.parameters(), 0.1) for net in nets]
    stepped(nets[0], optimizers[0])
    path = tmp_path / "s.safetensors"
    save_state(path, {"net": nets[0].state_dict(), "optimizers": [optimizers[0].state_dict()]}, {})
    state, _ = load_state(path)
    nets[1].load_state_dict(state["net"])
    optimizers[1].load_state_dict(state["optimizers"][0])
    for net, optimizer in zip(nets, optimizers, strict=True):
        stepped(net, optimizer)
    assert torch.equal(nets[0].weight, nets[1].weight)


def test_tensors_are_stored_by_their_path(tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "s.safetensors"
    state = {"optimizers": [{"state": {3: {"momentum": torch.ones(1)}}}]}
    save_state(path, state, {})
    with safe_open(path, framework="pt") as file:
        assert list(file.keys()) == ["optimizers/0/state/3/momentum"]


@pytest.mark.parametrize("value", [{1, 2}, object(), {(1, 2): 3}, [b"bytes"]])
def test_what_is_no_number_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError):
        save_state(tmp_path / "s.safetensors", {"a": value}, {})
    assert not list(tmp_path.iterdir())


def test_a_model_comes_back_with_its_information(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = zoo.create("facenet").eval()
    head = Head("corrected", temperature=1.3)
    info = ModelInfo("facenet", side=40, heads=(head,), provenance={"seed": 4, "on": "clean"})
    save_model(tmp_path / "m.safetensors", model, info)
    loaded, found = load_model(tmp_path / "m.safetensors")
    faces = torch.randn(3, 1, 40, 40)
    assert found == info
    assert not loaded.training
    with torch.inference_mode():
        assert torch.equal(loaded(faces), model(faces))


def foreign_files(folder: Path) -> dict[str, Path]:
    files = {
        name: folder / f"{name}.safetensors"
        for name in ("pickle", "torch", "text", "empty", "cut", "other", "state", "absent")
    }
    files["pickle"].write_bytes(pickle.dumps({"a": 1}))
    torch.save({"a": torch.ones(1)}, files["torch"])
    files["text"].write_text("hello")
    files["empty"].write_bytes(b"")
    save_file({"a": torch.ones(9)}, files["other"])
    save_state(files["state"], {"a": torch.ones(9)}, {})
    files["cut"].write_bytes(files["state"].read_bytes()[:-5])
    return files


@pytest.mark.parametrize("name", ["pickle", "torch", "text", "empty", "cut", "other", "absent"])
def test_a_foreign_or_damaged_file_is_refused_with_a_fix(tmp_path: Path, name: str) -> None:
    path = foreign_files(tmp_path)[name]
    for load in (load_state, load_model):
        with pytest.raises(InputError) as caught:
            load(path)
        assert str(path) in caught.value.message
        assert caught.value.fix


def test_a_state_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model"):
        load_model(foreign_files(tmp_path)["state"])


@pytest.mark.parametrize("claimed", ["simple", "no-such-network"])
def test_weights_that_do_not_fit_are_an_error(tmp_path: Path, claimed: str) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, zoo.create("facenet"), ModelInfo(claimed))
    with pytest.raises(FercurateError, match="does not fit") as caught:
        load_model(path)
    assert "fercurate train" in caught.value.fix


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FercurateError, match="cannot be written"):
        save_state(tmp_path / "file" / "s.safetensors", {}, {})


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << at % 8
    path.write_bytes(data)


def test_one_changed_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    save_state(path, {"a": torch.zeros(40)}, {"seed": 1})
    size = path.stat().st_size
    for at in range(0, size, 3):
        flipped(path, at)
        with pytest.raises(InputError) as caught:
            load_state(path)
        assert "fercurate train" in caught.value.fix
        flipped(path, at)
    assert load_state(path)[1] == {"seed": 1}


def test_a_model_with_one_changed_weight_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, zoo.create("simple"), ModelInfo("simple"))
    flipped(path, path.stat().st_size // 2)
    with pytest.raises(InputError, match="not as it was written"):
        load_model(path)


def test_a_file_of_an_older_version_has_no_digest_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model = zoo.create("simple")
    save_file(
        model.state_dict(), path, {"fercurate": "model", "info": ModelInfo("simple").as_json()}
    )
    assert load_model(path)[1] == ModelInfo("simple")


@pytest.mark.parametrize(
    "header",
    [
        {"state": "[" * 9000, "meta": "{}"},
        {"state": '{"dict": [[[], 1]]}', "meta": "{}"},
        {"state": '{"tensor": "b"}', "meta": "{}"},
        {"state": '{"tensor": []}', "meta": "{}"},
        {"state": "{}", "meta": "{}"},
        {"state": '{"list": 3}', "meta": "{}"},
        {"state": "1", "meta": "[]"},
        {"state": "1"},
    ],
)
def test_a_state_whose_shape_makes_no_sense_is_refused(
    tmp_path: Path, header: dict[str, str]
) -> None:
    path = tmp_path / "s.safetensors"
    save_file({"a": torch.ones(1)}, path, {"fercurate": "state", **header})
    with pytest.raises(InputError, match="cannot be used as a checkpoint"):
        load_state(path)
