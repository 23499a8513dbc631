"""A page that is open, and what it has been sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from fercurate.live.page.limits import Pace


@dataclass(eq=False)
class Client:
    """A page that is open.

    Attributes:
        socket: Its own.
        is_ready: Whether it has drawn what it was sent last.
        drawn: Number of the newest result that it was sent.
        state: Switches and camera, as it was sent them last.
        notice: Number of the newest notice that it was sent.
        sent: Number of the last message; the page says it back when that is drawn.
        wake: Set when something may be new.
        words: Limits its messages.
        keys: Limits the keys among them.
        frames: Limits those of its camera.
    """

    socket: WebSocket
    is_ready: bool = True
    drawn: int = -1
    state: str = ""
    notice: int = 0
    sent: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    words: Pace = field(default_factory=lambda: Pace(60, 200))
    keys: Pace = field(default_factory=lambda: Pace(10, 20))
    frames: Pace = field(default_factory=lambda: Pace(61, 30))
