"""How a review begins, and how it goes on after a blind sample: a real Chromium, the real App."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_page import WAIT
from desk_page import opened_desk as opened
from review_browser import browser, needs_chromium

pytestmark = needs_chromium

OPEN = "#modal [data-cy=fcr-panel][data-image]"


@pytest.fixture
def page() -> Iterator[Any]:
    with browser() as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(WAIT)
        yield context.new_page()


def test_enter_opens_the_first_image_and_n_the_first_undecided_one(
    tmp_path: Path, page: Any
) -> None:
    for desk in opened(tmp_path, page=page):
        start = page.locator("[data-cy=fcr-start]")
        assert "Start" in start.inner_text()
        assert "most likely wrong" in page.locator("[data-cy=fcr-panel]").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_selector(OPEN)
        first = desk.workspace.audit().sort_values("label_quality").iloc[0]["row"]
        desk.press("x")
        assert desk.log[0].sample_id == desk.workspace.manifest()["sample_id"].iloc[first]
        second = desk.image
        desk.press("ArrowRight")
        desk.press("m")

        page.goto(f"http://127.0.0.1:{desk.review.port}/datasets/faces")
        page.wait_for_selector("[data-cy=fcr-start] >> text=Go on")
        page.keyboard.press("n")
        page.wait_for_selector(OPEN)
        assert desk.image == second, "what was passed over, without what is decided"
        assert len(desk.log) == 2


def test_a_finished_sample_goes_on_with_the_queue(tmp_path: Path, page: Any) -> None:
    for desk in opened(tmp_path, "--sample", "24", page=page):
        page.locator("[data-cy=fcr-start]").click()
        page.wait_for_selector(OPEN)
        for n in range(1, 24):
            desk.press("1234567mx"[n % 9])
        assert "23 of 24" in desk.panel("fcr-progress")
        assert "minutes to the end of the sample" in desk.panel("fcr-minutes")
        page.keyboard.press("1")
        page.wait_for_selector("[data-cy=fcr-wrong]")
        end = page.locator("[data-cy=fcr-end]").inner_text()
        for part in ("of all labels are wrong", "95 % interval", "24 images drawn at random"):
            assert part in end

        page.keyboard.press("Enter")
        page.wait_for_selector("[data-cy=fcr-start]")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{OPEN} >> [data-cy=fcr-evidence]")
        desk.press("k")
        assert [d.mode for d in desk.log] == ["sample"] * 24 + ["queue"]
        assert "from the random sample" in desk.panel("fcr-remaining")
        assert "Wrong labels:" in desk.panel("fcr-gain")
        code, said = desk.review.stop()
        assert code == 0
        assert "Next: fercurate clean" in said


def test_a_sample_that_is_left_finished_names_the_queue(tmp_path: Path, page: Any) -> None:
    for desk in opened(tmp_path, "--sample", "24", page=page):
        for name in desk.review.images():
            desk.review.press("exclude", [name])
        code, said = desk.review.stop()
        assert code == 0
        assert "Next: fercurate review --dataset" in " ".join(said.split())
