"""Images in, answers out: photographs, crops, and what is neither."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from predict_cases import astronaut, write_image, write_model

from fercurate.config import PredictConfig
from fercurate.console import Terminal
from fercurate.errors import FercurateError, InputError
from fercurate.infer.classifier import open_classifier
from fercurate.labels import CLASSES
from fercurate.predict import stage
from fercurate.predict.result import answer
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
    assert list(found) == ["a.png", "b.jpg", "c.png"]
    assert [len(image.faces) for image in found.values()] == [1, 1, 0]
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
    assert np.allclose(found, open_classifier(model).probabilities(faces), atol=1e-5)


def test_only_unreadable_files_are_a_failure(model: Path, photos: Path) -> None:
    made = stage.run(config(model, photos / "d.jpg"), Warned())
    with pytest.raises(FercurateError, match="No image could be read"):
        list(made.images)


def test_paths_from_stdin_that_do_not_exist_are_warned_of(model: Path, photos: Path) -> None:
    told = Warned()
    lines = [f"{photos / 'a.png'}\n", "nowhere.png\n"]
    for crops in (False, True):
        made = stage.run(config(model, Path("-"), crops=crops), told, lines)
        assert len(list(made.images)) == 1
    assert all("nowhere.png: cannot be read" in warning for warning in told.warnings)
    assert len(told.warnings) == 2


@pytest.mark.parametrize(
    "changes", [{"threshold": 1.5}, {"min_score": -1}, {"jobs": 0}, {"top": 0}, {"images": ()}]
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
    assert told.said[0].startswith("3 images, 2 faces, 1 images without one, in ")
    return capsys.readouterr().out


def test_json_is_one_object_a_line(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in shown(model, photos, "json", capsys).splitlines()]
    assert [row["label"] == "no face" for row in rows] == [False, False, True]
    assert set(rows[0]["probabilities"]) == set(CLASSES)
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert rows[0]["probability"] == max(rows[0]["probabilities"].values())
    assert rows[2] == {"file": str(photos / "c.png"), "face": None, "label": "no face"}


def test_csv_has_a_column_a_class(
    model: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(model, photos, "csv", capsys, threshold=1.0)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == ["unclear", "unclear", "no face"]
    assert float(rows[0][rows[0]["likeliest"]]) == float(rows[0]["probability"])
    assert rows[2]["happy"] == ""


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
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_exif_turns_are_heeded(model: Path, tmp_path: Path) -> None:
    turned = Image.fromarray(np.rot90(astronaut()).copy())
    exif = turned.getexif()
    exif[274] = 6  # shown after a quarter turn clockwise
    turned.save(tmp_path / "t.jpg", exif=exif, quality=95)
    made = stage.run(config(model, tmp_path / "t.jpg"), Quiet())
    (face,) = next(iter(made.images)).faces
    assert face.box is not None
    assert abs(face.box[0] + face.box[2] / 2 - 222) < 25
