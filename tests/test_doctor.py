from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fercurate import doctor
from fercurate.cli import app
from fercurate.errors import FercurateError

FINE = doctor.Check("x", True, "there")


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([FINE], 0),
        ([FINE, replace(FINE, ok=False, needed=False)], 0),  # a laptop without a GPU
        ([FINE, replace(FINE, ok=False)], 1),
    ],
)
def test_only_what_is_needed_is_a_failure(
    checks: list[doctor.Check], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "run", lambda: checks)
    assert CliRunner().invoke(app, ["doctor"]).exit_code == code


def test_whether_windows_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fercurate.live.window.obstacle", lambda: None)
    assert doctor._window().ok
    reason = FercurateError("There is no display.", "Get one.")
    monkeypatch.setattr("fercurate.live.window.obstacle", lambda: reason)
    found = doctor._window()
    assert (found.ok, found.needed) == (False, False)
    assert found.finding == "There is no display."
    assert "browser" in found.fix


def test_a_camera_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [Path("/dev/video0")])
    for may in (True, False):
        monkeypatch.setattr("os.access", lambda path, mode, may=may: may)
        found = doctor._camera()
        assert found.ok == may
        assert "/dev/video0" in found.finding
    assert "usermod" in found.fix
