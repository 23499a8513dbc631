"""One writer a dataset: who is refused, by whose name, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fercurate import config, files, leftovers, locks, ownership, road
from fercurate.errors import FercurateError, InputError
from fercurate.paths import RunFiles
from fercurate.progress import Quiet
from fercurate.workspace import Workspace

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A new one, in a folder that is there."""
    (tmp_path / "datasets").mkdir()
    return Workspace(tmp_path / "datasets" / "faces")


def make(space: Workspace) -> Workspace:
    files.write_table(space.manifest_path, pd.DataFrame({"row": [0], "label": ["sad"]}))
    space.record("import", "x", {})
    return space


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def held(enter: Callable[[], Any]) -> Iterator[None]:
    """Somebody else, here a thread, holds a lock."""
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        with enter():
            ready.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        done.set()
        thread.join()


def refused(enter: Callable[[], Any]) -> InputError:
    with pytest.raises(InputError) as caught, enter():
        pass
    return caught.value


# -- who is refused --------------------------------------------------------------------
@pytest.mark.parametrize("is_new", [True, False])
def test_the_second_writer_is_refused_at_once_by_the_firsts_name(
    space: Workspace, is_new: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/fercurate", "clean", "-d", "my\x1b[2J faces"])
    if not is_new:
        make(space)
    with held(lambda: locks.writing(space)):
        started = time.monotonic()
        error = refused(lambda: locks.writing(space))
        assert time.monotonic() - started < 5
    assert error.code == 2
    assert f"The dataset faces is being written by process {os.getpid()}" in error.message
    assert "(fercurate clean -d 'my?[2J faces', since 20" in error.message
    assert error.fix == "Run this again when that one has ended."
    with locks.writing(space):
        pass
    assert visible(space.root.parent) == ([] if is_new else ["faces"])


def test_a_writer_may_enter_again_and_leaves_nothing(space: Workspace) -> None:
    make(space)
    before = visible(space.root)
    with locks.writing(space):
        with locks.writing(space):
            assert space.lock_path.exists()
        assert refused_by_another(space)
    assert not refused_by_another(space)
    assert visible(space.root) == before


def refused_by_another(space: Workspace) -> bool:
    found: list[bool] = []

    def other() -> None:
        try:
            with locks.writing(space):
                found.append(False)
        except InputError:
            found.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    return found[0]


def test_a_link_and_its_target_are_one_dataset(space: Workspace, tmp_path: Path) -> None:
    make(space)
    (tmp_path / "link").symlink_to(space.root, target_is_directory=True)
    with held(lambda: locks.writing(Workspace(tmp_path / "link"))):
        refused(lambda: locks.writing(space))
    copy = Workspace(tmp_path / "copy")
    with held(lambda: locks.writing(space)):
        subprocess.run(["cp", "-r", space.root, copy.root], check=True)
        with locks.writing(copy):  # the lock's file came along, the lock did not
            pass


def test_a_dataset_that_is_made_meanwhile_is_locked_where_it_is(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = locks.hold

    @contextmanager
    def late(path: Path, what: str, *, wait: float) -> Iterator[None]:
        with hold(path, what, wait=wait):
            if path == space.new_lock_path:
                make(space)  # by who had it before
            yield

    monkeypatch.setattr(locks, "hold", late)
    with locks.writing(space):
        assert space.lock_path.exists()
        assert not space.new_lock_path.exists()


def test_reading_verdicts_and_trainings_of_other_runs_are_free(space: Workspace) -> None:
    make(space)
    one, other = (RunFiles(space.run_dir(f"train-{n}")) for n in "ab")
    with held(lambda: locks.writing(space)), held(lambda: locks.training(one)):
        assert space.manifest(["row"])["row"].tolist() == [0]
        with locks.training(other):
            space.record("train", "t", {})  # at the end of hours: never refused
        error = refused(lambda: locks.training(one))
        assert "The run train-a is being trained by process" in error.message
    assert set(space.stages()) == {"import", "train"}


def test_no_record_is_lost_between_two_that_note(space: Workspace) -> None:
    make(space)

    def note(which: int) -> None:
        for number in range(5):
            space.record(f"{which}-{number}", "x", {})

    threads = [threading.Thread(target=note, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(space.stages()) == 16
    assert not space.stages_lock_path.exists()


def test_nothing_is_made_where_nothing_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(InputError), locks.writing(Workspace(tmp_path / "a" / "b" / "faces")):
        raise InputError("no such source", "")
    assert visible(tmp_path) == []


# -- killed ----------------------------------------------------------------------------
def forked(work: Callable[[], None]) -> int:
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    return pid


@posix
def test_a_killed_writer_leaves_no_lock_even_where_its_child_lives(space: Workspace) -> None:
    make(space)
    told, tell = os.pipe()

    def holder() -> None:
        with locks.writing(space):
            grandchild = forked(lambda: time.sleep(60))
            os.write(tell, b"%d" % grandchild)
            time.sleep(60)

    pid = forked(holder)
    grandchild = int(os.read(told, 20))
    assert f"process {pid} (" in refused(lambda: locks.writing(space)).message
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        os.kill(grandchild, 0)  # it lives
        with locks.writing(space):
            pass
    finally:
        os.kill(grandchild, signal.SIGKILL)


@posix
def test_a_forked_child_holds_nothing_and_takes_nothing_away(space: Workspace) -> None:
    make(space)
    with locks.writing(space):
        pid = forked(lambda: locks.writing(space).__enter__())
        os.waitpid(pid, 0)
        with pytest.raises(RuntimeError), locks.writing(space):
            raise RuntimeError
        assert refused_by_another(space)


def test_the_writer_clears_what_killed_ones_left_and_nothing_else(space: Workspace) -> None:
    make(space)
    run = space.run_dir("audit-1")
    run.mkdir(parents=True)
    alive = f".stages.json.{os.getppid()}-abcdef"
    ours = (".audit.parquet.1-abcdef", f".manifest.parquet.{os.getppid()}-012345")
    theirs = (
        ".audit.parquet.1-abc", ".notes.txt.1-abcdef", ".decisions.jsonl.1-abcdef",
        "audit.parquet.bak", alive,
    )  # fmt: skip
    for name in (*ours, *theirs):
        (space.root / name).write_text("x")
    (run / ".fold-0.pt.99-abcdef").write_text("x")
    (space.root / ".clean.parquet.1-abcdef").mkdir()
    with locks.writing(space):
        pass
    assert set(theirs) | {".clean.parquet.1-abcdef"} <= set(visible(space.root))
    assert not set(ours) & set(visible(space.root))
    assert visible(run) == []


def test_others_leftovers_are_told_by_their_process(tmp_path: Path) -> None:
    gone = forked(lambda: None)
    os.waitpid(gone, 0)
    ours = (f".a.html.{gone}-abcdef", f".a.html.{os.getppid()}-abcdef")
    for name in ours:
        (tmp_path / name).write_text("x")
    leftovers.clear_dead(tmp_path)
    assert len(visible(tmp_path)) == 2  # just written: on a shared disk by another machine
    hour_ago = time.time() - 3600
    os.utime(tmp_path / ours[0], (hour_ago, hour_ago))
    leftovers.clear_dead(tmp_path)
    assert visible(tmp_path) == [ours[1]]
    before = 946684800  # its number belongs to one that began later
    os.utime(tmp_path / ours[1], (before, before))
    files.write_text(tmp_path / "a.html", "new")
    assert visible(tmp_path) == ["a.html"]


# -- the disk --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError("36864 requested and 1234 written"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
        PermissionError(13, "Permission denied", "HERE/faces.npy"),
    ],
)
def test_a_disk_that_refuses_is_a_message(space: Workspace, error: Exception) -> None:
    make(space)
    if isinstance(error, OSError) and error.filename:
        error.filename = str(space.root / "faces.npy")
    with pytest.raises(FercurateError) as caught, locks.writing(space):
        raise error
    why = getattr(error, "strerror", None) or "No space left on device"
    assert caught.value.message == f"{space.root} cannot be written: {why}."
    assert "what was there is as it was" in caught.value.fix


def test_what_is_no_fault_of_the_disk_is_not_hidden(space: Workspace) -> None:
    make(space)
    for error in (PermissionError(13, "no", "/elsewhere/x.csv"), ValueError("a bug")):
        with pytest.raises(type(error)), locks.writing(space):
            raise error


def test_files_that_fit_each_other_come_together_or_not_at_all(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.npy"]
    for path in paths:
        path.write_text("old")

    def write_half() -> None:
        with files.together():
            files.write_text(paths[0], "new")
            with files.replacing(paths[1]):
                raise OSError(28, "full")

    with pytest.raises(FercurateError, match="full"):
        write_half()
    assert [path.read_text() for path in paths] == ["old", "old"]
    assert visible(tmp_path) == ["a.txt", "b.npy"]
    with files.together():
        files.write_text(paths[0], "new")
        assert paths[0].read_text() == "old"
        files.write_array(paths[1], np.zeros(2))
    assert paths[0].read_text() == "new"
    assert visible(tmp_path) == ["a.txt", "b.npy"]


# -- folders of the user's own ---------------------------------------------------------
@pytest.mark.parametrize(
    ("there", "ours"),
    [
        ((), True),
        (("README.md", "kinds.csv"), True),
        (("decisions.jsonl",), True),
        ((".DS_Store",), True),
        (("images/happy/1.png",), False),
        (("notes.txt",), False),
        (("stages.json",), False),
        (("audit.json", "rejected.csv", "images/1.png"), False),
        (("stages.json", "dataset.json", "images/1.png"), True),
        (("manifest.parquet", "faces.npy", "mine.txt"), True),
        (("manifest.parquet",), False),
    ],
)
def test_a_folder_that_is_not_ours_is_never_written_to(
    tmp_path: Path, there: tuple[str, ...], ours: bool
) -> None:
    root = tmp_path / "faces"
    root.mkdir()
    for name in there:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    assert ownership.is_ours(root) == ours
    if not ours:
        error = refused(lambda: locks.writing(Workspace(root)))
        assert "not from fercurate" in error.message
        assert sum(path.is_file() for path in root.rglob("*")) == len(there)


# -- real processes --------------------------------------------------------------------
_FIRST = """
import sys
from pathlib import Path
from fercurate import config, road
from fercurate.progress import Quiet
from fercurate.workspace import Workspace
import fercurate.{stage}.stage as stage

before = stage.{inside}
def inside(*arguments, **options):
    print("inside", flush=True)
    sys.stdin.readline()
    return before(*arguments, **options)
stage.{inside} = inside
road.run_{command}(Workspace(Path(sys.argv[1])), {config}, Quiet(), force=True)
"""


@pytest.mark.parametrize(
    ("first", "second"), [("import", "import"), ("clean", "clean"), ("clean", "import")]
)
def test_two_processes_at_once(tmp_path: Path, first: str, second: str) -> None:
    space = Workspace(tmp_path / "datasets" / "faces")
    source, other = tmp_path / "a.csv", tmp_path / "b.csv"
    for path, n in ((source, 6), (other, 4)):
        path.write_bytes(csv_of(n))
    what = {
        "import": config.ImportConfig(source=other),
        "clean": config.CleanConfig(),
    }
    if first == "clean":
        road.run_import(space, config.ImportConfig(source=source), Quiet())
        code = _FIRST.format(
            stage="clean", inside="_evidence", command="clean", config="config.CleanConfig()"
        )
    else:
        text = f"config.ImportConfig(source=Path({str(source)!r}))"
        code = _FIRST.format(stage="ingest", inside="read_source", command="import", config=text)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(space.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    run = {"import": road.run_import, "clean": road.run_clean}[second]
    with pytest.raises(InputError, match=f"process {process.pid} "):
        run(space, what[second], Quiet(), force=True)
    process.communicate("\n")
    assert process.returncode == 0
    assert len(space.manifest()) == 6  # the first one's, whole
    assert len(space.faces()) == 6
    assert space.clean_path.exists() == (first == "clean")
    run(space, what[second], Quiet(), force=True)
    assert visible(space.root.parent) == ["faces"]


def csv_of(n: int) -> bytes:
    rng = np.random.default_rng(n)
    lines = ["emotion,pixels,Usage"]
    for i in range(n):
        pixels = " ".join(map(str, rng.integers(0, 256, 48 * 48).tolist()))
        lines.append(f"{i % 7},{pixels},Training")
    return ("\n".join(lines) + "\n").encode()
