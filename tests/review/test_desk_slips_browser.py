"""What could go wrong between a reviewer and the page: slips of the hand, reloads, second tabs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_page import GRID_IMAGE, WAIT, Desk, opened_desk
from review_browser import needs_chromium

pytestmark = needs_chromium

N_AUDITED = 60
"""Ten more than a batch holds."""


@pytest.fixture
def desk(tmp_path: Path, page: Any) -> Iterator[Desk]:
    yield from opened_desk(tmp_path, page=page, n=70, n_audited=N_AUDITED)


def _name(desk: Desk) -> str:
    """`sample_id` of the open image; the manifest's order is the queue's here."""
    image = desk.image
    assert image is not None
    return f"train-{int(image[:8], 16):04d}"


def _press(desk: Desk, key: str) -> None:
    """Press a key and wait until the page has done with it."""
    desk.page.keyboard.press(key)
    desk.page.wait_for_timeout(100)
    desk.page.wait_for_function("() => !window.fercurate.desk.busy", timeout=WAIT)


def _said(desk: Desk, text: str) -> None:
    desk.page.wait_for_selector(f"#fcr-flash >> text={text}", timeout=WAIT)


def test_no_image_is_decided_unseen_or_twice(desk: Desk) -> None:
    page = desk.page
    desk.open_first()
    for key in "mmx":
        desk.press(key)
    assert _name(desk) == "train-0003"

    # an answered image asks before it changes
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#modal [data-cy=fcr-answered] >> text=answered: exclude", timeout=WAIT)
    _press(desk, "m")
    _said(desk, "answered: exclude; press again to change")
    assert (len(desk.log), _name(desk)) == (3, "train-0002")
    _press(desk, "m")
    _said(desk, "marked as ambiguous, was exclude")
    assert [d.action for d in desk.log[2:]] == ["exclude", "ambiguous"]

    # the next images: the first of those that are left is open, and the arrows go on from it
    _press(desk, "n")
    assert _name(desk) == "train-0003"
    desk.press("x")
    assert (desk.log[-1].sample_id, len(desk.log)) == ("train-0003", 5)
    assert _name(desk) == "train-0004"
    desk.press("ArrowRight")
    assert _name(desk) == "train-0005"
    desk.press("u")
    assert _name(desk) == "train-0003"
    desk.press("x")
    assert _name(desk) == "train-0004"

    # the last of a batch brings the next one
    images = page.evaluate("window.fercurate.desk.images")
    assert len(images) == 50
    desk.review.press("exclude", [i for i in images if i[:8] not in ("00000003", "00000004")])
    n = len(desk.log)
    desk.press("m")
    assert (desk.log[-1].sample_id, len(desk.log)) == ("train-0004", n + 1)
    assert _name(desk) == "train-0053", "the first that nobody decided"
    assert desk.press("ArrowRight")
    assert _name(desk) == "train-0054"

    # a reload of the page with an image open: it closes with Escape
    page.reload()
    page.wait_for_selector("#modal [data-cy=fcr-panel][data-image]", timeout=WAIT)
    page.keyboard.press("Escape")
    desk.until(lambda: desk.image is None)

    # a second tab waits, and takes over when it is told to
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#fcr-cover", timeout=WAIT)
    desk.open_first()
    n = len(desk.log)
    desk.press("x")
    other.keyboard.press("x")
    desk.press("x")
    assert len(desk.log) == n + 2
    assert len({d.sample_id for d in desk.log[n:]}) == 2
    other.click("[data-cy=fcr-here]")
    other.wait_for_selector("#fcr-cover", state="detached", timeout=WAIT)
    page.wait_for_selector("#fcr-cover >> text=open elsewhere", timeout=WAIT)
    page.keyboard.press("m")
    page.wait_for_timeout(300)
    assert len(desk.log) == n + 2
    second = Desk(desk.workspace, desk.review, other)
    if second.image is None:
        second.open_first()
    second.press("m")
    assert len(desk.log) == n + 3
    assert desk.log[-1].sample_id not in {d.sample_id for d in desk.log[:-1]}


OVERLAP = """() => [...document.querySelectorAll('#modal [data-cy^=fcr-key-]')].filter(node => {
  node.scrollIntoView({ block: 'nearest' });
  const box = node.getBoundingClientRect();
  const top = document.elementFromPoint(box.right - 4, box.top + box.height / 2);
  return !node.contains(top);
}).map(node => node.dataset.cy)"""

CUT = """() => [...document.querySelectorAll('#modal .fcr-button > span, #modal .fcr-link')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.innerText)"""

LAYOUT = """() => JSON.stringify(['fo-sample-modal-plugin', 'fercurate_review'].map(name =>
  document.querySelector(`#modal [data-cy=panel-content-${name}]`)?.getBoundingClientRect()))"""

SHADES = """() => {
  const canvas = document.querySelector('#fcr-picture canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 80, canvas.width, 1).data;
  return new Set(pixels.filter((_, i) => i % 4 === 0)).size;
}"""
"""Grey levels along one line of the picture: one a block where it is drawn as blocks."""


def test_keys_of_the_app_are_silent_and_the_picture_is_smooth(desk: Desk) -> None:
    page = desk.page
    desk.open_first()
    page.wait_for_selector(f"#fcr-picture[data-image='{desk.image}']", timeout=WAIT)

    smooth = page.evaluate(SHADES)
    page.keyboard.press("p")
    page.wait_for_selector("#fcr-picture[data-raw=true]", timeout=WAIT)
    assert page.evaluate(SHADES) <= 6 < 12 < smooth
    page.keyboard.press("p")

    before = (page.evaluate(LAYOUT), desk.image)
    for key in (
        "s",
        "f",
        "c",
        "z",
        "+",
        "-",
        "=",
        "h",
        "i",
        "j",
        "`",
        "8",
        "Space",
        "Enter",
        "Shift+A",
    ):
        page.keyboard.press(key)
    page.wait_for_timeout(700)
    assert (page.evaluate(LAYOUT), desk.image) == before
    assert page.evaluate("getComputedStyle(document.querySelector('#modal')).display") != "none"
    assert desk.log == []

    page.keyboard.press("?")
    sheet = page.locator("#fcr-sheet")
    assert "keep the given label" in sheet.inner_text()
    page.keyboard.press("x")
    page.keyboard.press("?")
    assert sheet.count() == 0
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    assert sheet.count() == 0
    assert desk.log == [], "nothing is decided under the sheet"
    assert desk.image is not None

    for width, height in ((1400, 900), (1280, 720), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        assert page.evaluate(CUT) == [], f"cut at {width}"
        assert page.evaluate(OVERLAP) == [], f"covered at {width}"

    # the next picture is there at once: no moment without one
    page.evaluate(
        "() => { window.gaps = 0; const look = () => { window.gaps += !document.querySelector("
        "'#modal #fcr-picture'); requestAnimationFrame(look) }; look() }"
    )
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        desk.press(key)
        page.wait_for_selector(f"#fcr-picture[data-image='{desk.image}']", timeout=WAIT)
    assert page.evaluate("window.gaps") == 0

    # Tab leads to the panel's buttons, Enter presses them
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.cy") == "fcr-key-a"
    page.keyboard.press("Tab")
    image = desk.image
    page.keyboard.press("Enter")
    desk.settle_down(1)
    assert desk.log[0].action == "keep"
    desk.until(lambda: desk.image != image)

    # back in the grid there is what is left, under the same chips
    page.keyboard.press("Escape")
    desk.until(lambda: desk.image is None)
    page.wait_for_function(
        "old => { const left = window.fercurate.desk.images; return left.length === 49 &&"
        " !left.includes(old) }",
        arg=image,
        timeout=WAIT,
    )
    chips = page.locator(GRID_IMAGE).first.locator("[data-cy^=tag-]:visible").all_inner_texts()
    assert len(set(chips)) == len(chips) <= 2
