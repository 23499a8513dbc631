"""Who looks on, and what each is sent: the newest result, as soon as a page is ready for it.

Nothing is ever queued. A page says that it has drawn what it was sent, and gets what is newest
then; a picture is encoded when the first page is ready for it, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from fercurate.live.page.camera import STATES, BrowserSource
from fercurate.live.page.client import Client
from fercurate.live.page.guard import PROTOCOL
from fercurate.live.page.limits import MOST_BYTES, STAMP_BYTES, BadMessage, parsed
from fercurate.live.page.messages import described, jpeg, packed
from fercurate.live.page.recent import Recent

if TYPE_CHECKING:
    from fercurate.live.controls import Controls
    from fercurate.live.frame import Result
    from fercurate.live.stats import Stats

MOST_PAGES = 8
FULL, ENDED = 4008, 4000
"""Codes of the WebSocket's close that the page has words for."""

_NOTICES = 8


@dataclass(frozen=True)
class _Shown:
    number: int
    result: Result
    said: dict[str, Any]


class Hub:
    """Passes results to all pages, and their keys and frames back.

    Args:
        controls: Take the keys.
        hello: What a page is told first.
        camera: Takes the frames of a page's camera; None refuses them.
        encoder: Makes the JPEGs, one thread.
    """

    def __init__(
        self,
        controls: Controls,
        hello: dict[str, Any],
        camera: BrowserSource | None,
        encoder: Executor,
    ) -> None:
        self._controls, self._hello, self._camera = controls, hello, camera
        self._encoder = encoder
        self._clients: set[Client] = set()
        self._giver: Client | None = None
        self._teller: Client | None = None
        self._shown: _Shown | None = None
        self._recent = Recent()
        self._notices: deque[tuple[int, str]] = deque(maxlen=_NOTICES)
        self._picture: tuple[int, asyncio.Future[bytes]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ended: str | None = None

    # -- from other threads -----------------------------------------------------------
    @property
    def pages(self) -> int:
        """How many look on."""
        return len(self._clients)

    def show(self, result: Result, stats: Stats) -> None:
        """A new result."""
        said = described(result, stats)
        with self._lock:
            number = 0 if self._shown is None else self._shown.number + 1
            self._shown = _Shown(number, result, said)
            self._recent.add(said)
        self.wake()

    def say(self, text: str) -> None:
        """A notice for all pages."""
        with self._lock:
            number = self._notices[-1][0] + 1 if self._notices else 1
            self._notices.append((number, text))
        self.wake()

    def end(self, why: str) -> None:
        """Tell all pages that it is over; further ones are told at once."""
        if self.ended is None:
            self.ended = why
            self._call(self._wake)

    def wake(self) -> None:
        """Something may be new."""
        if self._clients:
            self._call(self._wake)

    def _call(self, what: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(what)

    # -- in the server's thread -------------------------------------------------------
    async def serve(self, socket: WebSocket) -> None:
        """One page, from its coming to its going."""
        self._loop = asyncio.get_running_loop()
        await socket.accept(subprotocol=PROTOCOL)
        if self.ended is not None:
            await socket.close(ENDED, self.ended[:100])
            return
        if len(self._clients) >= MOST_PAGES:
            await socket.close(FULL, "too many pages")
            return
        client = Client(socket)
        with self._lock:
            history = self._recent.entries()
            client.notice = self._notices[-1][0] if self._notices else 0
        self._clients.add(client)
        sender = asyncio.create_task(self._send(client, history))
        try:
            await self._listen(client)
        except BadMessage as bad:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(bad.code, bad.reason)
        except WebSocketDisconnect:
            pass
        finally:
            self._clients.discard(client)
            self._gone(client)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    def _wake(self) -> None:
        for client in self._clients:
            client.wake.set()

    async def _send(self, client: Client, history: list[dict[str, Any]]) -> None:
        try:
            await client.socket.send_json(
                {"hello": self._hello, "history": history, **self._state()}
            )
            client.wake.set()
            while self.ended is None:
                await client.wake.wait()
                client.wake.clear()
                if client.is_ready and self.ended is None:
                    message = await self._news(client)
                    if message is not None:
                        client.is_ready = False
                        await client.socket.send_bytes(message)
            await client.socket.close(ENDED, self.ended[:100])
        except (RuntimeError, WebSocketDisconnect, OSError):
            pass  # it went away; `_listen` sees that too
        except Exception:  # a picture that is no JPEG's, say: better no page than one that stands
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
                await client.socket.close(1011, "the picture cannot be sent")

    async def _news(self, client: Client) -> bytes | None:
        """What this page does not have yet; None where it has all."""
        with self._lock:
            shown, notices = self._shown, [n for n in self._notices if n[0] > client.notice]
        state = self._state()
        text = repr(state)
        is_new = shown is not None and shown.number != client.drawn
        if not is_new and not notices and text == client.state:
            return None
        said: dict[str, Any] = dict(state)
        picture = b""
        if is_new and shown is not None:
            if client is not self._giver:  # the giver has its own picture
                picture = await self._encoded(shown)
            said["result"] = shown.said
            client.drawn = shown.number
        if notices:
            said["notices"] = [text for _, text in notices]
            client.notice = notices[-1][0]
        client.state = text
        client.sent += 1
        said["n"] = client.sent
        return packed(said, picture)

    def _state(self) -> dict[str, Any]:
        return {
            "controls": self._controls.as_dict(),
            "camera": None if self._camera is None else self._camera.code,
        }

    async def _encoded(self, shown: _Shown) -> bytes:
        """The picture as JPEG, made once for all pages."""
        if self._picture is None or self._picture[0] != shown.number:
            loop = asyncio.get_running_loop()
            made = loop.run_in_executor(self._encoder, jpeg, shown.result.frame.image)
            self._picture = shown.number, made
        return await asyncio.shield(self._picture[1])

    # -- what pages send --------------------------------------------------------------
    async def _listen(self, client: Client) -> None:
        while True:
            message = await client.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is not None:
                await self._take_frame(client, data)
            else:
                self._take_word(client, parsed(message["text"]))

    def _take_word(self, client: Client, said: dict[str, Any]) -> None:
        if said.keys() == {"drawn"} and said["drawn"] == client.sent and not client.is_ready:
            client.is_ready = True  # as often as we send, so it needs no limit
            client.wake.set()
        elif not client.words.allows():
            raise BadMessage(1008, "too fast")
        elif said.keys() == {"drawn"}:
            pass  # said before
        elif said.keys() == {"key"} and isinstance(said["key"], str):
            if client.keys.allows():
                self._controls.press(said["key"])
                self._wake()
        elif said.keys() == {"camera"} and isinstance(said["camera"], str):
            self._hear(client, said["camera"])
        else:
            raise BadMessage(1008, "not understood")

    def _hear(self, client: Client, state: str) -> None:
        """A page says how its camera stands; the last one whose camera is on gives the frames."""
        if self._camera is None or state not in STATES or state in ("gone", "waiting"):
            raise BadMessage(1008, "not understood")
        before = self._giver
        if state == "on" and before is not None and before is not client:
            self._later(before, {"camera_taken": True})
            self._giver = None
        if self._giver in (None, client):
            self._giver = client if state in ("on", "hidden") else None
            self._teller = client
            self._camera.tell(state)
            self._wake()

    async def _take_frame(self, client: Client, data: bytes) -> None:
        if self._camera is None:
            raise BadMessage(1003, "no frames are wanted")
        if len(data) > MOST_BYTES + STAMP_BYTES:
            raise BadMessage(1009, "too large")
        if not client.frames.allows():
            raise BadMessage(1008, "too fast")
        number = None  # a frame that was on its way when another page's camera took over, say
        if client is self._giver:
            if len(data) < STAMP_BYTES:
                raise BadMessage(1003, "no JPEG")
            (stamp,) = struct.unpack("!d", data[:STAMP_BYTES])
            number = self._camera.offer(data[STAMP_BYTES:], stamp)
        await client.socket.send_json({"took": number})

    def _later(self, client: Client, said: dict[str, Any]) -> None:
        async def send() -> None:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
                await client.socket.send_json(said)

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gone(self, client: Client) -> None:
        if client is self._giver:
            self._giver = None
        if client is self._teller and self._camera is not None and self.ended is None:
            self._teller = None
            self._camera.tell("gone")
            self._wake()
