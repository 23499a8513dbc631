"""An ONNX model in whole numbers: a quarter of the size, and faster where the CPU has VNNI.

onnxruntime's static quantization: weights and activations of the convolutions and dense
layers become 8 bits, with ranges measured on some faces.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from fercurate.errors import FercurateError, first_line
from fercurate.infer.classifier import BATCH, FACES, OnnxClassifier
from fercurate.infer.onnx_export import describe, write

N_CALIBRATION = 512
"""Faces that the ranges are measured on; more change nothing."""

_QUANTISED = ("Conv", "Gemm", "MatMul", "Add", "Relu", "MaxPool", "GlobalAveragePool")


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    """Batches of faces, as onnxruntime asks for them."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._batches: Iterator[dict[str, Any]] = iter(
            [{FACES: faces[start : start + BATCH]} for start in range(0, len(faces), BATCH)]
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


def quantise(source: Path, faces: NDArray[np.uint8], to: Path) -> None:
    """Write the 8-bit form of a model, with the same input, outputs and metadata.

    What comes before the first convolution (lighting, resizing) and after the last layer stays
    in floating point.

    Args:
        source: An ONNX model that `onnx_export` wrote.
        faces: uint8 [n, 48, 48] like those that will be shown; `N_CALIBRATION` of the training
            split are enough.
        to: Replaced in one step.

    Raises:
        ValueError: no faces.
        FercurateError: onnxruntime cannot quantise this model, or the file cannot be written.
    """
    if not len(faces):
        raise ValueError("no faces to measure ranges on")
    info = OnnxClassifier(source, threads=1).info
    was = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ready, made = Path(folder) / "ready.onnx", Path(folder) / "made.onnx"
            quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready), str(made), _Faces(faces), quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_QUANTISED), per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                nodes_to_exclude=_before_the_first_layer(onnx.load(ready)),
                calibrate_method=CalibrationMethod.MinMax,
            )  # fmt: skip
            graph = onnx.load(made)
    except Exception as error:  # onnxruntime's tools raise what they meet
        reason = first_line(error)
        raise FercurateError(
            f"{source.name} cannot be quantised: {reason}.",
            "Export it in floating point: fercurate export-model --format onnx",
        ) from error
    finally:
        logging.disable(was)
    write(describe(graph, info), to)


def _before_the_first_layer(graph: onnx.ModelProto) -> list[str]:
    """Names of the nodes that no convolution comes before: they make the face ready."""
    behind: set[str] = set()
    names = []
    for node in graph.graph.node:  # in the order in which they are run
        if node.op_type == "Conv" or behind & set(node.input):
            behind |= set(node.output)
        else:
            names.append(node.name)
    return names
