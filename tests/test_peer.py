"""Whose connection it is, as Linux tells, and that both pages take this user's alone."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fercurate import loopback, peer
from fercurate.peer import is_ours

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux tells, others do not"
)
ME = os.getuid() if hasattr(os, "getuid") else 0
OTHER = ME + 1
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
SERVER = ("127.0.0.1", 5151)
CLIENT = ("127.0.0.1", 40000)
MAPPED = "0000000000000000FFFF0000"


def line(local: int, remote: int, uid: int, inode: int = 7, kind: str = "") -> str:
    ends = f"{kind}0100007F:{local:04X} {kind}0100007F:{remote:04X}"
    if sys.byteorder == "big":
        ends = ends.replace("0100007F", "7F000001")
    times = "01 00000000:00000000 00:00000000 00000000"
    return f"   0: {ends} {times} {uid:5}        0 {inode} 1 0000 20 4 30 10\n"


@linux
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(40000, 5151, ME)], True),
        ([line(40000, 5151, 0)], True),
        ([line(40000, 5151, OTHER)], False),
        ([line(40000, 5151, OTHER, kind=MAPPED)], False),
        ([line(40000, 5151, ME, kind=MAPPED)], True),
        # closed already: listed as root's, with no inode
        ([line(40000, 5151, 0, inode=0)], False),
        ([line(40000, 5151, ME, inode=0)], False),
        ([line(40000, 5151, 0, inode=0), line(40000, 5151, ME)], True),
        # one of each: which one asks is not known
        ([line(40000, 5151, ME), line(40000, 5151, OTHER, kind=MAPPED)], False),
        # our own end of the connection bears our own user
        ([line(5151, 40000, ME), line(40000, 5151, OTHER)], False),
        # other connections of theirs, other servers
        ([line(40001, 5151, OTHER), line(40000, 80, OTHER), line(40000, 5151, ME)], True),
        ([line(40001, 5151, ME)], False),
        ([], False),
    ],
)
def test_the_user_of_the_other_end_decides(
    tmp_path: Path, lines: list[str], expected: bool
) -> None:
    tables = [tmp_path / "tcp", tmp_path / "tcp6"]
    tables[0].write_text(HEADER + "".join(one for one in lines if MAPPED not in one))
    tables[1].write_text(HEADER + "".join(one for one in lines if MAPPED in one))
    assert is_ours(CLIENT, SERVER, tables) is expected


@linux
def test_a_linux_that_does_not_tell_lets_nobody_in(tmp_path: Path) -> None:
    assert not is_ours(CLIENT, SERVER, [tmp_path / "absent"])


def test_another_system_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert is_ours(CLIENT, SERVER, [tmp_path / "absent"])


# -- real sockets -------------------------------------------------------------------------
def plain(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def mapped(port: int) -> socket.socket:
    """An IPv6 socket that speaks IPv4."""
    made = socket.socket(socket.AF_INET6)
    made.connect(("::ffff:127.0.0.1", port))
    return made


def elsewhere(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.7", 0))


KINDS = [
    pytest.param(plain, id="IPv4"),
    pytest.param(
        mapped,
        id="IPv6 that speaks IPv4",
        marks=pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here"),
    ),
    pytest.param(elsewhere, id="from 127.0.0.7"),
]


@contextlib.contextmanager
def listening() -> Iterator[tuple[loopback.Listener, int]]:
    with loopback.listen(0) as listener:
        listener.settimeout(5)
        yield listener, listener.getsockname()[1]


@linux
@pytest.mark.parametrize("connect", KINDS)
def test_our_own_connection_is_taken(connect: Callable[[int], socket.socket]) -> None:
    with listening() as (listener, port), connect(port) as client:
        taken, _ = listener.accept()
        with taken:
            taken.sendall(b"hello")
        assert client.recv(9) == b"hello"


@linux
@pytest.mark.parametrize("connect", KINDS)
def test_another_user_s_connection_is_closed(
    connect: Callable[[int], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "allowed", lambda: {OTHER})
    with listening() as (listener, port), connect(port) as client:
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")


@linux
@pytest.mark.parametrize("connect", KINDS)
def test_a_connection_that_is_closed_after_sending_is_nobody_s(
    connect: Callable[[int], socket.socket],
) -> None:
    with listening() as (listener, port):
        with connect(port) as client:
            client.sendall(b"GET /?token=stolen HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionAbortedError):
            listener.accept()


# -- both servers -------------------------------------------------------------------------
async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@contextlib.contextmanager
def review_page() -> Iterator[int]:
    from fercurate.review import server

    listener = server.bind(0)
    port = listener.getsockname()[1]
    with server.serving(hello, listener):
        yield port


@contextlib.contextmanager
def live_page() -> Iterator[int]:
    from fercurate.labels import CLASSES
    from fercurate.live.controls import Controls
    from fercurate.live.page.serve import serve

    with contextlib.closing(serve(Controls(), CLASSES)) as served:
        yield served.port


PAGES = [pytest.param(review_page, id="review"), pytest.param(live_page, id="live")]


def status(port: int) -> int:
    """Of a plain request; 0 where the connection ends without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


@contextlib.contextmanager
def as_other_user(act: Callable[[], int]) -> Iterator[int]:
    """What `act` gives in a process of another user, which lives on meanwhile."""
    (said, say), (told, tell) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        found = 255
        try:
            os.setuid(OTHER)
            found = act()
        finally:
            os.write(say, bytes([found % 256, found // 256 % 256]))
            os.close(tell)
            os.read(told, 1)
            os._exit(0)
    try:
        low, high = os.read(said, 2)
        yield low + 256 * high
    finally:
        for end in (said, say, told, tell):
            os.close(end)
        os.waitpid(child, 0)


@linux
@pytest.mark.parametrize("page", PAGES)
def test_a_page_answers_its_own_user_and_no_other(
    page: Callable[[], contextlib.AbstractContextManager[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with page() as port:
        assert status(port) == 200
        monkeypatch.setattr(peer, "allowed", lambda: {OTHER})
        assert status(port) in (403, 0)
        monkeypatch.undo()
        assert status(port) == 200


@linux
@pytest.mark.skipif(ME != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("page", PAGES)
def test_connections_that_another_user_holds_take_no_place(
    page: Callable[[], contextlib.AbstractContextManager[int]],
) -> None:
    with page() as port:
        held: list[socket.socket] = []

        def attack() -> int:
            held.extend(connect(port) for _ in range(35) for connect in (plain, mapped))
            closed = 0
            for one in held:
                one.settimeout(5)
                with contextlib.suppress(ConnectionError):
                    while one.recv(4096):
                        pass
                closed += 1
            return closed + 1000 * (status(port) == 200)

        with as_other_user(attack) as closed:
            assert closed == 70
            assert status(port) == 200
