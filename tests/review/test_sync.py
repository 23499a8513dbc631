"""The FiftyOne dataset mirrors the workspace and keeps what is the user's."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from recorded import write_table
from review_sync import Make, documents, synced, votes_table
from review_tables import N, audit_table, manifest_table

from fercurate.errors import InputError
from fercurate.labels import CLASSES


def test_every_column_arrives(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table(), votes=votes_table())
    result = synced(clean_fo, workspace)
    assert (result.dataset, result.n_samples) == ("faces", N)
    assert (result.n_added, result.n_updated, result.n_removed) == (N, 0, 0)

    dataset = clean_fo.load_dataset("faces")
    assert dataset.persistent
    assert dataset.media_type == "image"
    manifest, audit = manifest_table(), audit_table().set_index("row").sort_index()
    assert dataset.values("sample_id") == manifest["sample_id"].tolist()
    assert dataset.values("ground_truth.label") == manifest["label"].tolist()
    assert dataset.values("is_constant") == manifest["is_constant"].tolist()
    assert dataset.values("tags") == [[s] for s in manifest["split"]]
    assert dataset.values("filepath") == [
        str(workspace.image_path(s).resolve()) for s in manifest["sample_id"]
    ]
    assert dataset.values("NF") == list(range(N))

    no_audit = [None] * (N - len(audit))
    assert dataset.values("label_quality") == audit["label_quality"].tolist() + no_audit
    assert dataset.values("verdict") == audit["verdict"].tolist() + no_audit
    assert dataset.values("neighbours") == [list(v) for v in audit["neighbours"]] + no_audit
    assert dataset.values("margin")[:2] == [None, 1.0]
    suggested = dataset.values("suggested.label")
    assert suggested[:6] == [*CLASSES[1:6], None]
    assert dataset.values("suggested.confidence")[0] == pytest.approx(0.5)
    assert {"label", "suggested_label", "suggested_confidence"}.isdisjoint(
        dataset.get_field_schema()
    )

    metadata = dataset.first().metadata
    assert (metadata.width, metadata.height, metadata.num_channels) == (48, 48, 1)
    assert metadata.mime_type == "image/png"
    assert metadata.size_bytes == workspace.image_path("train-0000").stat().st_size


def test_a_second_sync_changes_nothing(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table())
    first = synced(clean_fo, workspace)
    before = documents(clean_fo.load_dataset("faces"))
    second = synced(clean_fo, workspace)
    assert (second.n_added, second.n_updated, second.n_removed) == (0, 0, 0)
    assert second.views == first.views
    assert documents(clean_fo.load_dataset("faces")) == before


def test_an_update_touches_what_changed_and_nothing_of_the_users(
    clean_fo: ModuleType, make_workspace: Make
) -> None:
    fo = clean_fo
    workspace = make_workspace(audit=audit_table())
    synced(fo, workspace)
    dataset = fo.load_dataset("faces")
    sample = dataset.match(fo.ViewField("row") == 2).first()
    sample.tags.append("look again")
    sample["note"] = "mine"
    sample["suggested"].tags.append("doubtful")
    sample.save()
    dataset.save_view("my view", dataset.limit(3))
    before = documents(dataset)

    audit = audit_table().set_index("row")
    audit.loc[2, "label_quality"] = np.float32(0.875)
    audit.loc[2, "suggested_label"] = "neutral"
    audit.loc[3, "suggested_label"] = None
    audit.loc[3, "suggested_confidence"] = np.nan
    audit.loc[5, "suggested_label"] = "fear"
    audit["extra"] = 0.5
    write_table(workspace.audit_path, audit.drop(index=7).reset_index())
    result = synced(fo, workspace)
    assert (result.n_added, result.n_updated) == (0, N // 3)

    after = documents(dataset)
    assert {s: d["_id"] for s, d in after.items()} == {s: d["_id"] for s, d in before.items()}
    changed = {s for s in after if after[s] != before[s]}
    assert changed == {f"train-{i:04d}" for i in range(N // 3)}
    assert after["train-0001"]["last_modified_at"] > before["train-0001"]["last_modified_at"]
    old, new = before["train-0002"], after["train-0002"]
    assert new["label_quality"] == 0.875
    assert new["suggested"] == old["suggested"] | {"label": "neutral"}
    assert new["suggested"]["tags"] == ["doubtful"]
    assert (new["tags"], new["note"]) == (["train", "look again"], "mine")
    assert "suggested" not in after["train-0003"]
    assert after["train-0005"]["suggested"]["label"] == "fear"
    assert "label_quality" not in after["train-0007"]
    dataset.reload()
    assert "my view" in dataset.list_saved_views()
    assert dataset.values("extra")[:2] == [0.5, 0.5]

    write_table(workspace.audit_path, audit_table())
    synced(fo, workspace)
    dataset.reload()
    assert "extra" not in dataset.get_field_schema()
    assert dataset.count_values("note") == {"mine": 1, None: N - 1}


def test_one_column_only(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace(audit=audit_table())
    synced(clean_fo, workspace)
    audit = audit_table()
    audit["label_quality"] = audit["label_quality"] + np.float32(0.5)
    audit["margin"] = -1.0
    audit["suggested_confidence"] = 0.25
    audit["new"] = 1
    write_table(workspace.audit_path, audit)
    dataset = clean_fo.load_dataset("faces")

    assert synced(clean_fo, workspace, "label_quality").n_updated == N // 3
    assert dataset.bounds("label_quality")[0] == 0.5
    assert dataset.bounds("margin")[0] == 1.0
    assert synced(clean_fo, workspace, "suggested_confidence").n_updated == N // 3 - 1
    assert dataset.bounds("suggested.confidence") == (0.25, 0.25)
    assert dataset.values("suggested.label")[0] == CLASSES[1]
    assert synced(clean_fo, workspace, "new").n_updated == N // 3
    dataset.reload()
    assert dataset.count_values("new") == {1: N // 3, None: N - N // 3}
    with pytest.raises(InputError, match="no column nonsense") as caught:
        synced(clean_fo, workspace, "nonsense")
    assert "label_quality" in caught.value.fix

    assert synced(clean_fo, workspace).n_updated == N // 3
    assert dataset.bounds("margin") == (-1.0, -1.0)
    assert {"label_quality", "verdict", "sample_id"} <= set(dataset.list_indexes())


def test_other_images(clean_fo: ModuleType, make_workspace: Make) -> None:
    fo = clean_fo
    workspace = make_workspace()
    synced(fo, workspace)
    dataset = fo.load_dataset("faces")
    dataset.add_sample(fo.Sample(filepath="mine.png"))
    dataset.match({"sample_id": "train-0007"}).tag_samples("blurred hand")
    ids = {d["sha256"]: d["_id"] for d in documents(dataset).values()}

    grown = manifest_table(N + 3).iloc[2:]
    grown = grown.assign(row=np.arange(len(grown), dtype=np.int32), sample_id=[
        f"same-{i}" if i >= N else f"{s.rsplit('-')[0]}-{i:04d}"
        for i, s in zip(range(2, N + 3), manifest_table(N + 3)["sample_id"][2:], strict=True)
    ])  # fmt: skip
    kept = set(grown["sha256"]) & set(ids)
    assert len(kept) == N - 2
    write_table(workspace.manifest_path, grown)
    result = synced(fo, workspace)
    assert (result.n_samples, result.n_added) == (N + 1, len(grown) - len(kept))
    assert result.n_removed == N - len(kept)
    after = documents(dataset)
    assert set(after) == set(grown["sample_id"])
    found = {d["sha256"]: d["_id"] for d in after.values()}
    assert {s: found[s] for s in kept} == {s: ids[s] for s in kept}, "a sample is its pixels"
    tagged = [d["sha256"] for d in after.values() if "blurred hand" in d["tags"]]
    assert tagged == [f"{7:064x}"], "tags stay with the picture that they were given to"
    assert dataset.count() == N + 2  # with the user's own


def test_a_moved_split_moves_its_tag(clean_fo: ModuleType, make_workspace: Make) -> None:
    workspace = make_workspace()
    synced(clean_fo, workspace)
    dataset = clean_fo.load_dataset("faces")
    sample = dataset.first()
    sample.tags.append("mine")
    sample.save()
    manifest = manifest_table()
    manifest.loc[0, "split"] = "test"
    write_table(workspace.manifest_path, manifest)
    assert synced(clean_fo, workspace).n_updated == 1
    assert documents(dataset)["train-0000"]["tags"] == ["test", "mine"]
