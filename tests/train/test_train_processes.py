"""Training in processes of its own: killed, stopped, and several at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import train_cases as cases

from fercurate.infer.checkpoint import load_model
from fercurate.paths import RunFiles
from fercurate.workspace import Workspace

pytestmark = pytest.mark.timeout(600)
"""Several starts of torch each, on a machine that may be busy."""

SETTINGS = [
    "--on", "raw", "--device", "cpu", "--model", "simple",
    *(word for text in cases.FAST for word in ("--set", text)),
]  # fmt: skip


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "fercurate", "train", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


def train(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True,
        timeout=500, check=False,
    )  # fmt: skip


def dataset(folder: Path, **options: Any) -> Path:
    """A folder to run commands in, with the dataset toy."""
    cases.dataset(folder / "datasets" / "toy", **options)
    return folder


def the_run(folder: Path) -> RunFiles:
    (found,) = Workspace(folder / "datasets" / "toy").runs_dir.iterdir()
    return RunFiles(found)


def epochs(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(the_run(folder).metrics_path.read_text())["epochs"]
    return found


def curve(folder: Path) -> list[tuple[float, ...]]:
    return [(e["epoch"], e["loss"], e["val_accuracy"], e["val_loss"]) for e in epochs(folder)]


def begun(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A training that has whole epochs behind it and some before it."""
    process = subprocess.Popen(
        command(*arguments), cwd=folder, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until = time.monotonic() + 400
    while time.monotonic() < until and process.poll() is None:
        runs = Workspace(folder / "datasets" / "toy").runs_dir
        if runs.exists() and any(RunFiles(run).metrics_path.exists() for run in runs.iterdir()):
            return process
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def test_killed_and_begun_again_it_gives_the_same_curve(tmp_path: Path) -> None:
    one, two = dataset(tmp_path / "one"), dataset(tmp_path / "two")
    settings = [*SETTINGS, "--epochs", "12"]
    done = train(one, *settings, "--json")
    assert done.returncode == 0, done.stderr
    killed = begun(two, *settings)
    killed.kill()
    killed.communicate()
    kept = len(epochs(two))
    assert 0 < kept < 12
    again = train(two, *settings)
    assert again.returncode == 0, again.stderr
    assert "Going on after epoch" in again.stderr
    assert curve(two) == curve(one)
    best = [load_model(the_run(folder).best_path)[0].state_dict() for folder in (one, two)]
    assert all(torch.equal(best[0][name], best[1][name]) for name in best[0])
    found = json.loads(done.stdout)
    assert (found["epochs"], found["skipped"]) == (12, False)
    assert found["run_id"] == the_run(two).folder.name
    assert f"Next: fercurate evaluate --run {found['run_id']}" in again.stdout


def test_ctrl_c_keeps_the_last_whole_epoch_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    process = begun(folder, *SETTINGS, "--epochs", "12")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=500)
    assert process.returncode == 130
    assert "Stopped: " in stderr
    assert "of 12 epochs are kept." in stderr
    assert "Go on with: fercurate train --resume" in stderr
    assert "Traceback" not in stderr
    resumed = train(folder, "--resume", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["epochs"] == 12
    assert [e["epoch"] for e in epochs(folder)] == list(range(1, 13))


FLOAT32 = """
from fercurate.learn import device, optim
device.has_fast_bf16 = optim.has_fast_bf16 = lambda device: False
from fercurate.cli import main
main()
"""
"""The command line without bfloat16, whose rounding hides what differs."""


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    one, two = dataset(tmp_path / "one"), dataset(tmp_path / "two")
    script = tmp_path / "float32.py"
    script.write_text(FLOAT32)
    settings = ["train", *SETTINGS, "--epochs", "3", "--model", "facenet", "--json"]
    launchers = {
        one: [sys.executable],
        two: [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"],
    }
    for folder, launcher in launchers.items():
        done = subprocess.run(
            [*launcher, str(script), *settings], cwd=folder, env=environment(),
            capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["epochs"] == 3, "the first process alone prints"
    assert json.loads(the_run(two).metrics_path.read_text())["processes"] == 2
    for first, second in zip(epochs(one), epochs(two), strict=True):
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-3)
        assert second["val_loss"] == pytest.approx(first["val_loss"], rel=1e-3)
        assert second["val_accuracy"] == first["val_accuracy"]
    best = [load_model(the_run(folder).best_path)[0].state_dict() for folder in (one, two)]
    for name, weight in best[0].items():
        apart = (best[1][name] - weight).abs().max()
        assert torch.allclose(best[1][name], weight, rtol=1e-2, atol=3e-3), f"{name}: {apart}"
