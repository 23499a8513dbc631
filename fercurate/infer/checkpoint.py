"""Models and the whole state of a training run as safetensors files.

Such a file holds numbers and a JSON header, and no code: loading one can run nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from fercurate.errors import FercurateError, InputError, first_line
from fercurate.files import replacing
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo
from fercurate.seal import BLANK, KEY, is_sealed, sealed
from fercurate.strict import Table, parse_json

_KIND = "fercurate"
_MODEL, _STATE = "model", "state"


def save_model(path: Path, model: nn.Module, info: ModelInfo) -> None:
    """Write a network's weights and what has to be known about it.

    Args:
        path: A `.safetensors` file; replaced in one step.
        model: As `learn.zoo.create(info.architecture)` makes it, with the heads of `info`.
        info: Goes into the header.

    Raises:
        FercurateError: the file cannot be written.
    """
    tensors = {name: _plain(tensor) for name, tensor in model.state_dict().items()}
    _save(path, tensors, {_KIND: _MODEL, "info": info.as_json()})


def load_model(path: Path, device: torch.device | str = "cpu") -> tuple[nn.Module, ModelInfo]:
    """The network of a file, in evaluation mode, and what the file says about it.

    Raises:
        InputError: the file is missing, damaged or none of ours.
        FercurateError: its weights do not fit this version's network of that name.
    """
    tensors, header = _load(path, _MODEL)
    info = ModelInfo.from_json(header.get("info", ""), path)
    try:
        model = zoo.create(info.architecture, len(info.classes), n_heads=len(info.heads))
        model.load_state_dict(tensors)
    except (ValueError, RuntimeError) as error:
        reason = first_line(error).rstrip(".:")
        raise FercurateError(
            f"{path} does not fit the network {info.architecture!r} of this version: {reason}.",
            "Train it again with: fercurate train",
        ) from error
    return model.to(device).eval(), info


def read_info(path: Path) -> ModelInfo:
    """What a model's file says about it; its weights are not read.

    Raises:
        InputError: the file is missing, damaged or none of ours.
    """
    _, header = _load(path, _MODEL, tensors=False)
    return ModelInfo.from_json(header.get("info", ""), path)


def save_state(path: Path, state: Any, meta: Mapping[str, Any]) -> None:
    """Write a nested state, such as `learn.train.Trainer.state_dict` gives.

    Tensors are stored under their path in the state ("optimizers/0/state/3/momentum"), the
    rest as JSON in the header.

    Args:
        path: A `.safetensors` file; replaced in one step.
        state: Dicts (of text or whole-number keys), lists and tuples of tensors, numbers, text
            and None.
        meta: What to know about it, as JSON knows it: the settings of the run, say.

    Raises:
        TypeError: something else is in the state.
        FercurateError: the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    shape = _taken_apart(state, "", tensors)
    _save(
        path,
        tensors,
        {_KIND: _STATE, "state": json.dumps(shape), "meta": json.dumps(dict(meta))},
    )


def load_state(path: Path) -> tuple[Any, dict[str, Any]]:
    """The state and the meta that `save_state` was given; all tensors on the CPU.

    Raises:
        InputError: the file is missing, damaged or none of ours.
    """
    tensors, header = _load(path, _STATE)
    try:
        # a loss may be infinite, so what Python's JSON calls a number is one here
        state = _put_together(parse_json(header["state"], is_finite=False), tensors)
        return state, Table(parse_json(header["meta"], is_finite=False)).value
    except (KeyError, ValueError, TypeError) as error:
        raise _foreign(path, f"its header is damaged ({first_line(error)})") from error


def _save(path: Path, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    try:
        with replacing(path) as beside:
            # not save_file: it hides the file from others
            beside.write_bytes(sealed(save(tensors, {KEY: BLANK, **header})))
    except (OSError, SafetensorError) as error:
        raise FercurateError(
            f"{path} cannot be written: {error}.", "Is the disk full or the folder read-only?"
        ) from error


def _load(
    path: Path, kind: str, *, tensors: bool = True
) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Make one with: fercurate train")
    try:
        is_sealed(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get(_KIND) != kind:
                raise _foreign(path, f"it holds no {kind} that fercurate saved")
            names = file.keys() if tensors else ()
            return {name: file.get_tensor(name) for name in names}, header
    except (SafetensorError, OSError, ValueError) as error:
        raise _foreign(path, first_line(error)) from error


def _foreign(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} cannot be used as a checkpoint: {reason}.",
        "Give a .safetensors file that `fercurate train` wrote, or write it again with: "
        "fercurate train",
    )


def _plain(tensor: Tensor) -> Tensor:
    """A copy of its own on the CPU, in the usual order: what safetensors can store."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def _taken_apart(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """The shape of a value as JSON; its tensors go into `tensors`, by path."""
    if isinstance(value, Tensor):
        tensors[path] = _plain(value)
        return {"tensor": path}
    if isinstance(value, Mapping):
        pairs = [
            (_key(key), _taken_apart(item, _below(path, key), tensors))
            for key, item in value.items()
        ]
        return {"dict": pairs}
    if isinstance(value, (list, tuple)):
        items = [_taken_apart(item, _below(path, i), tensors) for i, item in enumerate(value)]
        return {"list" if isinstance(value, list) else "tuple": items}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} at {path!r} is neither a tensor nor a number")


def _key(key: object) -> object:
    if isinstance(key, (str, int)):
        return key
    raise TypeError(f"{key!r} is a key of type {type(key).__name__}")


def _below(path: str, key: object) -> str:
    # a text key with a slash, or one that looks like a number, must not meet another's path
    text = str(key).replace("%", "%25").replace("/", "%2F")
    text = f"%{text}" if isinstance(key, str) and text.lstrip("-").isdigit() else text
    return f"{path}/{text}" if path else text


def _put_together(shape: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(shape, dict):
        return shape
    ((kind, held),) = shape.items()
    if kind == "tensor":
        return tensors[held]
    if kind == "dict":
        return {key: _put_together(item, tensors) for key, item in held}
    items = [_put_together(item, tensors) for item in held]
    return tuple(items) if kind == "tuple" else items
