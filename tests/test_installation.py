"""The small installation, made anew, and what it says of what only the larger one can do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from packaging.requirements import Requirement

from fercurate import doctor, parts
from fercurate.cli import app
from fercurate.decisions import Decision, Log
from fercurate.samples.faces import data_dir, enlarge, load_crops
from fercurate.workspace import Workspace

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv") or (str(ROOT / ".uv/bin/uv") if (ROOT / ".uv/bin/uv").exists() else None)
pytestmark = [
    pytest.mark.xdist_group("installation"),
    pytest.mark.skipif(UV is None, reason="uv is not here to make an environment"),
]

ARGUMENTS = {"compare": ["raw", "clean"], "export-model": ["--to", "x.onnx"]}
"""What a command does not begin without."""

LARGE = {
    "screen", "fit-screen", "audit", "report", "review", "train", "compare", "evaluate",
    "evaluate audit", "evaluate review-loop", "export-model", "sync", "demo",
}  # fmt: skip


def commands() -> Iterator[str]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield name
        yield from (f"{name} {sub}" for sub in getattr(command, "commands", {}))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment's programs, with fercurate as `pip install fercurate` has it."""
    assert UV is not None
    folder = tmp_path_factory.mktemp("small") / "env"
    quiet = {"cwd": ROOT, "check": True, "capture_output": True}
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(folder)], **quiet)  # type: ignore[call-overload]
    install = [UV, "pip", "install", "-q", "--compile-bytecode", "--python", str(folder), "."]
    subprocess.run(install, **quiet)  # type: ignore[call-overload]
    return folder / "bin"


def call(small: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(cwd), "DISPLAY": ""}
    env.pop("PYTHONPATH", None)
    return subprocess.run(
        [str(small / "fercurate"), *words], cwd=cwd, env=env, capture_output=True, text=True
    )


def done(small: Path, *words: str, cwd: Path) -> str:
    found = call(small, *words, cwd=cwd)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_it_is_small(small: Path) -> None:
    place = next((small.parent / "lib").glob("python3*")) / "site-packages"
    names = {path.name for path in place.iterdir()}
    assert not {"torch", "fiftyone", "cleanlab", "sklearn", "scipy", "av", "jaxlib"} & names
    size = sum(p.stat().st_size for p in place.rglob("*") if "__pycache__" not in p.parts)
    assert size < 850e6


def test_this_environment_is_the_larger_one() -> None:
    """`make test` installs it; every requirement of every part is met here."""
    for text in requires("fercurate") or []:
        wanted = Requirement(text)
        for part in ("", "curate", "record"):
            applies = wanted.marker is None or wanted.marker.evaluate({"extra": part})
            if applies and wanted.name != "fercurate":
                assert wanted.specifier.contains(version(wanted.name)), text


def test_each_command_helps_in_both(small: Path, tmp_path: Path) -> None:
    for name in commands():
        words = [*name.split(), "--help"]
        assert "Usage" in done(small, *words, cwd=tmp_path), name
        here = done(Path(sys.executable).parent, *words, cwd=tmp_path)
        assert "Usage" in here, name


@pytest.mark.parametrize("name", sorted(LARGE))
def test_what_is_missing_is_named_in_one_line(small: Path, name: str, tmp_path: Path) -> None:
    found = call(small, *name.split(), *ARGUMENTS.get(name, []), cwd=tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert re.fullmatch(
        rf"Error: fercurate {name} needs \w+, which is not installed: "
        r'pip install "fercurate\[curate\]"\n',
        found.stderr,
    ), found.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.alone
def test_what_is_missing_is_named_at_once(small: Path, tmp_path: Path) -> None:
    """In 0.3 s of processor time: a busy machine is no reason to fail."""
    seconds = []
    for _ in range(4):
        before = os.times()
        call(small, "audit", cwd=tmp_path)
        after = os.times()
        spent = after.children_user + after.children_system
        seconds.append(spent - before.children_user - before.children_system)
    assert min(seconds) < 0.3


def test_a_pipeline_says_it_before_its_first_stage(small: Path, tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        'dataset = "x"\n[sample]\nfolder = "s"\n[import]\nsource = "s/a.csv"\n[audit]\n'
    )
    found = call(small, "run", "all.toml", cwd=tmp_path)
    assert found.returncode == 1
    assert 'pip install "fercurate[curate]"' in found.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["all.toml"]


def test_what_comes_up_later_is_named_too(small: Path, tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").write_bytes(b"x")
    shutil.copy(data_dir() / "astronaut.png", tmp_path)
    found = call(small, "predict", "astronaut.png", "--model", "best.safetensors", cwd=tmp_path)
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == (
        'Error: This command needs torch, which is not installed: pip install "fercurate[curate]"'
    )


def test_photographs_are_predicted(small: Path, tmp_path: Path) -> None:
    shutil.copy(data_dir() / "astronaut.png", tmp_path)
    line = done(small, "predict", "astronaut.png", "--json", cwd=tmp_path)
    assert json.loads(line)["label"] == "happy"


def test_a_dataset_is_imported_cleaned_and_exported(small: Path, tmp_path: Path) -> None:
    faces = [(enlarge(crop) * 255).astype(np.uint8) for crop in load_crops()[:20]]
    for i, face in enumerate(faces):
        path = tmp_path / "faces" / ("happy" if i % 2 else "sad") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.resize(face, (48, 48)))
    done(small, "import", "faces", "--val-share", "0.2", cwd=tmp_path)
    (tmp_path / "photos").mkdir()
    shutil.copy(data_dir() / "astronaut.png", tmp_path / "photos")
    assert "1 found, 1 added" in done(small, "enrich", "photos", cwd=tmp_path)
    space = Workspace(tmp_path / "datasets" / "faces")
    image = space.manifest().iloc[0]
    log = Log(space.decisions_path)
    log.append([Decision(image["sample_id"], "exclude", "ann", sha256=image["sha256"])])
    done(small, "clean", "--policy", "decided", cwd=tmp_path)
    done(small, "export", "--to", "out", "--as", "folder", cwd=tmp_path)
    assert len([*(tmp_path / "out").rglob("*.png")]) == 19
    done(small, "export", "--to", "csv", "--as", "csv", cwd=tmp_path)
    assert "clean    done" in done(small, "status", cwd=tmp_path)


def test_a_video_is_analysed(small: Path, tmp_path: Path) -> None:
    photo = cv2.resize(cv2.imread(str(data_dir() / "astronaut.png")), (320, 320))
    video = cv2.VideoWriter(
        str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 320)
    )
    for _ in range(12):
        video.write(photo)
    video.release()
    words = ["live", "--source", "a.avi", "--view", "none", "--jsonl", "a.jsonl"]
    done(small, *words, "--summary", "a.png", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) >= 12
    assert (tmp_path / "a.png").stat().st_size > 10_000
    found = call(small, *words[:-1], "b.jsonl", "--record", "a.mp4", cwd=tmp_path)
    assert found.returncode == 1
    assert found.stderr == (
        "Error: fercurate live --record needs av, which is not installed: "
        'pip install "fercurate[record]"\n'
    )


def test_doctor_tells_the_sizes_apart(small: Path, tmp_path: Path) -> None:
    found = {
        check["name"]: check for check in json.loads(done(small, "doctor", "--json", cwd=tmp_path))
    }
    assert not found["curate"]["ok"]
    assert not found["curate"]["needed"]
    assert 'pip install "fercurate[curate]"' in found["curate"]["fix"]
    assert "torch" not in found
    assert "database" not in found
    here = {check.name: check for check in doctor.run()}
    assert all(here[name].ok for name in (*parts.BASE, *parts.CURATE, "curate", "av", "database"))
