"""An open review and the page on it, for the tests in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review_process import Review, made
from waiting import HANG

from fercurate.decisions import Decision
from fercurate.workspace import Workspace

WAIT = 1000 * HANG
"""What is waited for at most, ms: the machine may be busy."""

GRID_IMAGE = "[data-cy=fo-grid] [data-cy=looker]"


@dataclass
class Desk:
    """An open review, and the page on it."""

    workspace: Workspace
    review: Review
    page: Any

    def open_first(self) -> None:
        self.page.locator("[data-cy=looker]").first.click(position={"x": 60, "y": 78})
        self.page.wait_for_selector("#modal [data-cy=fcr-panel][data-image]", timeout=WAIT)

    @property
    def image(self) -> str | None:
        """Database id of the open image."""
        found: str | None = self.page.evaluate("new URL(location.href).searchParams.get('id')")
        return found

    def press(self, key: str) -> float:
        """Press a key in the modal; seconds until another image is open."""
        before = self.image
        started = time.monotonic()
        self.page.keyboard.press(key)
        self.page.wait_for_function(
            "before => { const id = new URL(location.href).searchParams.get('id');"
            " return id && id !== before && !window.fercurate.desk.busy }",
            arg=before,
            timeout=WAIT,
        )
        return time.monotonic() - started

    @property
    def log(self) -> list[Decision]:
        return self.workspace.decisions()

    def settle_down(self, n: int) -> None:
        """Wait until the log holds `n` events."""
        self.until(lambda: len(self.log) >= n)
        assert len(self.log) == n

    def until(self, what: Callable[[], object]) -> None:
        """Wait for something; the page goes on meanwhile."""
        end = time.monotonic() + HANG
        while not what():
            assert time.monotonic() < end, "it did not come true"
            self.page.wait_for_timeout(50)

    def panel(self, part: str) -> str:
        text: str = self.page.locator(f"#modal [data-cy={part}]").inner_text()
        return text


def opened_desk(
    root: Path, *arguments: str, page: Any, n: int = 60, n_audited: int = 50
) -> Iterator[Desk]:
    """A review of a made workspace, open in `page`."""
    (root / "home").mkdir()
    workspace = made(root / "faces", n, n_audited)
    review = Review(workspace, root / "home", "--who", "ann", "--no-browser", *arguments)
    try:
        page.goto(f"http://127.0.0.1:{review.port}/?token={review.token}")
        page.wait_for_selector("[data-cy=looker]", timeout=WAIT)
        page.wait_for_selector("[data-cy=fcr-panel]", timeout=WAIT)
        page.wait_for_timeout(1000)
        yield Desk(workspace, review, page)
    finally:
        assert review.stop()[0] == 0
