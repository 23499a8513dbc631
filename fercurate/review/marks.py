"""The marks that decisions leave on FiftyOne's samples: five fields, made from the log alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from fercurate.decisions import Settled, settle
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd
    from bson import ObjectId

FIELDS = ("decision", "decided", "decided_by", "decided_at", "is_disputed")
"""`decision` is the last action, `decided` a Classification: what it came to."""

TIMEOUT = 3.0
"""Seconds that a database may take to note a verdict which is on the disk already."""


def values(settled: Settled) -> dict[str, Any]:
    """The five fields of one image as plain values."""
    names = dict.fromkeys(verdict.who for verdict in settled.verdicts)
    return {
        "decision": settled.last.action,
        "decided": settled.outcome,
        "decided_by": ", ".join(names),
        "decided_at": settled.last.when,
        "is_disputed": settled.is_disputed,
    }


def table(workspace: Workspace, manifest: pd.DataFrame) -> pd.DataFrame:
    """The fields of all decided images, with their `row`; empty where nothing was decided.

    Decisions on images that the manifest no longer has are left out.
    """
    import pandas as pd

    row_of = dict(zip(manifest["sample_id"], manifest["row"], strict=True))
    decided = settle(workspace.decisions())
    found = [
        {"row": row_of[sample_id], **values(settled)}
        for sample_id, settled in decided.items()
        if sample_id in row_of
    ]
    made: pd.DataFrame = pd.DataFrame(found, columns=["row", *FIELDS])
    made["row"] = made["row"].astype(manifest["row"].dtype)
    made["is_disputed"] = made["is_disputed"].astype(bool)
    return made


def write(dataset: Any, ids: Mapping[str, ObjectId], stand: Mapping[str, Settled | None]) -> None:
    """Bring the fields of some images up to date in the database.

    Args:
        dataset: A FiftyOne dataset that was synced.
        ids: Database id of each `sample_id`.
        stand: What stands for each `sample_id`, None where nothing does any more.

    Raises:
        pymongo.errors.PyMongoError: the database does not answer within `TIMEOUT`.
    """
    import pymongo

    now = datetime.now(timezone.utc).replace(tzinfo=None)
    updates = [
        pymongo.UpdateOne({"_id": ids[sample_id]}, _update(settled, now))
        for sample_id, settled in stand.items()
    ]
    if updates:
        with pymongo.timeout(TIMEOUT):
            dataset._sample_collection.bulk_write(updates, ordered=False)


def _update(settled: Settled | None, now: datetime) -> dict[str, Any]:
    from bson import ObjectId

    if settled is None:
        return {"$unset": dict.fromkeys(FIELDS, ""), "$set": {"last_modified_at": now}}
    put = values(settled)
    put["decided"] = {
        "_id": ObjectId(), "_cls": "Classification", "tags": [], "label": put["decided"]
    }  # fmt: skip
    return {"$set": put | {"last_modified_at": now}}


def bring(dataset: Any, ids: Mapping[str, Any], stand: Mapping[str, Settled | None]) -> str:
    """`write`, where the database answers; else what to tell the reviewer."""
    from pymongo.errors import PyMongoError

    try:
        write(dataset, ids, stand)
    except PyMongoError:
        return " - saved, but FiftyOne's database does not answer; start the review again"
    return ""
