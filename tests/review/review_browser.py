"""A headless Chromium, where the machine has one."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A Playwright browser; nothing is downloaded for it."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=120_000
        )
        try:
            yield opened
        finally:
            opened.close()
