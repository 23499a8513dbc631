"""What a user names for a command to write: nothing that is there is lost."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fercurate import cli, config, outputs, road
from fercurate.errors import EXIT_USAGE, InputError
from fercurate.evaluate.model import Evaluation
from fercurate.progress import Progress
from fercurate.workspace import Workspace


def refused(work: Callable[[], object], says: str) -> InputError:
    with pytest.raises(InputError) as error:
        work()
    assert says in error.value.message
    assert error.value.fix
    assert error.value.code == EXIT_USAGE
    return error.value


def held(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def file(path: Path) -> None:
    path.write_text("years of work")


def link(path: Path) -> None:
    file(path.with_name("kept"))
    path.symlink_to("kept")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def second_name(path: Path) -> None:
    file(path.with_name("kept"))
    path.hardlink_to(path.with_name("kept"))


def read_only(path: Path) -> None:
    file(path)
    path.chmod(0o444)


REPLACED = [file, link, dangling, second_name, read_only]


@pytest.mark.parametrize("there", REPLACED)
def test_what_is_there_is_refused_but_with_force(
    there: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    there(path)
    before = held(tmp_path)
    error = refused(lambda: outputs.check(path, "csv", force=False), "is there already")
    assert "--csv" in error.fix
    assert "--force" in error.fix
    refused(lambda: outputs.create(path, "csv", force=False), "is there already")
    refused(lambda: outputs.writing(path, "csv", force=False).__enter__(), "is there already")
    outputs.check(path, "csv", force=True)
    assert held(tmp_path) == before
    with outputs.create(path, "csv", force=True) as made:
        made.write(b"new")
    assert not path.is_symlink()
    kept = tmp_path / "kept"
    assert held(tmp_path) == {str(path): b"new"} | (
        {str(kept): b"years of work"} if kept.exists() else {}
    )


@pytest.mark.parametrize("there", REPLACED)
def test_what_is_written_at_the_end_takes_its_place_whole(
    there: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    there(path)
    with outputs.writing(path, "csv", force=True) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"
    assert not (tmp_path / "kept").exists() or (tmp_path / "kept").read_text() == "years of work"
    assert {p.name for p in tmp_path.iterdir()} <= {"out.csv", "kept"}


def test_what_came_there_while_the_command_ran_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def work() -> None:
        with outputs.writing(path, "csv", force=False) as beside:
            beside.write_text("new")
            file(path)

    refused(work, "is there already")
    assert held(tmp_path) == {str(path): b"years of work"}


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("there", "says"),
    [(folder, "is a folder"), (pipe, "pipe"), (device, "device"), (listener, "socket")],
)
def test_what_is_no_file_is_never_written(
    there: Callable[[Path], None], says: str, force: bool, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    there(path)
    refused(lambda: outputs.check(path, "csv", force=force), says)
    refused(lambda: outputs.create(path, "csv", force=force), says)
    refused(lambda: outputs.writing(path, "csv", force=force).__enter__(), says)
    assert os.path.lexists(path)


def test_a_pipe_where_pipes_are_written_to(tmp_path: Path) -> None:
    pipe(tmp_path / "out")
    outputs.check(tmp_path / "out", "csv", force=False, pipes=True)


@pytest.mark.parametrize("name", ["in.csv", "./in.csv", "sub/../in.csv", "link.csv", "hard.csv"])
def test_what_is_read_is_never_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    file(Path("in.csv"))
    Path("link.csv").symlink_to("in.csv")
    Path("hard.csv").hardlink_to("in.csv")
    reads = [Path("nowhere"), Path("rtsp://host/" + 500 * "a"), Path("in.csv")]
    refused(lambda: outputs.check(Path(name), "csv", force=True, reads=reads), "what is read")


@pytest.mark.parametrize("path", ["", ".", "..", "/", "file/a.csv", "file/sub/a.csv"])
def test_what_cannot_be_written(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file(Path("file"))
    refused(lambda: outputs.check(Path(path), "csv", force=True), path or ".")


REPORT = {
    "audit": {"audited": 1, "label_issues": {}, "label_quality": {}, "dataset": "d"},
    "screen": {"kinds": {}, "not_human": {}, "quality": {}},
    "compare": {"arms": [], "baseline": "raw", "gains": []},
    "review-loop": {"n_gold": 1, "points": [], "reliability": {}},
    "evaluate": {"model": "m", "sets": {}, "temperature": 1.0},
}


@pytest.mark.parametrize("kind", REPORT)
def test_a_report_may_be_renewed_and_nothing_else(kind: str, tmp_path: Path) -> None:
    name, _ = outputs.REPORTS[kind]
    assert outputs.report_folder(tmp_path, kind) == tmp_path
    assert outputs.report_folder(tmp_path / "new", kind) == tmp_path / "new"
    assert not (tmp_path / "new").exists()
    file(tmp_path / "index.html")
    for text in (
        None,
        "years of work",
        "[]",
        "null",
        '{"accuracy": 1}',
        json.dumps(dict.fromkeys("ab")),
    ):
        if text is not None:
            (tmp_path / name).write_text(text)
        error = refused(lambda: outputs.report_folder(tmp_path, kind), "is not empty")
        assert "--folder" in error.fix
    for other in set(REPORT) - {kind}:
        (tmp_path / name).write_text(json.dumps(REPORT[other]))
        refused(lambda: outputs.report_folder(tmp_path, kind), "is not empty")
    (tmp_path / name).write_text(json.dumps(REPORT[kind]))
    assert outputs.report_folder(tmp_path, kind) == tmp_path


def test_a_file_is_no_folder_for_a_report(tmp_path: Path) -> None:
    file(tmp_path / "a")
    refused(lambda: outputs.report_folder(tmp_path / "a", "audit"), "cannot be written")


class Never(Progress):
    """Nothing may be said or done."""

    def say(self, text: str) -> None:
        raise AssertionError(text)


SPACE = Workspace(Path("datasets/none"))
THERE = Path("there.csv")
FULL = Path("full")


def names_a_file(run: Callable[..., Any], options: Any, **more: Any) -> Any:
    return pytest.param(run, options, more, f"{THERE} is there already", id=type(options).__name__)


def names_a_folder(run: Callable[..., Any], options: Any) -> Any:
    return pytest.param(run, options, {}, f"{FULL} is not empty", id=run.__name__)


@pytest.mark.parametrize(
    ("run", "options", "more", "says"),
    [
        names_a_file(road.run_audit, config.AuditConfig(save_profile=THERE)),
        names_a_file(road.run_fit_screen, config.FitScreenConfig(out=THERE)),
        names_a_file(road.run_review, config.ReviewConfig(export=THERE)),
        names_a_folder(road.run_report, config.ReportConfig(folder=FULL)),
        names_a_folder(road.run_reports, config.ReportConfig(folder=FULL)),
        names_a_folder(road.run_review_loop, config.ReviewLoopConfig(folder=FULL)),
        names_a_folder(road.run_compare, config.CompareConfig(arms=("raw", "clean"), folder=FULL)),
        names_a_folder(road.run_evaluate, config.EvaluateConfig(folder=FULL)),
    ],
)
def test_every_command_asks_before_it_works(
    run: Callable[..., Any],
    options: Any,
    more: dict[str, Any],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dataset is not there: whoever looked at it first would say so."""
    monkeypatch.chdir(tmp_path)
    file(THERE)
    FULL.mkdir()
    file(FULL / "index.html")
    before = held(tmp_path)
    refused(lambda: run(SPACE, options, Never(), **more), says)
    assert held(tmp_path) == before


def test_a_report_folder_holds_the_screens_beside_the_audits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (FULL / "screen").mkdir(parents=True)
    outputs.report_folder(FULL, "audit", besides=("screen",))
    file(FULL / "screen" / "index.html")
    options = config.ReportConfig(folder=FULL)
    refused(lambda: road.run_screen_report(SPACE, options, Never()), "full/screen is not empty")


@pytest.mark.parametrize("command", ["live", "export-model", "fit-screen", "review", "audit"])
def test_force_is_an_option_of_what_writes_files(command: str) -> None:
    shown = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"})
    assert "--force" in shown.stdout


def test_the_reports_that_are_written_today_are_known(tmp_path: Path) -> None:
    record = Path(__file__).parent.parent / "reports" / "record"
    for kind in ("audit", "screen", "compare", "review-loop"):
        outputs.report_folder(record / f"fer2013-{kind}", kind)
    assert outputs.REPORTS["evaluate"][1] <= {field.name for field in fields(Evaluation)}
