"""Images in, answers out: photographs, crops, and what is neither."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from predict_cases import astronaut, write_image, write_model, write_two_heads

from fercurate.config import PredictConfig
from fercurate.console import Terminal
from fercurate.errors import FercurateError, InputError
from fercurate.infer.classifier import open_classifier
from fercurate.labels import CLASSES
from fercurate.predict import stage, work
from fercurate.predict.result import Found, answer
from fercurate.predict.result import Image as Result
from fercurate.progress import Quiet
from fercurate.show_predict import predictions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "m.onnx")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One large face, one small one in a large JPEG, none, and a file that is no image."""
    folder = tmp_path_factory.mktemp("photos")
    write_image(folder / "a.png", astronaut())
    wide = np.zeros((1536, 2560, 3), np.uint8)
    wide[512:1024, 1024:1536] = astronaut()
    write_image(folder / "b.jpg", wide)
    write_image(folder / "c.png", np.full((200, 300), 128, np.uint8))
    (folder / "d.jpg").write_bytes(b"no image")
    return folder


class Warned(Quiet):
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.said: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def say(self, text: str) -> None:
        self.said.append(text)


def config(model: Path, *images: Path, **changes: Any) -> PredictConfig:
    return PredictConfig(**{"images": images, "model": model, "jobs": 2, **changes})


def test_faces_are_found_in_photographs(model: Path, photos: Path) -> None:
    told = Warned()
    made = stage.run(config(model, photos), told)
    found = {Path(image.file).name: image for image in made.images}
    assert list(found) == ["a.png", "b.jpg", "c.png", "d.jpg"]
    assert [len(image.faces) for image in found.values()] == [1, 1, 0, 0]
    reasons = [image.reason for image in found.values()]
    assert reasons == [None, None, None, "not an image that can be read (JPEG, PNG, ...)"]
    assert "d.jpg: not an image" in told.warnings[0]
    assert made.totals is not None
    counts = made.totals.as_dict()
    assert [counts[n] for n in ("n_images", "n_read", "n_faces", "n_without")] == [4, 3, 2, 1]


def test_boxes_are_in_the_photographs_own_pixels(model: Path, photos: Path) -> None:
    made = stage.run(config(model, photos), Quiet())
    centres = {}
    for image in made.images:
        for face in image.faces:
            assert face.box is not None
            left, top, width, height = face.box
            centres[Path(image.file).name] = np.array([left + width / 2, top + height / 2])
    # the same face, 1024 pixels further right and 512 further down, in an image read at half size
    assert np.abs(centres["b.jpg"] - centres["a.png"] - (1024, 512)).max() < 12
    assert np.abs(centres["a.png"] - (222, 117)).max() < 25


def test_a_thorough_search_finds_the_same_face(model: Path, photos: Path) -> None:
    made = stage.run(config(model, photos / "a.png", thorough=True), Quiet())
    assert [len(image.faces) for image in made.images] == [1]


@pytest.mark.parametrize("n", [1, 70])
def test_crops_are_classified_in_order(model: Path, tmp_path: Path, n: int) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (n, 48, 48), dtype=np.uint8)
    for i, face in enumerate(faces):
        write_image(tmp_path / f"{i:03d}.png", face)
    made = stage.run(config(model, tmp_path, crops=True), Quiet())
    found = np.array([image.faces[0].probabilities for image in made.images])
    classifier = open_classifier(model)
    wanted = classifier.info.point().probabilities(classifier.logits(faces))
    assert np.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "head", "balance"),
    [
        ({}, "votes", 0.5),
        ({"balance": 0.0}, "votes", 0.0),
        ({"as_": "given"}, "given", 0.0),
        ({"as_": "given", "balance": 1.0}, "given", 1.0),
    ],
)
def test_the_head_that_is_asked_for_answers(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, Any],
    head: str,
    balance: float,
) -> None:
    """Softmax of the head's logits, less balance * log(shares), over its temperature."""
    model = write_two_heads(tmp_path / "two.onnx")
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    for i, face in enumerate(faces):
        write_image(tmp_path / "crops" / f"{i}.png", face)
    classifier = open_classifier(model)
    place = ["given", "votes"].index(head)
    known = classifier.info.heads[place]
    scores = classifier.logits(faces)[:, place] - balance * np.log(known.prior)
    scores = scores / known.temperature
    wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    made = stage.run(config(model, tmp_path / "crops", crops=True, **options), Quiet())
    predictions(made, Quiet(), how="json", top=2)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = np.array([list(row["probabilities"].values()) for row in rows])
    assert np.abs(found - wanted).max() < 1e-4
    assert {(row["as"], row["balance"]) for row in rows} == {(head, balance)}


def test_a_head_that_the_model_has_not_is_refused_before_an_image_is_read(tmp_path: Path) -> None:
    model = write_two_heads(tmp_path / "two.onnx")
    write_image(tmp_path / "a.png", np.zeros((48, 48), np.uint8))
    with pytest.raises(InputError, match="does not answer as corrected"):
        stage.run(config(model, tmp_path / "a.png", as_="corrected"), Quiet())


def test_only_unreadable_files_are_a_failure(model: Path, photos: Path) -> None:
    made = stage.run(config(model, photos / "d.jpg"), Warned())
    with pytest.raises(FercurateError, match="No image could be read"):
        list(made.images)


def test_paths_from_stdin_that_do_not_exist_are_warned_of(model: Path, photos: Path) -> None:
    told = Warned()
    lines = [f"{photos / 'a.png'}\n", "nowhere.png\n"]
    for crops in (False, True):
        made = stage.run(config(model, Path("-"), crops=crops), told, lines)
        assert [image.reason is None for image in made.images] == [True, False]
    assert all("nowhere.png: cannot be read" in warning for warning in told.warnings)
    assert len(told.warnings) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 1.5},
        {"balance": 1.5},
        {"balance": -0.1},
        {"min_score": -1},
        {"jobs": 0},
        {"top": 0},
        {"images": ()},
    ],
)
def test_settings_out_of_range_are_refused(
    model: Path, photos: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        stage.run(config(model, photos, **changes), Quiet())


@pytest.mark.parametrize(
    ("threshold", "label"), [(0.0, "happy"), (0.7, "happy"), (0.71, "unclear")]
)
def test_below_the_threshold_the_answer_is_unclear(threshold: float, label: str) -> None:
    shares = [0.0] * 7
    shares[CLASSES.index("happy")], shares[0] = 0.7, 0.3
    said = answer(shares, CLASSES, threshold)
    assert said.label == label
    assert [name for name, _ in said.ranked[:2]] == ["happy", "angry"]


def shown(
    model: Path, photos: Path, how: str, capsys: pytest.CaptureFixture[str], **changes: Any
) -> str:
    told = Warned()
    predictions(stage.run(config(model, photos, **changes), told), told, how=how, top=2)
    assert told.said[-1].startswith("3 images, 2 faces, 1 images without one, in ")
    return capsys.readouterr().out


def test_threads_and_company_change_nothing(model: Path, tmp_path: Path) -> None:
    for i in range(12):
        write_image(tmp_path / f"{i:02d}.jpg", np.roll(astronaut(), 5 * i, (0, 1)))
    together = list(stage.run(config(model, tmp_path, jobs=None), Quiet()).images)
    alone = [
        next(stage.run(config(model, path, jobs=1), Quiet()).images)
        for path in sorted(tmp_path.iterdir())
    ]
    assert [len(image.faces) for image in together] == [1] * 12
    for one, other in zip(together, alone, strict=True):
        assert [face.box for face in one.faces] == [face.box for face in other.faces]
        shares = [[face.probabilities for face in image.faces] for image in (one, other)]
        assert np.allclose(*shares, atol=1e-5)


def test_closing_stops_the_work(model: Path, tmp_path: Path) -> None:
    classifier, seen = open_classifier(model), []
    point = classifier.info.point()

    def classify(faces: np.ndarray) -> np.ndarray:
        return point.probabilities(classifier.logits(faces))

    paths = [tmp_path / f"{i}.png" for i in range(1000)]

    def read(path: Path) -> work._Read:
        seen.append(path)
        time.sleep(0.001)
        return work.read_crop(path)

    found = work.images(paths, read, classify, 2, crops=False)
    assert next(found).reason is not None
    found.close()
    n_seen = len(seen)
    assert n_seen < 200
    time.sleep(0.05)
    assert len(seen) == n_seen


@pytest.mark.parametrize(
    ("name", "mode"), [("grey.png", "L"), ("deep.png", "I;16"), ("ink.jpg", "CMYK")]
)
def test_every_kind_of_pixel_says_the_same(
    model: Path, tmp_path: Path, name: str, mode: str
) -> None:
    pixels = Image.fromarray(astronaut())
    if mode == "I;16":
        pixels = Image.fromarray(np.array(pixels.convert("L")).astype(np.uint16) * 257)
    else:
        pixels = pixels.convert(mode)
    pixels.save(tmp_path / name, quality=95)
    write_image(tmp_path / "plain.png", astronaut())
    made = stage.run(config(model, tmp_path / name, tmp_path / "plain.png"), Quiet())
    one, other = (image.faces[0] for image in made.images)
    assert one.box is not None
    assert other.box is not None
    assert np.abs(np.array(one.box) - other.box).max() < 5
    assert np.abs(np.array(one.probabilities) - other.probabilities).max() < 0.05


def test_json_is_one_object_a_line(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in shown(model, photos, "json", capsys).splitlines()]
    assert [row["label"] == "no face" for row in rows] == [False, False, True, False]
    assert len({tuple(row) for row in rows}) == 1
    assert set(rows[0]["probabilities"]) == set(CLASSES)
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert rows[0]["probability"] == max(rows[0]["probabilities"].values())
    assert {k: v for k, v in rows[2].items() if v is not None} == {
        "file": str(photos / "c.png"),
        "label": "no face",
    }
    assert {k: v for k, v in rows[3].items() if v is not None} == {
        "file": str(photos / "d.jpg"),
        "error": "not an image that can be read (JPEG, PNG, ...)",
    }


def test_csv_has_a_column_a_class(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(model, photos, "csv", capsys, threshold=1.0)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == ["unclear", "unclear", "no face", ""]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True]
    assert all(None not in row and None not in row.values() for row in rows)
    assert float(rows[0][rows[0]["likeliest"]]) == float(rows[0]["probability"])
    assert rows[2]["happy"] == ""
    assert [(row["as"], row["balance"]) for row in rows[1:3]] == [("given", "0.0"), ("", "")]


@pytest.mark.parametrize("how", ["json", "csv"])
def test_each_row_is_out_whole_before_the_next_image_is_looked_at(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a kill leaves whole rows."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    found = Found("", 1, (1.0, 2.0, 3.0, 4.0), (1 / 7,) * 7)
    seen: list[int] = []

    def images() -> Iterator[Result]:
        for number in range(40):
            yield Result(f"{number}.png", (found,) * (number % 4))
            text = os.read(read, 1 << 16)
            assert text.endswith(b"\n")
            seen.append(text.count(b"\n"))

    made = SimpleNamespace(
        images=images(),
        info=SimpleNamespace(classes=CLASSES),
        point=SimpleNamespace(head=SimpleNamespace(name="given"), balance=0.0, threshold=0.5),
        totals=None,
    )
    with os.fdopen(write, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        predictions(made, Quiet(), how=how, top=2)  # type: ignore[arg-type]
        monkeypatch.undo()
    os.close(read)
    assert seen == [max(1, n % 4) + (how == "csv" and n == 0) for n in range(40)]


def test_a_table_names_the_runner_up(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(model, photos, "table", capsys)
    assert "runner-up" in out
    assert "no face" in out
    assert any(name in out for name in CLASSES)


def test_data_stay_on_stdout_while_a_bar_is_shown(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich take stderr for a terminal
    told = Terminal()
    predictions(stage.run(config(model, photos), told), told, how="json", top=2)
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_exif_turns_are_heeded(model: Path, tmp_path: Path) -> None:
    turned = Image.fromarray(np.rot90(astronaut()).copy())
    exif = turned.getexif()
    exif[274] = 6  # shown after a quarter turn clockwise
    turned.save(tmp_path / "t.jpg", exif=exif, quality=95)
    made = stage.run(config(model, tmp_path / "t.jpg"), Quiet())
    (face,) = next(iter(made.images)).faces
    assert face.box is not None
    assert abs(face.box[0] + face.box[2] / 2 - 222) < 25
