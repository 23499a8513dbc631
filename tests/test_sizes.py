from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from fercurate import config, doctor, parts, road
from fercurate.errors import FercurateError
from fercurate.progress import Quiet
from fercurate.workspace import Workspace


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    monkeypatch.setattr(parts, "has", lambda module: module not in modules)


def test_the_first_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "cleanlab", "jinja2")
    parts.need("predict")
    with pytest.raises(FercurateError) as caught:
        parts.need("audit")
    assert caught.value.message == (
        'fercurate audit needs cleanlab, which is not installed: pip install "fercurate[curate]"'
    )
    assert caught.value.code == 1


def test_a_recording_has_a_part_of_its_own() -> None:
    assert 'pip install "fercurate[record]"' in parts.missing("This command", "av").message


def test_without_fiftyone_nothing_is_mirrored_and_nothing_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "fiftyone")
    assert road.try_sync(Workspace(tmp_path), config.SyncConfig(), Quiet()) is None


@pytest.mark.parametrize("missing", [{"torch"}, set(parts.CURATE)])
def test_doctor_tells_half_an_installation_from_a_small_one(
    missing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name in missing:
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor, "version", version)
    found = {check.name: check for check in doctor._curate()}
    if missing == {"torch"}:
        assert found["torch"].needed
        assert not found["torch"].ok
        assert found["fiftyone"].ok
        assert "curate" not in found
    else:
        assert list(found) == ["curate"]
        assert not found["curate"].needed
    assert all(
        "fercurate[curate]" in check.fix for check in found.values() if check.name in missing
    )
