"""What FiftyOne is to show of a workspace: its tables as plain Python columns.

Every column has one value a manifest row, None where there is none: an image that was not
audited, a missing label, a NaN.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fercurate.errors import FercurateError
from fercurate.review import marks
from fercurate.review.label_fields import Labels, field_of, make
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["bool", "int", "float", "str"]

RESERVED = ("id", "filepath", "tags", "metadata", "created_at", "last_modified_at",
            "media_reference", "ground_truth", "suggested", "face", "decided")  # fmt: skip
"""Names that mean something else in FiftyOne."""


@dataclasses.dataclass(frozen=True)
class Column:
    """One field: `values[i]` belongs to manifest row i, None means no value."""

    kind: Kind
    is_list: bool
    values: list[Any]


@dataclasses.dataclass
class Mirror:
    """The workspace as FiftyOne is to show it; every list is in manifest order.

    `columns_of` tells which table gave a field ("manifest", "votes", "screen", "audit",
    "decisions"); `digests` are the sha256 of the images' pixels;
    `skipped` holds columns that have no place in FiftyOne, each with the reason.
    """

    sample_ids: list[str]
    digests: list[str]
    splits: list[str | None]
    filepaths: list[str]
    columns: dict[str, Column] = dataclasses.field(default_factory=dict)
    labels: dict[str, Labels] = dataclasses.field(default_factory=dict)
    columns_of: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def fields(self) -> list[str]:
        return [*self.labels, *self.columns]

    def drop(self, name: str) -> None:
        """Leave a field out."""
        self.labels.pop(name, None)
        self.columns.pop(name, None)
        for names in self.columns_of.values():
            if name in names:
                names.remove(name)


def tables(workspace: Workspace, only: Sequence[str] | None = None) -> dict[str, Any]:
    """The DataFrames that are there, by name, "manifest" first.

    Args:
        only: Read no more than these columns of the audit, and which image is which.

    Raises:
        InputError: the workspace has no manifest, or no audit where `only` asks for it.
    """
    if only is not None:
        known = workspace.manifest(["row", "sample_id", "sha256", "split"])
        return {"manifest": known, "audit": workspace.audit(["row", *only])}
    found: dict[str, Any] = {"manifest": workspace.manifest()}
    votes = workspace.votes()
    if votes is not None:
        found["votes"] = votes
    screen = workspace.screen()
    if screen is not None:
        found["screen"] = screen
    if workspace.has("audit"):
        found["audit"] = workspace.audit()
    found["decisions"] = marks.table(workspace, found["manifest"])
    return found


def names_in_audit(workspace: Workspace) -> list[str]:
    """The audit's columns but `row`, without reading it.

    Raises:
        InputError: there was no audit yet.
    """
    import pyarrow.parquet as parquet

    if not workspace.has("audit"):
        workspace.audit([])
    return [n for n in parquet.read_schema(workspace.audit_path).names if n != "row"]


def mirror(workspace: Workspace, found: Mapping[str, pd.DataFrame]) -> Mirror:
    """The tables of `tables` as one set of columns over the manifest's rows.

    A column that several tables have is taken from the first. Raises `FercurateError` where
    a table does not fit the manifest.
    """
    manifest = found["manifest"]
    sample_ids = [str(s) for s in manifest["sample_id"]]
    if len(set(sample_ids)) != len(sample_ids):
        raise FercurateError(
            f"{workspace.manifest_path} has a sample_id twice.",
            "Make it again with: fercurate import SOURCE --force",
        )
    result = Mirror(
        sample_ids=sample_ids,
        digests=[str(d) for d in manifest["sha256"]],
        splits=_values(manifest["split"]),
        filepaths=_filepaths(workspace, sample_ids),
    )
    row_of = {row: i for i, row in enumerate(manifest["row"].tolist())}
    for name, table in found.items():
        _add_table(result, name, table, row_of)
    return result


def _filepaths(workspace: Workspace, sample_ids: list[str]) -> list[str]:
    # One path shows how all are spelt; tens of thousands of Path objects take a second.
    spelt = os.fspath(Workspace(workspace.root.resolve()).image_path("\0"))
    before, after = spelt.split("\0")
    return [f"{before}{s}{after}" for s in sample_ids]


def _add_table(result: Mirror, name: str, table: pd.DataFrame, row_of: Mapping[int, int]) -> None:
    n = len(result.sample_ids)
    places = _places(name, table, row_of)

    def spread(column: str) -> list[Any]:
        values = _values(table[column])
        if places is None:
            return values
        spread_out: list[Any] = [None] * n
        for place, value in zip(places, values, strict=True):
            spread_out[place] = value
        return spread_out

    result.columns_of[name] = []
    for column in map(str, table.columns):
        field = field_of(column, table)
        if field in result.columns or field in result.labels:
            continue
        labels = make(column, table, spread)
        if labels is not None:
            result.labels[field] = labels
        else:
            made = None if _bad_name(column) else _column(table[column], spread(column))
            if made is None:
                result.skipped[column] = _bad_name(column) or "it holds more than plain values"
                continue
            result.columns[column] = made
        result.columns_of[name].append(field)


def _places(name: str, table: pd.DataFrame, row_of: Mapping[int, int]) -> list[int] | None:
    """Manifest position of each row of a table, None when they are the same."""
    if "row" not in table.columns:
        if len(table) != len(row_of):
            raise _misfit(name)
        return None
    try:
        return [row_of[row] for row in table["row"].tolist()]
    except KeyError as error:
        raise _misfit(name) from error


def _misfit(name: str) -> FercurateError:
    return FercurateError(
        f"The table {name!r} does not fit the manifest: it was made from other data.",
        f"Make it again with: fercurate {'import SOURCE' if name == 'votes' else name} --force",
    )


def _bad_name(column: str) -> str:
    if column in RESERVED:
        return "FiftyOne uses that name"
    if not re.fullmatch(r"[^_.$][^.$]*", column):
        return "FiftyOne allows no such name"
    return ""


_KIND_OF_DTYPE: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int", "f": "float"}


def _column(series: pd.Series[Any], values: list[Any]) -> Column | None:
    """The column with its type, None where it has no one type that FiftyOne knows."""
    if series.dtype.kind in _KIND_OF_DTYPE:
        return Column(_KIND_OF_DTYPE[series.dtype.kind], False, values)
    present = [v for v in values if v is not None]
    is_list = bool(present) and all(isinstance(v, list) for v in present)
    items = [item for v in present for item in v if item is not None] if is_list else present
    types = set(map(type, items))
    kind: Kind
    if types == {bool}:
        kind = "bool"
    elif types == {int}:
        kind = "int"
    elif types and types <= {int, float}:
        kind = "float"
    elif types <= {str}:
        kind = "str"
    else:
        return None
    return Column(kind, is_list, values)


def _values(series: pd.Series[Any]) -> list[Any]:
    """Plain Python values; every kind of missing (None, NaN, pandas.NA) is None."""
    if series.dtype.kind in "biu" and not series.hasnans:
        return list(series.tolist())
    if series.dtype.kind == "f":
        return [None if v != v else v for v in series.tolist()]
    missing = series.isna().tolist()
    values = series.tolist()
    return [
        None if gone else v if type(v) is str else _plain(v)
        for v, gone in zip(values, missing, strict=True)
    ]


def _plain(value: Any) -> Any:
    """A numpy scalar or array, or a list, as Python's own types."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [None if v != v else v for v in value]
    return value
