from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from screen_cases import blocky, people

from fercurate.screen import detection
from fercurate.screen.detection import Detections

FACES = blocky(10)
NAMES = [field.name for field in fields(Detections)]


@pytest.fixture(scope="module")
def found() -> Detections:
    """Two people, then a white card."""
    return detection.detect(np.concatenate([people(range(2)), np.full((1, 48, 48), 255, np.uint8)]))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mean of each chunk that is looked at; a face's score is its own mean."""
    chunks: list[int] = []

    def quick(faces: np.ndarray) -> Detections:
        n = len(faces)
        chunks.append(int(faces.mean()))
        places = np.zeros((n, 4), np.float32), np.zeros((n, 6, 2), np.float32)
        score = faces.mean(axis=(1, 2), dtype=np.float32)
        return Detections(score, *places, np.zeros(n, np.float32), np.zeros(n, np.int16))

    monkeypatch.setattr(detection, "detect", quick)
    monkeypatch.setattr(detection, "CHUNK", 4)
    return chunks


def same(one: Detections, other: Detections) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in NAMES
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "score"])
def test_arrays_that_do_not_fit_are_refused(found: Detections, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(found, **{name: getattr(found, name)[:1]})


def test_people_have_faces_and_a_card_has_none(found: Detections) -> None:
    assert len(found) == 3
    assert (found.score[:2] > 0.5).all()
    assert found.score[2] < 0.5
    assert (found.turn[:2] == 0).all()
    left, top, width, height = found.box[:2].T
    assert ((left + width / 2 > 15) & (left + width / 2 < 33)).all()
    assert ((top + height / 2 > 15) & (top + height / 2 < 40)).all()
    right_eye, left_eye, nose, mouth = found.points[:2, :4].transpose(1, 0, 2)
    assert (right_eye[:, 0] < left_eye[:, 0]).all()
    assert (left_eye[:, 1] < nose[:, 1]).all()
    assert (nose[:, 1] < mouth[:, 1]).all()


def test_what_was_not_found_is_nan(found: Detections) -> None:
    nowhere = found.score == 0
    for name in ("box", "points", "roll"):
        values = getattr(found, name)
        assert values.dtype == np.float32
        unknown = np.isnan(values.reshape(3, -1))
        assert (unknown.all(axis=1) == nowhere).all(), name
        assert (unknown.any(axis=1) == nowhere).all(), name
    assert found.score.dtype == np.float32
    assert found.turn.dtype == np.int16


def test_processes_find_the_same(
    tmp_path: Path, found: Detections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "CHUNK", 2)
    card = np.full((1, 48, 48), 255, np.uint8)
    np.save(tmp_path / "faces.npy", np.concatenate([people(range(2)), card]))
    faces = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert same(detection.detect_all(faces, tmp_path / "new", jobs=2), found)


def test_chunks_come_back_in_order(tmp_path: Path, calls: list[int]) -> None:
    done: list[int] = []
    whole = detection.detect_all(FACES, tmp_path, done.append, jobs=1)
    assert whole.score == pytest.approx(FACES.mean(axis=(1, 2)))
    assert done == [4, 4, 2]
    assert len(calls) == 3
    done.clear()
    assert same(detection.detect_all(FACES, tmp_path, done.append, jobs=1), whole)
    assert done == [4, 4, 2], "what is there counts as done"
    assert len(calls) == 3, "and is not looked at again"


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_image_short(path: Path) -> None:
    with np.load(path) as stored:
        shorter = {name: stored[name][:-1] for name in stored.files}
    np.savez(path, **shorter)


def without_boxes(path: Path) -> None:
    with np.load(path) as stored:
        fewer = {name: stored[name] for name in stored.files if name != "box"}
    np.savez(path, **fewer)


@pytest.mark.parametrize(
    "damage",
    [
        cut_in_half,
        one_image_short,
        without_boxes,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("no detections"),
        Path.unlink,
    ],
    ids=["half", "short", "without boxes", "empty", "text", "gone"],
)
def test_a_damaged_chunk_alone_is_made_again(
    tmp_path: Path, calls: list[int], damage: Callable[[Path], object]
) -> None:
    whole = detection.detect_all(FACES, tmp_path, jobs=1)
    calls.clear()
    damage(sorted(tmp_path.iterdir())[1])
    again = detection.detect_all(FACES, tmp_path, jobs=1)
    assert calls == [int(FACES[4:8].mean())]
    assert same(again, whole)


def test_a_stop_leaves_whole_chunks(
    tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = detection.detect

    def stopped_in_the_second(faces: np.ndarray) -> Detections:
        if len(calls) == 1:
            raise KeyboardInterrupt
        return quick(faces)

    monkeypatch.setattr(detection, "detect", stopped_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        detection.detect_all(FACES, tmp_path, jobs=1)
    [left] = tmp_path.iterdir()
    assert not left.name.startswith("."), "nothing half written"
    monkeypatch.setattr(detection, "detect", quick)
    assert len(detection.detect_all(FACES, tmp_path, jobs=1)) == 10
    assert len(calls) == 3, "one before the stop, two after"


def test_a_stop_while_writing_leaves_nothing(
    tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped_half_way(file: BinaryIO, **arrays: np.ndarray) -> None:
        file.write(b"PK")
        raise KeyboardInterrupt

    with monkeypatch.context() as until:
        until.setattr(np, "savez", stopped_half_way)
        with pytest.raises(KeyboardInterrupt):
            detection.detect_all(FACES, tmp_path, jobs=1)
    assert list(tmp_path.iterdir()) == []
    assert len(calls) == 1
