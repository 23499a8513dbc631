"""A general image network, ready trained, for what expressions do not teach: is this a photo?

EfficientNet-Lite0 (Tan and Le 2019, https://arxiv.org/abs/1905.11946; weights trained on
ImageNet by Google, Apache License 2.0) without its classifier and the convolution before
that, each batch norm folded into its convolution, for grey images. 2.9 million parameters,
stored as 8-bit integers with a scale an output channel; 82 million multiply-adds at 112
pixels a side. It runs in float32 in ONNX Runtime, which takes half of torch's time: it joins
each convolution with its activation and lays the channels out as the processor wants them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

FACE = 48
SIDE = 112
"""Side that faces are enlarged to. At 96 the drawn are told apart less well, at 144 it takes
twice as long."""

BATCH = 8
"""More do not fit the cache of a core."""

LAYOUT = (
    (32, 1, 16, 3, 1),
    (16, 6, 24, 3, 2), (24, 6, 24, 3, 1),
    (24, 6, 40, 5, 2), (40, 6, 40, 5, 1),
    (40, 6, 80, 3, 2), (80, 6, 80, 3, 1), (80, 6, 80, 3, 1),
    (80, 6, 112, 5, 1), (112, 6, 112, 5, 1), (112, 6, 112, 5, 1),
    (112, 6, 192, 5, 2), (192, 6, 192, 5, 1), (192, 6, 192, 5, 1), (192, 6, 192, 5, 1),
    (192, 6, 320, 3, 1),
)  # fmt: skip
"""Channels in, expansion, channels out, kernel and stride of each block."""

TAPS = (2, 4, 7, 10, 15)
"""Blocks whose output is looked at: the last one of each width."""

MAPS = (4, 10)
"""Blocks whose output is also pooled to 3 by 3, so that where something is counts."""

GRID = 3

DIMENSIONS = 4 * sum(LAYOUT[i][2] for i in TAPS) + GRID**2 * sum(LAYOUT[i][2] for i in MAPS)

_OPSET, _IR = 17, 8
"""What onnxruntime 1.18 reads."""

Weights = Mapping[str, NDArray[np.float32]]
"""`stem`, `blocks.<i>.expand`, `.depthwise` and `.project`, each `.weight` and `.bias`."""


def shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of each array of weights, as torch names and lays out convolutions."""
    found: dict[str, tuple[int, ...]] = {}

    def add(name: str, n_in: int, n_out: int, kernel: int) -> None:
        found[f"{name}.weight"] = (n_out, n_in, kernel, kernel)
        found[f"{name}.bias"] = (n_out,)

    add("stem", 1, LAYOUT[0][0], 3)
    for i, (n_in, expansion, n_out, kernel, _) in enumerate(LAYOUT):
        wide = n_in * expansion
        if expansion > 1:
            add(f"blocks.{i}.expand", n_in, wide, 1)
        add(f"blocks.{i}.depthwise", 1, wide, kernel)
        add(f"blocks.{i}.project", wide, n_out, 1)
    return found


def pack(weights: Weights) -> dict[str, NDArray[np.generic]]:
    """Weights for `numpy.savez`: int8 with a float32 scale an output channel."""
    packed: dict[str, NDArray[np.generic]] = {}
    for name, values in weights.items():
        if values.ndim == 1:
            packed[name] = values
            continue
        scale = np.abs(values).reshape(len(values), -1).max(axis=1) / 127 + 1e-12
        shape = (-1,) + (1,) * (values.ndim - 1)
        packed[name] = np.rint(values / scale.reshape(shape)).astype(np.int8)
        packed[f"{name}.scale"] = scale.astype(np.float32)
    return packed


def unpack(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The weights from a file that `pack` filled; no pickle is read.

    Raises:
        OSError, ValueError, KeyError: the file is damaged or of another network.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            packed = {name: stored[name] for name in stored.files}
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"damaged: {error}") from error
    weights = {}
    for name, shape in shapes().items():
        values = packed[name].astype(np.float32)
        if values.ndim > 1:
            values *= packed[f"{name}.scale"].reshape((-1,) + (1,) * (values.ndim - 1))
        if values.shape != shape:
            raise ValueError(f"{name} is {values.shape}, not {shape}")
        weights[name] = values
    return weights


def enlarging(side: int = FACE, large: int = SIDE) -> NDArray[np.float32]:
    """Matrix float32 [large, side] that enlarges a column of pixels by cubic convolution.

    Keys (1981, https://doi.org/10.1109/TASSP.1981.1163711) with a = -0.75, pixel centres kept
    in place and the border repeated, as torch's `interpolate(mode="bicubic")` has it.
    """
    a = -0.75
    matrix = np.zeros((large, side))
    for row in range(large):
        centre = (row + 0.5) * side / large - 0.5
        start = int(np.floor(centre)) - 1
        for place in range(start, start + 4):
            x = abs(centre - place)
            inner = (a + 2) * x**3 - (a + 3) * x**2 + 1
            outer = a * (x**3 - 5 * x**2 + 8 * x - 4)
            matrix[row, min(max(place, 0), side - 1)] += inner if x <= 1 else outer
    return matrix.astype(np.float32)


def pooling(side: int, cells: int = GRID) -> NDArray[np.float32]:
    """Matrix float32 [side * side, cells * cells] that takes the mean of each cell of a map.

    Where `cells` does not divide `side`, cells overlap, as in torch's `adaptive_avg_pool2d`.
    """
    line = np.zeros((side, cells))
    for cell in range(cells):
        first, end = cell * side // cells, -(-(cell + 1) * side // cells)
        line[first:end, cell] = 1 / (end - first)
    return np.kron(line, line).astype(np.float32)


def graph(weights: Weights) -> onnx.ModelProto:
    """The network for ONNX Runtime: `faces` uint8 [B, 48, 48] to `features` float32 [B, F].

    The features are mean, deviation, largest and smallest value of each channel at five
    depths, and coarse maps of two.
    """
    made = _Graph(weights)
    x = made.enlarged("faces")
    x = made.conv(x, "stem", 2, clip=True)
    side = SIDE // 2
    pooled: list[str] = []
    for i, (n_in, expansion, n_out, _, stride) in enumerate(LAYOUT):
        name = f"blocks.{i}"
        wide = made.conv(x, f"{name}.expand", clip=True) if expansion > 1 else x
        wide = made.conv(wide, f"{name}.depthwise", stride, groups=n_in * expansion, clip=True)
        narrow = made.conv(wide, f"{name}.project")
        x = made.node("Add", x, narrow) if stride == 1 and n_in == n_out else narrow
        side //= stride
        if i in TAPS:
            flat = made.node("Reshape", x, made.constant(np.array([0, n_out, side * side])))
            pooled += made.pooled(flat, side * side)
            if i in MAPS:
                cells = made.node("MatMul", flat, made.constant(pooling(side)))
                pooled.append(made.node("Flatten", cells, axis=1))
    made.node("Concat", *pooled, output="features", axis=1)
    return made.model()


class _Graph:
    """Nodes of an ONNX graph as they are added; each method gives the name of its output."""

    def __init__(self, weights: Weights) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._to_tensor = helper, numpy_helper.from_array
        self._nodes: list[Any] = []
        self._kernels = {
            name.removesuffix(".weight"): values.shape[-1]
            for name, values in weights.items()
            if name.endswith(".weight")
        }
        self._constants = [self._to_tensor(values, name) for name, values in weights.items()]

    def constant(self, values: NDArray[Any]) -> str:
        name = f"constant.{len(self._constants)}"
        self._constants.append(self._to_tensor(values, name))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator}.{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(operator, inputs, [output], **attributes))
        return output

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def clipped(self, x: str, most: float) -> str:
        return self.node("Clip", x, self.number(0), self.number(most))

    def enlarged(self, faces: str) -> str:
        x = self.node("Cast", faces, to=self._helper.np_dtype_to_tensor_dtype(np.dtype(np.float32)))
        matrix = enlarging()
        x = self.node("MatMul", self.constant(matrix), x)
        x = self.clipped(self.node("MatMul", x, self.constant(matrix.T.copy())), 255)
        x = self.node("Div", self.node("Sub", x, self.number(127)), self.number(128))
        return self.node("Unsqueeze", x, self.constant(np.array([1])))

    def conv(
        self, x: str, name: str, stride: int = 1, *, groups: int = 1, clip: bool = False
    ) -> str:
        """A convolution that pads as TensorFlow does: with stride 2 more at the far side."""
        kernel = self._kernels[name]
        near = (kernel - stride) // 2
        far = kernel - stride - near
        x = self.node(
            "Conv", x, f"{name}.weight", f"{name}.bias", group=groups,
            strides=[stride, stride], pads=[near, near, far, far],
        )  # fmt: skip
        return self.clipped(x, 6) if clip else x

    def pooled(self, flat: str, n: int) -> list[str]:
        mean = self.node("ReduceMean", flat, axes=[2], keepdims=1)
        length = self.node("ReduceL2", self.node("Sub", flat, mean), axes=[2], keepdims=0)
        return [
            self.node("Flatten", mean, axis=1),
            self.node("Div", length, self.number((n - 1) ** 0.5)),
            self.node("ReduceMax", flat, axes=[2], keepdims=0),
            self.node("ReduceMin", flat, axes=[2], keepdims=0),
        ]

    def model(self) -> onnx.ModelProto:
        from onnx import TensorProto

        values = self._helper.make_tensor_value_info
        whole = self._helper.make_graph(
            self._nodes,
            "backbone",
            [values("faces", TensorProto.UINT8, ["n", FACE, FACE])],
            [values("features", TensorProto.FLOAT, ["n", DIMENSIONS])],
            self._constants,
        )
        opset = self._helper.make_opsetid("", _OPSET)
        return self._helper.make_model(whole, opset_imports=[opset], ir_version=_IR)


@dataclass(frozen=True)
class Backbone:
    """The network, ready to look at faces."""

    session: Any

    def __call__(
        self,
        faces: NDArray[np.uint8],
        on_batch: Callable[[int], None] = lambda images: None,
    ) -> NDArray[np.float32]:
        """Features of each face: float32 [N, DIMENSIONS].

        Args:
            faces: uint8 [N, 48, 48].
            on_batch: Called after each batch with the number of images in it.
        """
        found = np.empty((len(faces), DIMENSIONS), np.float32)
        for start in range(0, len(faces), BATCH):
            batch = np.ascontiguousarray(faces[start : start + BATCH])
            [found[start : start + len(batch)]] = self.session.run(None, {"faces": batch})
            on_batch(len(batch))
        return found


@lru_cache(maxsize=1)
def load(data: bytes, threads: int = 0) -> Backbone:
    """The network from the bytes of a file that `pack` filled; kept for the next call.

    Args:
        data: Of the file.
        threads: That one batch is worked on by; 0 for one a core.

    Raises:
        OSError, ValueError, KeyError: the file is damaged or of another network.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    model = graph(unpack(data)).SerializeToString()
    return Backbone(onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]))
