from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clean_copies import jpeg, made_faces, made_list

from fercurate.clean import listing, published
from fercurate.clean.evidence import BELIEFS
from fercurate.config import ImportConfig
from fercurate.errors import InputError
from fercurate.ingest import stage as ingest
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

N = 42
USAGES = ("Training", "PublicTest", "PrivateTest")


def _import(source: Path, folder: Path) -> Workspace:
    space = Workspace(folder)
    ingest.run(space, ImportConfig(source=source), Quiet())
    return space


@pytest.fixture(scope="module")
def faces():  # type: ignore[no-untyped-def]
    made = made_faces(N)
    made[11] = made[10]
    return made


@pytest.fixture(scope="module")
def csv_space(tmp_path_factory: pytest.TempPathFactory, faces) -> Workspace:  # type: ignore[no-untyped-def]
    """The dataset as a csv: labels go round, splits are train but for the last of each seven."""
    folder = tmp_path_factory.mktemp("published")
    lines = ["emotion,pixels,Usage"]
    for i, face in enumerate(faces):
        usage = USAGES[1] if i % 7 == 6 else USAGES[0]
        lines.append(f"{i % 7},{' '.join(map(str, face.ravel()))},{usage}")
    source = folder / "faces.csv"
    source.write_text("\n".join(lines) + "\n")
    return _import(source, folder / "datasets" / "made")


@pytest.fixture(scope="module")
def list_file(tmp_path_factory: pytest.TempPathFactory, csv_space: Workspace) -> Path:
    table = made_list(csv_space.manifest(), np.asarray(csv_space.faces()))
    path = tmp_path_factory.mktemp("list") / "curation.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def jpeg_space(tmp_path_factory: pytest.TempPathFactory, faces) -> Workspace:  # type: ignore[no-untyped-def]
    """The same as JPEG class folders, named at random, with two strangers."""
    folder = tmp_path_factory.mktemp("jpegs")
    order = np.random.default_rng(3).permutation(N)
    for name, i in enumerate(order):
        place = folder / "copy" / ("test" if i % 7 == 6 else "train") / CLASSES[i % 7]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"im{name:03d}.jpg").write_bytes(jpeg(faces[i], 95))
    for name, face in enumerate(made_faces(2, seed=99)):
        (folder / "copy" / "train" / "sad" / f"zz{name}.jpg").write_bytes(jpeg(face, 95))
    return _import(folder / "copy", folder / "datasets" / "copy")


def test_the_csv_is_found_by_row(csv_space: Workspace, list_file: Path) -> None:
    made = published.gather(csv_space, csv_space.manifest(), list_file)
    table = made.table
    assert f"{N} of {N} listed rows found ({N} by row)" in made.used[0]
    assert made.notes == ()
    assert table["kind"].tolist() == ["drawn"] + ["human"] * (N - 1)
    assert table["kind_confidence"][0] == 1
    assert table["kind_by_eye"].tolist() == [True] + [False] * (N - 1)
    # row 1 is disgust, and fear was suggested; of row 2 nobody can be more than half sure
    assert table["belief_fear"][1] == pytest.approx(0.97)
    assert table["belief_disgust"][1] == pytest.approx(0.03)
    assert table["belief_fear"][2] == table["belief_happy"][2] == pytest.approx(0.5)
    assert table["copy_group"][[3, 4]].tolist() == [0, 0]
    assert table["copy_keep"][[3, 4]].tolist() == [True, False]


def test_jpeg_folders_are_found_by_hash(jpeg_space: Workspace, list_file: Path, faces) -> None:  # type: ignore[no-untyped-def]
    manifest = jpeg_space.manifest()
    table, marks = listing.read(list_file)
    found = published.match(manifest, jpeg_space.faces(), table, marks)
    matched = found.at >= 0
    assert matched.sum() == N
    assert sorted(found.at[matched]) == list(range(N))
    truth = faces[found.at[matched]].astype(float)
    assert np.abs(jpeg_space.faces()[matched] - truth).mean() < 5
    # exact copies 10 and 11 differ in their labels, and each goes to its own
    assert manifest["label"][matched].tolist() == table["label"].iloc[found.at[matched]].tolist()
    made = published.gather(jpeg_space, manifest, list_file)
    assert made.notes[0].startswith("2 images are not on curation.csv")
    assert made.table["kind"].isna().sum() == 2
    assert (made.table["kind"] == "drawn").sum() == 1


def test_shuffled_pixels_are_found_wherever_they_are(csv_space: Workspace, list_file: Path) -> None:
    order = np.random.default_rng(5).permutation(N)
    manifest = csv_space.manifest().iloc[order].reset_index(drop=True)
    manifest["row"] = np.arange(N)
    table, marks = listing.read(list_file)
    found = published.match(manifest, np.asarray(csv_space.faces())[order], table, marks)
    assert found.at.tolist() == order.tolist()
    assert set(found.how) <= {"row", "pixels"}


def test_a_verdict_on_a_label_is_not_applied_to_another_label(
    csv_space: Workspace, list_file: Path
) -> None:
    manifest = csv_space.manifest()
    manifest.loc[1, "label"] = "fear"
    table = published.gather(csv_space, manifest, list_file).table
    assert table.loc[1, list(BELIEFS)].isna().all()
    assert table.loc[2, list(BELIEFS)].notna().all()


def test_where_the_kept_copy_is_missing_the_other_stays(
    csv_space: Workspace, list_file: Path
) -> None:
    table, _ = listing.read(list_file)
    manifest = csv_space.manifest()
    at = np.arange(N)
    at[3] = -1
    assert published.apply(manifest, table, at)["copy_keep"].all()


def test_copies_are_settled_in_the_splits_of_the_copy(
    csv_space: Workspace, list_file: Path
) -> None:
    table, _ = listing.read(list_file)
    manifest = csv_space.manifest()
    manifest.loc[4, "split"] = "test"
    made = published.apply(manifest, table, np.arange(N))
    assert made["copy_split"][[3, 4]].tolist() == ["test", "test"]
    assert made["copy_keep"][[3, 4]].tolist() == [False, True]


def test_beliefs_of_the_list_are_used_where_it_has_them(csv_space: Workspace) -> None:
    manifest = csv_space.manifest()
    table = made_list(manifest, np.asarray(csv_space.faces()), beliefs=True).astype(str)
    made = published.apply(manifest, table, np.arange(N))
    assert np.allclose(made[list(BELIEFS)], 1 / 7)


def test_another_dataset_is_refused(tmp_path: Path, csv_space: Workspace, list_file: Path) -> None:
    table = pd.read_csv(list_file, dtype=str, keep_default_na=False)
    other = made_list(csv_space.manifest(), made_faces(N, seed=50))
    other["sha256"] = "0" * 16
    other.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(InputError, match=r"list of another dataset: 0\.0%"):
        published.gather(csv_space, csv_space.manifest(), tmp_path / "other.csv")
    assert len(table) == N


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.drop(columns="phash"), "no column phash"),
        (lambda t: t.assign(grey="12"), "hex digits"),
        (lambda t: t.assign(label="bored"), "not known"),
        (lambda t: t.assign(row="x"), "damaged"),
        (lambda t: t.assign(belief="1 2"), "not known"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path: Path, list_file: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]
    table = pd.read_csv(list_file, dtype=str, keep_default_na=False)
    damage(table).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(InputError, match=message):
        listing.read(tmp_path / "bad.csv")


def test_a_list_that_is_not_there_names_the_shipped_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        listing.read(tmp_path / "none.csv")
    assert "--with-published fer2013" in caught.value.fix


def test_the_same_workspace_gives_the_same_list_without_pixels(csv_space: Workspace) -> None:
    manifest, faces = csv_space.manifest(), np.asarray(csv_space.faces())
    one, two = made_list(manifest, faces), made_list(manifest, faces)
    assert one.to_csv() == two.to_csv()
    assert tuple(one.columns) == listing.COLUMNS
