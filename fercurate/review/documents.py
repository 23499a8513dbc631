"""Samples as documents in FiftyOne's database, in the layout of fiftyone 1.22.

Writing them in bulk is ten to twenty times faster than building sample objects; a test
compares them with what the public interface writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from fercurate.labels import FACE_SIDE
from fercurate.review.columns import Mirror

Document = dict[str, Any]


def object_id(dataset: str, row: int, sample_id: str, sha256: str) -> ObjectId:
    """The id of a sample: in manifest order, and the same when the database is rebuilt; another
    image that comes to bear its name has another one."""
    digest = hashlib.sha256(f"{dataset}\0{sample_id}\0{sha256}".encode()).digest()
    return ObjectId(row.to_bytes(4, "big") + digest[:8])


def new_documents(
    mirror: Mirror, positions: Iterable[int], dataset: str, dataset_id: ObjectId, now: datetime
) -> Iterator[Document]:
    """Complete sample documents of the given manifest positions."""
    columns = [(name, column.values) for name, column in mirror.columns.items()]
    for i in positions:
        split = mirror.splits[i]
        document: Document = {
            "_id": object_id(dataset, i, mirror.sample_ids[i], mirror.digests[i]),
            "filepath": mirror.filepaths[i],
            "tags": [] if split is None else [split],
            "metadata": metadata(mirror.filepaths[i]),
            "_media_type": "image",
            # FiftyOne's own range; it draws random samples by this number.
            "_rand": random.random() * 0.001 + 0.999,
        }
        for name in mirror.labels:
            label = label_document(mirror, name, i)
            if label is not None:
                document[name] = label
        for name, values in columns:
            value = values[i]
            if value is not None:
                document[name] = value
        document["_dataset_id"] = dataset_id
        document["created_at"] = document["last_modified_at"] = now
        yield document


def metadata(path: str) -> Document:
    """ImageMetadata of one of our PNGs; without a size where the file is missing."""
    document: Document = {"_cls": "ImageMetadata"}
    with contextlib.suppress(OSError):
        document["size_bytes"] = os.stat(path).st_size  # noqa: PTH116 - called for every image
    document["mime_type"] = "image/png"
    document["width"] = document["height"] = FACE_SIDE
    document["num_channels"] = 1
    return document


LABEL_PARTS = ("label", "confidence", "bounding_box", "points")
"""Parts of a label that come from the workspace; its id and tags do not."""


def label_document(mirror: Mirror, name: str, i: int) -> Document | None:
    """The sub-document of a label field, None where the image has no such label."""
    labels = mirror.labels[name]
    label = labels.names[i]
    if label is None:
        return None
    document: Document = {"_id": ObjectId(), "_cls": labels.type_name, "tags": []}
    if labels.type_name != "Classification":
        document["attributes"] = {}
    document["label"] = label
    for part, values in (
        ("confidence", labels.confidences),
        ("bounding_box", labels.boxes),
        ("points", labels.points),
    ):
        if values is not None and values[i] is not None:
            document[part] = values[i]
    if labels.type_name == "Keypoint":
        document["confidence"] = None  # a list, one a point, where there is one
    return document


def projection(mirror: Mirror, fields: Iterable[str]) -> dict[str, int]:
    """What `change` must be given of an old document."""
    wanted = {"sample_id": 1, "sha256": 1, "filepath": 1, "split": 1, "tags": 1}
    for name in fields:
        if name in mirror.labels:
            wanted |= {f"{name}.{part}": 1 for part in ("_cls", *LABEL_PARTS)}
        else:
            wanted[name] = 1
    return wanted


def change(mirror: Mirror, fields: Iterable[str], i: int, old: Mapping[str, Any]) -> Document:
    """The Mongo update that brings an old document up to date; empty when it is.

    Touches nothing but `fields`, the file path and the split's tag: tags and fields of the
    user's own stay, and so do the ids and tags of labels that change.
    """
    put: Document = {}
    drop: Document = {}
    if old.get("sample_id") != mirror.sample_ids[i]:
        put["sample_id"] = mirror.sample_ids[i]
    if old.get("filepath") != mirror.filepaths[i]:
        put["filepath"] = mirror.filepaths[i]
        put["metadata"] = metadata(mirror.filepaths[i])
    split, old_split = mirror.splits[i], old.get("split")
    if "split" in fields and split != old_split:
        kept = [t for t in old.get("tags") or [] if t not in (split, old_split)]
        put["tags"] = kept if split is None else [split, *kept]
    for name in fields:
        if name in mirror.labels:
            _change_label(mirror, name, i, old.get(name), put, drop)
            continue
        new = mirror.columns[name].values[i]
        if new != old.get(name):
            if new is None:
                drop[name] = ""
            else:
                put[name] = new
    return {key: part for key, part in (("$set", put), ("$unset", drop)) if part}


def _change_label(
    mirror: Mirror, name: str, i: int, old: Mapping[str, Any] | None, put: Document, drop: Document
) -> None:
    new = label_document(mirror, name, i)
    if new is None or old is None:
        if new is not None:
            put[name] = new
        elif old is not None:
            drop[name] = ""
        return
    for part in LABEL_PARTS:
        if new.get(part) != old.get(part):
            if part in new:
                put[f"{name}.{part}"] = new[part]
            else:
                drop[f"{name}.{part}"] = ""
