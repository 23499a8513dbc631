"""FiftyOne's server in this process, behind the guard, for as long as a review lasts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from urllib.parse import quote

from fercurate.errors import FercurateError, InputError
from fercurate.loopback import App, Receive, Scope, Send, listen
from fercurate.review.guard import Guard
from fercurate.review.hardening import harden

PORT = 5151
"""FiftyOne's own; the next free one where it is taken."""

TRIES = 20
START_SECONDS = 60
STOP_SECONDS = 2
"""How long open requests may go on when the review ends."""


def bind(port: int | None = None) -> socket.socket:
    """A socket that listens on 127.0.0.1 alone, at `port` or the first free one from `PORT` on.

    Raises:
        InputError: `port` is taken, or may not be used.
        FercurateError: no port is free.
    """
    for number in (port,) if port is not None else range(PORT, PORT + TRIES):
        try:
            return listen(number)
        except InputError:
            if port is not None:
                raise
    raise FercurateError(
        f"The ports {PORT} to {PORT + TRIES - 1} are all taken.", "Name a free one with --port."
    )


def prepare_environment() -> None:
    """What FiftyOne's server reads while it is imported; call it before the import."""
    os.environ["FIFTYONE_SERVER"] = "1"
    # It would poll the database for news that nobody here listens to.
    os.environ["FIFTYONE_EXECUTION_STORE_NOTIFICATION_SERVICE_DISABLED"] = "true"
    os.environ.pop("FIFTYONE_ALLOWED_ORIGINS", None)


def fiftyone_app(fo: ModuleType) -> App:
    """FiftyOne's ASGI app, hardened; its state begins anew."""
    from fiftyone.server.app import app
    from fiftyone.server.events import state

    fo.config.singleton_cache = False
    harden()
    for mount in app.routes:
        if mount.name == "plugins":  # fixed at import, where another folder may have been set
            mount.app.directory = fo.config.plugins_dir
            mount.app.all_directories = mount.app.get_directories(fo.config.plugins_dir)
    state.set_state(None)
    known: App = app
    return known


def show(dataset: Any, view: Any | None, spaces: Any | None = None) -> None:
    """What a page that opens shows at first; `view` need not be a saved one.

    Said here, it is loaded once; said by an operator, the App loads its own first and drops it.
    """
    import fiftyone as fo
    import fiftyone.core.state as fos
    from fiftyone.server.events import state

    state.set_state(
        fos.StateDescription(
            config=fo.app_config.copy(),
            dataset=dataset,
            view=view,
            spaces=spaces,
            color_scheme=fos.build_color_scheme(None, dataset, fo.app_config),
        )
    )


def home(dataset: str, view: str | None) -> str:
    """The address of a dataset in the App; `view` is a saved view's slug."""
    path = f"/datasets/{quote(dataset, safe='')}"
    return path if view is None else f"{path}?view={quote(view, safe='')}"


class Server:
    """A running server; make it with `serving`."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        self._app = _Ending(app)
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review-server", daemon=True)
        self.failure: BaseException | None = None

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Serve from now on; returns when requests are answered."""
        self._thread.start()
        if not self._started.wait(START_SECONDS) or self.failure is not None:
            self.stop()
            raise FercurateError(
                f"The review's server did not start: {self.failure or 'it took too long'}.",
                "Try again with: fercurate review",
            ) from self.failure

    def stop(self) -> None:
        """Close all connections; returns when the thread has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # closed already
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_SECONDS + 10)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.failure = error
        finally:
            self._listener.close()
            self._started.set()

    async def _serve(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config, Sockets

        listener = self._listener

        class Bound(Config):
            """The socket itself: a new one of its descriptor would take everybody's connections."""

            def create_sockets(self) -> Sockets:
                return Sockets([], [listener], [])

        self._loop = asyncio.get_running_loop()
        config = Bound()
        config.errorlog = logging.getLogger("fercurate.review.server")
        config.loglevel = "ERROR"
        config.include_server_header = False
        config.graceful_timeout = STOP_SECONDS
        config.keep_alive_max_requests = 1_000_000

        async def until_stopped() -> None:
            self._started.set()
            await self._stop.wait()
            self._app.end()

        app = cast(Any, self._app)
        await serve(app, config, shutdown_trigger=until_stopped, mode="asgi")


class _Ending:
    """Ends the requests that would go on for ever, event streams, when the server stops."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] == "lifespan" or task is None:
            await self._app(scope, receive, send)
            return
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()


@contextlib.contextmanager
def serving(app: App, listener: socket.socket) -> Iterator[Server]:
    """Serve `app` on `listener`, in a thread, for as long as the context lasts."""
    server = Server(app, listener)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Send what FiftyOne and the server log to a file: a terminal is no place for tracebacks."""
    handler = logging.FileHandler(path, mode="w", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger(), logging.getLogger("fiftyone")]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = [handler] if logger.parent is None else []
        logger.propagate = True
    try:
        yield
    finally:
        for logger, handlers, propagate in before:
            logger.handlers[:], logger.propagate = handlers, propagate
        handler.close()


def guarded(app: App, *, port: int, images: Path, dataset: str, view: str | None = None) -> Guard:
    """A server's app behind the guard, leading to a dataset and one of its saved views."""
    return Guard(app, port=port, images=images, home=home(dataset, view))
