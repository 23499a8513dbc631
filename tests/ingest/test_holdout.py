"""A validation split out of train."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import typer
from ingest_cases import fer_csv, made_faces

from fercurate.config import ImportConfig
from fercurate.errors import InputError
from fercurate.ingest.holdout import with_val
from fercurate.ingest.stage import run
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

RNG = np.random.default_rng(5)
FACES = np.kron(RNG.integers(0, 256, (140, 12, 12), dtype=np.uint8), np.ones((4, 4), np.uint8))
LABELS: list[str | None] = [CLASSES[i % 7] for i in range(140)]


def hashes(faces: np.ndarray) -> list[str]:
    return [hashlib.sha256(np.ascontiguousarray(face)).hexdigest() for face in faces]


def split(faces=FACES, labels=LABELS, splits=None, share=0.2, seed=0) -> list[str]:  # type: ignore[no-untyped-def]
    return with_val(faces, splits or ["train"] * len(faces), labels, hashes(faces), share, seed)


def test_each_class_gives_its_share() -> None:
    made = split()
    assert Counter(zip(made, LABELS, strict=True)) == Counter(
        {("val", name): 4 for name in CLASSES} | {("train", name): 16 for name in CLASSES}
    )


def test_the_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    order = np.random.default_rng(1).permutation(140)
    made = np.array(split())
    again = split(FACES[order], [LABELS[i] for i in order])
    assert again == made[order].tolist()
    assert split() == made.tolist()
    assert split(seed=1) != made.tolist()


def test_copies_stay_together() -> None:
    near = np.clip(FACES[:14].astype(int) + RNG.integers(-6, 7, FACES[:14].shape), 0, 255)
    faces = np.r_[FACES, FACES[:14], near.astype(np.uint8), FACES[:14, :, ::-1]]
    labels = [*LABELS, *LABELS[:14] * 3]
    made = np.array(split(faces, labels))
    for i in range(14):
        copies = [i, 140 + i, 154 + i, 168 + i]
        assert len(set(made[copies])) == 1
    assert 0 < (made == "val").sum() < len(made) / 2


def test_test_images_and_unlabelled_ones_stay() -> None:
    splits = ["train"] * 100 + ["test"] * 40
    labels = [None if i < 14 else LABELS[i] for i in range(140)]
    made = split(labels=labels, splits=splits)
    assert made[:14] == ["train"] * 14
    assert made[100:] == ["test"] * 40
    assert "val" in made


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="validation split already, of 1 images"):
        split(splits=["val"] + ["train"] * 139)
    with pytest.raises(InputError, match="no copies of each other"):
        split(np.repeat(FACES[:1], 5, 0), ["happy"] * 5)
    for share in (0.0, -0.1, 0.6, float("nan")):
        with pytest.raises(InputError, match="val_share is"):
            split(share=share)


def test_import_writes_it_down(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(fer_csv(FACES, ("emotion", "pixels")))
    space = Workspace(tmp_path / "w")
    options = {"source": source, "val_share": 0.2}
    run(space, ImportConfig(**options), Quiet())  # type: ignore[arg-type]
    table = space.manifest()
    assert table["split"].value_counts().to_dict() == {"train": 112, "val": 28}
    assert table.loc[table["split"] == "val", "sample_id"].str.startswith("val-").all()
    assert not table["is_split_leak"].any()
    np.testing.assert_array_equal(space.faces(), FACES)
    assert run(space, ImportConfig(**options), Quiet()).skipped  # type: ignore[arg-type]
    again = Workspace(tmp_path / "again")
    lines = source.read_bytes().splitlines()
    source.write_bytes(b"\n".join([lines[0], *reversed(lines[1:])]))
    run(again, ImportConfig(**options), Quiet())  # type: ignore[arg-type]
    other = again.manifest().set_index("sha256")["split"]
    assert (table.set_index("sha256")["split"] == other.loc[table["sha256"]]).all()


def test_a_source_with_validation_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(fer_csv(made_faces(30)))
    with pytest.raises(InputError, match="validation split already, of 10 images"):
        run(Workspace(tmp_path / "w"), ImportConfig(source=source, val_share=0.1), Quiet())


def test_the_command_that_is_advised_makes_the_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """train and evaluate advise the noted command with `--val-share 0.1` behind it."""
    from fercurate.cli import app

    source = tmp_path / "my faces.csv"
    source.write_bytes(fer_csv(FACES, ("emotion", "pixels")))
    space = Workspace(tmp_path / "datasets" / "w")
    run(space, ImportConfig(source=source), Quiet())
    elsewhere = space.command("import")
    assert elsewhere.startswith(f"cd {shlex.quote(str(tmp_path))} && fercurate import ")
    monkeypatch.chdir(tmp_path)
    words = shlex.split(f"{space.command('import')} --val-share 0.1 --no-fiftyone")[1:]
    typer.main.get_command(app).main(words, standalone_mode=False)
    assert space.manifest()["split"].value_counts().to_dict() == {"train": 126, "val": 14}
    assert "--val-share 0.1" in space.command("import")
