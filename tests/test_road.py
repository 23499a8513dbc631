from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate import config, files, road, show
from fercurate import pipeline as pipelines
from fercurate.decisions import Decision, Log
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Quiet
from fercurate.workspace import Workspace


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Datasets are those of the folder that one is in."""
    monkeypatch.chdir(tmp_path)


PIPELINES = Path(__file__).parent.parent / "pipelines"


@pytest.mark.parametrize("path", sorted(PIPELINES.glob("*.toml")), ids=lambda p: p.name)
def test_the_recipes_that_ship_can_be_read(path: Path) -> None:
    pipeline = pipelines.read_pipeline(path)
    names = [stage.name for stage, _ in pipeline.steps]
    wanted = ["import", "screen", "audit", "report", "clean", "train", "sync"]
    assert [name for name in names if name in wanted] == wanted


def test_the_demo_recipe_hangs_together() -> None:
    pipeline = pipelines.read_pipeline(pipelines.demo_pipeline())
    sample, source = pipeline.options("sample"), pipeline.options("import")
    assert source.source.parent == sample.folder
    assert pipeline.options("live") is None
    assert pipeline.workspace.name == "demo"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no dataset"),
        ('dataset = "../x"\n[audit]', "cannot name a dataset"),
        ('dataset = "x"', "has no stage"),
        ('dataset = "x"\n[bake]', "no stage 'bake'"),
        ('dataset = "x"\n[audit]\neffort = "fast"', "effort is 'fast'"),
        ("dataset = ", "is no TOML"),
        ('dataset = "x"\naudit = 3', "no stage 'audit'"),
        ('dataset = "x"\n[sample]\nfolder = ' + "[" * 3000, "is no TOML"),
        ('dataset = "x"\n[sample]\nfolder = "a\\u0000b"', "folder is"),
        ('dataset = "x"\n[import]\nmax-rejected = nan', "max-rejected is nan"),
        ('dataset = "x"\n[import]\nmax-rejected = 1' + "0" * 400, "max-rejected is 1000"),
        ('dataset = "x"\n[audit]\nseed = 2001-01-01', "seed is datetime"),
        ('dataset = "x"\n[audit]\n[audit]', "is no TOML"),
        ("dataset = [1]", "names no dataset"),
    ],
)
def test_recipes_that_are_wrong_say_so(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        pipelines.read_pipeline(path)
    assert says in caught.value.message
    assert caught.value.fix


DEMO = pipelines.demo_pipeline().read_bytes()


@settings(deadline=None)
@given(st.integers(0, len(DEMO)), st.binary(max_size=4), st.integers(0, 12))
def test_any_change_of_a_recipe_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, instead: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.toml"
    path.write_bytes(DEMO[:at] + put + DEMO[at + instead :])
    with contextlib.suppress(InputError):
        pipelines.read_pipeline(path)


def test_no_recipe() -> None:
    with pytest.raises(InputError, match="no file"):
        pipelines.read_pipeline(Path("nowhere.toml"))


def test_standing_names_the_next_command(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "datasets" / "one")
    recorded.manifest(space)
    assert road.standing(space).next_command == "fercurate screen"
    assert road.standing(space).stages == {
        "import": "done", "screen": "to do", "audit": "to do", "clean": "to do", "train": "to do"
    }  # fmt: skip
    for name in ("screen", "audit"):
        recorded.finish(space, name)
        assert road.standing(space).stages[name] == "done"
    recorded.manifest(space, 3)
    assert road.standing(space).stages["screen"] == "stale"
    assert road.standing(space).stages["audit"] == "stale"
    second = Workspace(space.root.with_name("two"))
    recorded.manifest(second)
    assert road.standing(space).next_command == "fercurate screen --dataset one"


def test_a_stage_whose_file_is_gone_is_not_done(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "datasets" / "one")
    recorded.manifest(space)
    recorded.finish(space, "screen")
    space.screen_path.unlink()
    found = road.standing(space)
    assert found.stages["screen"] == "missing"
    assert found.next_command == "fercurate screen"
    assert "screen.parquet is missing" in found.problems[0]


def test_a_broken_dataset_stands_beside_sound_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spaces = [Workspace(tmp_path / "datasets" / name) for name in ("broken", "sound")]
    for space in spaces:
        recorded.manifest(space)
    spaces[0].manifest_path.write_bytes(b"PAR1")
    show.standings([road.standing(space) for space in spaces], as_json=False)
    said = capsys.readouterr().out
    assert "manifest.parquet is not as fercurate wrote it" in said
    assert "sound: 2 images" in said


def test_between_audit_and_clean_a_person_decides(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "datasets" / "one")
    recorded.manifest(space)
    for name in ("screen", "audit"):
        recorded.finish(space, name)

    def found() -> tuple[str, int, str]:
        standing = road.standing(space)
        return standing.stages["clean"], standing.verdicts, standing.next_command

    assert found() == ("to do", 0, "fercurate review --sample 200")
    verdict = Decision("s0", "keep", "ann", given="sad", label="sad")
    Log(space.decisions_path).append([verdict])
    assert found() == ("to do", 1, "fercurate clean")
    recorded.finish(space, "clean")
    assert found() == ("done", 1, "fercurate train")
    Log(space.decisions_path).append([Decision("s0", "undo", "ann", undoes=verdict.id)])
    assert found()[:2] == ("stale", 0)
    recorded.finish(space, "clean")
    assert found() == ("done", 0, "fercurate train")
    recorded.finish(space, "audit", "another")
    assert found()[0] == "stale"


def test_a_model_follows_what_it_was_trained_on(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "datasets" / "one")
    recorded.manifest(space)
    for name in ("screen", "audit"):
        recorded.finish(space, name)

    def train(**inputs: Path) -> tuple[str, str]:
        there = {"manifest": space.manifest_path, **inputs}
        hashes = {name: files.hash_file(path) for name, path in there.items()}
        space.record("train", "c", {"inputs": hashes})
        return found()

    def found() -> tuple[str, str]:
        standing = road.standing(space)
        return standing.stages["train"], standing.next_command

    recorded.finish(space, "clean")
    assert found() == ("to do", "fercurate train")
    assert train(clean=space.clean_path) == ("done", "fercurate review --sample 200")
    recorded.finish(space, "clean")
    assert found()[0] == "done", "the same bytes again"
    recorded.finish(space, "clean", "others")
    assert found() == ("stale", "fercurate train")
    decision = Decision("s0", "keep", "ann", given="sad", label="sad")
    Log(space.decisions_path).append([decision])
    recorded.finish(space, "clean")
    assert train(clean=space.clean_path) == ("done", "fercurate evaluate")
    taught = {"clean": space.clean_path, "teacher train-raw": space.manifest_path}
    assert train(**taught) == ("done", "fercurate evaluate"), "by another network too"
    assert train() == ("done", "fercurate evaluate"), "on raw"
    stages = space.stages()
    stages["clean"]["finished"] = "2999-01-01T00:00:00+0000"
    files.write_json(space.stages_path, stages)
    assert found()[0] == "stale", "there is a newer clean set than the model on raw"


def test_a_database_that_does_not_start_is_no_failure_of_the_import(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(space: Workspace, options: config.SyncConfig, progress: object) -> None:
        raise FercurateError("mongod did not start.", "See its log.")

    class Listening(Quiet):
        heard: list[str] = []  # noqa: RUF012

        def warn(self, text: str) -> None:
            self.heard.append(text)

    monkeypatch.setattr(road, "run_sync", broken)
    assert road.try_sync(Workspace(tmp_path / "d"), config.SyncConfig(), Listening()) is None
    assert "mongod did not start." in Listening.heard[0]
    assert Listening.heard[-1] == f"Later: fercurate sync --dataset {tmp_path / 'd'}"


def test_the_demo_does_not_replace_a_dataset_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = pipelines.demo().workspace
    for source, mine in (("fer2013-sample.csv", False), ("fer2013.csv", True)):
        files.write_json(space.dataset_path, {"source": source})
        if mine:
            with pytest.raises(InputError, match=r"a dataset of yours, from fer2013\.csv"):
                pipelines.demo()
        else:
            assert pipelines.demo().dataset == "demo"
