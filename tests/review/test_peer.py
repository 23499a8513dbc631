"""Whose connection it is, as Linux tells."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from fercurate.review.peer import is_ours

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
SERVER = 5151
ME = os.getuid() if hasattr(os, "getuid") else 0


def line(local: int, remote: int, uid: int) -> str:
    ends = f"0100007F:{local:04X} 0100007F:{remote:04X}"
    return f"   0: {ends} 01 00000000:00000000 00:00000000 00000000 {uid:5} 0 1 1 0000 20 4 30 10\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(40000, SERVER, ME)], True),
        ([line(40000, SERVER, 0)], True),
        ([line(40000, SERVER, ME + 1)], False),
        # our own end of the connection bears our own user
        ([line(SERVER, 40000, ME), line(40000, SERVER, ME + 1)], False),
        # other connections of theirs, other servers
        ([line(40001, SERVER, ME + 1), line(40000, 80, ME + 1), line(40000, SERVER, ME)], True),
        ([], True),
    ],
)
def test_the_user_of_the_other_end_decides(
    tmp_path: Path, lines: list[str], expected: bool
) -> None:
    table = tmp_path / "tcp"
    table.write_text(HEADER + "".join(lines))
    assert is_ours(40000, SERVER, table) is expected


def test_a_system_that_does_not_tell_stops_nobody(tmp_path: Path) -> None:
    assert is_ours(40000, SERVER, tmp_path / "absent")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells, others do not")
def test_a_real_connection_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            mine = client.getsockname()[1]
            assert is_ours(mine, port)
            monkeypatch.setattr(os, "getuid", lambda: ME + 1)
            assert is_ours(mine, port) is (ME == 0)
