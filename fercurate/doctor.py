"""What is installed on this machine, and what to do about what is not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fercurate import parts

SMALL = "Install it with: pip install fercurate"
CURATE = f"Install it with: {parts.INSTALL_CURATE}"
RECORD = f"Install it with: {parts.INSTALL_RECORD}"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        ok: Whether it is there.
        finding: In words.
        fix: What to do; empty when there is nothing to do.
        needed: Whether fercurate works without it.
    """

    name: str
    ok: bool
    finding: str
    fix: str = ""
    needed: bool = True


def run() -> list[Check]:
    """All checks, in the order in which one would mend things; raises nothing."""
    return [
        _python(),
        *(_package(name, SMALL) for name in parts.BASE),
        _opencv(),
        *_curate(),
        _package("av", RECORD, needed=False),
        _camera(),
        _window(),
        _disk(Path()),
    ]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    fine = (3, 10) <= sys.version_info[:2] <= (3, 13)
    return Check("python", fine, found, "" if fine else "Use Python 3.10 to 3.13.")


def _package(name: str, fix: str, needed: bool = True) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed", fix, needed)


def _curate() -> list[Check]:
    """The larger installation; without any of it one line that says how to get it."""
    found = [_package(name, CURATE) for name in parts.CURATE]
    if any(check.ok for check in found):
        whole = Check("curate", True, "installed: every command works")
        found = [whole, *found] if all(check.ok for check in found) else found
        return [*found, _database(), _accelerator()]
    finding = "not installed: predict, live, import, enrich, clean and export work without"
    fix = f"For the other commands: {parts.INSTALL_CURATE}"
    return [Check("curate", False, finding, fix, needed=False)]


def _opencv() -> Check:
    try:
        import cv2
    except ImportError as error:
        missing = "libGL" in str(error) or "libglib" in str(error)
        again = "Install it again: pip install --force-reinstall 'opencv-contrib-python<5'"
        fix = "On Debian: apt-get install libgl1 libglib2.0-0" if missing else again
        return Check("opencv", False, str(error), fix)
    window = next(
        (
            line.split(":")[1].strip()
            for line in cv2.getBuildInformation().splitlines()
            if "GUI:" in line
        ),
        "NONE",
    )
    if window.upper() == "NONE":
        return Check("opencv", True, f"{cv2.__version__}, without windows")
    return Check("opencv", True, f"{cv2.__version__}, windows by {window}")


def _database() -> Check:
    from fercurate.review import database

    found = database.check()
    if not found.ok:
        return Check("database", False, found.problem, found.fix)
    number = f" {found.version}" if found.version else ""
    return Check("database", True, f"mongod{number} answers after {found.seconds:.1f} s")


def _accelerator() -> Check:
    try:
        from fercurate.learn import device
    except ImportError as error:
        return Check("accelerator", False, str(error), CURATE)
    chosen = device.choose()
    words = device.describe(chosen)
    if chosen.type != "cpu":
        return Check("accelerator", True, words)
    return Check("accelerator", False, f"none; {words}", needed=False)


def _camera() -> Check:
    cameras = sorted(Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if cameras:
        names = ", ".join(map(str, cameras))
        if any(os.access(camera, os.R_OK | os.W_OK) for camera in cameras):
            return Check("camera", True, names)
        fix = "sudo usermod -aG video $USER, then log in again"
        return Check("camera", False, f"{names}: you may not open it", fix, needed=False)
    unknown = "none found" if sys.platform == "linux" else "not looked for on this system"
    return Check("camera", False, unknown, needed=False)


def _window() -> Check:
    from fercurate.live.window import obstacle

    found = obstacle()
    if found is None:
        return Check("window", True, "opens on this display")
    fix = "fercurate live shows a page in the browser instead."
    return Check("window", False, found.message, fix, needed=False)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free / 1e9
    fine = free > 2 and os.access(folder, os.W_OK)
    fix = "" if fine else "FER2013 needs about 1 GB in a folder that you may write to."
    return Check("disk", fine, f"{free:.0f} GB free in {folder.resolve()}", fix)
