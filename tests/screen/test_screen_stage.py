"""The screen from end to end on a small dataset, with heads that were fitted on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import write_table
from screen_cases import Row, one_thread, places, write_kinds

from fercurate.config import ScreenConfig
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Quiet
from fercurate.screen import detection, embedding, heads, stage
from fercurate.screen.stage import ScreenResult
from fercurate.workspace import Workspace

ONE = ScreenConfig(jobs=1)

DTYPES = {
    "row": "int32",
    "is_human_issue": "bool",
    **dict.fromkeys(
        ("human_score", "drawn_score", "nonface_score", "face_score", "roll"), "float32"
    ),
    **dict.fromkeys(("face_left", "face_top", "face_width", "face_height"), "float32"),
    "is_face_issue": "bool",
    "face_turn": "int16",
    "near_duplicate_group": "int32",
    "near_duplicate_component": "int32",
    "is_near_leak": "bool",
    "keep": "bool",
}
TEXTS = ("sample_id", "split", "label", "kind", "kind_by_eye", "face_points", "keep_split")
ISSUES = (
    "human", "face", "dark", "light", "low_information", "blurry", "odd_size", "face_close",
    "face_small", "cut_off", "rotated", "occluded", "watermark", "near_duplicate",
)  # fmt: skip


def table_of(space: Workspace) -> pd.DataFrame:
    table = space.screen()
    assert table is not None
    return table


def run(space: Workspace, *, force: bool = False) -> ScreenResult:
    with one_thread():
        return stage.run(space, ONE, Quiet(), force=force)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many images the detector and the backbone look at."""
    seen = {"detector": 0, "backbone": 0}
    detect, features, both_ways = detection.detect, embedding.features, embedding.both_ways

    def detected(faces: np.ndarray) -> detection.Detections:
        seen["detector"] += len(faces)
        return detect(faces)

    def embedded(faces: np.ndarray, *args: Any, **options: Any) -> np.ndarray:
        seen["backbone"] += len(faces)
        return features(faces, *args, **options)

    def mirrored(*args: Any, **options: Any) -> np.ndarray:
        before = seen["backbone"]
        both = both_ways(*args, **options)
        seen["backbone"] = before
        return both

    monkeypatch.setattr(detection, "detect", detected)
    monkeypatch.setattr(embedding, "features", embedded)
    monkeypatch.setattr(embedding, "both_ways", mirrored)
    return seen


def test_a_row_an_image_with_all_columns(screened: tuple[Workspace, ScreenResult]) -> None:
    space, _ = screened
    table, manifest = table_of(space), space.manifest()
    given = ["row", "sample_id", "sha256", "split", "label"]
    pd.testing.assert_frame_equal(table[given], manifest[given])
    assert {name: str(table[name].dtype) for name in DTYPES} == DTYPES
    made = {f"{name}_score" for name in ISSUES} | {f"is_{name}_issue" for name in ISSUES}
    assert set(table) == {*DTYPES, *TEXTS, "sha256", *made}
    assert set(table["kind"]) == {"human", "drawn", "nonface"}
    assert (table["is_human_issue"] == (table["kind"] != "human")).all()
    assert set(table["keep_split"]) == {"train", "val", "test"}


def test_every_issue_has_a_score_and_low_is_bad(
    screened: tuple[Workspace, ScreenResult],
) -> None:
    table = table_of(screened[0])
    issues = [match[1] for name in table if (match := re.fullmatch(r"is_(\w+)_issue", name))]
    assert set(issues) == set(ISSUES)
    for name in issues:
        score, issue = table[f"{name}_score"], table[f"is_{name}_issue"]
        assert score.dtype == np.float32, name
        assert score.between(0, 1).all(), name
        assert issue.dtype == bool, name
        if name != "human":
            assert not issue.any() or score[issue].max() <= score[~issue].min(), name


def test_what_is_known_by_eye_and_what_is_not(
    screened: tuple[Workspace, ScreenResult], rows: list[Row]
) -> None:
    space, result = screened
    table = table_of(space)
    known = np.array([bool(row.kind) for row in rows])
    kinds = np.array([row.kind for row in rows])
    assert (table["kind"][known] == kinds[known]).all()
    assert (table["kind_by_eye"][known] == kinds[known]).all()
    [copy] = places(rows, "copy of a drawing")
    assert table["kind_by_eye"][copy] == "drawn", "the same pixels were labelled in another row"
    [original] = [i for i in places(rows, "drawing") if (rows[i].face == rows[copy].face).all()]
    assert table["human_score"][copy] == table["human_score"][original]
    nobody = ~known & (np.arange(len(rows)) != copy)
    assert table["kind_by_eye"][nobody].isna().all()
    assert result.n_by_eye == known.sum() + 1
    assert (table["kind"][places(rows, "person")] == "human").sum() >= 5
    [grey] = places(rows, "grey")
    assert table["kind"][grey] == "nonface"
    assert table["human_score"][grey] == table["nonface_score"][grey] == 0


def test_flaws_are_seen_in_images_that_nobody_looked_at(
    screened: tuple[Workspace, ScreenResult], rows: list[Row]
) -> None:
    table = table_of(screened[0])
    for name, what in {"watermark": "marked", "occluded": "hidden"}.items():
        assert table[f"is_{name}_issue"][places(rows, what)].mean() > 0.9, name
        assert table[f"is_{name}_issue"][places(rows, "person")].mean() < 0.4, name


def test_faces_have_places_and_blanks_have_none(
    screened: tuple[Workspace, ScreenResult], rows: list[Row]
) -> None:
    table = table_of(screened[0])
    found = table["face_score"] > 0
    assert (table["is_face_issue"] == (table["face_score"] < 0.5)).all()
    assert not table["is_face_issue"][places(rows, "person")].any()
    for name in ("face_left", "face_top", "face_width", "face_height", "roll"):
        assert (table[name].notna() == found).all(), name
    assert (table["face_points"].notna() == found).all()
    assert {len(points) for points in table["face_points"][found]} == {12}
    assert {points.dtype for points in table["face_points"][found]} == {np.dtype(np.float32)}
    right_eye, left_eye = np.stack(table["face_points"][places(rows, "person")])[:, :4:2].T
    assert (right_eye < left_eye).all()
    assert table["is_face_issue"][places(rows, "grey")].all()
    assert 0 < found.sum() < len(table), "of some nothing at all was found"
    lying = table.loc[table["is_face_issue"], ["is_cut_off_issue", "is_rotated_issue"]]
    assert not lying.any(axis=None), "what is hardly a face does not lie badly"


def test_copies_and_leaks(screened: tuple[Workspace, ScreenResult], rows: list[Row]) -> None:
    space, result = screened
    table = table_of(space)
    [in_test], [in_val] = places(rows, "copy in test"), places(rows, "mirrored in val")
    person = places(rows, "person")
    near = [person[2], *places(rows, "near copy")]
    for image, copies, split in (
        (person[0], [in_test], "test"),
        (person[1], [in_val], "val"),
        (person[2], near[1:], "train"),
    ):
        group = table[table["near_duplicate_group"] == table["near_duplicate_group"][image]]
        assert group["row"].tolist() == [image, *copies]
        assert set(group["keep_split"]) == {split}
        assert group["keep"].sum() == 1
        assert group["is_near_leak"].all() == (split != "train")
    assert table["keep"][[in_test, in_val]].all()
    assert result.n_near_groups == table["near_duplicate_group"].max() + 1
    assert result.n_near_leaks == table["is_near_leak"].sum() >= 4


def test_the_summary_counts_what_the_table_holds(
    screened: tuple[Workspace, ScreenResult],
) -> None:
    space, result = screened
    table, summary = table_of(space), space.screen_summary()
    assert result.n_images == summary["n_images"] == len(table)
    assert result.kinds == summary["kinds"] == table["kind"].value_counts().to_dict()
    assert result.issues == summary["issues"]
    assert result.issues == {name: int(table[f"is_{name}_issue"].sum()) for name in ISSUES}
    counts = list(result.issues.values())
    assert counts == sorted(counts, reverse=True), "most frequent first"
    assert summary["n_near_groups"] == result.n_near_groups
    assert summary["classifier"]["folds"] == 5
    assert set(summary["versions"]) == {
        "fercurate", "mediapipe", "cleanvision", "onnxruntime"
    }  # fmt: skip
    assert {"property", "class", "auc", "is_spurious_issue"} <= set(summary["links"][0])
    assert {"property", "balanced_accuracy", "chance", "score"} == set(summary["predictability"][0])
    assert summary["fingerprint"] == space.fingerprint_of("screen")
    assert not result.skipped
    assert 0 < summary["seconds"] < 600


def test_a_second_run_does_nothing_and_force_does_it_all_again(
    screened: tuple[Workspace, ScreenResult], space: Workspace, looks: dict[str, int]
) -> None:
    again = run(space)
    assert again.skipped
    assert again.issues == screened[1].issues
    assert looks == {"detector": 0, "backbone": 0}
    before = table_of(space)
    forced = run(space, force=True)
    assert not forced.skipped
    assert looks == dict.fromkeys(looks, forced.n_images)
    pd.testing.assert_frame_equal(table_of(space), before)


def test_other_labels_change_kinds_without_another_look(
    space: Workspace, rows: list[Row], looks: dict[str, int]
) -> None:
    before = table_of(space)
    person = places(rows, "person")[3]
    known = {i: row.kind for i, row in enumerate(rows) if row.kind}
    write_kinds(space.kinds_path, {**known, 0: "drawn", person: "nonface"})
    result = run(space)
    assert not result.skipped
    assert looks == {"detector": 0, "backbone": 0}
    table = table_of(space)
    assert table["kind"][[0, person]].tolist() == ["drawn", "nonface"]
    assert table["kind_by_eye"][[0, person]].tolist() == ["drawn", "nonface"]
    assert table["is_human_issue"][[0, person]].all()
    pd.testing.assert_series_equal(table["human_score"], before["human_score"])
    others = ~table["row"].isin([0, person])
    assert (table["kind"][others] == before["kind"][others]).all()
    assert result.n_by_eye == before["kind_by_eye"].notna().sum() + 1


def test_without_a_file_of_its_own_the_labels_come_with_the_heads(
    space: Workspace, looks: dict[str, int]
) -> None:
    before = table_of(space)
    space.kinds_path.unlink()
    assert not run(space).skipped
    pd.testing.assert_series_equal(table_of(space)["kind_by_eye"], before["kind_by_eye"])
    assert looks["detector"] == 0


def test_another_class_changes_what_is_kept(
    space: Workspace, rows: list[Row], looks: dict[str, int]
) -> None:
    near = [places(rows, "person")[2], *places(rows, "near copy")]
    manifest = space.manifest()
    for labels, kept in ((("sad", "happy", "happy"), near[1]), (("sad", "sad", "happy"), near[0])):
        manifest.loc[near, "label"] = labels
        write_table(space.manifest_path, manifest)
        assert not run(space).skipped
        table = table_of(space)
        assert [i for i in near if table["keep"][i]] == [kept]
    assert looks == {"detector": 0, "backbone": 0}


def test_a_screen_stopped_twice_goes_on_where_it_was(
    unscreened: Workspace,
    screened: tuple[Workspace, ScreenResult],
    looks: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detection, "CHUNK", 40)
    monkeypatch.setattr(embedding, "BLOCK", 40)

    def stopped_after_one(go_on: Callable[..., Any], what: str) -> Callable[..., Any]:
        def look(*args: Any, **options: Any) -> Any:
            if looks[what] >= 40:
                raise KeyboardInterrupt
            return go_on(*args, **options)

        return look

    for room, name, what in (
        (detection, "detect", "detector"),
        (embedding, "features", "backbone"),
    ):
        with monkeypatch.context() as until:
            until.setattr(room, name, stopped_after_one(getattr(room, name), what))
            with pytest.raises(KeyboardInterrupt):
                run(unscreened)
        assert looks[what] == 40
        assert not unscreened.screen_path.exists()
        assert unscreened.fingerprint_of("screen") is None
    n = run(unscreened).n_images
    assert looks["detector"] == n, "each image is looked at once"
    # the block that lacked only its look in the mirror is done again
    assert n <= looks["backbone"] <= n + 40
    pd.testing.assert_frame_equal(
        table_of(unscreened), table_of(screened[0]), check_exact=False, atol=1e-3
    )


def test_the_shipped_heads_are_taken_where_there_are_no_own(
    space: Workspace, rows: list[Row], looks: dict[str, int]
) -> None:
    """They were fitted on FER2013, and know nothing of these images."""
    space.heads_path.unlink()
    space.kinds_path.unlink()
    result = run(space)
    assert looks == {"detector": 0, "backbone": result.n_images}
    assert result.n_by_eye == 0
    table = table_of(space)
    assert table["kind_by_eye"].isna().all()
    assert (table["kind"][places(rows, "person")] == "human").all()
    assert (table["kind"][places(rows, "drawing")] != "human").mean() > 0.7
    assert (table["kind"][places(rows, "no face")] != "human").mean() > 0.7
    assert set(table["kind"][places(rows, "grey")]) == {"nonface"}
    assert result.kinds["nonface"] >= 10


def heads_cut_off(space: Workspace) -> str:
    space.heads_path.write_bytes(space.heads_path.read_bytes()[:5000])
    return r"screen-heads\.npz cannot be read"


def unknown_kind(space: Workspace) -> str:
    digest = space.manifest()["sha256"].iat[0]
    space.kinds_path.write_text(f"sha256,kind\n{digest},cat\n")
    return "no kind 'cat'"


def no_import(space: Workspace) -> str:
    space.manifest_path.unlink()
    return r"manifest\.parquet is missing"


def no_faces(space: Workspace) -> str:
    space.faces_path.unlink()
    space.kinds_path.unlink()
    return r"faces\.npy is missing"


@pytest.mark.parametrize("spoil", [heads_cut_off, unknown_kind, no_import, no_faces])
def test_what_is_wrong_is_said_and_the_earlier_output_stays(
    space: Workspace, spoil: Callable[[Workspace], str]
) -> None:
    before, summary = space.screen_path.read_bytes(), space.screen_summary_path.read_bytes()
    says = spoil(space)
    with pytest.raises(FercurateError, match=says) as caught:
        run(space)
    assert caught.value.fix
    assert isinstance(caught.value, InputError) == (spoil is not heads_cut_off)
    assert space.screen_path.read_bytes() == before
    assert space.screen_summary_path.read_bytes() == summary


def test_missing_shipped_heads_are_named(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space.heads_path.unlink()
    monkeypatch.setattr(heads, "SHIPPED", tmp_path / "heads.npz")
    with pytest.raises(FercurateError, match=r"heads\.npz cannot be read"):
        run(space)


def test_the_summary_is_json_that_every_reader_takes(
    screened: tuple[Workspace, ScreenResult],
) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    text = screened[0].screen_summary_path.read_text()
    summary = json.loads(text, parse_constant=refuse)
    few = [link for link in summary["links"] if link["class"] == "disgust"]
    assert [link["auc"] for link in few] == [None] * len(few) != []
