"""Connections that are held, and handshakes that no browser makes: no place is lost to them."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from page_peer import Peer, Refused, key_of, one_face, request, served, shown

from fercurate.live.page import protocol
from fercurate.live.page.serve import Served


def answer(page: Served, sent: bytes, *more: bytes) -> bytes:
    """All that comes back until the other end closes; `more` is dripped meanwhile."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as to:
        to.sendall(sent)
        found = b""
        with contextlib.suppress(ConnectionError):
            for part in more:
                time.sleep(0.05)
                to.sendall(part)
            while part := to.recv(65536):
                found += part
        return found


HOST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        (b"", []),
        (b"GET / HT", []),
        (HOST, []),
        (HOST, [b"a", b": ", b"b", b"\r\n", b"c", b": d"] * 3),
        # a whole request, then half of one, byte by byte
        (HOST + b"\r\n", [b"G", b"E", b"T"] * 5),
        (HOST + b"Content-Length: 100\r\n\r\n", [b"x"] * 15),
    ],
    ids=["silent", "half a line", "half a head", "dripping head", "dripping second", "body"],
)
def test_what_does_not_end_is_closed(
    sent: bytes, more: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.3)
    with served() as (page, _):
        answer(page, sent % page.port if b"%d" in sent else sent, *more)
        assert not page._server.server_state.connections


def test_seventy_silent_connections_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.5)
    with served() as (page, _), contextlib.ExitStack() as held:
        for _ in range(70):
            held.enter_context(socket.create_connection(("127.0.0.1", page.port)))
        end = time.monotonic() + 20
        while (status := request(page)[0]) != 200 and time.monotonic() < end:
            time.sleep(0.05)
        assert status == 200


def test_a_page_that_is_open_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.2)
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        time.sleep(0.4)
        shown(page, one_face())
        assert peer.result()[0]["result"]["faces"]


@pytest.mark.parametrize(
    "header", ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Origin"]
)
@pytest.mark.parametrize("value", ["fercurate, ä", "\udcff", "Ü"])
def test_a_handshake_that_is_not_ascii_is_refused_in_silence(
    header: str, value: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with served() as (page, _):
        key = key_of(page.link)
        lines = {
            "Host": f"127.0.0.1:{page.port}",
            "Origin": f"http://127.0.0.1:{page.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": f"fercurate, {key}",
            header: value,
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        sent = f"GET /live HTTP/1.1\r\n{text}\r\n".encode("utf-8", "surrogateescape")
        found = answer(page, sent)
        assert found.startswith(b"HTTP/1.1 400 ")
        assert not page._server.server_state.connections
        with pytest.raises(Refused):
            Peer(page, key="wrong")
    assert capfd.readouterr() == ("", "")
