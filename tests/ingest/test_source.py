from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_cases import fer_csv, folder_of, image_bytes, made_faces, tar_of, tree_of, zip_of

from fercurate.errors import InputError
from fercurate.ingest.batch import Batch
from fercurate.ingest.source import open_source
from fercurate.progress import Quiet

FACES = made_faces(6)
FER = fer_csv(FACES)
TRAIN = fer_csv(FACES[:4], ("emotion", "pixels"))
TEST = fer_csv(FACES[4:], ("pixels",))
TREE = tree_of(FACES)
SUBMISSION = b"id,emotion\n0,1\n"
LIMIT = 1e9


def read(path: Path) -> list[Batch]:
    return list(open_source(path, LIMIT).batches(Quiet()))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "format_", "place"),
    [
        pytest.param(FER, "csv", "fer2013.csv", id="csv"),
        pytest.param(gzip.compress(FER), "csv", "fer2013.csv", id="gz"),
        pytest.param(lzma.compress(FER), "csv", "fer2013.csv", id="xz"),
        pytest.param(zip_of({"fer2013.csv": FER}), "csv in a zip archive", "fer2013.csv", id="zip"),
        pytest.param(
            tar_of(
                {"fer2013/fer2013.csv": FER, "fer2013/README": b"x", "fer2013/fer2013.bib": b"x"}
            ),
            "csv in a tar archive",
            "fer2013/fer2013.csv",
            id="Kaggle's tar.gz",
        ),
        pytest.param(
            zip_of(
                {
                    "example_submission.csv": SUBMISSION,
                    "icml_face_data.csv": fer_csv(FACES, ("emotion", " Usage", " pixels")),
                    "test.csv": TEST,
                    "train.csv": TRAIN,
                }
            ),
            "csv in a zip archive",
            "icml_face_data.csv",
            id="Kaggle's competition",
        ),
    ],
)
def test_the_same_rows_whatever_the_packaging(
    tmp_path: Path, data: bytes, format_: str, place: str
) -> None:
    path = write(tmp_path / "fer2013.csv", data)
    source = open_source(path, LIMIT)
    [batch] = source.batches(Quiet())
    assert source.format == format_
    assert source.has_usage
    assert batch.sources == [f"{place}:{line}" for line in range(2, 8)]
    assert batch.labels == ["angry", "disgust", "fear", "happy", "sad", "surprise"]
    assert batch.splits == ["train", "val", "test"] * 2
    np.testing.assert_array_equal(batch.faces, FACES)


def test_what_is_left_unread_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", zip_of({"train.csv": TRAIN, "fer2013.csv": FER}))
    assert open_source(path, LIMIT).unread == ["train.csv"]


def test_without_usage_every_csv_is_read(tmp_path: Path) -> None:
    files = {"example_submission.csv": SUBMISSION, "test.csv": TEST, "train.csv": TRAIN}
    source = open_source(folder_of(tmp_path / "set", files), LIMIT)
    test, train = source.batches(Quiet())
    assert not source.has_usage
    assert (test.splits, test.labels) == (["test"] * 2, [None] * 2)
    assert (train.splits, train.labels[1]) == (["train"] * 4, "disgust")
    assert [*test.rows, *train.rows] == [0, 1, 2, 3, 4, 5]
    assert train.sources[0] == "train.csv:2"


@pytest.mark.parametrize("pack", [None, zip_of, tar_of])
@pytest.mark.parametrize("wrap", ["", "fer2013/"])
def test_a_folder_tree_in_or_out_of_an_archive(tmp_path: Path, pack, wrap: str) -> None:  # type: ignore[no-untyped-def]
    files = {wrap + name: data for name, data in sorted(tree_of(FACES).items())}
    path = tmp_path / "tree"
    if pack is None:
        folder_of(path, files)
    else:
        path.write_bytes(pack(files))
    source = open_source(path, LIMIT)
    [batch] = source.batches(Quiet())
    assert source.gives_splits
    assert not source.has_usage
    assert batch.sources == list(files)
    places = [name.removeprefix(wrap).split("/")[:2] for name in files]
    assert [[s, label] for s, label in zip(batch.splits, batch.labels, strict=True)] == places
    order = [int(Path(name).stem) for name in files]
    np.testing.assert_array_equal(batch.faces, FACES[order])


def test_bad_images_are_rejected_and_the_others_read(tmp_path: Path) -> None:
    big = image_bytes(np.random.default_rng(0).integers(0, 256, (400, 400), dtype=np.uint8))
    assert len(big) > 100_000  # enough to be decoded in another thread
    folder = folder_of(
        tmp_path / "set",
        {
            "angry/1.png": image_bytes(FACES[0]),
            "angry/2.JPG": b"no image",
            "angry/3.png": image_bytes(FACES[1])[:-60],
            "contempt/4.png": image_bytes(FACES[2]),
            "happy/5.png": big,
            "sad/6.JPEG": image_bytes(FACES[3], "JPEG"),
            "sad/notes.txt": b"not looked at",
        },
    )
    [batch] = read(folder)
    assert batch.sources == ["angry/1.png", "happy/5.png", "sad/6.JPEG"]
    assert batch.rows == [0, 4, 5]
    assert {r.source: r.reason.split(":")[0] for r in batch.rejected} == {
        "angry/2.JPG": "not an image that can be read (JPEG, PNG, ...)",
        "angry/3.png": "damaged image",
        "contempt/4.png": "unknown class 'contempt'",
    }


def test_a_member_damaged_in_a_zip_is_rejected_alone(tmp_path: Path) -> None:
    files = tree_of(FACES)
    packed = zip_of(files)
    inside = packed.index(b"train/angry/0.png") + 60
    path = write(tmp_path / "x.zip", packed[:inside] + b"\xff" * 30 + packed[inside + 30 :])
    [batch] = read(path)
    assert len(batch.sources) == 5
    assert [r.source for r in batch.rejected] == ["train/angry/0.png"]


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"notes.txt": b"hello"}, "Seen in it: notes.txt."),
        ({"example_submission.csv": SUBMISSION, "a.txt": b""}, "Seen in it: example_submission"),
        ({}, "Seen in it: no file."),
    ],
)
def test_a_source_with_nothing_in_it_says_what_was_expected(
    tmp_path: Path, files: dict[str, bytes], seen: str
) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(InputError, match="nothing to import") as caught:
        open_source(folder_of(tmp_path / "set", files), LIMIT)
    assert seen in caught.value.message
    assert "emotion,pixels,Usage" in caught.value.fix


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([b"", FER, gzip.compress(FER), tar_of(TREE), zip_of(TREE)]),
    st.floats(0, 1),
    st.binary(max_size=40),
)
def test_any_bytes_give_batches_or_an_input_error(
    tmp_path: Path, data: bytes, where: float, put: bytes
) -> None:
    start = int(where * len(data))
    path = write(tmp_path / "x", data[:start] + put + data[start + len(put) :])
    try:
        batches = read(path)
    except InputError as error:
        assert error.message  # noqa: PT017
        return
    for batch in batches:
        assert len(batch.faces) == len(batch.rows) == len(batch.labels) == len(batch.sources)
