from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fercurate.errors import InputError
from fercurate.ingest.votes import FerPlus, join_by_name, join_by_row, read_ferplus
from fercurate.labels import FERPLUS_COLUMNS

HEADER = "Usage,Image name," + ",".join(FERPLUS_COLUMNS)
ROWS = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
    "Training,,0,0,0,0,0,0,0,0,0,10",
    "PublicTest,fer0000001.png,0,0,0,0,0,0,0,0,0,0",
    "PrivateTest,fer0000002.png,0,10,0,0,0,0,0,0,0,0",
]


def ferplus(path: Path, rows: list[str] = ROWS, header: str = HEADER) -> FerPlus:
    file = path / "fer2013new.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return read_ferplus(file)


def test_reading(tmp_path: Path) -> None:
    read = ferplus(tmp_path)
    assert read.splits == ["train", "train", "val", "test"]
    assert read.names == ["fer0000000", "", "fer0000001", "fer0000002"]
    assert read.votes.dtype == np.int16
    assert read.votes[0].tolist() == [4, 0, 0, 1, 3, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (HEADER.replace("contempt", "scorn"), ROWS[0], "no column 'contempt'"),
        ("", ROWS[0], "is no FER\\+ file"),
        (HEADER, ROWS[0].replace(",4,", ",-4,"), "row 1 is"),
        (HEADER, ROWS[0].replace(",4,", ",4.5,"), "row 1 is"),
        (HEADER, ROWS[0].replace(",4,", ",40000,"), "row 1 is"),
        (HEADER, ROWS[0][:-4], "row 1 is"),
        (HEADER, ROWS[0].replace("Training", "Holdout"), "row 1 is"),
    ],
)
def test_what_is_not_ferplus(tmp_path: Path, header: str, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ferplus(tmp_path, [row], header)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_ferplus(tmp_path / "x")


def test_join_by_row_follows_the_source_row(tmp_path: Path) -> None:
    votes = join_by_row(ferplus(tmp_path), [0, 3], ["train", "test"], n_source_rows=4)
    assert votes[:, :2].tolist() == [[4, 0], [0, 10]]


@pytest.mark.parametrize(
    ("rows", "splits", "n", "why"),
    [
        ([0, 1], ["train", "train"], 3, "it has 4 rows, the csv 3"),
        ([0, 2], ["train", "test"], 4, "row 2 is test here and val there"),
    ],
)
def test_the_votes_of_another_csv_are_refused(
    tmp_path: Path, rows: list[int], splits: list[str], n: int, why: str
) -> None:
    with pytest.raises(InputError, match="not the FER\\+ file of this csv") as caught:
        join_by_row(ferplus(tmp_path), rows, splits, n)
    assert why in caught.value.message


def test_join_by_name_goes_by_ferplus_own_names(tmp_path: Path) -> None:
    sources = ["test/happy/fer0000002.png", "train/angry/FER0000000.PNG"]
    votes = join_by_name(ferplus(tmp_path), sources, ["test", "train"])
    assert votes[:, :2].tolist() == [[0, 10], [4, 0]]
    assert len(join_by_name(ferplus(tmp_path), sources, None)) == 2


@pytest.mark.parametrize(
    ("source", "splits", "message"),
    [
        ("train/angry/1.png", ["train"], "bears no FER\\+ name"),
        ("train/angry/fer0000009.png", ["train"], "it has no image fer0000009"),
        ("test/angry/fer0000000.png", ["test"], "is test here and train there"),
    ],
)
def test_names_that_do_not_fit(
    tmp_path: Path, source: str, splits: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        join_by_name(ferplus(tmp_path), [source], splits)
