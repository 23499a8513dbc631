"""A WebSocket by hand, which says what no browser would, and results for a page."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from live_cases import HAPPY, live_face, picture, result
from PIL import Image
from waiting import HANG
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from fercurate.labels import CLASSES
from fercurate.live.controls import Controls
from fercurate.live.frame import Result
from fercurate.live.page.serve import Served, serve
from fercurate.live.stats import Meter


@contextmanager
def served(**options: Any) -> Iterator[tuple[Served, Controls]]:
    """The page and its switches."""
    controls = Controls()
    page = serve(controls, CLASSES, source="a test", **options)
    try:
        yield page, controls
    finally:
        page.close()


def shown(page: Served, *results: Result, meter: Meter | None = None) -> None:
    """Pass results on as the loop does."""
    meter = meter or Meter()
    for one in results:
        meter.add(one, time.perf_counter())
    stats = meter.stats()
    for one in results:
        page.view.take(one, stats)


_PICTURE = picture()


def one_face(index: int = 0, at: float | None = None, **face: Any) -> Result:
    """A happy face in the left half."""
    found = live_face((64, 96, 128, 128), **{"shares": HAPPY, "label": "happy", **face})
    return result(found, image=_PICTURE, index=index, time=index / 30 if at is None else at)


def key_of(link: str) -> str:
    return link.partition("#")[2]


def jpeg(width: int = 64, height: int = 48, kind: str = "JPEG", level: int = 120) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), level, np.uint8)).save(held, kind)
    return held.getvalue()


def frame(data: bytes, stamp: float = 1000.0) -> bytes:
    """A frame as the page sends it."""
    return struct.pack("!d", stamp) + data


class Refused(Exception):
    """The handshake was answered with a status."""


class Peer:
    """One WebSocket to the page.

    Args:
        page: Where.
        key: Offered as the second subprotocol; None for the right one.
        protocols: Instead of ours and the key.
        headers: Instead of the right Host and Origin.
    """

    def __init__(
        self,
        page: Served,
        key: str | None = None,
        protocols: list[str] | None = None,
        headers: dict[str, str | None] | None = None,
        path: str = "/live",
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", page.port), timeout=HANG)
        own = f"127.0.0.1:{page.port}"
        offered = ["fercurate", key_of(page.link) if key is None else key]
        lines = {
            "Host": own,
            "Origin": f"http://{own}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": ", ".join(offered if protocols is None else protocols),
            **(headers or {}),
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{text}\r\n".encode())
        self._greet()

    def _greet(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.socket.recv(65536)
            if not part:
                raise Refused("closed")
            head += part
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            self.socket.close()
            raise Refused(status)
        # past the handshake: frames only
        head, _, rest = head.partition(b"\r\n\r\n")
        self.head = head.decode()
        self._frames = Connection(ConnectionType.CLIENT)
        if rest:
            self._frames.receive_data(rest)

    def event(self, timeout: float = HANG) -> Any:
        """The next message, whole, or the close; TimeoutError where there is none."""
        self.socket.settimeout(timeout)
        parts: list[Any] = []
        while True:
            for event in self._frames.events():
                if isinstance(event, CloseConnection):
                    return event
                if isinstance(event, (TextMessage, BytesMessage)):
                    parts.append(event.data)
                    if event.message_finished:
                        kind = type(event)
                        return kind(data=type(event.data)().join(parts))
            data = self.socket.recv(1 << 16)
            if not data:
                return CloseConnection(code=1006)
            self._frames.receive_data(data)

    def hello(self) -> dict[str, Any]:
        said = self.text()
        assert "hello" in said
        return said

    def text(self, timeout: float = HANG) -> dict[str, Any]:
        event = self.event(timeout)
        assert isinstance(event, TextMessage), event
        found = json.loads(event.data)
        assert isinstance(found, dict)
        return found

    def news(self, timeout: float = HANG) -> tuple[dict[str, Any], bytes]:
        """A result and its JPEG."""
        event = self.event(timeout)
        assert isinstance(event, BytesMessage), event
        data = bytes(event.data)
        (length,) = struct.unpack("!I", data[:4])
        return json.loads(data[4 : 4 + length]), data[4 + length :]

    def result(self, timeout: float = HANG) -> tuple[dict[str, Any], bytes]:
        """The next news that hold a result; each is said to be drawn."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            said, data = self.news(timeout)
            self.drawn(said["n"])
            if "result" in said:
                return said, data
        raise TimeoutError("no result")

    def is_silent(self, seconds: float = 0.4) -> bool:
        try:
            self.event(seconds)
        except TimeoutError:
            return True
        return False

    def send(self, said: object) -> None:
        if isinstance(said, bytes):
            self.raw(self._frames.send(BytesMessage(data=said)))
        else:
            text = said if isinstance(said, str) else json.dumps(said)
            self.raw(self._frames.send(TextMessage(data=text)))

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drawn(self, n: int) -> None:
        self.send({"drawn": n})

    def close_code(self, timeout: float = HANG) -> int:
        """Of the close, whatever comes before it."""
        while True:
            try:
                event = self.event(timeout)
            except ConnectionError:
                return 1006
            if isinstance(event, CloseConnection):
                return int(event.code)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def request(
    page: Served, path: str = "/", method: str = "GET", **headers: str | None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of plain HTTP; a header of None is left out."""
    lines = {"Host": f"127.0.0.1:{page.port}", "Connection": "close", **headers}
    text = "".join(f"{n.replace('_', '-')}: {v}\r\n" for n, v in lines.items() if v is not None)
    with socket.create_connection(("127.0.0.1", page.port), timeout=HANG) as to:
        to.sendall(f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode())
        data = b""
        while part := to.recv(65536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    status, *rest = head.decode("latin-1").split("\r\n")
    found = dict(line.lower().split(": ", 1) for line in rest)
    return int(status.split()[1]), found, body
