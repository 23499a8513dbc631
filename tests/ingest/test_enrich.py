from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import recorded
from ingest_cases import fer_csv, folder_of, image_bytes, made_faces
from PIL import Image
from typer.testing import CliRunner

from fercurate import cli, road
from fercurate.config import EnrichConfig, ImportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.ingest import enrich, stage
from fercurate.ingest.append import append
from fercurate.ingest.batch import Rejection
from fercurate.ingest.enrich import run
from fercurate.ingest.photos import Cuts, Photo
from fercurate.labels import CLASSES, FERPLUS_COLUMNS
from fercurate.progress import Advance, Quiet
from fercurate.samples.faces import data_dir, load_crops
from fercurate.settings import build
from fercurate.workspace import MANIFEST_COLUMNS, Workspace

OLD = made_faces(30)
NEW = made_faces(40, seed=1)[30:]
ASTRONAUT = data_dir() / "astronaut.png"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    source = tmp_path / "fer2013.csv"
    source.write_bytes(fer_csv(OLD))
    space = Workspace(tmp_path / "datasets" / "faces")
    stage.run(space, ImportConfig(source=source), Quiet())
    return space


def with_votes(space: Workspace) -> Workspace:
    lines = ["Usage,Image name," + ",".join(FERPLUS_COLUMNS)]
    usages = ("Training", "PublicTest", "PrivateTest")
    lines += [f"{usages[row % 3]},fer{row:07d}.png,{row},0,0,0,0,0,0,0,0,1" for row in range(30)]
    path = space.root.parent.parent / "fer2013new.csv"
    path.write_text("\n".join(lines) + "\n")
    source = path.with_name("fer2013.csv")
    stage.run(space, ImportConfig(source=source, ferplus=path), Quiet())
    return space


def config(*photos: Path, **options: object) -> EnrichConfig:
    return EnrichConfig(photos=photos, **options)  # type: ignore[arg-type]


def is_whole(space: Workspace, n: int) -> None:
    """All that an image of the manifest needs is there, and the first 30 are as imported."""
    manifest = space.manifest()
    assert len(manifest) == n
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert manifest["row"].tolist() == list(range(n))
    assert manifest["sample_id"].is_unique
    faces = space.faces()
    np.testing.assert_array_equal(faces[:30], OLD)
    for row, name in enumerate(manifest["sample_id"]):
        with Image.open(space.image_path(name)) as image:
            np.testing.assert_array_equal(np.asarray(image), faces[row])


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Faces to be found, by the photograph's name, without looking for any."""
    found: dict[str, np.ndarray] = {}

    def cut_all(photos: Sequence[Photo], min_face: float, min_score: float) -> Iterator[Cuts]:
        for photo in photos:
            faces = found.get(photo.name)
            if faces is None:
                reason = Rejection(photo.name, None, "no face found")
                yield Cuts(photo, np.empty((0, 48, 48), np.uint8), [], [reason])
            else:
                names = [photo.name, *(f"{photo.name}#{i}" for i in range(2, len(faces) + 1))]
                yield Cuts(photo, faces, names, [])

    monkeypatch.setattr(enrich, "cut_all", cut_all)
    return found


def photos_of(tmp_path: Path, *names: str) -> Path:
    return folder_of(tmp_path / "photos", dict.fromkeys(names, b"x"))


def test_new_faces_go_to_the_end_of_train(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray]
) -> None:
    with_votes(workspace)
    folder = photos_of(tmp_path, "happy/a b.jpg", "Ferien äö/1.png", "none.jpg")
    given.update({"happy/a b.jpg": NEW[:2], "Ferien äö/1.png": NEW[2:3]})
    result = run(workspace, config(folder), Quiet())
    is_whole(workspace, 33)
    added = workspace.manifest().iloc[30:]
    assert added["source"].tolist() == ["Ferien äö/1.png", "happy/a b.jpg", "happy/a b.jpg#2"]
    assert added["label"].tolist() == [None, "happy", "happy"]
    assert added["split"].tolist() == ["train"] * 3
    digests = added["sha256"].str[:12]
    assert added["sample_id"].tolist() == [f"photo-{digest}" for digest in digests]
    np.testing.assert_array_equal(workspace.faces()[30:], NEW[[2, 0, 1]])
    votes = workspace.votes()
    assert votes is not None
    assert votes.dtypes.astype(str).tolist() == ["int32", "object"] + ["int16"] * 10
    assert votes["row"].tolist() == list(range(33))
    assert votes["neutral"].tolist() == [*range(30), 0, 0, 0]
    assert votes["NF"].tolist() == [1] * 30 + [0] * 3
    assert (result.n_photos, result.n_read, result.n_faces) == (3, 3, 3)
    assert (result.n_added, result.n_duplicates, result.n_images) == (3, 0, 33)
    assert result.counts == dict.fromkeys(CLASSES, 0) | {"happy": 2, "": 1}
    assert result.rejected == (Rejection("none.jpg", None, "no face found"),)
    assert [p.name for p in workspace.root.parent.iterdir()] == ["faces"]


def test_the_same_photographs_again_add_nothing(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray]
) -> None:
    folder = photos_of(tmp_path, "sad/1.jpg", "2.jpg")
    given.update({"sad/1.jpg": NEW[:3], "2.jpg": NEW[3:5]})
    run(workspace, config(folder), Quiet())
    before = workspace.manifest_path.stat().st_mtime_ns, workspace.stages()
    again = run(workspace, config(folder), Quiet())
    assert (again.n_added, again.n_duplicates) == (0, 5)
    assert (workspace.manifest_path.stat().st_mtime_ns, workspace.stages()) == before
    is_whole(workspace, 35)


def test_near_duplicates_are_left_out_and_named(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray]
) -> None:
    noisy = np.clip(OLD[4].astype(int) + np.arange(48) % 3, 0, 255).astype(np.uint8)
    folder = photos_of(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    given.update(
        {
            "a.jpg": np.stack([noisy, NEW[0]]),
            "b.jpg": np.stack([NEW[0][:, ::-1], NEW[1]]),
            "c.jpg": OLD[5:6, :, ::-1],
        }
    )
    result = run(workspace, config(folder), Quiet())
    assert (result.n_faces, result.n_added, result.n_duplicates) == (5, 2, 3)
    assert workspace.manifest()["source"].tolist()[30:] == ["a.jpg#2", "b.jpg#2"]
    with workspace.enrich_rejected_path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["source", "reason"],
            ["a.jpg", "near duplicate of val-0000004"],
            ["b.jpg", "near duplicate of a.jpg#2"],
            ["c.jpg", "near duplicate of test-0000005"],
        ]


def test_columns_that_compare_images_are_made_anew(workspace: Workspace) -> None:
    copy = OLD[[0, 2]]
    labels = ["sad", CLASSES[2]]
    append(workspace, copy, labels, ["a", "b"], Quiet(), lambda table: None)
    manifest = workspace.manifest()
    assert manifest["duplicate_group"].iloc[[0, 2, 30, 31]].tolist() == [0, 1, 0, 1]
    assert manifest["is_label_conflict"].iloc[[0, 2, 30, 31]].tolist() == [True, False, True, False]
    assert manifest["is_split_leak"].iloc[[0, 2, 30, 31]].tolist() == [False, True, False, True]


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


@pytest.mark.parametrize("bar", ["looking", "writing"])
def test_ctrl_c_leaves_what_was_there(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray], bar: str
) -> None:
    given["1.jpg"] = NEW
    stages = workspace.stages()
    with pytest.raises(KeyboardInterrupt):
        run(workspace, config(photos_of(tmp_path, "1.jpg")), Interrupts(bar))
    is_whole(workspace, 30)
    assert workspace.stages() == stages
    assert len(list(workspace.images_dir.iterdir())) == 30
    assert [p.name for p in workspace.root.parent.iterdir()] == ["faces"]


@pytest.mark.parametrize("moves", range(8))
def test_a_kill_between_two_moves_leaves_the_old_or_the_new(
    workspace: Workspace,
    tmp_path: Path,
    given: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    moves: int,
) -> None:
    with_votes(workspace)
    given["1.jpg"] = NEW[:2]
    folder = photos_of(tmp_path, "1.jpg")
    plain, done = Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal done
        into_place = Path(target).is_relative_to(workspace.root)
        if into_place and done == moves:
            raise KeyboardInterrupt
        done += into_place
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    # two PNGs, what is noted of both, faces, record, manifest, what is noted, what was left out
    with pytest.raises(KeyboardInterrupt):
        run(workspace, config(folder), Quiet())
    monkeypatch.undo()
    monkeypatch.setattr(enrich, "cut_all", lambda *_: iter([_cuts(folder, NEW[:2])]))
    is_whole(workspace, 30 if moves <= 5 else 32)
    votes = workspace.votes()
    assert votes is not None
    assert len(votes) <= len(workspace.manifest())
    if moves > 4:
        assert "enrich" in workspace.stages()
    run(workspace, config(folder), Quiet())
    is_whole(workspace, 32)
    votes = workspace.votes()
    assert votes is not None
    assert votes["row"].tolist() == list(range(32))
    assert len(workspace.faces()) == 32


def _cuts(folder: Path, faces: np.ndarray) -> Cuts:
    photo = Photo(folder / "1.jpg", "1.jpg", None)
    return Cuts(photo, faces, ["1.jpg", "1.jpg#2"], [])


def test_another_command_in_between_is_noticed(workspace: Workspace) -> None:
    class Rewrites(Quiet):
        @contextmanager
        def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
            recorded.write_table(workspace.manifest_path, workspace.manifest())
            yield lambda amount: None

    with pytest.raises(FercurateError, match="changed by another command"):
        append(workspace, NEW[:1], [None], ["a"], Rewrites(), lambda table: None)
    is_whole(workspace, 30)


def test_only_labelled_faces_put_an_audit_out_of_date(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray]
) -> None:
    folder = photos_of(tmp_path, "1.jpg", "fear/2.jpg", "3.jpg")
    given["1.jpg"] = NEW[:1]
    recorded.finish(workspace, "screen")
    recorded.finish(workspace, "audit")
    inputs = {"labelled-train": workspace.identity("labelled-train")}
    workspace.record("audit", "a", {}, inputs=inputs)
    run(workspace, config(folder), Quiet())
    standing = road.standing(workspace).stages
    assert (standing["screen"], standing["audit"]) == ("stale", "done")
    given["fear/2.jpg"] = NEW[1:2]
    run(workspace, config(folder), Quiet())
    mark = workspace.fingerprint_of("enrich")
    assert road.standing(workspace).stages["audit"] == "stale"
    given["3.jpg"] = NEW[2:3]
    run(workspace, config(folder), Quiet())
    assert road.standing(workspace).stages["audit"] == "stale"
    assert workspace.fingerprint_of("enrich") != mark
    assert workspace.stages()["enrich"]["summary"]["n_from_photos"] == 3


class Heard(Quiet):
    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)


def test_an_import_again_does_not_drop_them_silently(
    workspace: Workspace, tmp_path: Path, given: dict[str, np.ndarray]
) -> None:
    given["1.jpg"] = NEW[:4]
    run(workspace, config(photos_of(tmp_path, "1.jpg")), Quiet())
    again = ImportConfig(source=tmp_path / "fer2013.csv")
    assert stage.run(workspace, again, Quiet()).skipped
    is_whole(workspace, 34)
    with pytest.raises(InputError, match="4 faces that were added from photographs") as caught:
        with_votes(workspace)
    assert "--force" in caught.value.fix
    is_whole(workspace, 34)
    heard = Heard()
    assert stage.run(workspace, again, heard, force=True).n_images == 30
    assert "4 faces from photographs are lost" in heard.warned[0]
    assert "fercurate enrich PHOTOS --into faces" in heard.warned[0]
    is_whole(workspace, 30)


def jpeg(pixels: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=92, **options)
    return buffer.getvalue()


def test_real_photographs_of_all_kinds(workspace: Workspace, tmp_path: Path) -> None:
    with Image.open(ASTRONAUT) as image:
        portrait = image.convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = np.asarray(portrait.convert("L"))
    small = portrait.resize((100, 100))
    whole = jpeg(portrait)
    folder = folder_of(
        tmp_path / "photos",
        {
            "Übung 1/astro naut.jpg": whole,
            "b/turned.jpg": jpeg(portrait.rotate(90, expand=True), exif=exif),
            "b/cmyk.jpg": jpeg(portrait.convert("CMYK")),
            "b/grey and alpha.png": image_bytes(np.dstack([grey, grey * 0 + 255])),
            "b/16 bit.png": image_bytes(grey.astype(np.uint16) * 257),
            "b/small.png": image_bytes(np.asarray(small)),
            "c/cut short.jpg": whole[: len(whole) // 2],
            "c/text.jpg": b"hello",
            "c/IMG_0001.HEIC": b"ftypheic",
            "c/cat.png": (data_dir() / "chelsea.png").read_bytes(),
            "c/page.png": (data_dir() / "page.png").read_bytes(),
            "c/readme.txt": b"x",
        },
    )
    result = run(workspace, config(folder), Quiet())
    assert (result.n_photos, result.n_read, result.n_faces) == (11, 8, 5)
    reasons = {r.source: r.reason for r in result.rejected}
    assert re.fullmatch(r"the face is 2\d pixels wide, less than 24", reasons.pop("b/small.png"))
    assert reasons.pop("c/cut short.jpg").startswith("damaged image: image file is truncated")
    assert reasons == {
        "c/text.jpg": "not an image that can be read (JPEG, PNG, ...)",
        "c/IMG_0001.HEIC": "HEIC is not read: export it as JPEG",
        "c/cat.png": "no face found",
        "c/page.png": "no face found",
    }
    is_whole(workspace, 31)
    assert result.n_duplicates == 4, "the same face, whatever its file"
    assert workspace.manifest()["source"].tolist()[30:] == ["b/16 bit.png"]
    with workspace.enrich_rejected_path.open(newline="", encoding="utf-8") as file:
        left = {row["source"]: row["reason"] for row in csv.DictReader(file)}
    assert left["Übung 1/astro naut.jpg"] == "near duplicate of b/16 bit.png"


def test_each_face_of_a_photograph_is_named(workspace: Workspace, tmp_path: Path) -> None:
    photo = np.full((300, 700, 3), 90, np.uint8)
    for i, row in enumerate((3, 20, 66)):
        crop = Image.fromarray((load_crops()[row] * 255).astype(np.uint8))
        face = np.asarray(crop.resize((150, 150), Image.Resampling.BICUBIC))
        photo[70:220, 40 + 220 * i : 190 + 220 * i] = face[:, :, None]
    folder = folder_of(tmp_path / "photos", {"neutral/three.png": image_bytes(photo)})
    result = run(workspace, config(folder), Quiet())
    assert result.n_added == result.counts["neutral"] == 3
    name = "neutral/three.png"
    assert workspace.manifest()["source"].tolist()[30:] == [name, f"{name}#2", f"{name}#3"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"photos": ()}, "No photographs"),
        ({"min_face": 0}, "min_face is 0"),
        ({"min_score": 1.5}, "min_score is 1.5"),
        ({"photos": (Path("nowhere"),)}, "nowhere does not exist"),
    ],
)
def test_wrong_settings_say_so(
    workspace: Workspace, tmp_path: Path, options: dict[str, object], says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        run(workspace, EnrichConfig(**{"photos": (tmp_path,), **options}), Quiet())  # type: ignore[arg-type]
    assert caught.value.fix


def test_places_without_photographs(workspace: Workspace, tmp_path: Path) -> None:
    empty = folder_of(tmp_path / "docs", {"readme.txt": b"x", ".hidden.jpg": b"x"})
    for place in (empty, empty / "readme.txt"):
        with pytest.raises(InputError, match="holds no photograph"):
            run(workspace, config(place), Quiet())
    with pytest.raises(InputError, match="but the dataset's own"):
        run(workspace, config(workspace.root), Quiet())
    with pytest.raises(InputError, match=r"has no manifest\.parquet"):
        run(Workspace(tmp_path / "nothing"), config(tmp_path), Quiet())


def test_a_pipeline_may_name_the_photographs() -> None:
    made = build(EnrichConfig, {"photos": ["a", "b"], "min-face": 30}, "x")
    assert [Path(place).name for place in made.photos] == ["a", "b"]
    assert made.min_face == 30


def test_the_command(
    workspace: Workspace,
    tmp_path: Path,
    given: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = photos_of(tmp_path, "angry/1.jpg", *(f"{i:02d}.jpg" for i in range(14)))
    given.update({"angry/1.jpg": NEW[:2], "00.jpg": NEW[2:3]})
    monkeypatch.chdir(tmp_path)
    call = CliRunner().invoke
    done = call(cli.app, ["enrich", str(folder), "--into", "faces", "--no-fiftyone"])
    assert done.exit_code == 0, done.output
    assert "Faces: 3 found, 3 added, 0 left out as near duplicates" in done.output
    assert "- 10.jpg: no face found" in done.output
    assert "- 11.jpg" not in done.output
    assert "and 3 more left out" in done.output
    assert "1 have no label" in done.output
    assert "Next: fercurate " in done.output
    done = call(cli.app, ["enrich", str(folder), "--no-fiftyone", "--json"])
    told = json.loads(done.stdout)
    assert (told["dataset"], told["n_added"], told["n_duplicates"]) == ("faces", 0, 3)
    shutil.rmtree(workspace.root)
    done = call(cli.app, ["enrich", str(folder)])
    assert isinstance(done.exception, InputError)
