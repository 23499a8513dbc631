"""Kinds of files that import does not read, or reads by another way than folders and csv."""

from __future__ import annotations

import io
import json
import os
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_cases import fer_csv, folder_of, image_bytes, made_faces, pixel_text, tar_of, zip_of

from fercurate.config import ImportConfig
from fercurate.errors import InputError
from fercurate.ingest.stage import run
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

FACES = made_faces(14)


def imported(tmp_path: Path, source: Path, **options: object) -> Workspace:
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source, **options), Quiet())  # type: ignore[arg-type]
    return space


def locked_zip() -> bytes:
    data = bytearray(zip_of({"fer2013.csv": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
        (b"\x28\xb5\x2f\xfd" + b"x" * 20, "compressed with zstd"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 20, "an old spreadsheet"),
        (zip_of({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "a spreadsheet"),
        (zip_of({"content.xml": b"", "mimetype": b""}), "a spreadsheet"),
        (locked_zip(), "is locked with a password"),
        (zip_of({"data/train.parquet": b"PAR1"}), "holds parquet files"),
        (zip_of({"fer2013.tar.gz": tar_of({"a": b""}), "a.csv": b"id"}), "(fer2013.tar.gz)"),
        (tar_of({"x/a.zip": b"", "x/b.zip": b""}), "holds archives (x/a.zip, x/b.zip)"),
    ],
)
def test_each_kind_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    source = tmp_path / "download"
    source.write_bytes(data)
    with pytest.raises(InputError) as caught:
        imported(tmp_path, source)
    assert what in caught.value.message
    assert caught.value.fix


def test_an_archive_in_a_folder_is_imported_as_advised(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "set", {"a b/fer.zip": zip_of({"x.csv": fer_csv(FACES)})})
    with pytest.raises(InputError, match="holds an archive") as caught:
        imported(tmp_path, source)
    advice = Path(shlex.split(caught.value.fix)[-1])
    assert len(imported(tmp_path, advice).manifest()) == 14


def test_one_image_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(image_bytes(FACES[0]))
    with pytest.raises(InputError, match="is one image") as caught:
        imported(tmp_path, tmp_path / "a b.png")
    assert "fercurate predict '" in caught.value.fix


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for options in ({"source": tmp_path / "pipe.csv"}, {"ferplus": tmp_path / "pipe.csv"}):
        (tmp_path / "x.csv").write_bytes(fer_csv(FACES))
        with pytest.raises(InputError, match="is a pipe, not a file"):
            imported(tmp_path, **({"source": tmp_path / "x.csv"} | options))  # type: ignore[arg-type]


# one column a class


def one_hot(rows: list[tuple[str, str]], header: str = "filename, " + ", ".join(CLASSES)) -> bytes:
    names = [name.strip() for name in header.split(",")[1:]]
    lines = [header]
    for file, label in rows:
        lines.append(", ".join([file, *("1" if name == label else "0" for name in names)]))
    return ("\n".join(lines) + "\n").encode()


def test_a_column_a_class_is_read(tmp_path: Path) -> None:
    files = {}
    for split in ("train", "valid", "test"):
        rows = [(f"{i}_png.rf.1.jpg", name) for i, name in enumerate(CLASSES)]
        files[f"{split}/_classes.csv"] = one_hot(rows)
        files |= {f"{split}/{f}": image_bytes(FACES[i]) for i, (f, _) in enumerate(rows)}
    space = imported(tmp_path, folder_of(tmp_path / "set", files))
    table = space.manifest()
    assert table["split"].value_counts().to_dict() == {"train": 7, "val": 7, "test": 7}
    assert table["label"].tolist() == list(CLASSES) * 3


def test_rows_of_two_classes_and_images_without_a_row_are_rejected(tmp_path: Path) -> None:
    files = {
        "train/_classes.csv": one_hot([("0.jpg", "happy"), ("1.jpg", "sad"), ("2.jpg", "")]),
        **{f"train/{i}.jpg": image_bytes(FACES[i]) for i in range(4)},
    }
    space = imported(tmp_path, folder_of(tmp_path / "set", files), max_rejected=0.5)
    assert space.manifest()["label"].tolist() == ["happy", "sad"]
    assert space.rejected_path.read_text().splitlines()[1:] == [
        "train/2.jpg,,train/_classes.csv gives it 0 classes",
        "train/3.jpg,,is not in _classes.csv",
    ]


def test_an_unknown_column_is_named(tmp_path: Path) -> None:
    header = "filename,happy,sad,contempt"
    rows = [("0.jpg", "happy"), ("1.jpg", "sad"), ("2.jpg", "contempt")]
    files = {f"train/{i}.jpg": image_bytes(FACES[i]) for i in range(3)}
    files["train/_classes.csv"] = one_hot(rows, header)
    source = folder_of(tmp_path / "set", files)
    with pytest.raises(InputError, match="the class 'contempt'") as caught:
        imported(tmp_path, source)
    told = caught.value.fix.split("--classes ")[1]
    assert len(imported(tmp_path, source, classes=told).manifest()) == 2


# parquet


def parquet(columns: dict[str, object], names: list[str] | None = None) -> bytes:
    table = pa.table(columns)
    if names is not None:
        about = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def test_the_csvs_columns_in_parquet(tmp_path: Path) -> None:
    data = parquet(
        {
            "emotion": [i % 7 for i in range(14)],
            "pixels": [pixel_text(face) for face in FACES],
            "Usage": ["Training", "PublicTest"] * 7,
        }
    )
    (tmp_path / "fer.parquet").write_bytes(data)
    space = imported(tmp_path, tmp_path / "fer.parquet")
    assert space.manifest()["label"].tolist() == [CLASSES[i % 7] for i in range(14)]
    assert space.manifest()["split"].tolist() == ["train", "val"] * 7
    assert space.manifest()["source"][1] == "fer.parquet:2"
    np.testing.assert_array_equal(space.faces(), FACES)


def images(indices: range, **more: object) -> dict[str, object]:
    return {
        "image": [{"bytes": image_bytes(FACES[i]), "path": f"{i}.png"} for i in indices],
        "label": [i % 7 for i in indices],
        **more,
    }


def test_images_in_parquet_are_read_by_the_names_in_the_schema(tmp_path: Path) -> None:
    order = sorted(CLASSES)
    files = {
        "data/train-00000-of-00001.parquet": parquet(images(range(7)), order),
        "data/test-00000-of-00001.parquet": parquet(images(range(7, 14)), order),
        "README.md": b"card",
    }
    space = imported(tmp_path, folder_of(tmp_path / "set", files))
    table = space.manifest()
    assert table["split"].tolist() == ["test"] * 7 + ["train"] * 7
    assert table["label"].tolist() == order * 2
    np.testing.assert_array_equal(space.faces(), np.r_[FACES[7:], FACES[:7]])


def test_numbers_in_parquet_without_names_are_refused(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "set", {"train.parquet": parquet(images(range(7)))})
    with pytest.raises(InputError, match="bare numbers"):
        imported(tmp_path, source, max_rejected=1.0)
    space = imported(tmp_path, source, classes="fer2013")
    assert space.manifest()["label"].tolist() == list(CLASSES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (parquet({"a": [1]}), "neither a column pixels nor one of images"),
        (b"PAR1" + b"x" * 40, "cannot be read"),
        (parquet({"image": [1], "label": [1]}), "neither a column pixels"),
    ],
)
def test_other_parquet_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(InputError, match=message):
        imported(tmp_path, tmp_path / "x.parquet")


def test_a_locked_zip_is_one_for_zipfile_too() -> None:
    with zipfile.ZipFile(io.BytesIO(locked_zip())) as archive, pytest.raises(RuntimeError):
        archive.read("fer2013.csv")
