"""The two sizes of an installation, and what to say where the small one is not enough."""

from __future__ import annotations

from importlib.util import find_spec

from fercurate.errors import FercurateError

BASE = ("mediapipe", "onnxruntime", "numpy", "pandas", "pyarrow")
"""The packages of the small installation that may be missing or broken, for `doctor`."""

CURATE = ("torch", "torchvision", "fiftyone", "cleanlab", "cleanvision", "scikit-learn")
"""The same of the larger one."""

INSTALL_CURATE = 'pip install "fercurate[curate]"'
INSTALL_RECORD = 'pip install "fercurate[record]"'

_NEEDS = {
    "screen": ("onnx", "torch", "cleanvision", "sklearn", "jinja2"),
    "fit-screen": ("onnx", "sklearn"),
    "audit": ("torch", "cleanlab", "jinja2"),
    "report": ("jinja2",),
    "review": ("fiftyone",),
    "train": ("torch", "torchvision", "safetensors"),
    "compare": ("torch", "torchvision", "sklearn", "jinja2"),
    "evaluate": ("sklearn", "jinja2"),
    "evaluate audit": ("sklearn",),
    "evaluate review-loop": ("torch", "sklearn", "jinja2"),
    "export-model": ("torch", "onnx", "onnxscript"),
    "sync": ("fiftyone",),
    "sample": ("skimage", "scipy"),
    "demo": ("skimage", "torch", "cleanlab", "cleanvision", "jinja2"),
}
"""Modules that a command, or a pipeline's stage, cannot begin without."""

_RECORD = ("av",)


def has(module: str) -> bool:
    """Whether a module is installed; does not import it."""
    return find_spec(module) is not None


def need(command: str) -> None:
    """Stop a command that could not end, before it begins.

    Raises:
        FercurateError: a package is not installed.
    """
    for module in _NEEDS.get(command, ()):
        if not has(module):
            raise missing(f"fercurate {command}", module)


def missing(what: str, module: str) -> FercurateError:
    """What to say, in one line, where `what` cannot go on without a module."""
    command = INSTALL_RECORD if module in _RECORD else INSTALL_CURATE
    return FercurateError(f"{what} needs {module}, which is not installed: {command}")
