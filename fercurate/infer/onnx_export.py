"""Models as ONNX files that carry all they need: framing in words, everything else as a graph."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fercurate.errors import FercurateError, first_line
from fercurate.files import replacing
from fercurate.infer.classifier import (
    FACES,
    LOGITS,
    METADATA,
    PROBABILITIES,
    OnnxClassifier,
    logits_outputs,
)
from fercurate.infer.info import ModelInfo
from fercurate.labels import FACE_SIDE
from fercurate.learn.models import standardise
from fercurate.seal import BLANK, KEY, sealed

OPSET = 18
IR_VERSION = 10
"""The newest that onnxruntime 1.18 reads."""


class Whole(nn.Module):
    """A network with all that comes before and after it.

    Args:
        model: Standardised float32 [B, 1, side, side] to logits float32 [B, heads * classes].
        info: Side, mirroring and heads.

    Shapes: uint8 [N, 48, 48] to probabilities and logits of the head that answers by default,
    then, where there are several, to the logits of each; float32 [N, classes] all. The logits
    are those before the temperature.
    """

    def __init__(self, model: nn.Module, info: ModelInfo) -> None:
        super().__init__()
        self.model = model
        self.mirrored = info.mirrored
        self.heads = (len(info.heads), len(info.classes))
        self.point = info.point()
        self.shift: Tensor | None
        shift = np.log(self.point.head.prior) if self.point.balance else None
        self.register_buffer("shift", None if shift is None else torch.from_numpy(shift).float())
        self.resampling: Tensor | None
        self.register_buffer(
            "resampling", None if info.side == FACE_SIDE else resampling(FACE_SIDE, info.side)
        )

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        seen = standardise(faces.unsqueeze(1))
        if self.resampling is not None:
            seen = self.resampling @ seen @ self.resampling.T
        if self.mirrored:  # in one batch, so that the graph holds the network once
            logits = self.model(torch.cat([seen, seen.flip(3)]))
            logits = logits.unflatten(0, (2, -1)).mean(0)
        else:
            logits = self.model(seen)
        by_head = logits.unflatten(1, self.heads).unbind(1)
        answering = by_head[self.point.place]
        scores = answering
        if self.shift is not None:
            scores = scores - self.point.balance * self.shift
        each = by_head if len(by_head) > 1 else ()
        return torch.softmax(scores / self.point.head.temperature, dim=1), answering, *each


def resampling(old: int, new: int) -> Tensor:
    """The matrix R of torch's antialiased bilinear resizing: R x R^T resizes a square x.

    ONNX's own Resize rounds otherwise. Resizing is linear and works on rows and columns apart,
    so that this is the same but for the order of the sums.

    Returns:
        float32 [new, old].
    """
    unit = torch.eye(old)[None, None]
    made: Tensor = F.interpolate(unit, size=(new, old), mode="bilinear", antialias=True)[0, 0]
    return made


def export(model: nn.Module, info: ModelInfo, path: Path) -> None:
    """Write a model as one ONNX file.

    The graph takes `faces`, uint8 [N, 48, 48], and gives `probabilities` (with temperature and
    balance) and `logits` (without) of the head that answers by default; where there are several,
    `logits_<head>` of each as well; float32 [N, classes]. `info` is in its metadata, as JSON
    under "fercurate": the heads, their class shares and temperatures.

    Args:
        model: As `checkpoint.load_model` gives it; not changed.
        info: What goes into the graph and the metadata.
        path: Replaced in one step.

    Raises:
        FercurateError: torch cannot export this network, or the file cannot be written.
    """
    whole = Whole(copy.deepcopy(model).cpu(), info).eval()
    example = torch.zeros(2, FACE_SIDE, FACE_SIDE, dtype=torch.uint8)
    try:
        with _hushed():
            program = torch.onnx.export(
                whole, (example,), dynamo=True, opset_version=OPSET,
                input_names=[FACES], output_names=_outputs(info),
                dynamic_shapes={"faces": {0: torch.export.Dim("N")}}, external_data=False,
            )  # fmt: skip
    except Exception as error:  # the exporter lets through whatever the network raises
        reason = first_line(error)
        raise FercurateError(
            f"torch cannot export {info.architecture!r} as ONNX: {reason}.",
            "Export another network: facenet, simple and vit are known to work.",
        ) from error
    if program is None:
        raise FercurateError(f"torch exported nothing for {info.architecture!r}.")
    write(describe(program.model_proto, info), path)


def _outputs(info: ModelInfo) -> list[str]:
    return list(dict.fromkeys([PROBABILITIES, LOGITS, *logits_outputs(info)]))


def difference(model: nn.Module, info: ModelInfo, path: Path) -> float:
    """Largest difference of a probability, whichever head answers, between torch and the ONNX
    file, on random faces."""
    faces = random_faces(64)
    whole = Whole(copy.deepcopy(model).cpu().float(), info).eval()
    with torch.inference_mode():
        _, *logits = whole(torch.from_numpy(faces))
    by_torch = np.stack(logits[-len(info.heads) :], axis=1)
    by_onnx = OnnxClassifier(path).logits(faces)
    points = [info.point(head.name) for head in info.heads]
    apart = [np.abs(p.probabilities(by_onnx) - p.probabilities(by_torch)).max() for p in points]
    return float(max(apart))


def random_faces(n: int) -> NDArray[np.uint8]:
    """Blurred noise, uint8 [n, 48, 48]: the same each time, and no person's."""
    coarse = np.random.default_rng(0).integers(0, 256, (n, 1, 12, 12)).astype(np.float32)
    fine = F.interpolate(torch.from_numpy(coarse), size=FACE_SIDE, mode="bilinear")
    return fine[:, 0].numpy().astype(np.uint8)


def load(path: Path) -> onnx.ModelProto:
    return onnx.load(path)


def describe(graph: onnx.ModelProto, info: ModelInfo) -> onnx.ModelProto:
    """The same model with `info` in its metadata and in words; changed in place.

    What the exporter notes of each node (the source lines of this machine) is taken out.
    """
    del graph.metadata_props[:]
    # the digest first: a file that is cut after it lacks what has to be there
    onnx.helper.set_model_props(graph, {KEY: BLANK, METADATA: info.as_json()})
    graph.ir_version = min(graph.ir_version, IR_VERSION)
    graph.producer_name = "fercurate"
    graph.doc_string = graph.graph.doc_string = (
        f"Facial expression, {info.architecture}. {FACES}: uint8 [N, {FACE_SIDE}, {FACE_SIDE}], "
        f"grey faces framed as FER2013's. {', '.join(_outputs(info))}: float32 "
        f"[N, {len(info.classes)}], in the order {', '.join(info.classes)}. "
        f"The metadata under {METADATA!r} say the rest."
    )
    used = {node.domain for node in graph.graph.node}
    kept = [opset for opset in graph.opset_import if opset.domain in used | {""}]
    del graph.opset_import[:]
    graph.opset_import.extend(kept)
    parts = (graph.graph.node, graph.graph.initializer, graph.graph.value_info,
             graph.graph.input, graph.graph.output)  # fmt: skip
    for part in (item for group in parts for item in group):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.graph.metadata_props[:]
    return graph


def write(graph: onnx.ModelProto, path: Path) -> None:
    """Check a model that `describe` made ready and write it in one step, with its digest.

    Raises:
        FercurateError: the model is not valid, or the file cannot be written.
    """
    try:
        onnx.checker.check_model(graph, full_check=True)
        with replacing(path) as beside:
            beside.write_bytes(sealed(graph.SerializeToString()))
    except onnx.checker.ValidationError as error:
        raise FercurateError(f"The exported model is not valid ONNX: {error}") from error
    except OSError as error:
        raise FercurateError(
            f"{path} cannot be written: {error}.", "Is the disk full or the folder read-only?"
        ) from error


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep what torch's exporter prints, warns of and logs off the terminal."""
    was = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(was)
