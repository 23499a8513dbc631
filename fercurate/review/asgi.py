"""HTTP as ASGI hands it over: headers, bodies, and what every answer of ours carries."""

from __future__ import annotations

from collections.abc import Iterable

from fercurate.loopback import Message, Receive, Scope, Send, values

MAX_BODY = 16 << 20
"""Bytes; selecting every image of FER2013 posts about 1 MB."""

POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",  # the App makes its styles while it runs
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' blob:",
    "connect-src 'self' data: blob:",
    "worker-src 'self' blob:",  # images are drawn by workers
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip
"""Names no host but ours; the fonts and maps that the App would fetch stay away."""

NOT_KEPT = b"no-store"
KEPT = b"private, max-age=31536000, immutable"
"""Of the App's own scripts alone: read from the browser's cache, they are compiled there too."""

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_REPLACED = {name for name, _ in HEADERS} | {b"server", b"cache-control"}

READING = ("GET", "HEAD")
WRITING = ("POST", "PUT", "PATCH", "DELETE")


class Refused(Exception):
    """Why a request is not let through, in words for the person who sees the page."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


async def body(receive: Receive) -> bytes:
    """A request's whole body, which FiftyOne reads whole as well.

    Raises:
        Refused: it is larger than `MAX_BODY`, or the client left.
    """
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused("The browser left.")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise Refused("That is too much at once.", 413)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def whole(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first, then whatever comes."""
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


def sealed(send: Send) -> Send:
    """A `send` that puts `HEADERS` on a response and lets no other origin read it.

    No face is left in a browser's folder: only what says itself that it is `KEPT` is.
    """

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            kept = [
                (name, value)
                for name, value in given
                if name.lower() not in _REPLACED and not name.lower().startswith(b"access-control-")
            ]
            cache = KEPT if (b"cache-control", KEPT) in given else NOT_KEPT
            message = {**message, "headers": [*kept, *HEADERS, (b"cache-control", cache)]}
        await send(message)

    return sealed


async def refuse(scope: Scope, send: Send, refused: Refused) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        return
    text = (refused.reason + "\n").encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
    ]
    seal = sealed(send)
    await seal({"type": "http.response.start", "status": refused.status, "headers": headers})
    await seal({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else text})


def cookies(scope: Scope, name: str) -> Iterable[str]:
    """Every value of a cookie; whatever else other programs on this host have set."""
    for header in values(scope, b"cookie"):
        for pair in header.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                yield value
