"""Every file of a workspace, and everything that can be wrong with it: never used in silence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fercurate import files, road
from fercurate.errors import InputError
from fercurate.rerank import known
from fercurate.workspace import Workspace

N = 12
READERS: dict[str, Callable[[Workspace], Any]] = {
    "manifest.parquet": lambda space: space.manifest(),
    "faces.npy": lambda space: space.faces(),
    "votes.parquet": lambda space: space.votes(),
    "screen.parquet": lambda space: space.screen(),
    "screen.json": lambda space: space.screen_summary(),
    "components.npy": lambda space: space.components(),
    "audit.parquet": lambda space: space.audit(),
    "audit.json": lambda space: space.audit_summary(),
    "pred_probs.npy": lambda space: space.pred_probs(),
    "evidence.npz": known.load,
    "sample.parquet": lambda space: space.drawn_sample(),
    "sample-frame.parquet": lambda space: space.sample_frame(),
    "clean.parquet": lambda space: space.clean(),
    "clean.json": lambda space: space.clean_summary(),
}
COMMANDS = {
    "import": "fercurate import SOURCE --name one --force",
    "screen": "fercurate screen",
    "audit": "fercurate audit",
    "sample": "fercurate review --sample 200",
    "clean": "fercurate clean",
}


def made(root: Path, seed: int = 0) -> Workspace:
    """A workspace with a record of every file; `seed` makes other images."""
    space = Workspace(root)
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "row": np.arange(N, dtype=np.int32),
            "sample_id": [f"s{i}" for i in range(N)],
            "sha256": [f"{seed * 100 + i:064x}" for i in range(N)],
            "split": "train",
            "label": (["sad", "happy"] * N)[:N],
            "value": rng.random(N),
        }
    )
    arrays = rng.random((N, 4)).astype(np.float32)
    for path in (
        space.manifest_path, space.votes_path, space.screen_path, space.audit_path,
        space.sample_path, space.sample_frame_path, space.clean_path,
    ):  # fmt: skip
        files.write_table(path, table)
    for path in (space.faces_path, space.components_path, space.pred_probs_path):
        files.write_array(path, arrays)
    for path in (space.screen_summary_path, space.audit_summary_path, space.clean_summary_path):
        files.write_json(path, {"seed": seed})
    files.write_text(space.changes_path, "row\n")
    files.write_json(space.dataset_path, {})
    arrays_of_evidence: dict[str, Any] = dict.fromkeys(known.FIELDS, arrays)
    known.write(space, arrays_of_evidence)
    for stage in COMMANDS:
        inputs = {} if stage in ("import", "sample") else {"images": space.identity("images")}
        space.record(stage, "a", {}, inputs=inputs)
    return space


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    made(folder / "one")
    made(folder / "other", seed=1)
    return folder


@pytest.fixture
def space(sound: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(sound / "one", tmp_path / "one")
    return Workspace(tmp_path / "one")


def spoil(path: Path, how: str, other: Path) -> None:
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        if path.suffix == ".parquet":  # a sound table with fewer rows
            pd.read_parquet(path).iloc[: N // 2].to_parquet(path, index=False)
        else:
            path.write_bytes(data[: len(data) // 2])
    elif how == "permuted":
        if path.suffix == ".parquet":
            pd.read_parquet(path).iloc[::-1].to_parquet(path, index=False)
        elif path.suffix == ".npy":
            np.save(path, np.load(path)[::-1])
        else:
            path.write_bytes(data[::-1])
    elif how == "one bit":
        place = len(data) // 2
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    elif how == "of another dataset":
        path.write_bytes((other / path.name).read_bytes())


HOW = ("missing", "empty", "cut", "permuted", "one bit", "of another dataset")


@pytest.mark.parametrize("name", READERS)
def test_a_sound_file_is_read(space: Workspace, name: str) -> None:
    assert READERS[name](space) is not None


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_not_what_its_stage_wrote_is_refused(
    space: Workspace, sound: Path, name: str, how: str
) -> None:
    path = space.root / name
    spoil(path, how, sound / "other")
    with pytest.raises(InputError) as caught:
        READERS[name](space)
    assert name in caught.value.message
    stage = next(s for s in COMMANDS if path in space.outputs(s))
    assert caught.value.fix.startswith(f"Make it with: {COMMANDS[stage]}")
    found = road.standing(space)  # never raises
    if stage in found.stages:
        assert found.stages[stage] in ("missing", "damaged")
        assert any(name in problem for problem in found.problems)


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_an_earlier_version_is_refused(space: Workspace, name: str) -> None:
    stages = space.stages()
    stage = next(s for s in COMMANDS if space.root / name in space.outputs(s))
    del stages[stage]["files"]
    files.write_json(space.stages_path, stages)
    with pytest.raises(InputError) as caught:
        READERS[name](space)
    assert name in caught.value.message
    assert COMMANDS[stage] in caught.value.fix


@pytest.mark.parametrize("name", [name for name in READERS if name[:4] in ("scre", "audi", "clea")])
@pytest.mark.parametrize("column", ["label", "sha256", "sample_id", "split"])
def test_what_was_made_from_other_images_or_labels_is_refused(
    space: Workspace, name: str, column: str
) -> None:
    manifest = space.manifest()
    manifest[column] = manifest[column].to_numpy()[::-1] if column != "split" else "val"
    files.write_table(space.manifest_path, manifest)
    space.record("import", "b", {})
    with pytest.raises(InputError, match="is older than what it was made from") as caught:
        READERS[name](space)
    stage = next(s for s in COMMANDS if space.root / name in space.outputs(s))
    assert caught.value.fix.startswith(f"Make it with: {COMMANDS[stage]}")
    assert road.standing(space).stages[stage] == "stale"


def test_another_source_of_the_same_images_puts_nothing_out_of_date(space: Workspace) -> None:
    files.write_table(space.manifest_path, space.manifest().assign(source="faces.zip"))
    space.record("import", "b", {})
    assert len(space.audit()) == N


def test_a_file_that_is_written_again_alike_is_sound(space: Workspace) -> None:
    space.audit_path.write_bytes(space.audit_path.read_bytes())
    assert len(space.audit()) == N


@pytest.mark.parametrize("text", ["", "[]", "{", '{"import": 3}', "[" * 5000, "\0" * 100])
def test_a_damaged_record_is_said_with_what_to_do(space: Workspace, text: str) -> None:
    space.stages_path.write_text(text)
    with pytest.raises(InputError, match=r"stages\.json is damaged") as caught:
        space.manifest()
    assert "Delete it" in caught.value.fix
    assert road.standing(space).problems


def test_without_its_record_an_import_shows_by_its_pixels_that_it_is_sound(
    tmp_path: Path,
) -> None:
    import hashlib

    space = made(tmp_path / "one")
    faces = np.random.default_rng(0).integers(0, 255, (N, 48, 48), dtype=np.uint8)
    digests = [hashlib.sha256(face.tobytes()).hexdigest() for face in faces]
    files.write_array(space.faces_path, faces)
    files.write_table(space.manifest_path, space.manifest().assign(sha256=digests))
    space.stages_path.unlink()
    assert len(space.manifest()) == N
    assert len(space.faces()) == N
    with pytest.raises(InputError, match="earlier version"):
        space.audit()
    files.write_array(space.faces_path, faces[::-1])
    with pytest.raises(InputError, match="is not as fercurate wrote it"):
        space.manifest()


def test_text_that_is_missing_is_none_under_any_pandas(tmp_path: Path) -> None:
    """Fingerprints are made from it: NaN in its place would put every old workspace out of date."""
    table = pd.DataFrame({"label": ["sad", None], "score": [0.5, np.nan], "row": [0, 1]})
    files.write_table(tmp_path / "a.parquet", table)
    found = files.read_table(tmp_path / "a.parquet")
    assert found["label"].tolist() == ["sad", None]
    assert found.dtypes.astype(str).tolist() == ["object", "float64", "int64"]
    assert files.read_table(tmp_path / "a.parquet", ["row"]).columns.tolist() == ["row"]
    mark = files.fingerprint(found["label"].tolist())
    assert mark == files.fingerprint(["sad", None])
