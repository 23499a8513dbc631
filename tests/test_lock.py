"""`requirements.lock` fits `pyproject.toml`; `make lock` writes it."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

LOCK = Path(__file__).parent.parent / "requirements.lock"


def test_what_fercurate_asks_for_is_locked_in_a_version_that_fits() -> None:
    text = LOCK.read_text().replace("\\\n", "")
    lines = [line.partition(" --hash")[0] for line in text.splitlines()]
    locked = {}
    for one in map(Requirement, lines):
        if one.marker is None or one.marker.evaluate():
            locked[one.name] = next(iter(one.specifier)).version
    for one in map(Requirement, requires("fercurate") or []):
        applies = one.marker is None or one.marker.evaluate({"extra": "curate"})
        if applies and one.name != "fercurate":
            assert one.specifier.contains(locked[one.name]), one


def test_it_has_hashes_and_no_address() -> None:
    text = LOCK.read_text()
    assert "://" not in text
    assert len(re.findall(r"^\S+==", text, re.M)) <= text.count("--hash=sha256:")
