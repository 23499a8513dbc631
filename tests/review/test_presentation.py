"""Saved views, colours and the sidebar of the App."""

from __future__ import annotations

from types import ModuleType

from recorded import write_table
from review_sync import Make, synced, votes_table
from review_tables import audit_table, screen_table

from fercurate.labels import COLOURS, FERPLUS_COLUMNS

AUDIT_VIEWS = {
    "Queue": [0, 1, 2, 3, 4, 5, 6, 7],
    "Likely mislabeled": [0, 4],
    "Ambiguous": [1, 5],
    "Outliers": [2, 6],
}
ALWAYS_VIEWS: dict[str, list[int]] = {"Decided": [], "Disputed": []}
MANIFEST_VIEWS = ALWAYS_VIEWS | {
    "Duplicates that disagree": [0, 1],
    "Split leaks": [2, 3],
    "Constant images": [3],
}
SCREEN_VIEWS = {
    "Not human": [9, 10],
    "Near duplicates": [0, 23],
    "Near leaks": [0, 23],
    "Low quality": [9, 11, 12],
}


def test_saved_views(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace()
    assert set(synced(clean_fo, workspace).views) == set(MANIFEST_VIEWS)
    write_table(workspace.audit_path, audit_table())
    write_table(workspace.screen_path, screen_table())
    expected = AUDIT_VIEWS | MANIFEST_VIEWS | SCREEN_VIEWS
    assert set(synced(clean_fo, workspace).views) == set(expected)
    dataset = clean_fo.load_dataset("faces")
    shown = {n: dataset.load_saved_view(n).values("row") for n in dataset.list_saved_views()}
    assert shown == expected


def test_what_the_app_shows(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table(), votes=votes_table())
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    config = dataset.app_config
    assert config.active_fields.paths == [
        "ground_truth", "suggested", "verdict", "decided", "decision"
    ]  # fmt: skip
    assert config.color_scheme.color_by == "value"
    colours = {f["path"]: f["valueColors"] for f in config.color_scheme.fields}
    for path in ("ground_truth", "suggested"):
        assert {c["value"]: c["color"] for c in colours[path]} == dict(COLOURS)
    groups = {g.name: g.paths for g in config.sidebar_groups}
    assert groups["FER+ votes"] == list(FERPLUS_COLUMNS)
    shown = [path for paths in groups.values() for path in paths]
    assert len(shown) == len(set(shown))
    top = {path.split(".")[0] for path in shown} - {"_label_tags"}
    assert top == set(dataset.get_field_schema())

    config.active_fields.paths = ["verdict"]
    dataset.save()
    write_table(workspace.audit_path, audit_table().assign(margin=2.0))
    synced(clean_fo, workspace)
    dataset.reload()
    assert dataset.app_config.active_fields.paths == ["verdict"]


def test_what_the_app_shows_of_a_screen(clean_fo: ModuleType, make_workspace: Make) -> None:
    synced(clean_fo, make_workspace(screen=screen_table()))
    dataset = clean_fo.load_dataset("faces")
    config = dataset.app_config
    assert config.active_fields.paths == ["ground_truth", "kind", "decided", "decision"]
    colours = {f["path"]: f for f in config.color_scheme.fields}
    for path in ("kind", "face"):
        values = {c["value"] for c in colours[path]["valueColors"]}
        assert values == {"human", "drawn", "nonface"}
    assert colours["face"]["colorByAttribute"] == "label"
    groups = {g.name: g.paths for g in config.sidebar_groups}
    assert groups["labels"] == ["ground_truth", "face", "face_points", "decided"]
    assert "human_score" in groups["screen"]
    assert len(dataset.skeletons["face_points"].labels) == 6
    made = {"kind", "human_score", "near_duplicate_group"}
    assert made <= set(dataset.list_indexes())
    shown = set(groups["screen"]) | {"face", "face_points"}
    assert not [n for n in shown if not dataset.get_field(n).description]
