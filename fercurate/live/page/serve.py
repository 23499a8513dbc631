"""The page's server, in this process, for as long as live runs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.errors import FercurateError
from fercurate.live.page.camera import BrowserSource
from fercurate.live.page.guard import Guard
from fercurate.live.page.limits import MOST_BYTES, STAMP_BYTES
from fercurate.live.page.messages import vocabulary
from fercurate.live.page.view import PageView
from fercurate.loopback import HOST, App, Keys, listen

if TYPE_CHECKING:
    import uvicorn

    from fercurate.live.controls import Controls
    from fercurate.live.page.hub import Hub

STATIC = Path(__file__).parent / "static"
STORED = ("Nothing is stored.", "Nothing leaves this machine.")
START_SECONDS, STOP_SECONDS = 30, 10

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Served:
    """A running server; made by `serve`.

    Attributes:
        view: Shows results on the page.
        camera: The page's camera as a source, where that was asked for.
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(
        self,
        listener: socket.socket,
        controls: Controls,
        hello: dict[str, Any],
        camera: BrowserSource | None,
    ) -> None:
        from fercurate.live.page.hub import Hub

        self.port: int = listener.getsockname()[1]
        self.camera = camera
        self._keys = Keys(f"http://{HOST}:{self.port}/#")
        self._listener = listener
        self._encoder = ThreadPoolExecutor(1, "live-page-jpeg")
        self._hub = Hub(controls, {**hello, "key": self._keys.token}, camera, self._encoder)
        self.view = PageView(self._hub, controls)
        app = Guard(_app(self._hub), self.port, self._keys, camera=camera is not None)
        self._server = _server(app)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="live-page", daemon=True)

    @property
    def link(self) -> str:
        """What to open in a browser; good for the whole session."""
        return self._keys.link

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return self._hub.pages

    def ticket(self) -> str:
        """A link that works once, within two minutes, for a browser's command line."""
        return self._keys.ticket()

    def start(self) -> None:
        """Serve from now on.

        Raises:
            FercurateError: the server does not start.
        """
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.005)
        if not self._server.started:
            self.close()
            raise FercurateError(
                f"The page's server did not start: {self._failure or 'it took too long'}.",
                "Try again, or see it in a window: --view window",
            )

    def close(self) -> None:
        """Tell the pages, and end all threads; may be called twice."""
        self.view.close()
        if self.camera is not None:
            self.camera.close()
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        self._encoder.shutdown(wait=True)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except BaseException as error:  # SystemExit as well: uvicorn's word for a failed start
            self._failure = error
        if self._server.started and not self._server.should_exit:
            self.view.failure = FercurateError(
                f"The page's server has ended: {self._failure or 'nobody knows why'}.",
                "Start it again, or see it in a window: --view window",
            )


def serve(
    controls: Controls,
    classes: Sequence[str],
    *,
    source: str = "",
    port: int | None = None,
    camera: bool = False,
    stored: Sequence[str] = STORED,
    say: Callable[[str], None] | None = None,
) -> Served:
    """Begin to serve the page, on 127.0.0.1 alone.

    Args:
        controls: The session's switches; the page presses its keys.
        classes: The model's, in order.
        source: What the frames are of, for the page's head.
        port: Where; None or 0 for a free one.
        camera: Whether the page is to give its own camera: `Served.camera` is the source then.
        stored: What the page says about what is stored and sent; has to be true.
        say: Told how the page's camera stands, from another thread.

    Raises:
        InputError: the port is taken, or may not be used.
        FercurateError: the server does not start.
    """
    listener = listen(port or 0)
    hello = {
        **vocabulary(classes),
        "source": "your camera" if camera else source,
        "stored": list(stored),
        "host": socket.gethostname(),
        "gives_camera": camera,
    }
    served = Served(listener, controls, hello, BrowserSource(say) if camera else None)
    served.start()
    return served


def _server(app: App) -> uvicorn.Server:
    import uvicorn

    from fercurate.live.page.protocol import Hasty

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Hasty,
        ws="wsproto",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,  # nobody speaks for others here
        server_header=False,
        ws_max_size=MOST_BYTES + STAMP_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def _app(hub: Hub) -> App:
    """The files of the page, from memory, and the WebSocket."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route, WebSocketRoute

    files = {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in _TYPES
    }

    async def file(request: Request) -> Response:
        name = request.path_params.get("name") or "index.html"
        if name not in files:
            return PlainTextResponse("There is no such file here.\n", 404)
        data, kind = files[name]
        return Response(data, media_type=kind)

    routes = [
        Route("/", file),
        Route("/{name}", file),
        WebSocketRoute("/live", hub.serve),
    ]
    return Starlette(routes=routes)
