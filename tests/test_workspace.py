from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import recorded

from fercurate import files, workspace
from fercurate.config import AuditConfig
from fercurate.errors import FercurateError, InputError
from fercurate.workspace import Workspace


def make(root: Path) -> Workspace:
    space = Workspace(root)
    table = pd.DataFrame(
        {
            "row": [0, 1],
            "sample_id": ["a", "b"],
            "split": "train",
            "label": ["sad", None],
            "sha256": ["0" * 64, "1" * 64],
        }
    )
    recorded.write_table(space.manifest_path, table)
    return space


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    files.write_text(path, "old")

    def write_half() -> None:
        with files.replacing(path) as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_takes_numpy_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, {"a": np.float32(0.5), "b": np.arange(2), "c": Path("d")})
    assert '"b": [\n    0,\n    1\n  ]' in path.read_text()
    with pytest.raises(TypeError):
        files.write_json(path, {"a": object()})


def test_tables_and_arrays_come_back(tmp_path: Path) -> None:
    space = make(tmp_path / "d")
    assert space.manifest(["row"])["row"].tolist() == [0, 1]
    faces = np.arange(2 * 48 * 48, dtype=np.uint8).reshape(2, 48, 48)
    recorded.write_array(space.faces_path, faces)
    assert (space.faces() == faces).all()
    assert not space.faces().flags.writeable


def test_what_is_missing_names_the_command_that_makes_it(tmp_path: Path) -> None:
    space = make(tmp_path / "d")
    with pytest.raises(InputError, match=r"has no audit\.parquet") as caught:
        space.audit()
    assert caught.value.fix.startswith("Make it with: fercurate audit")
    assert space.votes() is None


def test_a_damaged_file_is_a_plain_error(tmp_path: Path) -> None:
    space = make(tmp_path / "d")
    space.manifest_path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(FercurateError, match="is not as fercurate wrote it") as caught:
        space.manifest()
    assert "--force" in caught.value.fix


def test_stages_are_remembered(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    assert space.fingerprint_of("audit") is None
    space.record("audit", "abc", {"n": 1})
    space.record("import", "def", {})
    assert space.fingerprint_of("audit") == "abc"
    assert space.stages()["audit"]["summary"] == {"n": 1}
    space.stages_path.write_text("{")
    with pytest.raises(FercurateError, match="is damaged") as caught:
        space.stages()
    assert "Delete it" in caught.value.fix


def test_fingerprints_follow_content_and_not_the_order_of_keys() -> None:
    one = files.fingerprint({"seed": 0}, {"a": 1, "b": Path("x")})
    assert one == files.fingerprint({"seed": 0}, {"b": Path("x"), "a": 1})
    assert one != files.fingerprint({"seed": 1}, {"a": 1, "b": Path("x")})
    assert len(one) == 16
    with pytest.raises(TypeError):  # its name and each of its fields would count
        files.fingerprint(AuditConfig())


def test_find(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no dataset in"):
        workspace.find(None, tmp_path)
    first = make(tmp_path / "first")
    (tmp_path / "empty").mkdir()
    assert workspace.find(None, tmp_path) == first
    make(tmp_path / "second")
    with pytest.raises(InputError) as caught:
        workspace.find(None, tmp_path)
    assert "first, second" in caught.value.fix
    assert workspace.find("second", tmp_path).name == "second"
    assert workspace.find(str(tmp_path / "first"), tmp_path / "elsewhere").name == "first"
    with pytest.raises(InputError, match="no dataset 'third'"):
        workspace.find("third", tmp_path)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (None, "x/fer2013.csv.gz", "fer2013"),
        (None, "Faces", "faces"),
        ("Mine-2", "fer2013.csv", "Mine-2"),
    ],
)
def test_dataset_name(name: str | None, source: str, expected: str) -> None:
    assert workspace.dataset_name(name, Path(source)) == expected


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b"])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        workspace.dataset_name(name, Path("fer2013.csv"))
