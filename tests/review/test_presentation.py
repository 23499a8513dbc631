"""Saved views, colours and the sidebar of the App."""

from __future__ import annotations

from types import ModuleType

from review_sync import Make, synced, votes_table
from review_tables import N, audit_table, manifest_table

from fercurate.files import write_table
from fercurate.labels import COLOURS, FERPLUS_COLUMNS

AUDIT_VIEWS = {
    "Likely mislabeled": [0, 4],
    "Ambiguous": [1, 5],
    "Outliers": [2, 6],
}
MANIFEST_VIEWS = {
    "Duplicates that disagree": [0, 1],
    "Split leaks": [2, 3],
    "Constant images": [3],
}


def test_saved_views(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace()
    assert set(synced(clean_fo, workspace).views) == set(MANIFEST_VIEWS)
    manifest = manifest_table().assign(
        kind=["nonface" if i == 9 else "human" for i in range(N)],
        is_dark_issue=[i == 11 for i in range(N)],
        is_blurry_issue=[i in (11, 12) for i in range(N)],
    )
    write_table(workspace.manifest_path, manifest)
    write_table(workspace.audit_path, audit_table())
    expected = AUDIT_VIEWS | MANIFEST_VIEWS | {"Not human": [9], "Low quality": [11, 12]}
    assert set(synced(clean_fo, workspace).views) == set(expected)
    dataset = clean_fo.load_dataset("faces")
    shown = {n: dataset.load_saved_view(n).values("row") for n in dataset.list_saved_views()}
    assert shown == expected


def test_what_the_app_shows(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table(), votes=votes_table())
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    config = dataset.app_config
    assert config.active_fields.paths == ["ground_truth", "suggested", "verdict"]
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
