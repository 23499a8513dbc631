"""Faces to probabilities, by the model of the package or one of the user's own.

An ONNX model needs onnxruntime alone: torch takes two seconds to load, and is not touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, InputError, first_line
from fercurate.infer.info import ModelInfo
from fercurate.labels import FACE_SIDE
from fercurate.seal import is_sealed

METADATA = "fercurate"
"""Key of the model's information in an ONNX file's metadata."""

FACES, PROBABILITIES, LOGITS = "faces", "probabilities", "logits"
"""Names of the input and the outputs of an ONNX model; the outputs are those of the head that
answers by default. Where there are several heads, `logits_outputs` names those of each."""

PACKAGED = Path(__file__).parent / "models" / "fer.onnx"
"""The model that comes with the package."""

BATCH = 32
"""Faces at a time: more are no faster on a CPU, and take more memory."""


class Classifier(Protocol):
    """Classifies faces, wherever its model came from.

    `ModelInfo.point` makes probabilities of its logits.
    """

    @property
    def info(self) -> ModelInfo:
        """What its file says about the model."""

    def logits(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """float32 [N, heads, classes], before any temperature, of uint8 [N, 48, 48]."""


def logits_outputs(info: ModelInfo) -> list[str]:
    """Names of the outputs that hold the logits of each head, in the model's order."""
    if len(info.heads) == 1:
        return [LOGITS]
    return [f"{LOGITS}_{head.name}" for head in info.heads]


class OnnxClassifier:
    """A model that `onnx_export` wrote.

    Args:
        path: The `.onnx` file.
        threads: Of onnxruntime; None for one a core.
        provider: onnxruntime's execution provider.

    Raises:
        InputError: the file is missing, damaged, or no model of ours.
    """

    def __init__(
        self, path: Path, threads: int | None = None, provider: str = "CPUExecutionProvider"
    ) -> None:
        self._session, described = _opened(path, threads, provider)
        taken = {put.name: put for put in self._session.get_inputs()}
        given = {put.name: put for put in self._session.get_outputs()}
        if not described or set(taken) != {FACES} or not set(given) >= {PROBABILITIES, LOGITS}:
            raise InputError(
                f"{path} is an ONNX model, but none that fercurate exported.", _export(path)
            )
        self._info = ModelInfo.from_json(described, path)
        wanted = {FACES: [FACE_SIDE, FACE_SIDE]}
        outputs = {PROBABILITIES, LOGITS, *logits_outputs(self._info)}
        wanted |= {name: [len(self._info.classes)] for name in sorted(outputs)}
        for name, shape in wanted.items():
            put = (taken | given).get(name)
            found = [] if put is None else put.shape
            if found[1:] != shape:
                raise InputError(
                    f"{path} does not fit what it says of itself: {name} is {found[1:]} a face, "
                    f"not {shape}.",
                    _export(path),
                )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def logits(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        check_faces(faces)
        outputs = logits_outputs(self._info)
        found = [np.empty((0, len(outputs), len(self._info.classes)), np.float32)]
        for start in range(0, len(faces), BATCH):
            batch = np.ascontiguousarray(faces[start : start + BATCH])
            found.append(np.stack(self._session.run(outputs, {FACES: batch}), axis=1))
        return np.concatenate(found)


def open_classifier(
    path: Path | None = None, device: str = "auto", threads: int | None = None
) -> Classifier:
    """The classifier of a model file or a training run.

    Args:
        path: A `.onnx` or a `.safetensors` file, or a run's folder; None for the model that
            comes with the package.
        device: "auto", "cpu", "cuda" or "mps". An ONNX model runs on the CPU unless "cuda" is
            asked for and onnxruntime has it.
        threads: On the CPU; None for one a core.

    Raises:
        InputError: there is no such model, it is damaged or foreign, or the device is absent.
    """
    if path is None:
        if not PACKAGED.is_file():
            raise FercurateError(
                "This installation of fercurate carries no model.",
                "Name one with --model: a run's folder (fercurate train) or an .onnx file.",
            )
        path = PACKAGED
    if path.is_dir() or path.suffix == ".safetensors":
        from fercurate.infer.torch_classifier import TorchClassifier

        return TorchClassifier(path, device, threads)
    if path.suffix == ".onnx":
        return OnnxClassifier(path, threads, _provider(device))
    if not path.exists():
        raise InputError(f"There is no model {path}.", "Give a run's folder, or a model file.")
    raise InputError(
        f"{path} is no model file: it ends in neither .onnx nor .safetensors.",
        "Other kinds are not opened: a pickle can run code.",
    )


def check_faces(faces: NDArray[Any]) -> None:
    """Refuse what is not uint8 [N, 48, 48].

    Raises:
        ValueError: another shape or type.
    """
    if faces.dtype != np.uint8 or faces.shape[1:] != (FACE_SIDE, FACE_SIDE):
        raise ValueError(f"faces are {faces.dtype} {faces.shape}, not uint8 [N, 48, 48]")


def _provider(device: str) -> str:
    import onnxruntime

    if device in ("auto", "cpu"):
        return "CPUExecutionProvider"
    wanted = {"cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider"}.get(device, "")
    if wanted not in onnxruntime.get_available_providers():
        raise InputError(
            f"This onnxruntime cannot run a model on {device!r}.", "Leave --device out: the CPU."
        )
    return wanted


def _opened(path: Path, threads: int | None, provider: str) -> tuple[Any, str]:
    """onnxruntime's session of a file, and what the file says of its model."""
    import onnxruntime

    if not path.is_file():
        raise InputError(f"There is no model {path}.", "Give a run's folder, or a model file.")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    # threads that wait by turning around take the cores from those that find faces
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        data = path.read_bytes()
        is_sealed(data)
        session = onnxruntime.InferenceSession(data, options, providers=[provider])
        return session, session.get_modelmeta().custom_metadata_map.get(METADATA, "")
    except FercurateError:  # Ctrl-C
        raise
    except Exception as error:  # onnxruntime has a class of its own for each kind of damage
        raise InputError(
            f"{path} cannot be opened as an ONNX model: {first_line(error)}", _export(path)
        ) from error


def _export(path: Path) -> str:
    if path == PACKAGED:
        return "Install fercurate again."
    return "Export it again with: fercurate export-model --run RUN --to FILE"
