"""How the App shows a dataset: colours, what is ticked in the sidebar, saved views, indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from fercurate.labels import COLOURS
from fercurate.review.columns import Mirror

VERDICT_COLOURS = {
    "mislabeled": "#c2185b",
    "ambiguous": "#00897b",
    "outlier": "#6d4c41",
    "ok": "#455a64",
}

ACTIVE = ("ground_truth", "suggested", "verdict")
"""What the App writes on a thumbnail unless the user chooses otherwise.

Numbers stay off: the App gives every value a colour of its own.
"""

INDEXED = ("sample_id", "label_quality", "verdict", "duplicate_group")
"""Fields that views select and sort by, or that other stages look up."""

DESCRIPTIONS = {
    "row": "row of the manifest, from 0",
    "sample_id": "name of the image, the same for ever",
    "source": "where the image was read from",
    "sha256": "of the pixels",
    "ground_truth": "the label that the dataset gives",
    "suggested": "the label that the audit proposes, with its confidence",
    "label_quality": "0 to 1; low: the given label is probably wrong",
    "is_label_issue": "confident learning counts the label as wrong",
    "verdict": "mislabeled, ambiguous, outlier or ok",
    "neighbours": "rows of the nearest images with a trusted label",
    "is_constant": "one grey value only",
    "duplicate_group": "images with the same pixels share a number",
    "is_label_conflict": "the same pixels bear another label elsewhere",
    "is_split_leak": "the same pixels are in another split",
}


@dataclass(frozen=True)
class SavedView:
    """A view that is made where all fields in `needs` exist."""

    name: str
    description: str
    needs: tuple[str, ...]
    make: Callable[[Any, Any], Any]
    """Takes the dataset and `fiftyone.ViewField`."""


def _verdict(verdict: str) -> Callable[[Any, Any], Any]:
    return lambda dataset, f: dataset.match(f("verdict") == verdict).sort_by("label_quality")


SAVED_VIEWS = (
    SavedView(
        "Likely mislabeled", "Another class fits better; worst first",
        ("verdict", "label_quality"), _verdict("mislabeled"),
    ),
    SavedView(
        "Ambiguous", "Two classes share the image; worst first",
        ("verdict", "label_quality"), _verdict("ambiguous"),
    ),
    SavedView(
        "Outliers", "No class fits; worst first",
        ("verdict", "label_quality"), _verdict("outlier"),
    ),
    SavedView(
        "Not human", "Drawings, statues, cards and blanks",
        ("kind",), lambda dataset, f: dataset.match(f("kind").is_in(["drawn", "nonface"])),
    ),
    SavedView(
        "Duplicates that disagree", "The same pixels with different labels, side by side",
        ("is_label_conflict", "duplicate_group"),
        lambda dataset, f: dataset.match(f("is_label_conflict")).sort_by("duplicate_group"),
    ),
    SavedView(
        "Split leaks", "The same pixels in more than one split, side by side",
        ("is_split_leak", "duplicate_group"),
        lambda dataset, f: dataset.match(f("is_split_leak")).sort_by("duplicate_group"),
    ),
    SavedView(
        "Constant images", "One grey value only: nothing can be seen",
        ("is_constant",), lambda dataset, f: dataset.match(f("is_constant")),
    ),
)  # fmt: skip


def _low_quality(fields: Collection[str]) -> list[SavedView]:
    """The screen's `is_<x>_issue` columns together, whichever there are."""
    issues = [n for n in sorted(fields) if re.fullmatch(r"is_\w+_issue", n)]
    issues = [n for n in issues if n != "is_label_issue"]
    if not issues:
        return []
    return [
        SavedView(
            "Low quality", "Blurred, dark, bright or otherwise hard to see", tuple(issues),
            lambda dataset, f: dataset.match(f.any([f(name) for name in issues])),
        )
    ]  # fmt: skip


def save_views(fo: ModuleType, dataset: Any, fields: Collection[str]) -> tuple[str, ...]:
    """Save those views whose fields exist; returns their names.

    A view that is there already stays as it is, and so do the user's own.
    """
    wanted = [view for view in SAVED_VIEWS if set(view.needs) <= set(fields)]
    wanted += _low_quality(fields)
    existing = set(dataset.list_saved_views())
    for view in wanted:
        if view.name not in existing:
            made = view.make(dataset, fo.ViewField)
            dataset.save_view(view.name, made, description=view.description)
    return tuple(view.name for view in wanted)


def index(dataset: Any, fields: Collection[str]) -> None:
    """Make the indexes that views need; those that exist cost nothing."""
    existing = set(dataset.list_indexes())
    for name in INDEXED:
        if name in fields and name not in existing:
            dataset.create_index(name)


def unindex(dataset: Any, fields: Collection[str]) -> None:
    """Drop our indexes on `fields` before most of their values change; then call `index`."""
    for name in set(INDEXED) & set(fields) & set(dataset.list_indexes()):
        dataset.drop_index(name)


def configure_app(fo: ModuleType, dataset: Any, mirror: Mirror) -> None:
    """Colours by value, the useful fields ticked, the sidebar grouped by where fields come from."""
    present = set(mirror.fields)
    config = dataset.app_config
    config.color_scheme = fo.ColorScheme(
        color_by="value",
        color_pool=list(COLOURS.values()),
        fields=[_coloured(path, "label", COLOURS) for path in mirror.labels]
        + ([_coloured("verdict", None, VERDICT_COLOURS)] if "verdict" in present else []),
    )
    import fiftyone.core.odm as odm

    config.active_fields = odm.ActiveFields(paths=[name for name in ACTIVE if name in present])
    config.sidebar_groups = _sidebar(odm, mirror)
    dataset.save()


def _coloured(path: str, attribute: str | None, colours: dict[str, str] | Any) -> dict[str, Any]:
    field: dict[str, Any] = {
        "path": path,
        "valueColors": [{"value": value, "color": colour} for value, colour in colours.items()],
    }
    if attribute is not None:
        field["colorByAttribute"] = attribute
    return field


def _sidebar(odm: Any, mirror: Mirror) -> list[Any]:
    titles = {"audit": "audit", "screen": "screen", "manifest": "image", "votes": "FER+ votes"}
    labels = list(mirror.labels)
    groups = [("tags", ["tags", "_label_tags"], True), ("labels", labels, True)]
    for table, title in titles.items():
        paths = [n for n in mirror.columns_of.get(table, ()) if n not in mirror.labels]
        if paths:
            groups.append((title, paths, table == "audit"))
    metadata = [
        f"metadata.{n}" for n in ("size_bytes", "mime_type", "width", "height", "num_channels")
    ]
    other = ["id", "filepath", "created_at", "last_modified_at"]
    groups += [("metadata", metadata, False), ("other", other, False)]
    return [
        odm.SidebarGroupDocument(name=name, paths=paths, expanded=expanded)
        for name, paths, expanded in groups
    ]
