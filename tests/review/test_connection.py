"""FiftyOne is silent, stays on this machine, leaves nothing in the home folder and ends quickly."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from review_tables import audit_table, subprocess_environment

from fercurate.errors import FercurateError
from fercurate.review.connection import import_fiftyone
from fercurate.workspace import Workspace

SCRIPT = """
    import socket, sys, threading, time
    from pathlib import Path

    connect = socket.socket.connect

    def only_here(self, address):
        if self.family != socket.AF_UNIX:
            raise SystemExit(f"connects to {address}")
        return connect(self, address)

    def no_lookup(*arguments, **named):
        raise SystemExit(f"looks up {arguments}")

    socket.socket.connect = only_here
    socket.getaddrinfo = no_lookup

    from fercurate.config import SyncConfig
    from fercurate.progress import Quiet
    from fercurate.review.sync import run
    from fercurate.workspace import Workspace

    for root in sys.argv[2:]:
        result = run(Workspace(Path(root)), SyncConfig(), Quiet())
        assert result.n_added == 24, result
    import os, psutil
    left = [t.name for t in threading.enumerate()[1:] if not t.daemon]
    children = [c.name() for c in psutil.Process().children(recursive=True)]
    Path(sys.argv[1]).write_text(
        f"{left} {children} {os.environ.get('FIFTYONE_DATABASE_URI')} {time.time()}"
    )
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")
def test_two_syncs_in_one_process(tmp_path: Path, make_workspace: Callable[..., Workspace]) -> None:
    first, second = make_workspace("first", audit=audit_table()), make_workspace("second")
    home, note = tmp_path / "home", tmp_path / "note"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), note, first.root, second.root],
        capture_output=True,
        text=True,
        env=subprocess_environment(home),
        check=False,
    )
    ended = time.time()
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    said, _, at = note.read_text().rpartition(" ")
    assert said == "[] [] None"
    assert ended - float(at) < 30  # one second on an idle machine
    written = {p.relative_to(home).parts[0] for p in home.iterdir()}
    assert written <= {".config", ".cache"}  # matplotlib's own folder, which fiftyone imports
    for workspace in (first, second):
        assert not (workspace.database_dir / "mongodb-27017.sock").exists()


def test_another_database_while_connected(fo: ModuleType) -> None:
    before = fo.config.database_uri
    with pytest.raises(FercurateError, match="another database"):
        import_fiftyone("mongodb://%2Felsewhere.sock/")
    assert fo.config.database_uri == before
    assert import_fiftyone(before) is fo


def test_no_tracking(fo: ModuleType) -> None:
    assert fo.config.do_not_track
    assert not fo.config.show_progress_bars
