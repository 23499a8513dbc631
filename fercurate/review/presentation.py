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

KIND_COLOURS = {
    "human": "#455a64",
    "drawn": "#8e24aa",
    "nonface": "#ef6c00",
}

ACTION_COLOURS = {
    "accept": "#2e7d32",
    "keep": "#5c6bc0",
    "relabel": "#c2185b",
    "ambiguous": "#00897b",
    "exclude": "#6d4c41",
}

OUTCOME_COLOURS = {**COLOURS, "ambiguous": "#00897b", "exclude": "#6d4c41"}

EXPRESSIONS = {"ground_truth": COLOURS, "suggested": COLOURS, "decided": OUTCOME_COLOURS}
"""Label fields whose values are classes; those of the others are kinds."""

LANDMARKS = ("right eye", "left eye", "nose", "mouth", "right ear", "left ear")
"""The points of `face_points`; right and left are the person's own."""

ACTIVE = ("ground_truth", "suggested", "verdict", "kind", "decided", "decision")
"""What the App writes on a thumbnail unless the user chooses otherwise.

Numbers stay off: the App gives every value a colour of its own.
"""

INDEXED = (
    "sample_id", "label_quality", "verdict", "duplicate_group",
    "human_score", "kind", "near_duplicate_group", "decision",
)  # fmt: skip
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
    "decision": "what a reviewer did last: accept, keep, relabel, ambiguous or exclude",
    "decided": "what it came to: a class, ambiguous or exclude",
    "decided_by": "who decided",
    "decided_at": "when, ISO 8601",
    "is_disputed": "reviewers came to different things",
    "neighbours": "rows of the nearest images with a trusted label",
    "is_constant": "one grey value only",
    "duplicate_group": "images with the same pixels share a number",
    "is_label_conflict": "the same pixels bear another label elsewhere",
    "is_split_leak": "the same pixels are in another split",
    "face": "the box of the face, cut at the edges, with the detector's confidence",
    "face_points": "eyes, nose, mouth and ears as the detector places them",
    "kind": "human, drawn or nonface; by eye where a person said so",
    "kind_by_eye": "the kind that a person gave",
    "human_score": "0 to 1; low: no photograph of a human face",
    "is_human_issue": "the kind is not human",
    "drawn_score": "0 to 1; low: looks drawn",
    "nonface_score": "0 to 1; low: looks like no face",
    "face_score": "0 to 1; low: the detector finds no face",
    "is_face_issue": "the detector finds no face",
    "roll": "degrees; positive: the head leans to the viewer's right",
    "face_turn": "degrees that the picture was turned by for the face to be found",
    "dark_score": "0 to 1; low: too dark to see much",
    "light_score": "0 to 1; low: washed out, or a white card",
    "low_information_score": "0 to 1; low: few grey levels, as of a card or a sign",
    "odd_size_score": "0 to 1; low: another size or shape than the rest",
    "blurry_score": "0 to 1; low: fine detail is missing",
    "face_close_score": "0 to 1; low: only a part of the face fits in",
    "face_small_score": "0 to 1; low: the face fills little of the picture",
    "cut_off_score": "0 to 1; low: a good part of the face lies outside",
    "rotated_score": "0 to 1; low: the head is tilted",
    "occluded_score": "0 to 1; low: something covers a part of the face",
    "watermark_score": "0 to 1; low: text or a logo lies over the picture",
    "near_duplicate_score": "0 to 1; low: another image is nearly the same",
    "near_duplicate_group": "an image to keep and those nearly the same share a number; -1: alone",
    "near_duplicate_component": "what a chain of near duplicates links shares a number; -1: alone",
    "is_near_leak": "a near duplicate is in another split",
    "keep": "of its near duplicates the one to keep",
    "keep_split": "the split that its near duplicates should stay in",
} | {
    f"is_{name}_issue": f"{name}_score is too low"
    for name in (
        "dark", "light", "low_information", "odd_size", "blurry", "face_close", "face_small",
        "cut_off", "rotated", "occluded", "watermark", "near_duplicate",
    )
}  # fmt: skip


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
        "Queue", "Not yet decided, the most likely mislabeled first",
        ("label_quality", "decision"),
        lambda dataset, f: (
            dataset.match(f("label_quality").exists() & ~f("decision").exists())
            .sort_by("label_quality")
        ),
    ),
    SavedView(
        "Decided", "What reviewers decided, the last first",
        ("decision", "decided_at"),
        lambda dataset, f: (
            dataset.match(f("decision").exists()).sort_by("decided_at", reverse=True)
        ),
    ),
    SavedView(
        "Disputed", "Reviewers came to different things",
        ("is_disputed",), lambda dataset, f: dataset.match(f("is_disputed") == True),  # noqa: E712
    ),
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
        "Not human", "Drawings, statues, cards and blanks; least human first",
        ("kind", "human_score"),
        lambda dataset, f: (
            dataset.match(f("kind").is_in(["drawn", "nonface"])).sort_by("human_score")
        ),
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
        "Near duplicates", "Nearly the same picture, side by side",
        ("near_duplicate_group",),
        lambda dataset, f: (
            dataset.match(f("near_duplicate_group") >= 0).sort_by("near_duplicate_group")
        ),
    ),
    SavedView(
        "Near leaks", "Nearly the same picture in more than one split, side by side",
        ("is_near_leak", "near_duplicate_component"),
        lambda dataset, f: dataset.match(f("is_near_leak")).sort_by("near_duplicate_component"),
    ),
    SavedView(
        "Constant images", "One grey value only: nothing can be seen",
        ("is_constant",), lambda dataset, f: dataset.match(f("is_constant")),
    ),
)  # fmt: skip


NOT_QUALITY = ("is_label_issue", "is_human_issue", "is_near_duplicate_issue")
"""Issues that have views of their own."""


def _low_quality(fields: Collection[str]) -> list[SavedView]:
    """The screen's `is_<x>_issue` columns together, whichever there are."""
    issues = [n for n in sorted(fields) if re.fullmatch(r"is_\w+_issue", n)]
    issues = [n for n in issues if n not in NOT_QUALITY]
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
    values = {
        "verdict": VERDICT_COLOURS, "kind": KIND_COLOURS, "kind_by_eye": KIND_COLOURS,
        "decision": ACTION_COLOURS,
    }  # fmt: skip
    config.color_scheme = fo.ColorScheme(
        color_by="value",
        color_pool=list(COLOURS.values()),
        fields=[
            _coloured(path, "label", EXPRESSIONS.get(path, KIND_COLOURS)) for path in mirror.labels
        ]
        + [_coloured(path, None, by) for path, by in values.items() if path in present],
    )
    if "face_points" in mirror.labels:
        skeleton = fo.KeypointSkeleton(labels=list(LANDMARKS), edges=[[4, 0, 2, 1, 5], [2, 3]])
        dataset.skeletons["face_points"] = skeleton
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
    titles = {
        "decisions": "decisions", "audit": "audit", "screen": "screen", "manifest": "image",
        "votes": "FER+ votes",
    }  # fmt: skip
    labels = list(mirror.labels)
    groups = [("tags", ["tags", "_label_tags"], True), ("labels", labels, True)]
    for table, title in titles.items():
        paths = [n for n in mirror.columns_of.get(table, ()) if n not in mirror.labels]
        if paths:
            groups.append((title, paths, table in ("audit", "decisions")))
    metadata = [
        f"metadata.{n}" for n in ("size_bytes", "mime_type", "width", "height", "num_channels")
    ]
    other = ["id", "filepath", "created_at", "last_modified_at"]
    groups += [("metadata", metadata, False), ("other", other, False)]
    return [
        odm.SidebarGroupDocument(name=name, paths=paths, expanded=expanded)
        for name, paths, expanded in groups
    ]
