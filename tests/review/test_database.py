"""Our own mongod: private, bounded in time, shared, never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pymongo
import pytest
from review_tables import fake_mongod
from waiting import until

from fercurate.errors import FercurateError
from fercurate.review import address, database, mongod
from fercurate.review.database import check, serving
from fercurate.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets and signals")

SLOW = 120
"""Seconds that a test machine under load may take for what usually takes one."""


@pytest.fixture(autouse=True)
def own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(database.VARIABLE, raising=False)


@contextlib.contextmanager
def client(uri: str) -> Iterator[pymongo.MongoClient[dict[str, object]]]:
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=1000 * SLOW) as connected:
        yield connected


def pid_of(uri: str) -> int:
    with client(uri) as connected:
        return int(str(connected.admin.command("serverStatus")["pid"]))


def wait_until_gone(pid: int) -> bool:
    def is_gone() -> bool:
        try:
            return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    until(is_gone, step=0.05)
    return True


def test_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "faces")
    with serving(workspace, timeout=SLOW) as uri:
        folder = workspace.database_dir
        socket = folder / mongod.SOCKET_NAME
        pid = pid_of(uri)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        assert [c for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"] == []
        with client(uri) as connected:
            connected.kept.things.insert_one({"_id": 1})
        assert next((folder / "journal").iterdir()).stat().st_size < 10e6
    assert not psutil.pid_exists(pid)
    assert not socket.exists()
    with serving(workspace, timeout=SLOW) as uri, client(uri) as connected:
        assert connected.kept.things.find_one() == {"_id": 1}


def test_a_killed_mongod_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    with serving(tmp_path / "db", timeout=SLOW) as uri:
        with client(uri) as connected:
            connected.kept.things.insert_one({"_id": 1})
        pid = pid_of(uri)
        os.kill(pid, signal.SIGKILL)
        assert wait_until_gone(pid)
    assert (tmp_path / "db" / mongod.SOCKET_NAME).exists()
    with serving(tmp_path / "db", timeout=SLOW) as uri, client(uri) as connected:
        assert connected.kept.things.find_one() == {"_id": 1}


PARENT = """
    import os, sys, time
    from pathlib import Path
    from fercurate.review.database import serving
    with serving(Path(sys.argv[1]), timeout=120) as uri:
        if "fork" in sys.argv:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
        print(uri, flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("arguments", [(), ("fork",)], ids=["alone", "with a forked child"])
def test_kill_9_of_the_parent_ends_mongod(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path / "db"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = pid_of(parent.stdout.readline().strip())
    forked = [
        c for c in psutil.Process(parent.pid).children() if "watchdog" not in str(c.cmdline())
    ]
    assert len(forked) == len(arguments)
    parent.kill()
    parent.wait()
    try:
        assert wait_until_gone(pid)
    finally:
        for child in forked:
            child.kill()
        parent.stdout.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a parent-death signal")
def test_kill_9_of_the_watchdog_ends_mongod(tmp_path: Path) -> None:
    with serving(tmp_path / "db", timeout=SLOW) as uri:
        pid = pid_of(uri)
        watchdog = psutil.Process(pid).parent()
        assert watchdog is not None
        watchdog.kill()
        assert wait_until_gone(pid)


def test_users_share_and_the_last_one_stops_it(tmp_path: Path) -> None:
    owner, guest = contextlib.ExitStack(), contextlib.ExitStack()
    uri = owner.enter_context(serving(tmp_path / "db", timeout=SLOW))
    assert guest.enter_context(serving(tmp_path / "db", timeout=SLOW)) == uri
    pid = pid_of(uri)
    owner.close()
    assert pid_of(uri) == pid
    guest.close()
    assert wait_until_gone(pid)


def test_a_guest_does_not_stop_it(tmp_path: Path) -> None:
    with serving(tmp_path / "db", timeout=SLOW) as uri:
        pid = pid_of(uri)
        with serving(tmp_path / "db", timeout=SLOW):
            pass
        assert pid_of(uri) == pid


def test_starting_at_the_same_time_gives_one_mongod(tmp_path: Path) -> None:
    together = threading.Barrier(3)
    pids = []

    def use() -> None:
        together.wait()
        with serving(tmp_path / "db", timeout=SLOW) as uri:
            pids.append(pid_of(uri))
            together.wait()

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 3
    assert len(set(pids)) == 1
    assert wait_until_gone(pids[0])


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("deep-" * 20) / "db"
    with serving(folder, timeout=SLOW) as uri:
        with client(uri) as connected:
            options = connected.admin.command("getCmdLineOpts")["parsed"]
        assert isinstance(options, dict)
        socket = Path(options["net"]["bindIp"])
        assert socket.parent != folder
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        with serving(folder, timeout=SLOW) as again:
            assert again == uri
    assert not socket.parent.exists()


def test_without_unix_sockets_a_loopback_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "UNIX_SOCKETS", False)
    with serving(tmp_path / "db", timeout=SLOW) as uri:
        listening = [
            c for c in psutil.Process(pid_of(uri)).net_connections() if c.status == "LISTEN"
        ]
        assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
        assert f"127.0.0.1:{listening[0].laddr.port}" in uri


def test_the_users_database_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path / "theirs", timeout=SLOW) as theirs:
        monkeypatch.setenv(database.VARIABLE, theirs + "&appName=user")
        with serving(tmp_path / "ours", timeout=SLOW) as uri:
            assert uri == theirs + "&appName=user"
        assert pid_of(theirs) > 0
    assert not (tmp_path / "ours").exists()


def test_a_users_database_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(database.VARIABLE, "mongodb://%2Fnowhere%2Fdb.sock")
    with (
        pytest.raises(FercurateError, match="does not answer") as caught,
        serving(tmp_path, timeout=0.5),
    ):
        pass
    assert database.VARIABLE in caught.value.fix


def test_a_mongod_that_dies_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "error while loading shared libraries: libcrypto.so.1.1"
    program = fake_mongod(tmp_path, f"echo '{why}' >&2\nexit 127\n")
    monkeypatch.setattr(mongod, "find", lambda: program)
    with pytest.raises(FercurateError, match=why) as caught, serving(tmp_path / "db", timeout=SLOW):
        pass
    assert "fercurate sync" in caught.value.fix
    assert why in check().problem


def test_a_mongod_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_mongod(tmp_path, f"echo $$ > {tmp_path}/pid\nexec sleep 10000\n")
    monkeypatch.setattr(mongod, "find", lambda: program)
    with pytest.raises(FercurateError, match="in time"), serving(tmp_path / "db", timeout=3):
        pass
    assert wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a file")
    with pytest.raises(FercurateError, match="cannot be used"), serving(tmp_path / "db"):
        pass


def test_check_reports_program_version_and_seconds() -> None:
    found = check(timeout=SLOW)
    assert found.ok
    assert found.program.endswith("mongod")
    assert found.version is not None
    assert int(found.version.split(".")[0]) >= 6
    assert found.seconds is not None
    assert 0 < found.seconds < SLOW
