from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from ingest_cases import Heard, fer_csv, folder_of, image_bytes, made_faces, tree_of, zip_of
from PIL import Image

from fercurate.config import ImportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.fer2013 import ferplus_name
from fercurate.ingest.stage import run
from fercurate.labels import CLASSES, FERPLUS_COLUMNS
from fercurate.progress import Advance, Quiet
from fercurate.workspace import MANIFEST_COLUMNS, Workspace

DATA = Path(__file__).parents[3] / "shared" / "data"
FACES = made_faces(30)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(fer_csv(FACES))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "datasets" / "faces")


def config(source: Path, **options: object) -> ImportConfig:
    return ImportConfig(source=source, **options)  # type: ignore[arg-type]


def votes_file(path: Path, splits: list[str], names: list[str] | None = None) -> Path:
    file = path / "fer2013new.csv"
    lines = ["Usage,Image name," + ",".join(FERPLUS_COLUMNS)]
    for row, split in enumerate(splits):
        name = names[row] if names else f"fer{row:07d}.png"
        lines.append(f"{split},{name},{row},0,0,0,0,0,0,0,0,0")
    file.write_text("\n".join(lines) + "\n")
    return file


def left_behind(workspace: Workspace) -> list[str]:
    parent = workspace.root.parent
    return [path.name for path in parent.glob(".*")]


def test_a_csv_becomes_a_whole_workspace(source: Path, workspace: Workspace) -> None:
    heard = Heard()
    result = run(workspace, config(source), heard)
    manifest = workspace.manifest()
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert manifest["sample_id"].tolist()[:2] == ["train-0000000", "val-0000001"]
    assert manifest["label"].tolist() == [CLASSES[i % 7] for i in range(30)]
    assert manifest["source"].tolist()[29] == "fer2013.csv:31"
    faces = workspace.faces()
    assert faces.dtype == np.uint8
    np.testing.assert_array_equal(faces, FACES)
    for row, sample_id in enumerate(manifest["sample_id"]):
        with Image.open(workspace.image_path(sample_id)) as image:
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image), FACES[row])
    assert len(list(workspace.images_dir.iterdir())) == 30
    assert workspace.rejected_path.read_text().splitlines() == ["source,line,reason"]
    assert workspace.votes() is None
    assert json.loads(workspace.dataset_path.read_text()) == {
        "source": "fer2013.csv", "is_fer2013": False, "n_images": 30, "format": "csv",
    }  # fmt: skip
    assert (result.n_images, result.skipped, result.is_fer2013) == (30, False, False)
    assert workspace.stages()["import"]["summary"]["n_images"] == 30
    assert left_behind(workspace) == []
    for done, total in heard.done.values():
        assert done == pytest.approx(total)


def test_the_same_import_again_does_nothing(source: Path, workspace: Workspace) -> None:
    first = run(workspace, config(source), Quiet())
    before = workspace.manifest_path.stat().st_mtime_ns
    moved = source.parent / "elsewhere"
    moved.mkdir()
    again = run(workspace, config(source.rename(moved / source.name)), Quiet())
    assert again.skipped
    assert workspace.manifest_path.stat().st_mtime_ns == before
    assert (again.counts, again.imbalance) == (first.counts, first.imbalance)
    forced = run(workspace, config(moved / source.name), Quiet(), force=True)
    assert not forced.skipped


def test_a_missing_output_is_made_again(source: Path, workspace: Workspace) -> None:
    run(workspace, config(source), Quiet())
    workspace.faces_path.unlink()
    assert not run(workspace, config(source), Quiet()).skipped
    np.testing.assert_array_equal(workspace.faces(), FACES)


def test_another_source_is_refused_and_with_force_replaces_only_imports_files(
    source: Path, workspace: Workspace
) -> None:
    votes = votes_file(source.parent, ["Training", "PublicTest", "PrivateTest"] * 10)
    run(workspace, config(source, ferplus=votes), Quiet())
    kept = folder_of(workspace.root, {"decisions.jsonl": b"", "runs/1/log": b"x"})
    workspace.record("audit", "abc", {})
    source.write_bytes(fer_csv(FACES[:7]))
    with pytest.raises(InputError, match="holds another import") as caught:
        run(workspace, config(source), Quiet())
    assert "--name" in caught.value.fix
    assert "--force" in caught.value.fix
    assert len(workspace.manifest()) == 30

    assert run(workspace, config(source), Quiet(), force=True).n_images == 7
    assert len(workspace.manifest()) == len(workspace.faces()) == 7
    assert len(list(workspace.images_dir.iterdir())) == 7
    assert workspace.votes() is None
    assert (kept / "decisions.jsonl").read_text() == ""
    assert (kept / "runs/1/log").exists()
    assert workspace.fingerprint_of("audit") == "abc"
    assert left_behind(workspace) == []


def test_votes_can_be_added_later(source: Path, workspace: Workspace) -> None:
    run(workspace, config(source), Quiet())
    votes = votes_file(source.parent, ["Training", "PublicTest", "PrivateTest"] * 10)
    assert not run(workspace, config(source, ferplus=votes), Quiet()).skipped
    table = workspace.votes()
    assert table is not None
    assert tuple(table.columns) == ("row", "sha256", *FERPLUS_COLUMNS)
    assert table["sha256"].tolist() == workspace.manifest()["sha256"].tolist()
    assert table.dtypes.astype(str).tolist() == ["int32", "object"] + ["int16"] * 10
    assert table["neutral"].tolist() == list(range(30))


def test_votes_are_not_lost_when_they_are_not_named_again(
    source: Path, workspace: Workspace
) -> None:
    votes = votes_file(source.parent, ["Training", "PublicTest", "PrivateTest"] * 10)
    run(workspace, config(source, ferplus=votes), Quiet())
    assert run(workspace, config(source), Quiet()).skipped
    assert workspace.votes() is not None
    assert not run(workspace, config(source), Quiet(), force=True).skipped
    assert workspace.votes() is None


def test_a_card_in_the_folder_stays(source: Path, workspace: Workspace) -> None:
    folder_of(workspace.root, {"README.md": b"card"})
    assert run(workspace, config(source), Quiet()).n_images == 30
    assert (workspace.root / "README.md").read_text() == "card"


def bad_lines(source: Path, *rows: int) -> None:
    lines = source.read_bytes().splitlines()
    for row in rows:
        lines[row + 1] = lines[row + 1].replace(b" ", b" 999 ", 1)
    source.write_bytes(b"\n".join(lines))


def test_bad_rows_are_listed_and_votes_still_join(source: Path, workspace: Workspace) -> None:
    bad_lines(source, 4)
    votes = votes_file(source.parent, ["Training", "PublicTest", "PrivateTest"] * 10)
    heard = Heard()
    result = run(workspace, config(source, ferplus=votes, max_rejected=0.1), heard)
    assert (result.n_images, result.n_rejected) == (29, 1)
    with workspace.rejected_path.open(newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {
        "source": "fer2013.csv", "line": "6", "reason": "2305 pixel values instead of 2304",
    }  # fmt: skip
    assert any("1 of 30 rows are bad" in line for line in heard.lines)
    manifest, table = workspace.manifest(), workspace.votes()
    assert table is not None
    assert manifest["row"].tolist() == table["row"].tolist() == list(range(29))
    assert manifest["sample_id"][4] == "test-0000005"
    assert table["neutral"].tolist() == [0, 1, 2, 3, *range(5, 30)]


def test_too_many_bad_rows_change_nothing(source: Path, workspace: Workspace) -> None:
    bad_lines(source, 4, 8)
    with pytest.raises(InputError) as caught:
        run(workspace, config(source), Quiet())
    assert caught.value.code == 2
    assert "2 of 30 rows are bad" in caught.value.message
    assert "fer2013.csv line 6: 2305 pixel values instead of 2304" in caught.value.message
    assert "--max-rejected" in caught.value.fix
    assert not workspace.root.exists()
    assert left_behind(workspace) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"emotion,pixels,Usage\n", "has no usable row: it is empty"),
        (b"emotion,pixels,Usage\n0,1 2,Training\n", "has no usable row: 1 of 1 rows are bad"),
        (b"", "holds nothing to import"),
        (b"a,b\n1,2\n", "holds nothing to import"),
        (image_bytes(FACES[0]), "holds nothing to import"),
    ],
)
def test_no_usable_row(source: Path, workspace: Workspace, data: bytes, message: str) -> None:
    source.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        run(workspace, config(source, max_rejected=1.0), Quiet())
    assert "emotion,pixels,Usage" in caught.value.fix
    assert not workspace.root.exists()


def test_wrong_settings_and_paths(source: Path, workspace: Workspace) -> None:
    for wrong, message in (
        (config(source.parent / "none.csv"), "does not exist"),
        (config(source, ferplus=source.parent / "none.csv"), "does not exist"),
        (config(source, max_rejected=1.5), "max_rejected"),
        (config(source, max_unpacked_gb=0.0), "max_unpacked_gb"),
    ):
        with pytest.raises(InputError, match=message):
            run(workspace, wrong, Quiet())
    workspace.root.parent.mkdir()
    workspace.root.write_text("a file")
    with pytest.raises(InputError, match="is a file"):
        run(workspace, config(source), Quiet())


def test_the_limit_on_unpacking(source: Path, workspace: Workspace) -> None:
    source.write_bytes(zip_of({"fer2013.csv": fer_csv(FACES)}))
    with pytest.raises(InputError, match=r"unpacks to more than 0\.0001 GB"):
        run(workspace, config(source, max_unpacked_gb=1e-4), Quiet())
    assert run(workspace, config(source, max_unpacked_gb=1e-3), Quiet()).n_images == 30


def test_a_tree_with_ferplus_names_joins_by_name(tmp_path: Path, workspace: Workspace) -> None:
    tree = folder_of(
        tmp_path / "tree",
        {
            "train/angry/fer0000001.png": image_bytes(FACES[0]),
            "test/sad/fer0000000.png": image_bytes(FACES[1]),
        },
    )
    names = ["", "fer0000000.png", "fer0000001.png"]
    votes = votes_file(tmp_path, ["Training", "PrivateTest", "Training"], names)
    run(workspace, config(tree, ferplus=votes), Quiet())
    table = workspace.votes()
    assert table is not None
    assert workspace.manifest()["source"].tolist()[0] == "test/sad/fer0000000.png"
    assert table["neutral"].tolist() == [1, 2]
    other = folder_of(tmp_path / "other", tree_of(FACES[:4]))
    with pytest.raises(InputError, match="bears no FER\\+ name"):
        run(Workspace(tmp_path / "w"), config(other, ferplus=votes), Quiet())


def test_a_changed_folder_is_another_source(tmp_path: Path, workspace: Workspace) -> None:
    tree = folder_of(tmp_path / "tree", tree_of(FACES))
    first = run(workspace, config(tree), Quiet())
    assert first.counts["angry"] == {"train": 3, "val": 0, "test": 2}
    assert run(workspace, config(tree), Quiet()).skipped
    folder_of(tree, {"train/sad/new.png": image_bytes(FACES[0])})
    with pytest.raises(InputError, match="holds another import"):
        run(workspace, config(tree), Quiet())


class Interrupts(Quiet):
    """Ctrl-C in the middle of a bar."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
        def advance(amount: float) -> None:
            if name.startswith(self.name):
                raise KeyboardInterrupt

        yield advance


@pytest.mark.parametrize("bar", ["reading", "writing"])
def test_ctrl_c_leaves_what_was_there(source: Path, workspace: Workspace, bar: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(workspace, config(source), Interrupts(bar))
    assert not workspace.root.exists()
    assert left_behind(workspace) == []
    run(workspace, config(source), Quiet())
    with pytest.raises(KeyboardInterrupt):
        run(workspace, config(source), Interrupts(bar), force=True)
    assert len(workspace.manifest()) == 30
    assert left_behind(workspace) == []


def test_what_a_killed_import_left_is_removed(source: Path, workspace: Workspace) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    parent = workspace.root.parent
    folder_of(parent / f".faces.import-{gone.pid}", {"images/1.png": b"x"})
    folder_of(parent / f".faces.import-{os.getppid()}", {"images/1.png": b"x"})
    folder_of(parent / f".other.import-{gone.pid}", {"images/1.png": b"x"})
    folder_of(parent / ".faces.import-notes", {"mine.txt": b"x"})
    run(workspace, config(source), Quiet())
    # whoever has a number now: the one writer knows that no other is at work
    assert sorted(left_behind(workspace)) == [".faces.import-notes", f".other.import-{gone.pid}"]


def test_a_swap_that_is_cut_short_shows_no_manifest(
    source: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace, config(source), Quiet())
    plain = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "images" and target.parent == workspace.root:
            raise OSError("disk gone")
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(FercurateError, match="disk gone"):
        run(workspace, config(source), Quiet(), force=True)
    monkeypatch.undo()
    assert not workspace.manifest_path.exists()
    assert run(workspace, config(source), Quiet()).n_images == 30
    np.testing.assert_array_equal(workspace.faces(), FACES)


@pytest.mark.real
@pytest.mark.skipif(not (DATA / "fer2013.csv.gz").exists(), reason="no real FER2013 here")
def test_the_real_fer2013(workspace: Workspace) -> None:
    given = config(DATA / "fer2013.csv.gz", ferplus=DATA / "fer2013new.csv")
    result = run(workspace, given, Quiet())
    assert result.is_fer2013
    assert (result.n_images, result.n_rejected) == (35_887, 0)
    assert [sum(result.counts[name].values()) for name in CLASSES] == [
        4953, 547, 5121, 8989, 6077, 4002, 6198,
    ]  # fmt: skip
    manifest, votes = workspace.manifest(), workspace.votes()
    assert manifest["split"].value_counts().to_dict() == {
        "train": 28_709,
        "val": 3589,
        "test": 3589,
    }
    assert result.imbalance == pytest.approx(7215 / 436)
    assert result.n_constant == 12
    assert 1450 < result.n_duplicate_groups < 1600
    assert 50 < result.n_conflicting_groups < 70
    assert 300 < result.n_leaked < 900
    assert manifest["sample_id"].tolist() == [
        ferplus_name(row) or f"{split}-{row:07d}" for row, split in enumerate(manifest["split"])
    ]
    assert manifest["source"].iloc[-1] == "fer2013.csv:35888"
    assert votes is not None
    assert len(votes) == 35_887
    # Joined by the right row, votes and labels agree on happy; one row off, they would not.
    happy = manifest["label"] == "happy"
    annotated = votes[list(FERPLUS_COLUMNS)].sum(axis=1) > 0
    assert (votes["happiness"] > 5)[happy & annotated].mean() > 0.8
    assert (votes["happiness"] > 5)[~happy & annotated].mean() < 0.1
    assert len(list(workspace.images_dir.iterdir())) == 35_887
