"""A headless Chromium whose camera is a file."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import HANG, until

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
)  # fmt: skip

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


@contextlib.contextmanager
def browser(film: Path | None = None) -> Iterator[Any]:
    """A Playwright browser; it gives its camera unasked, and the camera plays a file for ever.

    Args:
        film: `.mjpeg` or `.y4m`; None for no camera.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = launched(playwright.chromium, film)
        try:
            yield opened
        finally:
            opened.close()


def launched(kind: Any, film: Path | None = None) -> Any:
    """One more browser of a kind, `browser_type` of another one."""
    arguments = list(ARGUMENTS)
    if film is not None:
        arguments += [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ]
    return kind.launch(executable_path=CHROMIUM, args=arguments, timeout=1000 * HANG)


def context(chromium: Any, **options: Any) -> Any:
    """A new context of a browser; what is waited for in it may take its time."""
    made = chromium.new_context(**options)
    made.set_default_timeout(1000 * HANG)
    return made


def true(tab: Any, script: str) -> bool:
    """Whether an expression of JavaScript comes to be true.

    Playwright's own waiting evaluates strings within the page, which its policy forbids.
    """
    until(lambda: tab.evaluate(script), step=0.03)
    return True


def seen(tab: Any, selector: str, text: str) -> bool:
    """Whether an element comes to show a text."""
    found = None

    def is_there() -> bool:
        nonlocal found
        found = tab.evaluate("s => document.querySelector(s)?.textContent", selector)
        return bool(found == text)

    try:
        until(is_there, step=0.03)
    except AssertionError:
        raise AssertionError(f"{selector} shows {found!r}, not {text!r}") from None
    return True
