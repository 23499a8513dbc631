"""The command line in a process of its own, as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting import HANG

from fercurate.cli.options import share
from fercurate.console import clock
from fercurate.errors import InputError
from fercurate.samples import stage as samples


def fercurate(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fercurate", *arguments],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_help_is_quick() -> None:
    """0.3 s of processor time: on a busy machine the clock says nothing about the program."""
    command = [sys.executable, "-m", "fercurate", "--help"]
    times = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        times.append(after.children_user + after.children_system)
        times[-1] -= before.children_user + before.children_system
    assert min(times) < 0.3, times


COMMANDS = [
    ["import"],
    ["enrich"],
    ["screen"],
    ["fit-screen"],
    ["audit"],
    ["report"],
    ["train"],
    ["sync"],
    ["evaluate"],
    ["evaluate", "audit"],
    ["evaluate", "review-loop"],
    ["live"],
    ["status"],
    ["run"],
    ["demo"],
    ["doctor"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str], tmp_path: Path) -> None:
    done = fercurate(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["audit"], "no dataset in datasets/ yet"),
        (["screen"], "no dataset in datasets/ yet"),
        (["fit-screen"], "no dataset in datasets/ yet"),
        (["enrich", "photos"], "no dataset in datasets/ yet"),
        (["train"], "no dataset in datasets/ yet"),
        (["sync"], "no dataset in datasets/ yet"),
        (["report", "-d", "x"], "no dataset 'x'"),
        (["import", "nowhere.csv"], "nowhere.csv"),
        (["import", "."], ""),
        (["run", "nowhere.toml"], "no file nowhere.toml"),
        (["evaluate"], "no dataset"),
        (["evaluate", "--split", "train"], "train"),
        (["predict", ".", "--json", "--csv"], "two formats"),
        (["evaluate", "audit"], "no dataset"),
        (["audit", "--effort", "fast"], "fast"),
        (["bake"], "bake"),
    ],
)
def test_wrong_input_is_exit_2_with_a_message_on_stderr(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    done = fercurate(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = fercurate("--debug", "audit", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_what_was_not_foreseen_is_one_message_and_exit_1(tmp_path: Path) -> None:
    code = (
        "import fercurate.cli.walk as w; import fercurate.road as r; r.standing = lambda s: 1 / 0; "
    )
    code += "from fercurate.cli import main; import sys; sys.argv = ['fercurate', 'status']; main()"
    (tmp_path / "datasets" / "x").mkdir(parents=True)
    (tmp_path / "datasets" / "x" / "manifest.parquet").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("Error: ZeroDivisionError")
    assert "Traceback" not in done.stderr


def test_status_without_a_dataset(tmp_path: Path) -> None:
    done = fercurate("status", cwd=tmp_path)
    assert done.returncode == 0
    assert "fercurate import" in done.stdout
    assert json.loads(fercurate("status", "--json", cwd=tmp_path).stdout) == []


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("cli")
    source = samples.write(folder).csv
    done = fercurate("import", source.name, "--name", "demo", "--no-fiftyone", cwd=folder)
    return folder, done


def test_import_prints_what_it_found_and_what_to_do_next(
    imported: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = imported
    assert done.returncode == 0, done.stderr
    assert "Next: fercurate screen" in done.stdout
    assert "with different labels" in done.stdout
    assert "surprise" in done.stdout
    assert len(list((folder / "datasets/demo/images").iterdir())) == 1410
    again = fercurate(
        "import", "fer2013-sample.csv", "--name", "demo", "--no-fiftyone", "--json", cwd=folder
    )
    assert json.loads(again.stdout)["skipped"]
    status = json.loads(fercurate("status", "--json", cwd=folder).stdout)
    assert status[0]["stages"] == {
        "import": "done",
        "screen": "to do",
        "audit": "to do",
        "clean": "to do",
        "train": "to do",
    }
    assert status[0]["verdicts"] == 0
    assert status[0]["next_command"] == "fercurate screen"


def test_a_command_that_comes_too_early_names_the_one_before(
    imported: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = imported
    for command in (["report"], ["evaluate", "audit"]):
        done = fercurate(*command, cwd=folder)
        assert done.returncode == 2
        assert "fercurate audit" in done.stderr


def test_cleaning_by_verdicts_alone_and_handing_out_the_csv(
    imported: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = imported
    early = fercurate("export", "--to", "out", cwd=folder)
    assert early.returncode == 2
    assert "fercurate clean" in early.stderr
    none = fercurate("clean", "--policy", "decided", cwd=folder)
    assert none.returncode == 2
    assert "fercurate review --sample 200" in none.stderr
    done = fercurate("clean", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "copy of a kept image" in done.stdout
    assert "fercurate screen" in done.stderr
    found = json.loads(fercurate("clean", "--json", cwd=folder).stdout)
    assert found["skipped"]
    assert sum(found["summary"]["reasons"].values()) == 1410
    out = json.loads(fercurate("export", "--to", "out", "--json", cwd=folder).stdout)
    assert sum(out["counts"].values()) == found["summary"]["n_kept"]
    wrong = fercurate("export", "--to", "boxes", "--as", "COCODetectionDataset", cwd=folder)
    assert wrong.returncode == 2
    assert "folder, fiftyone" in wrong.stderr
    (folder / "datasets/demo/clean.parquet").unlink()


def test_ctrl_c_is_one_line_and_exit_130(
    imported: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = imported
    running = subprocess.Popen(
        [sys.executable, "-m", "fercurate", "audit", "--no-fiftyone"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runs = folder / "datasets/demo/runs"
    deadline = time.monotonic() + HANG
    while not list(runs.glob("*/*.pt")) and time.monotonic() < deadline:
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=HANG)
    assert running.returncode == 130, err
    assert err.strip().splitlines()[0] == "Stopped."
    assert "Traceback" not in err
    assert out == ""
    assert list(runs.glob("*/*.pt")), "what was trained is kept"
    assert not (folder / "datasets/demo/audit.parquet").exists()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.2 s"),
        (9.6, "9.6 s"),
        (42, "42 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("5%", 0.05), ("0.05", 0.05), (" 12.5% ", 0.125), ("0", 0.0)],
)
def test_a_share_is_given_in_percent_or_as_a_number(
    text: str | None, expected: float | None
) -> None:
    assert share(text, "--blind-repeats") == expected


@pytest.mark.parametrize("text", ["5", "100%", "-1%", "five", "nan", "5%5", ""])
def test_what_is_no_share_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="--blind-repeats"):
        share(text, "--blind-repeats")
