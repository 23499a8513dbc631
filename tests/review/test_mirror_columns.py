"""Tables as the columns that FiftyOne is to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_tables import NO_FACE, N, audit_table, manifest_table, screen_table

from fercurate.errors import FercurateError, InputError
from fercurate.review.columns import mirror, names_in_audit, tables
from fercurate.review.label_fields import relative_box, relative_points
from fercurate.workspace import Workspace

Make = Callable[..., Workspace]


@pytest.mark.parametrize(
    ("values", "kind", "is_list", "expected"),
    [
        (np.array([True, False]), "bool", False, [True, False]),
        (np.array([1, 2], dtype=np.int8), "int", False, [1, 2]),
        (np.array([0.5, np.nan], dtype=np.float32), "float", False, [0.5, None]),
        (np.array([1.0, 2.0]), "float", False, [1.0, 2.0]),
        (np.array([np.nan, np.nan]), "float", False, [None, None]),
        (pd.array([1, None], dtype="Int32"), "int", False, [1, None]),
        (pd.array([True, None], dtype="boolean"), "bool", False, [True, None]),
        (pd.Series(["a", None], dtype="object"), "str", False, ["a", None]),
        (pd.Series(["a", None], dtype="string"), "str", False, ["a", None]),
        (pd.Series(["a", "b"], dtype="category"), "str", False, ["a", "b"]),
        (pd.Series([True, None], dtype="object"), "bool", False, [True, None]),
        (pd.Series([None, None], dtype="object"), "str", False, [None, None]),
        (pd.Series([np.array([1, 2]), None]), "int", True, [[1, 2], None]),
        (pd.Series([[0.5], [np.nan, 1.0]]), "float", True, [[0.5], [None, 1.0]]),
        (pd.Series([["a"], []]), "str", True, [["a"], []]),
    ],
)
def test_types_and_missing_values(
    tmp_path: Any, values: Any, kind: str, is_list: bool, expected: list[Any]
) -> None:
    table = manifest_table(6).iloc[:2].assign(extra=pd.Series(values))
    column = mirror(Workspace(tmp_path), {"manifest": table}).columns["extra"]
    assert (column.kind, column.is_list, column.values) == (kind, is_list, expected)
    for value in column.values:
        assert type(value) in (bool, int, float, str, list, type(None))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("metadata", "x"), ("tags", "x"), ("_private", "x"), ("a.b", "x"), ("$x", "x"), ("", "x"),
        ("mixed", [1, "a"]), ("nested", [[[1]], [[2]]]), ("dict", [{"a": 1}, {}]),
    ],
)  # fmt: skip
def test_what_has_no_place_is_named(tmp_path: Any, name: str, value: Any) -> None:
    table = manifest_table(6).iloc[:2]
    table[name] = pd.Series(value if isinstance(value, list) else [value, value], dtype="object")
    made = mirror(Workspace(tmp_path), {"manifest": table})
    assert list(made.skipped) == [name]
    assert name not in made.columns


def test_rows_of_another_order_and_only_some(tmp_path: Any) -> None:
    made = mirror(Workspace(tmp_path), {"manifest": manifest_table(), "audit": audit_table()})
    quality = made.columns["label_quality"].values
    assert quality[: N // 3] == [float(np.float32(i / N)) for i in range(N // 3)]
    assert quality[N // 3 :] == [None] * (N - N // 3)
    assert made.columns_of["audit"][0] == "label_quality"
    assert made.columns_of["manifest"][:3] == ["row", "sample_id", "split"]
    assert made.fields[:2] == ["ground_truth", "suggested"]


@pytest.mark.parametrize(
    ("name", "table", "command"),
    [
        ("audit", audit_table().assign(row=1000), "fercurate audit --force"),
        ("votes", pd.DataFrame({"anger": [1, 2]}), "fercurate import SOURCE --force"),
    ],
)
def test_a_table_of_other_data(tmp_path: Any, name: str, table: Any, command: str) -> None:
    with pytest.raises(FercurateError, match=name) as caught:
        mirror(Workspace(tmp_path), {"manifest": manifest_table(), name: table})
    assert command in caught.value.fix


def test_a_sample_id_twice(tmp_path: Any) -> None:
    with pytest.raises(FercurateError, match="twice"):
        mirror(Workspace(tmp_path), {"manifest": manifest_table().assign(sample_id="one")})


def test_reading_what_is_there(make_workspace: Make) -> None:
    workspace = make_workspace()
    assert list(tables(workspace)) == ["manifest", "decisions"]
    with pytest.raises(InputError, match=r"audit\.parquet"):
        names_in_audit(workspace)
    workspace = make_workspace("audited", audit=audit_table())
    assert list(tables(workspace)) == ["manifest", "audit", "decisions"]
    assert names_in_audit(workspace)[:2] == ["label", "label_quality"]
    assert list(tables(workspace, ["margin"])["audit"].columns) == ["row", "margin"]


def test_a_screen_beside_the_manifest(make_workspace: Make) -> None:
    workspace = make_workspace(screen=screen_table())
    made = mirror(workspace, tables(workspace))
    assert not made.skipped
    assert made.columns_of["screen"][:3] == ["kind", "kind_by_eye", "human_score"]
    assert not {"row", "label", "face_left", "face_height"} & set(made.columns_of["screen"])
    face, points = made.labels["face"], made.labels["face_points"]
    assert (face.type_name, points.type_name) == ("Detection", "Keypoint")
    assert face.names[8:11] == ["human", None, "drawn"]
    assert face.boxes[NO_FACE] is points.points[NO_FACE] is None
    assert len(points.points[0]) == 6


def test_a_part_of_a_box_alone_stays_a_number(tmp_path: Any) -> None:
    screen = screen_table().drop(columns=["face_width", "kind"])
    made = mirror(Workspace(tmp_path), {"manifest": manifest_table(), "screen": screen})
    assert made.columns["face_left"].kind == "float"
    assert set(made.labels) == {"ground_truth", "face_points"}
    assert made.labels["face_points"].names[0] == "face"


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([12, 6, 24, 24], [0.25, 0.125, 0.5, 0.5]),
        ([-12, -6, 24, 24], [0, 0, 0.25, 0.375]),
        ([36, 36, 48, 48], [0.75, 0.75, 0.25, 0.25]),
        ([-12, -12, 72, 72], [0, 0, 1, 1]),
        ([48, 0, 24, 24], None),
        ([0, -30, 24, 24], None),
        ([None] * 4, None),
    ],
)
def test_a_box_is_cut_at_the_edges(pixels: list[Any], expected: list[float] | None) -> None:
    assert relative_box(pixels) == expected


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([12.0, 24.0, -6.0, 60.0], [[0.25, 0.5], [-0.125, 1.25]]),
        ([12.0, None], None), ([12.0], None), ([], None), (None, None), ("ab", None),
    ],
)  # fmt: skip
def test_points(pixels: Any, expected: Any) -> None:
    assert relative_points(pixels) == expected


@given(st.lists(st.one_of(st.none(), st.text(), st.floats(), st.integers(-9, 9), st.booleans())))
def test_any_column_is_shown_or_named(values: list[Any]) -> None:
    table = manifest_table(max(3, len(values))).iloc[: len(values)]
    table = table.assign(extra=pd.Series(values, dtype="object"))
    made = mirror(Workspace(manifest_path()), {"manifest": table})
    assert ("extra" in made.columns) != ("extra" in made.skipped)
    if "extra" in made.columns:
        present = {type(v) for v in made.columns["extra"].values} - {type(None)}
        assert present <= {int, float} or len(present) == 1


def manifest_path() -> Any:
    from pathlib import Path

    return Path("anywhere")
