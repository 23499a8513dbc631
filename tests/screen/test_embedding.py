from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from screen_cases import blocky, one_thread, plain_heads

from fercurate.errors import FercurateError
from fercurate.screen import embedding, heads
from fercurate.screen.heads import BACKBONE
from fercurate.seal import read_arrays

N = 7
FACES = blocky(N)
FACES[:, 0, 0], FACES[:, 0, -1] = 255, 0


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Images and whether mirrored, of each look; the brightness stands for the features.

    The first pixel is black in a mirrored image alone, which has 0.2 more: 0.1 in the mean.
    """
    looks: list[tuple[int, bool]] = []

    def brightness(faces: np.ndarray, on_images=lambda images: None, *, threads: int = 0):
        mirrored = bool((faces[:, 0, 0] == 0).all())
        looks.append((len(faces), mirrored))
        on_images(len(faces))
        level = faces.mean(axis=(1, 2)) / 255 + 0.2 * mirrored
        return np.stack([level, level], axis=1).astype(np.float32)

    monkeypatch.setattr(embedding, "features", brightness)
    monkeypatch.setattr(embedding, "BLOCK", 3)
    return looks


def made(levels: list[float]) -> np.ndarray:
    faces = np.stack([np.full((48, 48), round(255 * level), np.uint8) for level in levels])
    faces[:, 0, -1] = 0
    return faces


def test_the_doubtful_alone_are_looked_at_in_the_mirror(
    tmp_path: Path, calls: list[tuple[int, bool]]
) -> None:
    """At 0.48 the human score is 0.7."""
    levels = [0.2, 0.6, 0.4, 0.48, 0.1, 0.9, 0.3]
    reduced = embedding.reduce_all(made(levels), plain_heads(2), tmp_path, jobs=1)
    doubtful = np.array(levels) > 0.45
    expected = np.array(levels) + 0.1 * doubtful
    assert reduced == pytest.approx(expected[:, None], abs=0.003)
    assert reduced.dtype == np.float32
    assert calls == [(3, False), (1, True), (3, False), (2, True), (1, False)]


def test_blocks_that_are_there_are_read(tmp_path: Path, calls: list[tuple[int, bool]]) -> None:
    seen: list[int] = []
    whole = embedding.reduce_all(FACES, plain_heads(2), tmp_path, seen.append, jobs=1)
    assert sum(seen) == N
    calls.clear()
    seen.clear()
    assert (
        embedding.reduce_all(FACES, plain_heads(2), tmp_path, seen.append, jobs=1) == whole
    ).all()
    assert seen == [N]
    assert calls == []


@pytest.mark.parametrize("left", ["half", "empty", "short", "text", "gone", "bit"])
def test_a_damaged_block_alone_is_made_again(
    tmp_path: Path, calls: list[tuple[int, bool]], left: str
) -> None:
    whole = embedding.reduce_all(FACES, plain_heads(2), tmp_path, jobs=1)
    calls.clear()
    path = sorted(tmp_path.iterdir())[1]
    data = path.read_bytes()
    if left == "gone":
        path.unlink()
    elif left == "short":
        np.savez(path, components=read_arrays(path)["components"][:-1])
    elif left == "bit":
        path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    else:
        path.write_bytes({"half": data[: len(data) - 5], "empty": b"", "text": b"no array"}[left])
    assert (embedding.reduce_all(FACES, plain_heads(2), tmp_path, jobs=1) == whole).all()
    assert [n for n, mirrored in calls if not mirrored] == [3]


def test_a_stop_leaves_whole_blocks(
    tmp_path: Path, calls: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = embedding.features

    def stopped_in_the_last(faces: np.ndarray, *args: object, **options: int) -> np.ndarray:
        if len(faces) == 1 and (faces[0] == FACES[-1]).all():
            raise KeyboardInterrupt
        return look(faces, *args, **options)

    monkeypatch.setattr(embedding, "features", stopped_in_the_last)
    with pytest.raises(KeyboardInterrupt):
        embedding.reduce_all(FACES, plain_heads(2), tmp_path, jobs=1)
    assert [path.name[0] for path in tmp_path.iterdir()] == ["c", "c"]
    monkeypatch.setattr(embedding, "features", look)
    calls.clear()
    assert len(embedding.reduce_all(FACES, plain_heads(2), tmp_path, jobs=1)) == N
    assert [n for n, mirrored in calls if not mirrored] == [1]


@pytest.mark.parametrize("damage", ["gone", "empty", "half", "another"])
def test_a_backbone_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = tmp_path / "backbone.npz"
    if damage == "another":
        np.savez(path, weight=np.zeros(3))
    elif damage != "gone":
        path.write_bytes(BACKBONE.read_bytes()[: 100_000 if damage == "half" else 0])
    monkeypatch.setattr(embedding, "BACKBONE", path)
    with pytest.raises(FercurateError, match=r"backbone\.npz cannot be read") as caught:
        embedding.features(FACES)
    assert caught.value.fix


def test_the_shipped_backbone_looks_at_faces() -> None:
    seen: list[int] = []
    with one_thread():
        found = embedding.features(FACES, seen.append)
    assert len(found) == N
    assert np.isfinite(found).all()
    assert seen == [N]


def test_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BLOCK", 4)
    shipped = heads.load()
    with one_thread():
        alone = embedding.reduce_all(FACES, shipped, tmp_path / "one", jobs=1)
    seen: list[int] = []
    together = embedding.reduce_all(FACES, shipped, tmp_path / "two", seen.append, jobs=2)
    assert together == pytest.approx(alone, abs=1e-4)
    assert sum(seen) == N


def test_one_changed_bit_of_the_backbone_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(BACKBONE.read_bytes())
    monkeypatch.setattr(embedding, "BACKBONE", tmp_path / "backbone.npz")
    for place in (40, 1_500_000, -5):
        changed = bytearray(data)
        changed[place] ^= 1
        embedding.BACKBONE.write_bytes(changed)
        with pytest.raises(FercurateError, match="not as it was written") as caught:
            embedding.features(FACES)
        assert caught.value.fix == "Install fercurate again."
