"""What a dataset may be called, wherever a name is given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fercurate import files, names, pipeline, workspace
from fercurate.errors import InputError
from fercurate.evaluate import arms
from fercurate.workspace import Workspace

GOOD = ("faces", "fer2013.clean-2", "_x", "A", "a" * 100, "console", "7")
BAD = (
    "", ".", "..", "../x", "a/b", "/abs", "a\\b", "C:x", "-x", ".x", "x.", "x..", " x", "x ", "x y",
    "x\n", "x\0", "ü", "con", "NUL", "com1.csv", "Lpt9", "a" * 101, "$(x)", "x;y", "*",
)  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_name(name: str) -> None:
    assert names.require_name(name, "") == name


@pytest.mark.parametrize("name", BAD)
def test_what_names_no_dataset_is_refused_everywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = Workspace(Path("datasets") / "faces")
    files.write_table(home.manifest_path, pd.DataFrame({"row": [0]}))
    # whatever lies where the name would lead
    files.write_table(Path("datasets") / "manifest.parquet", pd.DataFrame({"row": [0]}))
    recipe = tmp_path / "r.toml"
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\0", "\\u0000")
    recipe.write_text(f'dataset = "{escaped}"\n[screen]\n', encoding="utf-8")
    with pytest.raises(InputError):
        workspace.dataset_name(name, Path("x.csv"))
    with pytest.raises(InputError):
        pipeline.read_pipeline(recipe)
    with pytest.raises(InputError):
        workspace.find(name)
    if name and ":" not in name:
        with pytest.raises(InputError):
            arms.parse(f"{name}:raw", home)


def test_a_dataset_may_be_named_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Workspace(tmp_path / "my faces")
    files.write_table(space.manifest_path, pd.DataFrame({"row": [0]}))
    monkeypatch.chdir(space.root)
    for named in (".", "../my faces", str(space.root)):
        assert workspace.find(named).name == "my faces"


def test_names_that_differ_in_capitals_alone(tmp_path: Path) -> None:
    datasets = tmp_path / "datasets"
    (datasets / "Faces").mkdir(parents=True)
    assert workspace.dataset_name("Faces", Path("x.csv"), datasets) == "Faces"
    with pytest.raises(InputError, match="in capitals alone") as caught:
        workspace.dataset_name(None, Path("faces.csv"), datasets)
    assert "--name Faces" in caught.value.fix
