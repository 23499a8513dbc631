"""What a source's classes and splits mean is read or asked for, never guessed."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from ingest_cases import (
    Heard,
    fer_csv,
    folder_of,
    image_bytes,
    made_faces,
    pixel_text,
    zip_of,
)

from fercurate import fer2013
from fercurate.config import ImportConfig
from fercurate.errors import InputError
from fercurate.ingest import classes, known
from fercurate.ingest.stage import run
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

FACES = made_faces(42)
RAFDB = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


def numbered(numbers: range, pattern: str = "train/{}/{}.png") -> dict[str, bytes]:
    return {
        pattern.format(number, i): image_bytes(FACES[i * len(numbers) + k])
        for k, number in enumerate(numbers)
        for i in range(3)
    }


def labels_of(space: Workspace) -> dict[str, str]:
    table = space.manifest(["source", "label"])
    return dict(zip(table["source"], table["label"], strict=True))


def rejected(space: Workspace) -> list[dict[str, str]]:
    with space.rejected_path.open(newline="") as file:
        return list(csv.DictReader(file))


def advised(error: InputError) -> str:
    """The last `--classes` that a message advises."""
    return shlex.split(error.fix[error.fix.rindex("--classes ") :].rstrip("."))[1].rstrip(";")


def refused(tmp_path: Path, source: Path, **options: object) -> InputError:
    for share in (0.01, 1.0):
        space = Workspace(tmp_path / "refused")
        with pytest.raises(InputError) as caught:
            run(space, ImportConfig(source=source, max_rejected=share, **options), Quiet())  # type: ignore[arg-type]
        assert caught.value.code == 2
        assert "--max-rejected" not in caught.value.fix
        assert not space.root.exists()
    return caught.value


@pytest.mark.parametrize(
    ("numbers", "first"),
    [
        (range(1, 8), "surprise"),
        (range(8), "neutral"),
        (range(7), "neutral"),
        (range(3, 5), "surprise"),
    ],
)
def test_numbers_as_class_folders_are_refused_and_the_advice_works(
    tmp_path: Path, numbers: range, first: str
) -> None:
    source = folder_of(tmp_path / "set", numbered(numbers))
    error = refused(tmp_path, source)
    assert "bare numbers" in error.message
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source, classes=advised(error)), Quiet())
    labels = labels_of(space)
    assert labels[f"train/{numbers[0]}/0.png"] == first
    assert len(labels) == 3 * min(len(numbers), 7)
    assert len(rejected(space)) == 3 * len(numbers) - len(labels)


def test_what_rafdb_means(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "set", numbered(range(1, 8), "train/{:03d}/{}.png"))
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source, classes="rafdb"), Quiet())
    assert [labels_of(space)[f"train/{i:03d}/0.png"] for i in range(1, 8)] == list(RAFDB)


def test_an_unknown_class_is_refused_unless_it_is_left_out_or_mapped(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": image_bytes(FACES[i]) for i, name in enumerate(CLASSES)}
    source = folder_of(tmp_path / "ck", files | {"contempt/9.png": image_bytes(FACES[9])})
    error = refused(tmp_path, source)
    assert "'contempt' (1)" in error.message
    space = Workspace(tmp_path / "w")
    result = run(space, ImportConfig(source=source, classes=advised(error)), Quiet())
    assert (result.n_images, result.n_rejected) == (7, 1)
    assert rejected(space) == [
        {"source": "contempt/9.png", "line": "", "reason": "left out, as --classes says"}
    ]
    other = Workspace(tmp_path / "other")
    run(other, ImportConfig(source=source, classes="Contempt=disgust"), Quiet())
    assert labels_of(other)["contempt/9.png"] == "disgust"


@pytest.mark.parametrize("pack", [None, zip_of])
def test_all_of_a_class_in_bad_images_is_refused(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    files = {f"{name}/{i}.png": image_bytes(FACES[i]) for i, name in enumerate(CLASSES[:-1])}
    files |= {"neutral/1.heic": b"ftypheic", "neutral/2.jpg": b"no image"}
    source = tmp_path / "set"
    if pack is None:
        folder_of(source, files)
    else:
        source.write_bytes(pack(files))
    error = refused(tmp_path, source)
    assert "nothing of neutral can be used" in error.message
    result = run(
        Workspace(tmp_path / "w"), ImportConfig(source=source, classes=advised(error)), Quiet()
    )
    assert (result.n_images, result.n_rejected) == (6, 2)


def test_images_of_kinds_that_are_not_read_are_rejected_and_counted(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": image_bytes(FACES[i]) for i, name in enumerate(CLASSES)}
    files |= {
        "happy/1.jfif": image_bytes(FACES[10], "JPEG"),
        "happy/2.gif": image_bytes(FACES[11], "GIF"),
        "happy/3.webp": image_bytes(FACES[12], "WEBP"),
        "happy/4.bmp": image_bytes(FACES[13], "BMP"),
        "happy/0.HEIC": b"ftypheic",
        "happy/notes.txt": b"x",
        "happy/._5.jpg": b"x",
        "__MACOSX/happy/6.jpg": b"x",
        "labels.json": b"{}",
    }
    source = folder_of(tmp_path / "set", files)
    (source / "happy" / "gone.jpg").symlink_to(source / "nowhere")
    with pytest.raises(InputError, match="2 of 13 rows are bad") as caught:
        run(Workspace(tmp_path / "w"), ImportConfig(source=source), Quiet())
    assert "--max-rejected" in caught.value.fix
    space, heard = Workspace(tmp_path / "w"), Heard()
    result = run(space, ImportConfig(source=source, max_rejected=0.2), heard)
    assert (result.n_images, result.n_rejected) == (11, 2)
    assert {row["source"]: row["reason"] for row in rejected(space)} == {
        "happy/0.HEIC": "HEIC is not read: export it as JPEG",
        "happy/gone.jpg": "is a link to nothing, or to itself",
    }
    assert "Read 11, rejected 2, not looked at 2 (1 .json, 1 .txt)." in heard.lines


def test_an_animation_is_rejected(tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.fromarray(face) for face in FACES[:3]]
    source = tmp_path / "set"
    (source / "happy").mkdir(parents=True)
    frames[0].save(source / "happy" / "1.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="an animation: save the picture that is meant"):
        run(Workspace(tmp_path / "w"), ImportConfig(source=source), Quiet())


@pytest.mark.parametrize("name", ["test", "PrivateTest", "val", "train", "test.zip", "dev"])
def test_a_split_given_alone_keeps_its_name(tmp_path: Path, name: str) -> None:
    files = {f"{label}/{i}.png": image_bytes(FACES[i]) for i, label in enumerate(CLASSES)}
    source = tmp_path / name
    if name.endswith(".zip"):
        source.write_bytes(zip_of(files))
    else:
        folder_of(source, files)
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source), Quiet())
    expected = {"val": "val", "train": "train", "dev": "train"}.get(name, "test")
    assert set(space.manifest()["split"]) == {expected}
    assert space.manifest()["sample_id"][0].startswith(f"{expected}-")


def test_a_csv_in_a_folder_test_is_test(tmp_path: Path) -> None:
    folder_of(tmp_path / "set", {"test/faces.csv": fer_csv(FACES[:7], ("emotion", "pixels"))})
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=tmp_path / "set"), Quiet())
    assert set(space.manifest()["split"]) == {"test"}


def test_class_folders_above_split_folders_are_read(tmp_path: Path) -> None:
    files = {
        f"{label}/{split}/{i}.png": image_bytes(FACES[i])
        for i, label in enumerate(CLASSES)
        for split in ("train", "test")
    }
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=folder_of(tmp_path / "set", files)), Quiet())
    table = space.manifest()
    for source, split, label in zip(table["source"], table["split"], table["label"], strict=True):
        assert source.startswith(f"{label}/{split}/")


def test_a_split_without_classes_is_refused(tmp_path: Path) -> None:
    files = {f"{s}/{i}.png": image_bytes(FACES[i]) for s in ("train", "test") for i in range(3)}
    source = folder_of(tmp_path / "set", files | {"train/labels.txt": b"0 happy"})
    error = refused(tmp_path, source)
    assert "no image of training can be used (3 of 3)" in error.message
    assert "1 .txt" in error.message


def test_a_stray_image_is_still_a_bad_row(tmp_path: Path) -> None:
    files = {f"train/{label}/{i}.png": image_bytes(FACES[i]) for i, label in enumerate(CLASSES)}
    source = folder_of(tmp_path / "set", files | {"logo.png": image_bytes(FACES[8])})
    result = run(Workspace(tmp_path / "w"), ImportConfig(source=source, max_rejected=0.2), Quiet())
    assert (result.n_images, result.n_rejected) == (7, 1)


def test_ferplus_own_layout_is_named(tmp_path: Path) -> None:
    files = {"FER2013Train/fer0000000.png": image_bytes(FACES[0]), "FER2013Train/label.csv": b"x"}
    error = refused(tmp_path, folder_of(tmp_path / "set", files))
    assert "FER+'s own program" in error.message
    assert "--ferplus fer2013new.csv" in error.fix


# csv


def with_names(names: list[str], header: str = "emotion,emotion_name,pixels") -> bytes:
    rows = [f"{i % 7},{names[i % 7]},{pixel_text(face)}" for i, face in enumerate(FACES[:14])]
    return "\n".join([header, *rows]).encode()


def test_names_beside_the_numbers_must_agree(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(with_names(list(CLASSES)))
    space = Workspace(tmp_path / "agrees")
    assert run(space, ImportConfig(source=source), Quiet()).n_images == 14
    source.write_bytes(with_names(["neutral", *CLASSES[:6]]))
    error = refused(tmp_path, source)
    assert "emotion is '0', which would be angry, and emotion_name is 'neutral'" in error.message
    space = Workspace(tmp_path / "told")
    run(space, ImportConfig(source=source, classes=advised(error)), Quiet())
    assert space.manifest()["label"].tolist()[:7] == ["neutral", *CLASSES[:6]]


def test_names_that_were_corrected_give_no_wrong_advice(tmp_path: Path) -> None:
    rows = [f"0,{name},{pixel_text(FACES[i])}" for i, name in enumerate(("angry", "sad"))]
    source = tmp_path / "x.csv"
    source.write_text("\n".join(["emotion,label,pixels", *rows]))
    assert refused(tmp_path, source).fix == "Leave one of the two columns out."


@pytest.mark.parametrize(
    ("labels", "header", "message"),
    [
        (range(8), "emotion", "has the class 7 beside FER2013's 0 to 6"),
        (range(7), "label", "bare numbers"),
        (["happy", "contempt", "contempt"], "emotion", "'contempt' (2)"),
    ],
)
def test_a_csv_with_other_classes_is_refused(
    tmp_path: Path, labels: list[object], header: str, message: str
) -> None:
    rows = [f"{label},{pixel_text(FACES[i])}" for i, label in enumerate(labels)]
    source = tmp_path / "x.csv"
    source.write_text("\n".join([f"{header},pixels", *rows]))
    error = refused(tmp_path, source)
    assert message in error.message
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source, classes=advised(error)), Quiet())


def test_one_odd_cell_of_a_csv_is_a_bad_row(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(fer_csv(FACES) + f"hapy,{pixel_text(FACES[0])},Training\n".encode())
    result = run(Workspace(tmp_path / "w"), ImportConfig(source=source, max_rejected=0.1), Quiet())
    assert (result.n_images, result.n_rejected) == (42, 1)


def in_dialect(data: bytes, name: str) -> bytes:
    return {
        "semicolons": data.replace(b",", b";"),
        "tabs": data.replace(b",", b"\t"),
        "sep": b"sep=;\r\n" + data.replace(b",", b";").replace(b"\n", b"\r\n"),
        "UTF-16": data.decode().encode("utf-16"),
        "UTF-16 without a mark": data.decode().encode("utf-16-be"),
        "CR": data.replace(b"\n", b"\r"),
        "CR, one newline": data.replace(b"\n", b"\r") + b"\n",
    }[name]


@pytest.mark.parametrize(
    "name",
    ["semicolons", "tabs", "sep", "UTF-16", "UTF-16 without a mark", "CR", "CR, one newline"],
)
@pytest.mark.parametrize("pack", [False, True])
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, name: str, pack: bool) -> None:
    plain = fer_csv(FACES)
    source = tmp_path / "fer2013.csv"
    data = in_dialect(plain, name)
    source.write_bytes(zip_of({"fer2013.csv": data}) if pack else data)
    space = Workspace(tmp_path / "w")
    result = run(space, ImportConfig(source=source), Quiet())
    assert (result.n_images, result.n_rejected) == (42, 0)
    np.testing.assert_array_equal(space.faces(), FACES)
    assert space.manifest()["label"].tolist() == [CLASSES[i % 7] for i in range(42)]


def test_two_csvs_with_a_usage_are_not_chosen_between(tmp_path: Path) -> None:
    files = {"a.csv": fer_csv(FACES[:20]), "b.csv": fer_csv(FACES[20:])}
    error = refused(tmp_path, folder_of(tmp_path / "set", files))
    assert "a.csv, b.csv" in error.message


def test_fer2013_in_another_order_is_known_by_its_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    listed = {hashlib.sha256(face).hexdigest()[:16]: CLASSES[i % 7] for i, face in enumerate(FACES)}
    monkeypatch.setattr(known, "given_labels", lambda: listed)
    order = sorted(CLASSES)
    emotions = [order.index(CLASSES[i % 7]) for i in range(42)]
    source = tmp_path / "x.csv"
    source.write_bytes(fer_csv(FACES, emotions=emotions))
    error = refused(tmp_path, source)
    assert "neutral is sad there" in error.message or "sad is neutral there" in error.message
    space = Workspace(tmp_path / "w")
    run(space, ImportConfig(source=source, classes=advised(error)), Quiet())
    assert space.manifest()["label"].tolist() == [CLASSES[i % 7] for i in range(42)]
    assert "another order" in refused(tmp_path, source, classes="fer2013").message
    source.write_bytes(fer_csv(FACES))
    run(Workspace(tmp_path / "right"), ImportConfig(source=source), Quiet())


def test_a_relabelled_copy_is_no_other_order(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = [f"{i:016x}" for i in range(70)]
    monkeypatch.setattr(
        known, "given_labels", lambda: {d: CLASSES[i % 7] for i, d in enumerate(digests)}
    )
    labels = [CLASSES[i % 7] if i % 3 else "sad" for i in range(70)]
    assert known.other_order(labels, digests) == {}


def test_the_published_list_gives_labels() -> None:
    given = fer2013.given_labels()
    assert len(given) > 33_000
    assert given[fer2013._KNOWN[0]] == "angry"
    assert set(given.values()) == set(CLASSES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"), (" , ", "is empty"), ("7", "says nothing"), ("=happy", "says nothing"),
        ("7=contempt", "no class 'contempt'"), ("1=sad,01=happy", "two things"),
        ("x=3", "no class '3'"),
    ],
)  # fmt: skip
def test_what_classes_cannot_say(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        classes.parse(text)


def test_what_classes_can_say() -> None:
    said = classes.parse("fer2013, contempt = none ,Freude=happy")
    assert said.of_folder("3") == "happy"
    assert said.of_folder("CONTEMPT") == classes.LEFT_OUT
    assert said.of_cell("freude", numbered=True) == "happy"
    assert said.of_folder("0_angry") == "angry"
    # who says one number says all of them
    assert classes.parse("7=none").of_cell("0", numbered=True) is None
    assert classes.parse("contempt=none").of_cell("0", numbered=True) == "angry"
