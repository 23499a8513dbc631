"""A page of this machine for one person: where it is served, the key in its link, who asks.

The review and live are pages on 127.0.0.1. Other users of the machine and pages of other sites
reach that address too, so the link carries a key, and who asks is looked at: the user when a
connection comes, the page with each request.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import hmac
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Literal

from fercurate import peer
from fercurate.errors import InputError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""What ASGI hands over, and what takes it."""

HOST = "127.0.0.1"
TICKET_SECONDS = 120
_BACKLOG = 100

_NOT_YOURS = (
    b"This page is for the user of this machine who started it.\n"
    b"If that is you, the system did not tell who asked (/proc/net/tcp).\n"
)
_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_NOT_YOURS), _NOT_YOURS)
)


class Listener(socket.socket):
    """Takes connections of this user's programs alone; another user's are closed at once.

    So they reach no parser and hold no place, whatever they send or do not send.
    """

    def accept(self) -> tuple[socket.socket, Any]:
        """As `socket.accept` does.

        Raises:
            ConnectionAbortedError: it was another user's; asyncio then goes on.
        """
        connection, address = super().accept()
        if peer.is_ours(address, connection.getsockname()):
            return connection, address
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.send(_REFUSAL)
        raise ConnectionAbortedError("another user's")


def listen(port: int) -> Listener:
    """A socket that listens on 127.0.0.1 alone and to this user alone, not blocking.

    Args:
        port: 0 for a free one.

    Raises:
        InputError: the port is taken, or may not be used.
    """
    listener = Listener(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would share a port with another program
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        raise InputError(
            f"Port {port} {'is taken' if taken else f'cannot be used: {error}'}.",
            "Give another one with --port, or leave it out: a free one is then found.",
        ) from error
    listener.setblocking(False)
    return listener


def tunnel(port: int) -> str:
    """The command that makes a page reachable from another machine, and only from there.

    The same port at both ends: the server checks the address that the page was opened with.
    """
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # in a container a user may have no name
        user = "USER"
    return f"ssh -N -L {port}:{HOST}:{port} {user}@{socket.gethostname()}"


def has_desktop() -> bool:
    """Whether a browser can open a window here."""
    if sys.platform in ("win32", "darwin"):
        return not os.environ.get("SSH_CONNECTION")
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


class Keys:
    """A session's key, and tickets that open its page once; any thread may ask.

    Args:
        address: What a key is put behind to make a link.
        token: The key; None for a new one.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        self._address = address
        self._tickets: dict[str, float] = {}
        self._lock = threading.Lock()
        self.token = token or secrets.token_urlsafe(24)

    @property
    def link(self) -> str:
        """What to open in a browser; good for the whole session."""
        return self._address + self.token

    def ticket(self) -> str:
        """A link that works once and soon: other users can read a browser's command line."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._tickets[key] = time.monotonic() + TICKET_SECONDS
        return self._address + key

    def fits(self, key: str) -> bool:
        """Whether a key opens the page; a ticket is used up by it."""
        if same(key, self.token):
            return True
        with self._lock:
            for ticket, until in list(self._tickets.items()):
                if same(key, ticket):
                    del self._tickets[ticket]
                    return time.monotonic() < until
        return False


def stranger(scope: Scope, hosts: Collection[str]) -> Literal["host", "page"] | None:
    """What is foreign about a request, None where nothing is.

    Args:
        scope: Of HTTP or a WebSocket.
        hosts: The names that we answer to, with port, in small letters.

    Returns:
        "host": another machine asks, or it asks for a name that is not ours, which is how a
        foreign page would get in (DNS rebinding). "page": another site's page asks, or a
        WebSocket that does not say whose page opens it.
    """
    client = scope.get("client") or ("", 0)
    asked = values(scope, b"host")
    if client[0] not in (HOST, "::1") or len(asked) != 1 or asked[0].lower() not in hosts:
        return "host"
    origins = values(scope, b"origin")
    if len(origins) > 1 or any(origin != f"http://{asked[0].lower()}" for origin in origins):
        return "page"
    return "page" if scope["type"] == "websocket" and not origins else None


def values(scope: Scope, name: bytes) -> list[str]:
    """Every value of a header, `name` in small letters."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def same(a: str, b: str) -> bool:
    """Whether two keys are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))
