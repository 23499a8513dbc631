"""The App's own files, given out before FiftyOne is there to be asked.

FiftyOne takes seconds to import, and a browser as long to read the App's scripts. With `Front` both
happen at once: it answers for the files, and holds every other request until FiftyOne can answer.
"""

from __future__ import annotations

import asyncio
import importlib.util
import mimetypes
import re
from pathlib import Path

from fercurate.errors import FercurateError
from fercurate.loopback import App, Receive, Scope, Send
from fercurate.parts import INSTALL_CURATE
from fercurate.review.asgi import KEPT, READING

TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
"""Of what a browser runs only under its right type; a machine may know another."""

ISOLATED = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"credentialless"),
)
"""As FiftyOne sends them, for the memory that the App's workers share."""

LOOK_SECONDS = 0.02
"""How often a waiting request looks whether FiftyOne is there."""

_DATASET = re.compile(r"/datasets/[^/]+/?")
_HASHED = re.compile(r"-[\w-]{8}\.\w+")


def bundle() -> Path:
    """Where FiftyOne keeps the App's files; imports nothing.

    Raises:
        FercurateError: fiftyone is not installed.
    """
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder) / "server" / "static"
    raise FercurateError("FiftyOne is not installed.", f"Install it with: {INSTALL_CURATE}")


class Front:
    """An ASGI app: the files of `static` at once, all else from FiftyOne as soon as it is `open`.

    Args:
        static: The App's folder, with `index.html` and `assets/`.
        scripts: A folder whose scripts are given out under the address `under`, "/plugins/x" say:
            the review's own, for which FiftyOne would have no time while it fills the page.
    """

    def __init__(self, static: Path, scripts: Path | None = None, under: str = "") -> None:
        self._index = static / "index.html"
        self._files = {f"/assets/{path.name}": path for path in (static / "assets").glob("*.*")}
        if scripts is not None:
            self._files |= {f"{under}/{path.name}": path for path in scripts.glob("*.js")}
        self._app: App | None = None
        self.n_waiting = 0
        """Requests that are held."""

    def open(self, app: App) -> None:
        """Let the requests that wait, and all that come, go to `app`; from any thread."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path = self._file(scope) if scope["type"] == "http" else None
        if path is not None:
            await _give(path, scope, send)
            return
        self.n_waiting += 1
        try:
            while self._app is None:
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self.n_waiting -= 1
        await self._app(scope, receive, send)

    def _file(self, scope: Scope) -> Path | None:
        if scope["method"] not in READING:
            return None
        if _DATASET.fullmatch(scope["path"]):
            return self._index if self._index.is_file() else None
        return self._files.get(scope["path"].removeprefix("/datasets"))


async def _live(receive: Receive, send: Send) -> None:
    """Start and stop: FiftyOne only has a service to start there that we switch off."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _give(path: Path, scope: Scope, send: Send) -> None:
    body = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/html"
    headers = [
        (b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *ISOLATED
    ]  # fmt: skip
    if _HASHED.search(path.name):  # another content would have another name
        headers.append((b"cache-control", KEPT))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({
        "type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body
    })  # fmt: skip
