"""How the App is laid out while somebody reviews: what stands where, what a thumbnail bears."""

from __future__ import annotations

from typing import Any

from fercurate.review import predictions
from fercurate.review.desk import Desk

PANEL = "fercurate_review"
"""As `index.js` names it."""

SHOWN = ("ground_truth", "suggested", "decided")
"""What a thumbnail bears while somebody reviews; `style.js` leaves out what says a thing twice."""


def shown(at_desk: Desk) -> list[str]:
    """The labels on a thumbnail; with a model's answer where its mistakes are looked at."""
    if at_desk.is_blind:
        return []
    of_model = at_desk.view_name in predictions.VIEW.values()
    return [*SHOWN, predictions.FIELD] if of_model else list(SHOWN)


def spaces() -> Any:
    """The grid, and the panel beside it."""
    import fiftyone as fo

    parts = []
    for kind, pinned in (("Samples", True), (PANEL, False)):
        tab = fo.Panel(type=kind, pinned=pinned)
        parts.append(fo.Space(children=[tab], active_child=tab.component_id))
    return fo.Space(children=parts, orientation="horizontal", sizes=[0.66, 0.34])


def has_panel(ctx: Any) -> bool:
    """Whether the page of an operator's context has the panel; what is laid out again is loaded
    again."""
    return PANEL in str(ctx.request_params.get("spaces"))


def has_view(ctx: Any, at_desk: Desk) -> bool:
    """Whether the page of an operator's context shows the desk's view."""
    if at_desk.view_name is not None:
        return bool(ctx.request_params.get("view_name") == at_desk.view_name)
    return _stages(ctx.request_params.get("view")) == _stages(at_desk.view()._serialize())


def _stages(view: list[dict[str, Any]] | None) -> list[tuple[Any, Any]]:
    """A view's stages without the names that each is given anew."""
    return [(stage.get("_cls"), stage.get("kwargs")) for stage in view or ()]
