"""Samples written in bulk are what the public interface of fiftyone would write."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from recorded import write_table
from review_sync import Make, documents, synced
from review_tables import NO_FACE, N, audit_table, screen_table


def shape(value: Any) -> Any:
    """The keys and types of a document, all the way down."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


def schema_of(fo: ModuleType, dataset: Any) -> dict[str, Any]:
    """What the database says about the fields, but for the times."""
    import fiftyone.core.odm as odm

    def timeless(field: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in field.items() if k not in ("created_at", "description")}
        return kept | {"fields": [timeless(f) for f in field["fields"]]}

    found = odm.get_db_conn().datasets.find_one({"_id": dataset._doc.id})
    return {f["name"]: timeless(f) for f in found["sample_fields"]}


def test_samples_equal_those_of_the_public_interface(
    clean_fo: ModuleType, make_workspace: Make
) -> None:
    fo = clean_fo
    workspace = make_workspace(audit=audit_table(), screen=screen_table())
    synced(fo, workspace)
    ours = fo.load_dataset("faces")
    theirs = fo.Dataset("public")
    for name, field in ours.get_field_schema().items():
        if name not in theirs.get_field_schema():
            wanted = {"subfield": type(field.field)} if isinstance(field, fo.ListField) else {}
            if isinstance(field, fo.EmbeddedDocumentField):
                wanted = {"embedded_doc_type": field.document_type}
            theirs.add_sample_field(name, type(field), **wanted)
    fields = [
        n for n in ours.get_field_schema() if n not in ("id", "created_at", "last_modified_at")
    ]
    for sample in ours:
        made = ("ground_truth", "suggested", "metadata", "face", "face_points")
        values = {n: sample[n] for n in fields if n not in made}
        label, metadata = sample.ground_truth.label, sample.metadata.to_dict()
        del metadata["_cls"]
        suggested = sample.suggested and fo.Classification(
            label=sample.suggested.label, confidence=sample.suggested.confidence
        )
        face = sample.face and fo.Detection(
            label=sample.face.label,
            bounding_box=sample.face.bounding_box,
            confidence=sample.face.confidence,
        )
        points = sample.face_points and fo.Keypoint(
            label=sample.face_points.label, points=sample.face_points.points
        )
        theirs.add_sample(
            fo.Sample(
                **values,
                ground_truth=fo.Classification(label=label),
                suggested=suggested,
                face=face,
                face_points=points,
                metadata=fo.ImageMetadata(**metadata),
            )
        )
    public, bulk = documents(theirs), documents(ours)
    assert len(public) == N
    for sample_id, document in bulk.items():
        assert shape(document) == shape(public[sample_id]), sample_id
        assert 0.999 <= document["_rand"] <= 1
        assert document["_dataset_id"] == ours._doc.id
    assert schema_of(fo, ours) == schema_of(fo, theirs)


def test_the_public_interface_works_on_it(clean_fo: ModuleType, make_workspace: Make) -> None:
    fo = clean_fo
    synced(fo, make_workspace(audit=audit_table()))
    dataset, F = fo.load_dataset("faces"), fo.ViewField
    worst = dataset.match(F("verdict") == "mislabeled").sort_by("label_quality")
    assert worst.values("row") == [0, 4]
    assert dataset.count_values("ground_truth.label")["angry"] == 4
    assert dataset.bounds("label_quality") == (0.0, pytest.approx(7 / N))
    assert len(dataset.match_tags("val")) == N // 3
    dataset.set_values("score", np.linspace(0, 1, N).tolist())
    sample = dataset[dataset.values("id")[5]]
    sample["ground_truth"].label = "happy"
    sample.tags.append("mine")
    sample.save()
    dataset.reload()
    assert dataset.match_tags("mine").values("ground_truth.label") == ["happy"]
    for sample in dataset.iter_samples(autosave=True):
        sample["seen"] = True
    assert dataset.count_values("seen") == {True: N}
    dataset.add_sample(fo.Sample(filepath="other.png"))
    assert len(dataset) == N + 1
    assert len(dataset.clone("copy")) == N + 1
    dataset.delete_samples(dataset.limit(1).values("id"))
    assert len(dataset) == N


def test_faces_are_boxes_and_points(clean_fo: ModuleType, make_workspace: Make) -> None:
    fo = clean_fo
    workspace = make_workspace(screen=screen_table())
    synced(fo, workspace)
    dataset = fo.load_dataset("faces")
    assert dataset.values("face.bounding_box")[:2] == [[0, 0.25, 0.75, 0.75]] * 2
    assert dataset.values("face.confidence")[0] == 0.75
    assert dataset.values("face.label")[10] == "drawn"
    assert dataset.values("face_points.points")[0][:2] == [[0.25, 0.375], [0.625, 0.375]]
    without = dataset.match(~fo.ViewField("face").exists())
    assert without.values("row") == [NO_FACE]
    assert "face_left" not in dataset.get_field_schema()

    screen = screen_table().assign(face_left=np.float32(0))
    write_table(workspace.screen_path, screen)
    before = dataset.values("face.id")
    assert synced(fo, workspace).n_updated == N - 1
    assert dataset.values("face.bounding_box")[0] == [0, 0.25, 0.875, 0.75]
    assert dataset.values("face.id") == before
    assert synced(fo, workspace).n_updated == 0
