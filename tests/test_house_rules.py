"""The rules of the house: who may import whom, and what stays out of a start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fercurate"
STAGES = {
    path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()
} - {"cli"}
GROUND = {
    "checked", "config", "console", "copies", "decisions", "design_weights", "dialect", "disk",
    "durable", "errors", "fer2013", "files", "folders", "foreign", "identity", "images",
    "journal", "labels", "leftovers", "likeness", "locks", "loopback", "names", "outgoing",
    "outputs", "ownership", "parts", "paths", "peer", "pngs", "progress", "records", "seal",
    "settings", "soft", "standing", "strict", "votes", "workers", "workspace", "__init__",
}  # fmt: skip
SHARED = {
    "learn": {"audit", "evaluate", "infer", "screen", "train"},
    "detect": {"infer", "ingest", "live", "predict", "screen"},
    "infer": {"evaluate", "live", "predict", "train"},
    "rerank": {"audit", "evaluate", "review"},
}
"""Rooms that others may enter, and which."""
HEAVY = (
    "torch", "fiftyone", "mediapipe", "cleanlab", "cleanvision", "cv2", "joblib", "pandas",
    "sklearn", "scipy", "onnx", "onnxruntime", "safetensors", "torchmetrics", "tensorboard",
)  # fmt: skip


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files_of(stage: str) -> list[Path]:
    return sorted((PACKAGE / stage).rglob("*.py"))


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_imports_the_ground_floor_and_shared_rooms_alone(stage: str) -> None:
    allowed = {stage} | {room for room, users in SHARED.items() if stage in users}
    for path in files_of(stage):
        for name in imported_modules(path):
            room = name.split(".")[1] if name.startswith("fercurate.") else None
            others = STAGES - allowed
            assert room not in others, f"{path.name} imports {name}"


def test_the_ground_floor_imports_no_stage() -> None:
    for name in GROUND - {"__init__"}:
        rooms = {m.split(".")[1] for m in imported_modules(PACKAGE / f"{name}.py") if "." in m}
        assert not rooms & STAGES, name


def test_learn_needs_torch_torchvision_and_numpy_alone() -> None:
    allowed = {"torch", "torchvision", "numpy", "fercurate", *sys.stdlib_module_names}
    for path in files_of("learn"):
        for name in imported_modules(path):
            assert name.split(".")[0] in allowed, f"{path.name} imports {name}"
            assert not name.startswith("fercurate.") or name.startswith("fercurate.learn")


def test_one_module_knows_the_file_names() -> None:
    names = (
        "manifest.parquet", "faces.npy", "screen.parquet", "screen.json", "screen-heads.npz",
        "kinds.csv", "flaws.csv", "audit.parquet", "pred_probs.npy", "stages.json",
        "evidence.npz", "components.npy", "sample.parquet", "sample-frame.parquet",
        "decisions.jsonl", "clean.parquet", "clean.json",
        "changes.csv", "last.safetensors", "best.safetensors", "logits.npz",
    )  # fmt: skip
    for path in PACKAGE.rglob("*.py"):
        if path.name == "paths.py":
            continue
        code = ast.parse(path.read_text())
        docs = {id(n.value) for n in ast.walk(code) if isinstance(n, ast.Expr)}
        for node in ast.walk(code):
            if isinstance(node, ast.Constant) and id(node) not in docs:
                assert node.value not in names, f"{path.name} names {node.value}"


def test_a_start_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['fercurate', '--help']\n"
        "from fercurate import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands" in done.stdout
    assert done.stderr.strip() == "[]"
