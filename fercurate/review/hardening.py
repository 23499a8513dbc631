"""Takes from FiftyOne, in this process, what a page could use to read files or to run code."""

from __future__ import annotations

import functools
from typing import Any

_OPERATORS = "@voxel51/operators"
_PANELS = "@voxel51/panels"
CLOSED = frozenset((
    f"{_OPERATORS}/list_files",  # any folder of the disk
    f"{_OPERATORS}/model_evaluation_configure_scenario",  # runs Python that the page sends
    f"{_OPERATORS}/mes_plot_resolver",
    f"{_PANELS}/model_evaluation_panel_builtin",
    f"{_PANELS}/similarity_search",  # fetches models from outside
    f"{_PANELS}/init_similarity_run",
))  # fmt: skip
"""Operators of FiftyOne's own that the App may not run; a review needs none of them."""


def harden() -> None:
    """Close the holes for the rest of this process; calling it again changes nothing.

    FiftyOne builds a view's stages and aggregations from class names that the page sends: as
    it ships, `{"_cls": "subprocess.Popen", "kwargs": ...}` runs a program.
    """
    from fiftyone.core.aggregations import Aggregation
    from fiftyone.core.stages import ViewStage
    from fiftyone.operators.permissions import PermissionedOperatorRegistry

    for kind in (ViewStage, Aggregation):
        if not hasattr(kind._from_dict, "hardened"):
            kind._from_dict = classmethod(_only(kind, kind._from_dict.__func__))
    registry = PermissionedOperatorRegistry
    if not hasattr(registry.can_execute, "hardened"):
        registry.can_execute = _but_closed(registry.can_execute)


def _only(kind: type, build: Any) -> Any:
    """`build`, for names of `kind`'s own subclasses alone."""

    @functools.wraps(build)
    def checked(cls: type, d: dict[str, Any]) -> Any:
        name = str(d.get("_cls"))
        if name not in {f"{known.__module__}.{known.__name__}" for known in _below(kind)}:
            raise ValueError(f"{name} is no {kind.__name__}")
        return build(cls, d)

    checked.hardened = True  # type: ignore[attr-defined]
    return checked


def _below(kind: type) -> set[type]:
    found: set[type] = {kind}
    children: list[type] = type.__subclasses__(kind)
    for child in children:
        found |= _below(child)
    return found


def _but_closed(can_execute: Any) -> Any:
    @functools.wraps(can_execute)
    def checked(self: Any, operator_uri: str) -> bool:
        return operator_uri not in CLOSED and bool(can_execute(self, operator_uri))

    checked.hardened = True  # type: ignore[attr-defined]
    return checked
