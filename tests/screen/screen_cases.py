"""Faces, drawings and blanks, and heads fitted on made features, for the tests of screen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import CLASSES
from fercurate.samples import others
from fercurate.samples.faces import enlarge, load_crops, to_grey
from fercurate.screen import fit
from fercurate.screen.heads import Head, Heads, Labelled, Reducer
from fercurate.screen.kinds import tie_rows
from fercurate.workspace import Workspace

Faces = NDArray[np.uint8]

FLAWED = 0.25
"""Share of the made people with something before the face."""


def people(rows: range) -> Faces:
    """uint8 [n, 48, 48]: faces of LFW, rows 0 to 99."""
    crops = load_crops()
    return np.stack([to_grey(enlarge(crops[row])) for row in rows])


def drawings(rows: range) -> Faces:
    """uint8 [25, 48, 48]: traced from LFW's faces, 25 of them at most, then smileys."""
    crops = load_crops()
    faces = [enlarge(crops[row]) for row in rows]
    return np.stack(others.drawn(faces, np.random.default_rng(0)))


def nonfaces() -> Faces:
    """uint8 [25, 48, 48]: scenes, text, cards, then six constant images."""
    return np.stack([image for image, _ in others.nonfaces(load_crops(), np.random.default_rng(0))])


def blocky(n: int, seed: int = 0) -> Faces:
    """uint8 [n, 48, 48], no two of them alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 8, 8), dtype=np.uint8)
    return coarse.repeat(6, axis=1).repeat(6, axis=2)


def made_labels(n: int, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """What `fit.fit` takes, by name: three overlapping clouds and a flaw that can be seen."""
    rng = np.random.default_rng(seed)
    kind = rng.choice([0, 1, 2], n, p=[0.7, 0.2, 0.1]).astype(np.int8)
    hidden = (kind == 0) & (rng.random(n) < FLAWED)
    features = rng.normal(size=(n, 20)).astype(np.float32)
    features[:, 0] += 3 * (kind > 0)
    features[:, 1] += 4 * (kind == 1)
    features[:, 2] += 3 * hidden
    flaw = np.where(kind == 0, hidden, -1).astype(np.int8)
    # of some only the flaw is known, of others only the kind
    kind[: n // 10] = np.where(kind[: n // 10] == 0, -1, kind[: n // 10])
    flaw[-n // 10 :] = -1
    return {
        "features": features,
        "digest": rng.permutation(np.arange(10, 10 + n)).astype(np.uint64),
        "kind": kind,
        "at_random": rng.random(n) < 0.8,
        "flaws": {"occluded": flaw},  # type: ignore[dict-item]
        "groups": np.arange(n),
    }


@lru_cache
def made_heads(n: int = 400) -> Heads:
    """Heads for `made_labels(n)`."""
    return fit.fit(**made_labels(n))  # type: ignore[arg-type]


def plain_heads(n_features: int, known: dict[int, int] | None = None) -> Heads:
    """Heads that see no human from 0.5 in the first component on, a drawing from 2 on.

    Args:
        n_features: Of which the first is the only component.
        known: Kind by digest; the fold that did not see these always takes them for human.
    """
    known = known or {}
    reducer = Reducer(
        np.zeros(n_features, np.float32),
        np.ones(n_features, np.float32),
        np.eye(n_features, 1, dtype=np.float32),
    )
    # exp(-x^2) crosses 0.778 at a half
    support, weights = np.zeros((1, 1), np.float32), -np.ones(1, np.float32)
    human = Head(support, weights, float(np.exp(-0.25)), 1.0, 0.0, 50.0)
    drawn = Head(support, weights, float(np.exp(-4.0)), 1.0, 0.0, 50.0)
    held_out = np.full(len(known), -0.02, np.float32)
    labelled = Labelled(
        np.array(list(known), np.uint64),
        np.array(list(known.values()), np.int8),
        {"human": held_out, "drawn": np.full(len(known), np.nan, np.float32)},
    )
    return Heads(reducer, {"human": human, "drawn": drawn}, labelled, {})


@dataclass(frozen=True)
class Row:
    """One image of `built`; a kind only where it is labelled by eye."""

    face: Faces
    what: str
    split: str = "train"
    kind: str = ""
    watermark: bool = False
    sunglasses: bool = False


def built() -> list[Row]:
    """A small dataset in which every question has its 20 examples of either answer."""
    plain = people(range(60))
    rows = [Row(_stamped(face), "marked", "train", "human", watermark=True) for face in plain[:20]]
    rows += [
        Row(_shaded(face), "hidden", "train", "human", sunglasses=True) for face in plain[20:40]
    ]
    rows += [Row(face, "known person", "train", "human") for face in plain[40:54]]
    rows += [Row(face, "person") for face in plain[54:]]
    drawn = drawings(range(60, 80))
    rows += [Row(face, "drawing", "train", "drawn") for face in drawn]
    rows += [Row(face, "no face", "val", "nonface") for face in nonfaces()]
    rng = np.random.default_rng(0)
    noisy = np.clip(plain[56] + rng.normal(0, 4, (2, 48, 48)), 0, 255).astype(np.uint8)
    rows += [
        Row(plain[54], "copy in test", "test"),
        Row(plain[55][:, ::-1], "mirrored in val", "val"),
        Row(noisy[0], "near copy"),
        Row(noisy[1], "near copy"),
        Row(drawn[0], "copy of a drawing"),
        Row(np.full((48, 48), 77, np.uint8), "grey"),
    ]
    return rows


def places(rows: list[Row], what: str) -> list[int]:
    return [i for i, row in enumerate(rows) if row.what == what]


def write_csv(path: Path, rows: list[Row]) -> None:
    """Kaggle's columns; the classes go round."""
    usage = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
    lines = ["emotion,pixels,Usage"]
    for i, row in enumerate(rows):
        pixels = " ".join(map(str, row.face.ravel().tolist()))
        lines.append(f"{i % len(CLASSES)},{pixels},{usage[row.split]}")
    path.write_text("\n".join(lines) + "\n")


def write_kinds(path: Path, kinds: dict[int, str], sample: str = "random") -> None:
    lines = [f"{row},{kind},by eye,{sample}" for row, kind in kinds.items()]
    path.write_text("\n".join(["row,kind,how,sample", *lines]) + "\n")
    tie_rows(path, Workspace(path.parent).manifest()["sha256"].tolist())


def write_flaws(path: Path, flaws: dict[int, tuple[bool, bool]]) -> None:
    """Watermark and sunglasses by row."""
    lines = [f"{row},{int(mark)},0,{int(dark)}" for row, (mark, dark) in flaws.items()]
    path.write_text("\n".join(["row,watermark,hand,sunglasses", *lines]) + "\n")
    tie_rows(path, Workspace(path.parent).manifest()["sha256"].tolist())


def _stamped(face: Faces) -> Faces:
    stamped = face.copy()
    stamped[34:38, 4:44:2] = 255
    stamped[38:42, 5:44:3] = 235
    return stamped


def _shaded(face: Faces) -> Faces:
    shaded = face.copy()
    shaded[11:20, 6:20] = 8
    shaded[11:20, 24:38] = 8
    shaded[13, 20:24] = 8
    return shaded


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """On few and busy cores torch's threads wait for one another longest."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
