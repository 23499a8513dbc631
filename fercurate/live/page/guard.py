"""What stands between the page's server and everybody but the person at the page.

The key is behind the `#` of the link: a browser sends that part to nobody and puts it in no
Referer. The page keeps it in sessionStorage, which, unlike a cookie, other servers on this host
do not get to see. The files of the page are no secret; every frame and every result passes
through the WebSocket, and that is not accepted without the key.
"""

from __future__ import annotations

from fercurate.loopback import App, Keys, Message, Receive, Scope, Send, stranger

PROTOCOL = "fercurate"
"""The WebSocket's subprotocol; the second one that a page offers is its key."""

WRONG_HOST = (
    "This page answers to http://127.0.0.1:{port} only.\n"
    "Through an ssh tunnel use the same port at both ends:\n"
    "ssh -N -L {port}:127.0.0.1:{port} USER@HOST\n"
)
FOREIGN = "Another page asked for this, so it was not done.\n"
READ_ONLY = "Only GET and HEAD.\n"


class Guard:
    """An ASGI app that lets the page of this very server reach `app`, and nobody else.

    Args:
        app: The page.
        port: Where it listens.
        keys: Asked for every WebSocket.
        camera: Whether the page may ask for the browser's camera.
    """

    def __init__(self, app: App, port: int, keys: Keys, *, camera: bool) -> None:
        self._app, self._port, self._keys = app, port, keys
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if port == 80:
            self._hosts |= {"127.0.0.1", "localhost"}
        self._headers = _headers(port, camera=camera)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if self._refusal(scope) or not self._has_key(scope):
                await receive()
                await send({"type": "websocket.close", "code": 1008})  # before accepting: HTTP 403
                return
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await _answer(self._sealed(send), *refusal)
                return
            await self._app(scope, receive, self._sealed(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, by the machine, the host name and the page that a request is from."""
        foreign = stranger(scope, self._hosts)
        if foreign is not None:
            return 403, FOREIGN if foreign == "page" else WRONG_HOST.format(port=self._port)
        if scope["type"] == "websocket":
            return None
        return None if scope["method"] in ("GET", "HEAD") else (405, READ_ONLY)

    def _has_key(self, scope: Scope) -> bool:
        offered = list(scope.get("subprotocols") or ())
        return len(offered) == 2 and offered[0] == PROTOCOL and self._keys.fits(offered[1])

    def _sealed(self, send: Send) -> Send:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        return sealed


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def _headers(port: int, *, camera: bool) -> list[tuple[bytes, bytes]]:
    """What every answer bears: nothing from elsewhere, nothing kept, in no frame."""
    # to an older Safari "self" is http alone
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    allowed = (
        f"camera=({'self' if camera else ''}), microphone=(), geolocation=(), display-capture=()"
    )
    named = {
        "content-security-policy": policy,
        "permissions-policy": allowed,
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    }
    return [(name.encode(), value.encode()) for name, value in named.items()]
