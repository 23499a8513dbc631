"""The FiftyOne dataset that mirrors a workspace: finding it, its fields, writing its samples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from fercurate.errors import FercurateError
from fercurate.progress import Progress
from fercurate.review import database, documents, presentation
from fercurate.review.columns import Mirror
from fercurate.workspace import Workspace

BATCH = 5000
"""Samples a write. Each write waits for the journal."""

MARK = "fercurate"
"""Key in `dataset.info` under which a dataset remembers what it mirrors."""


class Counts(NamedTuple):
    """Samples that a write has touched."""

    added: int = 0
    updated: int = 0
    removed: int = 0


def load(fo: ModuleType, name: str, root: str) -> Any:
    """Our dataset of that name, made empty where there is none.

    Raises:
        FercurateError: FiftyOne refuses the name, or a dataset that is not the mirror of
            `root` bears it; in a database of our own the mirror of a folder that was moved is
            taken over.
    """
    if not fo.dataset_exists(name):
        try:
            dataset = fo.Dataset(name, persistent=True)
        except ValueError as error:
            raise FercurateError(
                f"FiftyOne takes no dataset of the name {name!r}: {error}",
                "Rename the folder of the dataset.",
            ) from error
        dataset.media_type = "image"
        dataset.info[MARK] = {"root": root, "fields": []}
        dataset.save()
        return dataset
    dataset = fo.load_dataset(name)
    dataset.reload()
    mark = dataset.info.get(MARK)
    if mark is None:
        raise FercurateError(
            f"FiftyOne has a dataset {name!r} that is not from fercurate.",
            f"Rename it with: fiftyone datasets rename {name} {name}-old   (or rename the folder)",
        )
    other = mark.get("root", root)
    # a database of our own is one workspace's: what it mirrors has been moved here
    is_shared = not database.is_own(str(fo.config.database_uri))
    if is_shared and other != root and Workspace(Path(other)).manifest_path.exists():
        raise FercurateError(
            f"The FiftyOne dataset {name!r} belongs to {other}.",
            "Rename one of the two folders: the folder's name is the dataset's name.",
        )
    return dataset


def is_whole(dataset: Any) -> bool:
    """Whether the samples and fields of the last sync are all still there."""
    mark = dataset.info[MARK]
    count = dataset._sample_collection.count_documents({"sample_id": {"$ne": None}})
    return count == mark.get("n_samples") and set(mark["fields"]) <= set(dataset.get_field_schema())


def declare(
    fo: ModuleType, dataset: Any, mirror: Mirror, ours: Collection[str], progress: Progress
) -> set[str]:
    """Make the fields of the mirror that the dataset lacks; returns their names.

    A field of the user's own that bears the name of a column is left as it is, and the
    column dropped from `mirror`. `ours` are fields that an earlier sync made.
    """
    import fiftyone.core.odm as odm

    new: dict[str, Any] = {}
    for name in mirror.fields:
        wanted = _field_type(fo, mirror, name)
        present = dataset.get_field(name)
        if present is not None and name not in ours:
            progress.warn(
                f"FiftyOne has a field {name!r} of your own: the column is not shown there."
            )
            mirror.drop(name)
            continue
        if present is not None and not _same_type(present, wanted):
            dataset.delete_sample_field(name)
            present = None
        if present is None:
            description = presentation.DESCRIPTIONS.get(name)
            new[name] = odm.create_field(name, description=description, **wanted)
    if new:
        # `add_sample_field` for one after the other takes seconds.
        dataset._merge_sample_field_schema(new)
    return set(new)


def _field_type(fo: ModuleType, mirror: Mirror, name: str) -> dict[str, Any]:
    if name in mirror.labels:
        label_type = getattr(fo, mirror.labels[name].type_name)
        return {"ftype": fo.EmbeddedDocumentField, "embedded_doc_type": label_type}
    column = mirror.columns[name]
    ftype = {
        "bool": fo.BooleanField, "int": fo.IntField, "float": fo.FloatField, "str": fo.StringField
    }[column.kind]  # fmt: skip
    return {"ftype": fo.ListField, "subfield": ftype} if column.is_list else {"ftype": ftype}


def _same_type(field: Any, wanted: dict[str, Any]) -> bool:
    if type(field) is not wanted["ftype"]:
        return False
    if "embedded_doc_type" in wanted:
        return bool(field.document_type is wanted["embedded_doc_type"])
    return "subfield" not in wanted or type(field.field) is wanted["subfield"]


def write(dataset: Any, mirror: Mirror, fields: Sequence[str], progress: Progress) -> Counts:
    """Add samples that are missing, update `fields` of those that differ, remove the rest.

    A sample follows its image by the pixels, so that tags and fields of the user's own stay with
    the picture that they were given to. Samples without a `sample_id` are the user's own and
    stay.
    """
    import pymongo

    collection = dataset._sample_collection
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    there = list(
        collection.find(
            {"sample_id": {"$ne": None}}, documents.projection(mirror, fields), batch_size=10_000
        )
    )
    places = _places(mirror, there)
    seen: set[int] = set()
    gone: list[str] = []
    changes: list[Any] = []
    for old, i in zip(there, places, strict=True):
        if i is None:
            gone.append(str(old["_id"]))
            continue
        seen.add(i)
        update = documents.change(mirror, fields, i, old)
        if update:
            update.setdefault("$set", {})["last_modified_at"] = now
            changes.append(pymongo.UpdateOne({"_id": old["_id"]}, update))
    if len(changes) > len(mirror.sample_ids) // 4:
        # Building an index anew takes a tenth of moving all of its entries.
        presentation.unindex(dataset, fields)
    missing = [i for i in range(len(mirror.sample_ids)) if i not in seen]

    with progress.task("FiftyOne", len(missing) + len(changes)) as advance:
        made = documents.new_documents(mirror, missing, dataset.name, dataset._doc.id, now)
        for batch in _batches(made):
            _insert(collection, batch)
            advance(len(batch))
        for batch in _batches(changes):
            collection.bulk_write(batch, ordered=False)
            advance(len(batch))
    if gone:
        dataset.delete_samples(gone)
    dataset.reload()
    return Counts(len(missing), len(changes), len(gone))


def _places(mirror: Mirror, there: Sequence[documents.Document]) -> list[int | None]:
    """Which image of the mirror each old sample is, None where it is gone.

    One of the same name and pixels, else one of the same pixels that no other sample is.
    """
    named = {
        (n, d): i for i, (n, d) in enumerate(zip(mirror.sample_ids, mirror.digests, strict=True))
    }
    places = [named.get((old["sample_id"], str(old.get("sha256")))) for old in there]
    taken = {i for i in places if i is not None}
    free: dict[str, list[int]] = {}
    for i in reversed(range(len(mirror.digests))):
        if i not in taken:
            free.setdefault(mirror.digests[i], []).append(i)
    for k, old in enumerate(there):
        left = free.get(str(old.get("sha256")))
        if places[k] is None and left:
            places[k] = left.pop()
    return places


def _insert(collection: Any, batch: list[documents.Document]) -> None:
    """Insert; a sample that another sync of the same workspace has just inserted is fine."""
    from pymongo.errors import BulkWriteError

    try:
        collection.insert_many(batch, ordered=False)
    except BulkWriteError as error:
        duplicate_key = 11000
        if any(e["code"] != duplicate_key for e in error.details["writeErrors"]):
            raise


Item = TypeVar("Item")


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
