"""Whatever happened to the database, the next sync puts it right."""

from __future__ import annotations

import shutil
from types import ModuleType
from typing import Any

import pytest
from recorded import write_table
from review_sync import Heard, Make, documents, synced, votes_table
from review_tables import N, audit_table, manifest_table

from fercurate.config import SyncConfig
from fercurate.errors import FercurateError
from fercurate.review import database
from fercurate.review.sync import sync
from fercurate.workspace import Workspace


def test_a_column_that_changes_its_type(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(manifest=manifest_table().assign(extra=1))
    synced(clean_fo, workspace)
    write_table(workspace.manifest_path, manifest_table().assign(extra="text"))
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    assert dataset.count_values("extra") == {"text": N}
    assert isinstance(dataset.get_field("extra"), clean_fo.StringField)


def test_a_field_of_the_users_own_with_a_columns_name(
    clean_fo: ModuleType, make_workspace: Make
) -> None:
    workspace = make_workspace()
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    dataset.set_values("margin", ["mine"] * N)
    write_table(workspace.audit_path, audit_table())
    heard = Heard()
    sync(clean_fo, workspace, SyncConfig(), heard)
    assert len(heard.warnings) == 1
    assert "'margin'" in heard.warnings[0]
    dataset.reload()
    assert dataset.count_values("margin") == {"mine": N}
    assert dataset.count("label_quality") == N // 3


def test_deleted_samples_and_fields_come_back(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table())
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    before = documents(dataset)
    dataset.delete_samples(dataset.limit(2).values("id"))
    dataset.delete_sample_field("label_quality")
    result = synced(clean_fo, workspace)
    assert (result.n_added, result.n_updated) == (2, N // 3 - 2)
    after = documents(dataset)
    assert {s: d["_id"] for s, d in after.items()} == {s: d["_id"] for s, d in before.items()}
    assert all(after[s].get("label_quality") == d.get("label_quality") for s, d in before.items())


def test_a_lost_database_is_rebuilt_the_same(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table(), votes=votes_table())
    synced(clean_fo, workspace)
    changing = {"_rand", "_dataset_id", "created_at", "last_modified_at"}

    def stable() -> dict[str, Any]:
        found = documents(clean_fo.load_dataset("faces"))
        for document in found.values():
            for name in ("ground_truth", "suggested"):
                document.get(name, {}).pop("_id", None)
        return {s: {k: v for k, v in d.items() if k not in changing} for s, d in found.items()}

    before = stable()
    clean_fo.delete_dataset("faces")
    assert synced(clean_fo, workspace).n_added == N
    assert stable() == before


def test_a_killed_sync_is_finished_by_the_next(
    clean_fo: ModuleType, make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fercurate.review import dataset as module

    workspace = make_workspace(audit=audit_table())
    insert = module._insert
    monkeypatch.setattr(module, "BATCH", 10)

    def killed(collection: Any, batch: list[Any]) -> None:
        insert(collection, batch)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_insert", killed)
    with pytest.raises(KeyboardInterrupt):
        synced(clean_fo, workspace)
    monkeypatch.setattr(module, "_insert", insert)
    result = synced(clean_fo, workspace)
    assert (result.n_added, result.n_updated) == (N - 10, 0)
    assert clean_fo.load_dataset("faces").values("row") == list(range(N))


def test_a_moved_workspace(
    clean_fo: ModuleType, make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a database of the user's own, where another workspace may have the name
    monkeypatch.setattr(database, "_ours", set())
    workspace = make_workspace("faces")
    synced(clean_fo, workspace)
    moved = Workspace(workspace.root.parent / "elsewhere" / "faces")
    shutil.copytree(workspace.root, moved.root)
    with pytest.raises(FercurateError, match="belongs to"):
        synced(clean_fo, moved)
    shutil.rmtree(workspace.root)
    result = synced(clean_fo, moved)
    assert (result.n_added, result.n_updated) == (0, N)
    assert clean_fo.load_dataset("faces").first().filepath.startswith(str(moved.root.resolve()))


def test_somebody_elses_dataset_is_left_alone(clean_fo: ModuleType, make_workspace: Make) -> None:
    clean_fo.Dataset("faces").add_sample(clean_fo.Sample(filepath="theirs.png"))
    with pytest.raises(FercurateError, match="not from fercurate"):
        synced(clean_fo, make_workspace())
    assert clean_fo.load_dataset("faces").values("filepath")[0].endswith("theirs.png")


def test_images_without_a_label_or_a_file(clean_fo: ModuleType, make_workspace: Make) -> None:
    manifest = manifest_table()
    manifest["label"] = None
    workspace = make_workspace(manifest=manifest)
    workspace.image_path("train-0000").unlink()
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    assert dataset.count("ground_truth") == 0
    assert dataset.count("metadata.size_bytes") == N - 1
