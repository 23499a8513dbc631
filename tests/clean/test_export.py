from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clean_cases import belief_of, manifest_of, workspace_of

from fercurate import locks, outgoing
from fercurate.clean import export, stage
from fercurate.config import CleanConfig, ExportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

LABELS = ["sad", "fear", "happy", "sad", None, "angry"]
SPLITS = ["train", "train", "train", "val", "val", "test"]


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    manifest = manifest_of(LABELS, SPLITS)
    made = workspace_of(tmp_path, manifest, {1: belief_of(neutral=0.95), 2: belief_of(happy=0.6)})
    stage.run(made, CleanConfig(), Quiet())
    return made


def write(
    space: Workspace, to: Path, as_: str = "csv", *, force: bool = False,
    splits: tuple[str, ...] | None = None,
) -> outgoing.ExportResult:  # fmt: skip
    return export.run(space, ExportConfig(to=to, as_=as_, splits=splits), Quiet(), force=force)


def test_the_csv_is_kaggles(space: Workspace, tmp_path: Path) -> None:
    result = write(space, tmp_path / "out")
    assert result.counts == {"train": 3, "val": 1, "test": 1}
    assert result.n_without_label == 1
    text = (tmp_path / "out" / "fer2013" / "fer2013.csv").read_bytes().decode("ascii")
    lines = text.split("\n")
    assert lines[0] == "emotion,pixels,Usage"
    assert lines[-1] == ""
    table = pd.read_csv(tmp_path / "out" / "fer2013" / "fer2013.csv")
    assert table["emotion"].tolist() == [4, 6, 3, 4, 0]
    assert table["Usage"].tolist() == ["Training"] * 3 + ["PublicTest", "PrivateTest"]
    pixels = np.array([row.split(" ") for row in table["pixels"]], int)
    assert (pixels.reshape(-1, 48, 48) == space.faces()[[0, 1, 2, 3, 5]]).all()
    soft = pd.read_csv(tmp_path / "out" / "soft_labels.csv")
    assert len(soft) == len(table)
    assert soft[[f"soft_{c}" for c in CLASSES]].sum(axis=1).tolist() == pytest.approx([1] * 5)
    assert soft["soft_happy"][2] == pytest.approx(0.6)


def test_torchvision_reads_the_csv_once_it_leaves_the_checksum_out(
    space: Workspace, tmp_path: Path
) -> None:
    from torchvision.datasets import FER2013

    write(space, tmp_path / "out")
    with pytest.raises(RuntimeError, match="corrupted"):
        FER2013(tmp_path / "out")  # it wants the md5 of Kaggle's own file
    spec = importlib.util.spec_from_file_location("x", tmp_path / "out" / "fer2013_clean.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    train, test = module.CleanFER2013(), module.CleanFER2013(split="test")
    assert (len(train), len(test)) == (3, 2)
    image, label = train[1]
    assert label == 6
    assert (np.asarray(image) == space.faces()[1]).all()


def test_what_was_exported_can_be_imported(space: Workspace, tmp_path: Path) -> None:
    from fercurate.config import ImportConfig
    from fercurate.ingest import stage as ingest

    write(space, tmp_path / "out")
    again = Workspace(tmp_path / "again")
    source = tmp_path / "out" / "fer2013" / "fer2013.csv"
    ingest.run(again, ImportConfig(source=source), Quiet())
    kept = space.clean().dropna(subset="label")
    assert again.manifest()["label"].tolist() == kept["label"].tolist()
    assert again.manifest()["split"].tolist() == kept["split"].tolist()


def test_folders_by_split_and_class(space: Workspace, tmp_path: Path) -> None:
    write(space, tmp_path / "out", "folder", splits=("train", "test"))
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png")}
    assert found == {
        "train/sad/s0.png", "train/neutral/s1.png", "train/happy/s2.png", "test/angry/s5.png"
    }  # fmt: skip
    assert (tmp_path / "out" / "train" / "sad" / "s0.png").read_bytes() == space.image_path(
        "s0"
    ).read_bytes()


def test_nothing_is_overwritten_unasked(space: Workspace, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    for force in (False, True):
        with pytest.raises(InputError, match="no export of fercurate"):
            write(space, mine, force=force)
    assert [p.name for p in mine.iterdir()] == ["thesis.txt"]
    write(space, tmp_path / "out")
    with pytest.raises(InputError, match="earlier export") as caught:
        write(space, tmp_path / "out")
    assert "--force" in caught.value.fix
    write(space, tmp_path / "out", "folder", force=True)
    assert not (tmp_path / "out" / "fer2013").exists()


def test_an_export_that_fails_leaves_nothing(space: Workspace, tmp_path: Path) -> None:
    space.image_path("s2").unlink()
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(FercurateError, match=r"s2\.png is gone"):
        write(space, tmp_path / "out", "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_nothing_to_export(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'dev'"):
        write(space, tmp_path / "out", splits=("dev",))
    space.clean_path.unlink()
    with pytest.raises(InputError) as caught:
        write(space, tmp_path / "out")
    assert "fercurate clean" in caught.value.fix


def test_what_killed_exports_left_is_cleared_up(space: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(space, out)
    out.rename(tmp_path / ".out.1-abcdef-old")  # killed between two renames
    (tmp_path / ".out.1-abcdef").mkdir()
    (tmp_path / ".out.1-notes").mkdir()
    with pytest.raises(InputError, match="an earlier export"):  # it is back
        write(space, out)
    write(space, out, force=True)
    assert sorted(p.name for p in tmp_path.iterdir() if "out" in p.name) == [".out.1-notes", "out"]


def test_what_the_user_put_into_an_export_is_not_replaced(space: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(space, out, "folder")
    (out / "__pycache__").mkdir()
    (out / "__pycache__" / "x.pyc").write_text("")
    write(space, out, "folder", force=True)
    (out / "notes").mkdir()
    (out / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="did not write: 1") as caught:
        write(space, out, "folder", force=True)
    assert (out / "notes" / "mine.txt").read_text() == "mine"
    (out / "notes" / "mine.txt").rename(tmp_path / "mine.txt")  # as it advises
    assert "Move them elsewhere" in caught.value.fix
    write(space, out, "folder", force=True)


def test_two_exports_to_one_folder(space: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        locks.hold(tmp_path / ".out.export.lock", "other"),
        ThreadPoolExecutor(1) as other,
        pytest.raises(InputError, match="is being written by process"),
    ):
        other.submit(write, space, out).result()
    assert not out.exists()
