"""`fercurate predict` as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from predict_cases import astronaut, write_image, write_model, write_two_heads


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_model(folder / "m.onnx")
    write_two_heads(folder / "two.onnx")
    write_image(folder / "photos" / "a.png", astronaut())
    (folder / "photos" / "bad.jpg").write_bytes(b"x")
    return folder


def fercurate(*words: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fercurate", *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=folder)


def test_json_from_a_folder_and_a_warning_on_stderr(folder: Path) -> None:
    done = fercurate("predict", "photos", "--model", "m.onnx", "--json", folder=folder)
    assert done.returncode == 0
    row, bad = map(json.loads, done.stdout.splitlines())
    assert (row["file"], row["face"], row["error"]) == ("photos/a.png", 1, None)
    assert (bad["file"], bad["face"], bad["error"][:12]) == ("photos/bad.jpg", None, "not an image")
    assert "photos/bad.jpg: not an image" in done.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "code", "message"),
    [
        (["photos/bad.jpg"], "", 1, "No image could be read"),
        (["nowhere"], "", 2, "does not exist"),
        (["-"], "photos/a.png\n", 0, "1 images, 1 faces"),
        (["-"], "", 2, "standard input"),
        (["photos", "--threshold", "3"], "", 2, "between 0 and 1"),
        (["photos", "--balance", "-0.1"], "", 2, "between 0 and 1"),
        (["photos", "--balance", "0.5"], "", 2, "does not say how frequent each class was"),
        (["photos", "--as", "votes"], "", 2, "does not answer as votes: its labels are given"),
    ],
)
def test_exit_codes(folder: Path, words: list[str], stdin: str, code: int, message: str) -> None:
    done = fercurate("predict", *words, "--model", "m.onnx", folder=folder, stdin=stdin)
    assert done.returncode == code
    assert message in done.stderr


def test_the_command_asks_for_a_head_and_a_balance(folder: Path) -> None:
    words = ["predict", "photos/a.png", "--model", "two.onnx", "--json"]
    rows = []
    for more in ([], ["--as", "given", "--balance", "1"], ["--as", "corrected"]):
        done = fercurate(*words, *more, folder=folder)
        rows += [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["as"], row["balance"]) for row in rows] == [("votes", 0.5), ("given", 1.0)]
    assert rows[0]["probabilities"] != rows[1]["probabilities"]
    assert done.returncode == 2
    assert "its heads are given, votes." in done.stderr
    assert "Give --as votes" in done.stderr
    done = fercurate("predict", "photos/a.png", "--model", "two.onnx", folder=folder)
    assert done.stderr.rstrip().endswith("; answered as votes, balance 0.5")


def test_it_loads_neither_torch_nor_pandas(folder: Path) -> None:
    code = (
        "import sys; sys.argv = ['fercurate', 'predict', 'photos', '--model', 'm.onnx', '--csv']\n"
        "from fercurate import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'pandas', 'sklearn', 'scipy', 'onnx'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("how", "reader"), [("--csv", "true"), ("--json", "head -1")])
def test_a_reader_that_has_enough_is_no_error(folder: Path, how: str, reader: str) -> None:
    script = f"set -o pipefail; {sys.executable} -m fercurate predict photos --model m.onnx {how}"
    command = ["bash", "-c", f"{script} | {reader}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0
    assert "Error" not in done.stderr


def test_ctrl_c_ends_it_between_two_rows(folder: Path) -> None:
    paths = "photos/a.png\n" + "".join(f"photos/../photos/{'./' * i}a.png\n" for i in range(600))
    (folder / "paths.txt").write_text(paths)
    command = [sys.executable, "-m", "fercurate", "predict", "-", "--model", "m.onnx", "--json"]
    with (
        (folder / "paths.txt").open() as stdin,
        subprocess.Popen(command, stdin=stdin, stdout=-1, stderr=-1, text=True, cwd=folder) as run,
    ):
        assert run.stdout is not None
        assert run.stderr is not None
        first = run.stdout.readline()
        run.send_signal(signal.SIGINT)
        rest, told = run.stdout.read(), run.stderr.read()
    assert run.returncode == 130
    assert "Stopped." in told
    rows = [json.loads(line) for line in (first + rest).splitlines()]
    assert 1 <= len(rows) < 601
