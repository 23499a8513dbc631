"""Finding mongod, and what its log says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from review_tables import fake_mongod

from fercurate.errors import FercurateError
from fercurate.review import mongod


def test_no_mongod_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FercurateError, match="No mongod") as caught:
        mongod.find()
    assert "pip install" in caught.value.fix
    fake_mongod(tmp_path, "exit 0\n")
    assert mongod.find() == tmp_path / "mongod"


def test_finding_mongod_imports_no_fiftyone() -> None:
    code = "import sys; from fercurate.review import database, mongod; mongod.find(); "
    code += "print('fiftyone' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def line(severity: str, message: str, **attributes: object) -> str:
    return json.dumps({"s": severity, "msg": message, "attr": attributes}) + "\n"


@pytest.mark.parametrize(
    ("log", "printed", "expected"),
    [
        ("", "", "it left no reason in its log"),
        ("", "cannot execute\n", "cannot execute"),
        (line("I", "Waiting for connections."), "", "Waiting for connections"),
        (
            line("E", "DBException in initAndListen", error="DBPathInUse: locked")
            + line("I", "Now exiting"),
            "",
            "DBException in initAndListen: DBPathInUse: locked",
        ),
        (
            line("E", "Failed", error={"code": 9, "errmsg": "No space left"})
            + line("F", "abort()"),
            "",
            "Failed: No space left",
        ),
        (line("F", "aborting after fassert") + "half a li", "", "aborting after fassert"),
        ("", line("I", "Applied options") + "killed\n", "killed"),
    ],
)
def test_last_words(tmp_path: Path, log: str, printed: str, expected: str) -> None:
    (tmp_path / "mongod.log").write_text(log)
    (tmp_path / "mongod.out").write_text(printed)
    assert mongod.last_words(tmp_path) == expected
