from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from recorded import write_table

from fercurate.config import ExportConfig
from fercurate.errors import InputError
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.review import export
from fercurate.workspace import Workspace

Make = Callable[..., Workspace]


@pytest.fixture
def cleaned(make_workspace: Make) -> Workspace:
    space = make_workspace()
    manifest = space.manifest()
    n = len(manifest)
    table = manifest[["row", "sample_id", "split"]].assign(
        label=[CLASSES[i % 7] for i in range(n)], gold_label=None, why="kept"
    )
    table.loc[0, "gold_label"] = "fear"
    for i, name in enumerate(CLASSES):
        table[f"soft_{name}"] = (np.arange(n) % 7 == i).astype(np.float32)
    write_table(space.clean_path, table)
    return space


@pytest.fixture
def connected(clean_fo: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """One connection for all tests, in place of one a workspace."""
    monkeypatch.setattr(export, "opened", lambda space: contextlib.nullcontext(clean_fo))
    return clean_fo


def test_a_fiftyone_dataset_with_splits_and_soft_labels(
    cleaned: Workspace, connected: ModuleType, tmp_path: Path
) -> None:
    before = connected.list_datasets()
    result = export.run(cleaned, ExportConfig(to=tmp_path / "out", as_="fiftyone"), Quiet())
    assert connected.list_datasets() == before
    assert "FiftyOneDataset" in result.hint
    again = connected.Dataset.from_dir(
        str(tmp_path / "out"), dataset_type=connected.types.FiftyOneDataset
    )
    table = cleaned.clean()
    assert again.values("sample_id") == table["sample_id"].tolist()
    assert again.values("ground_truth.label") == table["label"].tolist()
    assert again.values("gold_label.label")[:2] == ["fear", None]
    assert [tags[0] for tags in again.values("tags")] == table["split"].tolist()
    assert np.allclose(again.values("soft_label"), table.filter(like="soft_"))
    assert all(Path(p).is_relative_to(tmp_path / "out") for p in again.values("filepath"))
    again.delete()


@pytest.mark.parametrize(
    "kind", ["ImageClassificationDirectoryTree", "FiftyOneImageClassificationDataset"]
)
def test_formats_with_a_folder_a_split(
    cleaned: Workspace, connected: ModuleType, tmp_path: Path, kind: str
) -> None:
    export.run(cleaned, ExportConfig(to=tmp_path / "out", as_=kind), Quiet())
    table: pd.DataFrame = cleaned.clean()
    for split, part in table.groupby("split"):
        again = connected.Dataset.from_dir(
            str(tmp_path / "out" / str(split)), dataset_type=getattr(connected.types, kind)
        )
        assert sorted(again.values("ground_truth.label")) == sorted(part["label"])
        again.delete()


@pytest.mark.parametrize("kind", ["coco", "COCODetectionDataset", "Dataset", "../x"])
def test_formats_that_hold_no_label_of_an_image(
    cleaned: Workspace, tmp_path: Path, kind: str
) -> None:
    with pytest.raises(InputError, match="no export") as caught:
        export.run(cleaned, ExportConfig(to=tmp_path / "out", as_=kind), Quiet())
    assert "ImageClassificationDirectoryTree" in caught.value.fix
    assert not (tmp_path / "out").exists()
