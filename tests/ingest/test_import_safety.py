"""Nothing of the user's is lost by an import, and any damage of ours is mended by one."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest_cases import fer_csv, folder_of, image_bytes, made_faces

from fercurate import pngs
from fercurate.config import ImportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.ingest.stage import run
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

FACES = made_faces(6)
PHOTOS = {f"images/happy/{i}.png": image_bytes(face) for i, face in enumerate(FACES)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(fer_csv(FACES))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "datasets" / "faces")


def content(folder: Path) -> dict[str, str]:
    """All files below a folder, hidden ones too, and what is in them."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def imports(workspace: Workspace, source: Path, *, force: bool = False) -> Any:
    return run(workspace, ImportConfig(source=source), Quiet(), force=force)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "where", [".", "images", "images/happy", "link", "link/images", "../link-in"]
)
def test_originals_in_the_datasets_folder_stay(
    workspace: Workspace, tmp_path: Path, where: str, force: bool
) -> None:
    folder_of(workspace.root, PHOTOS)
    (tmp_path / "datasets" / "link").symlink_to(workspace.root)
    (workspace.root / "link").symlink_to(workspace.root)
    folder_of(tmp_path / "datasets" / "link-in", {"happy/x.png": image_bytes(FACES[0])})
    (tmp_path / "datasets" / "link-in" / "sad").symlink_to(workspace.images_dir / "happy")
    before = content(tmp_path)
    with pytest.raises(InputError, match=r"not from fercurate|lies in the dataset"):
        imports(workspace, workspace.root / where, force=force)
    assert content(tmp_path) == before


@pytest.mark.parametrize("where", [".", "images", "../link", "../link-in", "..", "../.."])
def test_a_source_and_its_dataset_lie_apart(
    workspace: Workspace, source: Path, tmp_path: Path, where: str
) -> None:
    imports(workspace, source)
    (tmp_path / "datasets" / "link").symlink_to(workspace.root)
    folder_of(tmp_path / "datasets" / "link-in", {"happy/x.png": image_bytes(FACES[0])})
    (tmp_path / "datasets" / "link-in" / "sad").symlink_to(workspace.images_dir)
    before = content(tmp_path)
    with pytest.raises(InputError, match=r"the dataset's own folder|would lie in the source"):
        imports(workspace, workspace.root / where, force=True)
    assert content(tmp_path) == before


def test_a_foreign_folder_is_never_replaced(workspace: Workspace, source: Path) -> None:
    folder_of(workspace.root, {"images/holiday.jpg": b"mine"})
    for force in (False, True):
        with pytest.raises(InputError) as caught:
            imports(workspace, source, force=force)
        assert "--name" in caught.value.fix
    assert content(workspace.root).keys() == {"images/holiday.jpg"}
    other = Workspace(workspace.root.with_name("other"))  # what the message advises
    assert imports(other, source).n_images == 6


def test_what_the_user_put_into_a_dataset_stays(workspace: Workspace, source: Path) -> None:
    imports(workspace, source)
    mine = {"images/mine.png": b"a", "images/raw/1.png": b"b", "notes.txt": b"c"}
    folder_of(workspace.root, mine)
    source.write_bytes(fer_csv(FACES[:4]))
    imports(workspace, source, force=True)
    for name, data in mine.items():
        assert (workspace.root / name).read_bytes() == data
    names = {path.name for path in workspace.images_dir.glob("*.png")} - {"mine.png"}
    assert names == {f"{name}.png" for name in workspace.manifest()["sample_id"]}


DAMAGED = ("manifest.parquet", "stages.json", "faces.npy", "dataset.json", "votes.parquet")


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("data", [None, b"", b"[]", b"\0" * 50])
def test_import_with_force_mends_any_damage(
    workspace: Workspace, source: Path, name: str, data: bytes | None
) -> None:
    imports(workspace, source)
    (workspace.root / name).unlink(missing_ok=True)
    if data is not None:
        (workspace.root / name).write_bytes(data)
    imports(workspace, source, force=True)
    assert len(workspace.manifest()) == 6
    np.testing.assert_array_equal(workspace.faces(), FACES)
    assert set(workspace.stages()) == {"import"}
    assert workspace.votes() is None
    assert imports(workspace, source).skipped


def test_images_that_are_gone_are_made_again(workspace: Workspace, source: Path) -> None:
    imports(workspace, source)
    before = content(workspace.images_dir)
    assert pngs.restore(workspace, Quiet()) == 0
    first = sorted(before)[0]
    (workspace.images_dir / first).write_bytes(b"")
    (workspace.images_dir / sorted(before)[1]).unlink()
    assert pngs.restore(workspace, Quiet()) == 2
    assert content(workspace.images_dir) == before
    shutil.rmtree(workspace.images_dir)
    assert pngs.restore(workspace, Quiet()) == 6
    assert content(workspace.images_dir) == before
    assert not [path.name for path in workspace.root.glob(".*")]


def test_a_full_disk_leaves_what_was_there(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports(workspace, source)
    before = content(workspace.root)
    write = Path.write_bytes
    left = [3]

    def full(self: Path, data: bytes) -> int:
        left[0] -= 1
        if not left[0]:
            raise OSError(28, os.strerror(28))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FercurateError, match="No space left on device"):
        imports(workspace, source, force=True)
    assert content(workspace.root) == before
    assert [path.name for path in workspace.root.parent.iterdir()] == ["faces"]
