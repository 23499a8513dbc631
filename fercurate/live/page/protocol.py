"""HTTP as uvicorn speaks it, with an end to connections that ask for nothing."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 20.0
"""From a connection, or the answer before, to the end of the next answer; all are from memory."""


class Hasty(H11Protocol):
    """Closes a connection that has not been answered in time, whatever it has sent until then.

    uvicorn itself waits without end for a request that is not complete. A WebSocket that was
    accepted is no request any more; the page keeps it open.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:  # bytes that its parsers did not foresee: no traceback for them
            self.transport.abort()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        if not all(value.isascii() for _, value in self.headers):  # wsproto takes it for granted
            self.send_400_response("The headers of a WebSocket are ASCII.")
            return
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        self._begin()
        super().on_response_complete()

    def _begin(self) -> None:
        self._end()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._over)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _over(self) -> None:
        if self.transport.get_protocol() is self:  # else a WebSocket has it
            self.transport.abort()
