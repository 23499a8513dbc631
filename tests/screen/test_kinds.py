from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from screen_cases import made_heads, made_labels, plain_heads

from fercurate.errors import InputError
from fercurate.screen import kinds
from fercurate.screen.heads import KINDS

HUMAN, DRAWN, NONFACE, NOBODY = 0, 1, 2, -1
NEW = 99
"""A digest that no heads know."""


def judge(
    levels: list[float],
    *,
    digest: list[int] | None = None,
    face: list[float] | None = None,
    constant: list[bool] | None = None,
    by_eye: list[int] | None = None,
    known: dict[int, int] | None = None,
) -> pd.DataFrame:
    """Images of which `plain_heads` sees one component; human below 0.5, drawn from 2 on."""
    n = len(levels)
    return kinds.judge(
        np.array(levels, np.float32)[:, None],
        plain_heads(1, known),
        np.array(digest or [NEW] * n, np.uint64),
        np.array(face or [1.0] * n, np.float32),
        np.array(constant or [False] * n, bool),
        np.array(by_eye or [NOBODY] * n, np.int8),
    )


def test_kind_is_what_the_heads_say() -> None:
    table = judge([0, 0.45, 0.55, 3])
    assert table["kind"].tolist() == ["human", "human", "nonface", "drawn"]
    assert table["is_human_issue"].tolist() == [False, False, True, True]
    assert table["kind_by_eye"].isna().all()
    assert table["human_score"].is_monotonic_decreasing
    assert (table["drawn_score"] < 0.5).tolist() == [False, False, False, True]
    assert (table["nonface_score"] < 0.5).tolist() == [False, False, True, False]


def test_columns_and_scores_of_fitted_heads() -> None:
    made, labels = made_heads(), made_labels(100, seed=3)
    reduced = made.reducer(labels["features"])
    table = kinds.judge(
        reduced,
        made,
        np.full(100, 10**6, np.uint64),
        np.ones(100, np.float32),
        np.zeros(100, bool),
        np.full(100, -1, np.int8),
    )
    scores = table.filter(like="_score")
    assert set(scores) == {"human_score", "drawn_score", "nonface_score", "occluded_score"}
    assert set(scores.dtypes) == {np.dtype(np.float32)}
    assert scores.min(axis=None) >= 0
    assert scores.max(axis=None) <= 1
    assert set(table["kind"]) == set(KINDS)
    assert (table["is_human_issue"] == (table["human_score"] < 0.5)).all()
    assert (table["is_occluded_issue"] == (table["occluded_score"] < 0.5)).all()
    assert table["is_occluded_issue"].any()
    for name in ("human", "occluded"):
        decision = made.heads[name].decide(reduced)
        assert table[f"{name}_score"].to_numpy() == pytest.approx(made.heads[name].score(decision))
    total = table["drawn_score"] + table["nonface_score"] - table["human_score"]
    assert total.to_numpy() == pytest.approx(np.ones(100), abs=1e-5), "chances of three add up"


def test_a_labelled_image_and_its_exact_copies_are_judged_by_the_fold_that_did_not_see_them() -> (
    None
):
    table = judge([3, 3, 3, 0], digest=[7, NEW, 7, 7], known={5: DRAWN, 7: DRAWN})
    assert (table["human_score"] > 0.5).tolist() == [True, False, True, True]
    assert table["human_score"][0] == table["human_score"][2] == table["human_score"][3]
    assert table["kind"].tolist() == ["human", "drawn", "human", "human"], (
        "labels are not looked at"
    )


def test_what_a_fold_did_not_judge_is_judged_by_all() -> None:
    """Of a person nobody asks whether it is drawn: held_out has no decision."""
    seen = judge([3], digest=[7], known={7: HUMAN}, by_eye=[DRAWN])
    new = judge([3], by_eye=[DRAWN])
    assert seen["human_score"][0] > 0.5 > new["human_score"][0]
    depiction = (1 - seen["drawn_score"]) / (1 - seen["human_score"])
    expected = (1 - new["drawn_score"]) / (1 - new["human_score"])
    assert depiction[0] == pytest.approx(expected[0], abs=1e-4)


def test_a_label_by_eye_decides_the_kind_and_no_score() -> None:
    levels = [0, 0, 3, 3]
    plain = judge(levels)
    table = judge(levels, by_eye=[DRAWN, NONFACE, HUMAN, NOBODY])
    assert table["kind"].tolist() == ["drawn", "nonface", "human", "drawn"]
    assert table["kind_by_eye"].fillna("").tolist() == ["drawn", "nonface", "human", ""]
    assert table["is_human_issue"].tolist() == [True, True, False, True]
    assert table.filter(like="_score").equals(plain.filter(like="_score"))


def test_a_constant_image_is_no_face() -> None:
    table = judge([0, 3], constant=[True, True])
    assert table["kind"].tolist() == ["nonface", "nonface"]
    for name, score in {"human": 0, "nonface": 0, "drawn": 1}.items():
        assert (table[f"{name}_score"] == score).all(), name
    assert judge([0], constant=[True], by_eye=[HUMAN])["kind"].tolist() == ["human"]


def test_the_less_of_a_face_is_found_the_less_likely_it_is_human() -> None:
    table = judge([0.45] * 5, face=[0.9, kinds.DOUBTFUL_FACE, 0.4, kinds.NO_FACE, 0.0])
    score = table["human_score"]
    assert score[0] == score[1] > 0.5, "a face is a face"
    assert score[1] > score[2] >= score[3] == score[4]
    assert table["kind"].tolist() == ["human", "human", "nonface", "nonface", "nonface"]


def test_what_has_no_face_is_no_drawing_of_one() -> None:
    table = judge([3, 3], face=[0.9, 0.1])
    assert table["kind"].tolist() == ["drawn", "nonface"]
    assert table["drawn_score"][0] < 0.5 < table["drawn_score"][1]
    assert table["nonface_score"][1] < 0.5 < table["nonface_score"][0]


def test_no_images_and_no_labels() -> None:
    assert len(judge([])) == 0
    assert list(judge([])) == list(judge([0]))


def test_labels_that_came_with_the_heads_are_found_by_pixels() -> None:
    labelled = plain_heads(1, {9: NONFACE, 3: DRAWN, 5: NOBODY, 2**64 - 1: HUMAN}).labelled
    digest = np.array([3, 4, 9, 5, 0, 2**64 - 1, 3], np.uint64)
    found = kinds.shipped_labels(labelled, digest)
    assert found.tolist() == [DRAWN, -1, NONFACE, -1, -1, HUMAN, DRAWN]
    assert found.dtype == np.int8
    assert kinds.shipped_labels(plain_heads(1).labelled, digest).tolist() == [-1] * 7


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


def digests(n: int) -> list[str]:
    return [f"{i:064x}"[::-1] for i in range(n)]


def tied(path: Path, n: int) -> Path:
    """A list by row, tied to the pixels of those rows."""
    kinds.tie_rows(path, digests(n))
    return path


def read_kinds(path: Path, n: int) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    return kinds.read_kinds(tied(path, n), digests(n))


def read_flaws(path: Path, n: int) -> dict[str, NDArray[np.int8]]:
    return kinds.read_flaws(tied(path, n), digests(n))


def test_a_list_by_row_alone_is_refused_and_follows_its_images_once_it_is_tied(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "row,kind\n0,drawn\n2,human\n")
    with pytest.raises(InputError, match="rows change with the import") as caught:
        kinds.read_kinds(path, digests(4))
    assert "fercurate fit-screen --tie-rows" in caught.value.fix
    assert kinds.tie_rows(path, digests(4))
    assert not kinds.tie_rows(path, digests(4)), "it is tied already"
    without_the_first = [*digests(4)[1:], "f" * 64]
    kind, _ = kinds.read_kinds(path, without_the_first)
    assert kind.tolist() == [-1, HUMAN, -1, -1]
    with pytest.raises(InputError, match="of another dataset"):
        kinds.read_kinds(path, ["e" * 64])


def test_of_exact_copies_the_one_in_its_row_is_meant(tmp_path: Path) -> None:
    same = ["a" * 64] * 3
    kind, _ = kinds.read_kinds(written(tmp_path, f"row,sha256,kind\n1,{'a' * 16},drawn\n"), same)
    assert kind.tolist() == [-1, DRAWN, -1]
    kind, _ = kinds.read_kinds(written(tmp_path, f"sha256,kind\n{'a' * 16},drawn\n"), same)
    assert kind.tolist() == [DRAWN, -1, -1]


def test_kinds_are_read_by_row(tmp_path: Path) -> None:
    text = (
        "row,kind,how,sample\n4,drawn,by eye,random\n0,human,by eye,suspicious\n2,nonface,,random"
    )
    kind, at_random = read_kinds(written(tmp_path, text), 6)
    assert kind.tolist() == [HUMAN, -1, NONFACE, -1, DRAWN, -1]
    assert at_random.tolist() == [False, False, True, False, True, False]
    assert (kind.dtype, at_random.dtype) == (np.int8, bool)


def test_without_a_sample_column_all_were_drawn_at_random(tmp_path: Path) -> None:
    kind, at_random = read_kinds(written(tmp_path, "kind,row\nhuman,1\ndrawn,2.0"), 3)
    assert kind.tolist() == [-1, HUMAN, DRAWN]
    assert at_random.tolist() == [False, True, True]


def test_a_file_without_rows_labels_nothing(tmp_path: Path) -> None:
    kind, at_random = read_kinds(written(tmp_path, "row,kind,sample\n"), 3)
    assert kind.tolist() == [-1] * 3
    assert not at_random.any()


def test_flaws_are_read_by_row(tmp_path: Path) -> None:
    text = "row,watermark,hand,sunglasses\n1,0,1,0\n3,1,0,1\n0,1,0,0"
    flaws = read_flaws(written(tmp_path, text), 5)
    assert {name: found.tolist() for name, found in flaws.items()} == {
        "watermark": [1, 0, -1, 1, -1],
        "occluded": [0, 1, -1, 1, -1],
    }
    assert {found.dtype for found in flaws.values()} == {np.dtype(np.int8)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no file"),
        ("", "no csv"),
        ("row,how\n1,by eye", "lacks kind"),
        ("image,kind\n1,human", "lacks sha256"),
        ("row,kind\n1,cat", "no kind 'cat'"),
        ("row,kind\n1,", "no kind"),
        ("row,kind\n1,Human", "no kind 'Human'"),
        ("row,kind\n5,human", "no row 5"),
        ("row,kind\n-1,human", "no row -1"),
        ("row,kind\n1.5,human", "no row 1.5"),
        ("row,kind\n,human", "no row"),
        ("row,kind\ninf,human", "no row inf"),
        ("row,kind\nfirst,human", "no row first"),
        ('row,kind\n1,"human', "no csv"),
    ],
)
def test_kinds_that_cannot_be_used_are_refused(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "labels.csv" if text is None else written(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        read_kinds(path, 5)
    assert "labels.csv" in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no file"),
        ("", "no csv"),
        ("row,watermark,hand\n1,0,0", "lacks sunglasses"),
        ("row,watermark,hand,sunglasses\n5,0,0,0", "no row 5"),
        ("row,watermark,hand,sunglasses\n0.1,0,0,0", "no row 0.1"),
        ("row,watermark,hand,sunglasses\n1,0,,0", "hand of the image 1000"),
        ("row,watermark,hand,sunglasses\n1,0,0,0\n2,yes,0,0", "watermark of the image 2000"),
        ("row,watermark,hand,sunglasses\n1,0,0,7", "sunglasses of the image 1000"),
    ],
)
def test_flaws_that_cannot_be_used_are_refused(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "labels.csv" if text is None else written(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        read_flaws(path, 5)
    assert "labels.csv" in caught.value.message
    assert caught.value.fix


def test_a_folder_is_no_csv(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no csv"):
        read_kinds(tmp_path, 5)


def test_what_a_spreadsheet_saved_is_read_and_a_pipe_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kinds.csv"
    digests = [str(i) * 64 for i in range(1, 4)]
    file.write_bytes(f"sha256;kind\r{digests[1]};drawn\r".encode("utf-16"))
    kind, _ = kinds.read_kinds(file, digests)
    assert kind.tolist() == [-1, KINDS.index("drawn"), -1]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe, not a file"):
        kinds.read_kinds(tmp_path / "pipe", digests)
