"""The page in a headless Chromium, its camera fed from a film."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from fake_model import HAPPY, Finds, Says, analyser, face
from live_browser import browser, context, launched, needs_chromium, seen, true
from live_cases import DOUBTFUL, live_face, picture, result
from page_peer import Peer, key_of, one_face, served, shown
from waiting import HANG, until

from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES, COLOURS, GROUPS
from fercurate.live.controls import Controls
from fercurate.live.frame import Frame
from fercurate.live.page.serve import Served
from fercurate.live.stats import Meter
from fercurate.samples import video

pytestmark = needs_chromium

RATE = 15


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "one.mjpeg"
    video.write(path, video.scene("one", 640, 480), video.SECONDS, RATE)
    return path


@pytest.fixture(scope="module")
def chromium(film: Path) -> Iterator[Any]:
    with browser(film) as opened:
        yield opened


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """An empty tab, 1280x800, in which nothing may go wrong."""
    opened = context(chromium, viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    page = opened.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    yield page
    opened.close()
    # a socket that is refused or lost is the browser's own message
    assert not [w for w in wrong if "WebSocket" not in w and "ERR_" not in w and "403" not in w]


def opened(tab: Any, page: Served, *results: Any) -> Any:
    """The tab at the page, with results on it, which never get too old for it."""
    tab.goto(page.link)
    tab.evaluate("fercurate.page.stalled = Infinity")
    seen(tab, "#source", "a test")
    if results:
        shown(page, *results)
        true(tab, f"fercurate.page.result?.frame === {results[-1].frame.index}")
    return tab


# -- what is seen -----------------------------------------------------------------------
def test_box_bars_and_timeline_of_a_face(tab: Any) -> None:
    with served() as (page, _):
        shown(page, *[one_face(i) for i in range(60)])
        opened(tab, page, one_face(60))
        assert seen(tab, "#state", "Live")
        assert tab.inner_text(".card .said") == "happy"
        assert tab.inner_text(".card .sure") == "87%"
        rows = tab.locator(".bars li").all_inner_texts()
        assert [row.split()[0] for row in rows] == list(CLASSES)
        assert rows[3].split() == ["happy", "87%"]
        assert tab.inner_text(".bars li.best").startswith("happy")
        wide = "e => e.getBoundingClientRect().width"
        whole = tab.locator(".bars .bar").nth(3).evaluate(wide)
        assert tab.locator(".bars .bar i").nth(3).evaluate(wide) / whole == pytest.approx(
            0.87, abs=0.01
        )
        # the box lies where the face is, in the colour of what it shows
        box = tab.evaluate("fercurate.picture.boxes[0]")
        size = [
            tab.evaluate(f"fercurate.picture.canvas.client{side}") for side in ("Width", "Height")
        ]
        scale = min(size[0] / 640, size[1] / 480)
        left = (size[0] - 640 * scale) / 2
        assert box["x"] == pytest.approx(left + 64 * scale, abs=1)
        assert box["y"] == pytest.approx((size[1] - 480 * scale) / 2 + 96 * scale, abs=1)
        assert box["w"] == pytest.approx(128 * scale, abs=1)
        assert colour_at(tab, "picture", box["x"], box["y"] + box["h"] / 2) == COLOURS["happy"]
        # and the timeline is mostly happy
        true(tab, "fercurate.timeline.tracks.get(1)?.length > 5")
        at = tab.evaluate("fercurate.timeline.canvas.clientWidth") - 6
        tab.evaluate("window.dispatchEvent(new Event('resize'))")
        until_colour(tab, "timeline", at, 40, COLOURS["happy"])


def colour_at(tab: Any, name: str, x: float, y: float) -> str:
    """Of a canvas, at a place in CSS pixels."""
    return str(
        tab.evaluate(
            """([name, x, y]) => {
                const c = fercurate[name].canvas, fine = c.width / c.clientWidth;
                const d = c.getContext('2d').getImageData(x * fine, y * fine, 1, 1).data;
                return '#' + [...d].slice(0, 3).map(v => v.toString(16).padStart(2, '0')).join('');
            }""",
            [name, x, y],
        )
    )


def until_colour(tab: Any, name: str, x: float, y: float, colour: str) -> None:
    until(lambda: colour_at(tab, name, x, y) == colour, step=0.1)


def test_no_answer_is_unclear_and_not_neutral(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, result(live_face((64, 96, 128, 128), DOUBTFUL, None)))
        assert tab.inner_text(".card .said") == "unclear"
        assert tab.inner_text(".card .sure") == ""
        assert tab.locator(".bars li.best").count() == 0
        assert tab.evaluate("fercurate.picture.boxes[0].name") == "unclear"
        assert "unclear" in tab.get_attribute("#picture", "aria-label")


def test_mirror_turns_picture_and_box(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, one_face(0))
        before = tab.evaluate("fercurate.picture.boxes[0]")
        width = tab.evaluate("fercurate.picture.canvas.clientWidth")
        place = width * 0.25, 20  # within the picture, which is darker to the left
        dark = colour_at(tab, "picture", *place)
        tab.keyboard.press("m")
        true(tab, "fercurate.page.controls.mirror")
        after = tab.evaluate("fercurate.picture.boxes[0]")
        assert after["x"] == pytest.approx(width - before["x"] - before["w"], abs=1)
        assert after["y"] == before["y"]
        assert int(colour_at(tab, "picture", *place)[1:3], 16) > int(dark[1:3], 16)
        assert tab.get_attribute("[data-key=m]", "aria-pressed") == "true"


def test_groups_have_four_bars(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, one_face(0))
        tab.click("[data-key=g]")
        true(tab, "document.querySelectorAll('.bars li').length === 4")
        rows = tab.locator(".bars li").all_inner_texts()
        assert [row.split()[0] for row in rows] == list(GROUPS)
        assert tab.inner_text(".card .said") == "positive"
        assert tab.locator("#legend li").all_inner_texts() == list(GROUPS)


@pytest.mark.parametrize("by", ["key", "button"])
def test_every_key_works_by_key_and_by_button(tab: Any, by: str) -> None:
    with served() as (page, controls):
        opened(tab, page, one_face(0))

        def press(key: str) -> None:
            if by == "key":
                tab.keyboard.press(key)
            else:
                tab.click(f'[data-key="{key}"]')

        press("p")
        assert seen(tab, "#state", "Paused")
        assert controls.paused
        assert tab.is_visible("#badge")
        assert tab.inner_text("#pause-word") == "Go on"
        press("p")
        assert seen(tab, "#pause-word", "Pause")
        assert not controls.paused
        assert tab.is_hidden("#badge")
        press("+")
        assert seen(tab, "#half-life", "0.5 s")
        press("-")
        press("-")
        assert seen(tab, "#half-life", "0.2 s")
        press("s")
        until(controls.take_snapshot)
        page.view.say("Snapshot: a.png")
        assert seen(tab, "#notice", "Snapshot: a.png")
        press("q")
        assert controls.quit.wait(HANG)


def test_two_viewers_choose_the_head_and_the_balance_and_see_other_answers(
    tab: Any, chromium: Any
) -> None:
    """A balance of 0.25 against 0.3 of happy's 0.4: 0.7 of a class of 0.1 comes to 77 %."""
    own = context(chromium, viewport={"width": 390, "height": 844})
    other = own.new_page()
    classifier = Says((0.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.0), threshold=0.4)
    live, frames = analyser(classifier, Finds([face(200, 200, 100)])), iter(range(100))
    with served() as (page, controls):
        controls.answer_with(classifier.info, say=page.view.say)

        def answers(name: str, share: str, head: str, balance: float) -> None:
            until(lambda: controls.point == classifier.info.point(head, balance))
            index = next(frames)
            frame = Frame(picture(), index / 30, index, time.perf_counter())
            shown(page, live.analyse(frame, controls))
            for one in (tab, other):
                true(one, f"fercurate.page.result?.frame === {index}")
                assert seen(one, "#head-name", head)
                assert seen(one, "#balance-value", f"{balance:g}")
                assert seen(one, ".card .said", name)
                assert seen(one, ".card .sure", share)
                names = [one.get_attribute(s, "aria-label") for s in ("#head", "#balance")]
                assert names[0].startswith(f"Answers as {head}: ")
                assert names[1].startswith(f"Balance {balance:g} of rare classes: ")

        opened(tab, page)
        opened(other, page)
        answers("sad", "70%", "given", 0.0)
        other.click("#balance")
        answers("sad", "77%", "given", 0.25)
        tab.keyboard.press("v")
        answers("fear", "70%", "votes", 0.0)
        assert seen(other, "#notice", "It answers as votes, balance 0.")
        tab.keyboard.press("p")
        other.click("#head")
        badge = "Paused: P goes on, then it answers as given, balance 0.25"
        for one in (tab, other):
            assert seen(one, "#badge", badge)
            assert one.inner_text(".card .said") == "fear"  # still the paused picture's
        other.keyboard.press("p")
        until(lambda: not controls.paused)
        answers("sad", "77%", "given", 0.25)
        other.keyboard.press("p")
        assert seen(tab, "#badge", "Paused: P goes on")
    own.close()


def test_a_model_with_one_head_has_no_button_for_others_and_the_key_says_so(tab: Any) -> None:
    with served() as (page, controls):
        info = ModelInfo("none", heads=(Head("given"),))
        controls.answer_with(info, say=page.view.say)
        opened(tab, page, one_face(0))
        assert tab.is_hidden("#head")
        assert tab.is_hidden("#balance")
        tab.keyboard.press("v")
        told = "This model has one head, given: there is nothing to switch."
        assert seen(tab, "#notice", told)


def test_keys_with_a_modifier_are_the_browser_s(tab: Any) -> None:
    with served() as (page, controls):
        opened(tab, page, one_face(0))
        before = controls.as_dict()
        for key in ("Control+p", "Alt+m", "Meta+q", "Control+-"):
            tab.evaluate(
                """key => {
                    const [m, k] = key.split('+');
                    const held = {[{Control: 'ctrlKey', Alt: 'altKey', Meta: 'metaKey'}[m]]: true};
                    document.dispatchEvent(new KeyboardEvent('keydown', {key: k, ...held}));
                }""",
                key,
            )
        tab.keyboard.press("g")  # and when this one has come, so would have those before it
        until(lambda: controls.as_dict()["grouped"])
        assert controls.as_dict() == {**before, "grouped": True}
        assert not controls.quit.is_set()


def test_many_faces_and_a_large_picture(tab: Any) -> None:
    with served() as (page, _):
        faces = [
            live_face((150 * (i % 5), 150 * (i // 5), 100, 100), track=i + 1) for i in range(20)
        ]
        opened(tab, page, result(*faces, image=picture(3840, 2160)))
        assert tab.locator(".card").count() == 20
        assert tab.inner_text("#count") == "20"
        shown(page, result(*faces[3:5], image=picture(3840, 2160), index=1))
        true(tab, "document.querySelectorAll('.card').length === 2")
        assert tab.locator(".card .who").all_inner_texts() == ["Face 4", "Face 5"]
        shown(page, result(index=2))
        tab.wait_for_selector("#nobody", state="visible")


def test_labels_of_faces_side_by_side_do_not_cover_each_other(tab: Any) -> None:
    with served() as (page, _):
        faces = [live_face((200 + 50 * i, 150, 60, 60), track=i + 1) for i in range(3)]
        opened(tab, page, result(*faces))
        a, b, c = tab.evaluate("fercurate.picture.labels")
        for one, other in ((a, b), (b, c), (a, c)):
            apart = (
                one["at"] + one["wide"] <= other["at"] or other["at"] + other["wide"] <= one["at"]
            )
            assert apart or abs(one["up"] - other["up"]) >= one["high"] - 1


def test_what_the_server_names_is_no_markup(tab: Any) -> None:
    from fercurate.live.page.serve import serve

    name = "<img src=x onerror=document.title='bad'>"
    page = serve(Controls(), CLASSES, source=name, stored=[name])
    try:
        tab.goto(page.link)
        assert seen(tab, "#source", name)
        page.view.say(name)
        assert seen(tab, "#notice", name)
        assert tab.title() == "fercurate live"
    finally:
        page.close()


def test_the_page_asks_nobody_else(tab: Any) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    with served() as (page, _):
        opened(tab, page, one_face(0))
        own = f"http://127.0.0.1:{page.port}/"
        assert len(asked) >= 8
        assert all(url.startswith((own, "blob:")) for url in asked)


def test_it_says_what_it_means_and_what_is_stored(tab: Any) -> None:
    with served(stored=["Stored, as you asked: the video in out.mp4"]) as (page, _):
        opened(tab, page)
        words = tab.inner_text("footer")
        assert "Apparent expression, not a feeling" in words
        assert "out.mp4" in words
        assert "Nothing is stored" not in words


# -- how it looks -----------------------------------------------------------------------
@pytest.mark.parametrize("width", [1920, 1280, 1024, 800, 390, 320])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_fits_every_width_and_can_be_read(chromium: Any, width: int, scheme: Any) -> None:
    size: Any = {"width": width, "height": 800}
    own = context(chromium, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    tab = own.new_page()
    with served() as (page, controls):
        controls.answer_with(Says(HAPPY).info, balance=0.25)
        opened(tab, page, one_face(0))
        assert tab.is_visible("#head")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        for selector in (".tools button", "#theme", ".card", "#timeline", "#picture"):
            for box in tab.evaluate(
                "s => [...document.querySelectorAll(s)].filter(e => e.offsetParent)"
                ".map(e => e.getBoundingClientRect().toJSON())",
                selector,
            ):
                assert box["left"] >= 0
                assert box["right"] <= width
                assert box["height"] >= 30
        worst = tab.evaluate(CONTRAST)
        assert worst[0] >= 4.5, worst
    own.close()


CONTRAST = """() => {
  const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3) return c;
    }
    return [255, 255, 255];
  };
  const all = 'h1, h2, dd, dt, .source, .state, button:not(:disabled), small, kbd, .card span, '
    + 'footer p, .legend li, .value';
  let worst = [99, ''];
  for (const e of document.querySelectorAll(all)) {
    if (!e.offsetParent || !e.textContent.trim()) continue;
    const pair = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 80)];
  }
  return worst;
}"""
"""The least contrast of any words on the page (WCAG 2.2, 1.4.3), and whose it is."""


def test_dark_and_light_can_be_switched(chromium: Any) -> None:
    own = context(chromium, color_scheme="light")
    tab = own.new_page()
    with served() as (page, _):
        opened(tab, page, one_face(0))
        ground = "getComputedStyle(document.body).backgroundColor"
        light = tab.evaluate(ground)
        tab.click("#theme")
        dark = tab.evaluate(ground)
        assert dark != light
        tab.reload()
        assert tab.evaluate(ground) == dark
        tab.click("#theme")
        assert tab.evaluate(ground) == light
    own.close()


def test_everything_that_can_be_pressed_has_a_name(tab: Any) -> None:
    with served(camera=True) as (page, controls):
        controls.answer_with(Says(HAPPY).info)
        tab.goto(page.link)
        tab.wait_for_selector("#panel-do")
        names = tab.evaluate(
            "[...document.querySelectorAll('button')]"
            ".map(b => (b.getAttribute('aria-label') || b.innerText).trim())"
        )
        assert all(names)
        assert tab.evaluate("document.documentElement.lang") == "en"
        # all by keyboard: the order of the tools is the order of the eyes
        tab.focus("#theme")
        order = []
        for _ in range(11):
            tab.keyboard.press("Tab")
            order.append(
                tab.evaluate("document.activeElement.dataset.key || document.activeElement.id")
            )
        assert order == ["panel-do", *"psmgvb-+", "camera", "q"]


# -- coming, going, staying away --------------------------------------------------------
def test_without_the_key_it_is_closed(tab: Any) -> None:
    with served() as (page, _):
        for link in (page.link.partition("#")[0], page.link[:-3] + "xyz"):
            tab.goto(link)
            assert seen(tab, "#panel-title", "This page is closed to you")
            assert seen(tab, "#state", "Closed")
            tab.evaluate("sessionStorage.clear()")


EVIL = """<!doctype html><iframe id=f src="http://127.0.0.1:%(port)d/#%(key)s"></iframe>
<script>
window.got = {};
const ws = new WebSocket("ws://127.0.0.1:%(port)d/live", ["fercurate", "%(key)s"]);
ws.onopen = () => { got.socket = "open"; };
ws.onclose = () => { got.socket = got.socket || "refused"; };
fetch("http://127.0.0.1:%(port)d/").then(
  () => { got.read = "read"; }, () => { got.read = "refused"; });
</script>"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_foreign_page_gets_nothing_even_with_the_key(chromium: Any, name: str) -> None:
    with served() as (page, controls):
        text = (EVIL % {"port": page.port, "key": key_of(page.link)}).encode()

        class Evil(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own = context(chromium)
        tab = own.new_page()
        tab.goto(f"http://{name}:{server.server_port}/")
        true(tab, "got.socket && got.read")
        assert tab.evaluate("got") == {"socket": "refused", "read": "refused"}
        # and it is in no frame
        assert tab.evaluate("document.getElementById('f').contentDocument") is None
        assert page.pages == 0
        assert not controls.quit.is_set()
        own.close()
        server.shutdown()
        server.server_close()


def test_the_key_leaves_the_address_and_outlives_a_reload(tab: Any) -> None:
    with served() as (page, _):
        link = page.ticket()
        tab.goto(link)
        seen(tab, "#source", "a test")
        assert tab.url == f"http://127.0.0.1:{page.port}/"
        tab.reload()
        assert seen(tab, "#source", "a test")
        assert tab.evaluate("sessionStorage.getItem('fercurate-key')") == key_of(page.link)
        assert tab.evaluate("document.cookie") == ""


def test_the_end_is_said(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, one_face(0))
        page.view.close("The video has ended.")
        assert seen(tab, "#panel-text p", "The video has ended.")
        assert seen(tab, "#state", "Ended")
        assert tab.is_disabled("[data-key=p]")


def test_a_lost_connection_is_said_and_taken_up_again(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, one_face(0))
        tab.evaluate(
            """() => {
                window.titles = new Set();
                const title = document.getElementById('panel-title');
                new MutationObserver(() => titles.add(title.textContent))
                    .observe(title, {childList: true, characterData: true, subtree: true});
                fercurate.link.socket.close();
            }"""
        )
        true(tab, "titles.has('Connection lost')")
        true(tab, "fercurate.page.link === 'open'")
        shown(page, one_face(1))
        true(tab, "fercurate.page.result.frame === 1")
        port = page.port
    with served(port=port):  # another session, another key
        tab.reload()
        assert seen(tab, "#panel-title", "This page is closed to you")


def test_frames_that_stop_are_said(tab: Any) -> None:
    with served() as (page, _):
        tab.goto(page.link)
        assert tab.evaluate("fercurate.page.stalled") == 3000
        opened(tab, page, one_face(0))
        assert seen(tab, "#state", "Live")
        tab.evaluate("fercurate.page.stalled = 0")
        assert seen(tab, "#state", "No new frames")
        tab.evaluate("fercurate.page.stalled = 60_000")
        shown(page, one_face(1))
        assert seen(tab, "#state", "Live")


def test_a_busy_page_delays_no_other(tab: Any, chromium: Any) -> None:
    own = context(chromium)
    other = own.new_page()
    with served() as (page, _):
        opened(tab, page, one_face(0))
        opened(other, page, one_face(1))
        other.evaluate(
            "() => { window.held = []; window.requestAnimationFrame = draw => held.push(draw); }"
        )
        for i in range(2, 22):
            shown(page, one_face(i))
            true(tab, f"fercurate.page.result.frame === {i}")
        assert other.evaluate("fercurate.page.result.frame") == 1
        assert other.evaluate("held.length") <= 1  # all this time it was sent one
        other.evaluate(
            "() => { window.requestAnimationFrame = draw => setTimeout(draw); held.pop()(); }"
        )
        # and then it has the newest, not a queue
        true(other, "fercurate.page.result.frame === 21")
    own.close()


# -- the page's own camera --------------------------------------------------------------
@pytest.fixture
def session() -> Iterator[tuple[Served, Controls, list[Any]]]:
    """The page with its camera as source, analysed as `fercurate live` does."""
    from fercurate.infer.classifier import open_classifier
    from fercurate.live import loop
    from fercurate.live.analyse import Analyser
    from fercurate.live.find import Finder

    class Keep:
        def __init__(self) -> None:
            self.results: list[Any] = []

        def take(self, result: Any, stats: Any) -> None:
            frame = result.frame
            self.results.append((frame.index, frame.time, result.faces))

        def idle(self) -> None: ...

        def close(self) -> None: ...

    with served(camera=True) as (page, controls):
        kept = Keep()

        def work() -> None:
            analyser = Analyser(open_classifier(None, "cpu", threads=1), Finder())
            assert page.camera is not None
            loop.run(page.camera, analyser, [page.view, kept], controls, Meter())

        thread = threading.Thread(target=work)
        thread.start()
        yield page, controls, kept.results
        controls.press("q")
        thread.join(HANG)
        assert not thread.is_alive()


def more_of_the_film(tab: Any) -> None:
    """The camera has taken ten more pictures, and one that was to be sent has come."""
    tab.evaluate(
        """() => new Promise(done => {
            let left = 10;
            const next = () => --left ? fercurate.camera.video.requestVideoFrameCallback(next)
                : done();
            next();
        })"""
    )
    page_round(tab)


def page_round(tab: Any) -> None:
    """All that the page has said is heard, and it has all answers to it."""
    before = tab.evaluate("fercurate.page.controls.mirror")
    tab.evaluate("fercurate.link.say({key: 'm'})")
    true(tab, f"fercurate.page.controls.mirror !== {str(before).lower()}")


def test_the_camera_from_consent_to_face(tab: Any, session: Any) -> None:
    page, _, results = session
    tab.add_init_script(
        """const media = navigator.mediaDevices, real = media.getUserMedia.bind(media);
        window.asked = 0;
        media.getUserMedia = what => { window.asked++; return real(what); };"""
    )
    tab.goto(page.link)
    assert seen(tab, "#panel-title", "Use this browser's camera?")
    words = tab.inner_text("#panel-text")
    assert f"fercurate process that serves this page, at {socket.gethostname()}" in words
    assert "Nothing is stored" in words
    assert "Stop any time" in words
    page.view.say("a word")  # the page has gone on, and asks for nothing
    assert seen(tab, "#notice", "a word")
    assert tab.evaluate("window.asked") == 0  # nothing before consent
    assert not results
    tab.evaluate(
        """() => {
            window.stamps = [];
            const give = fercurate.link.give;
            fercurate.link.give = function (stamp, jpeg) {
                stamps.push(stamp);
                give.call(this, stamp, jpeg);
            };
            fercurate.page.stalled = Infinity;
        }"""
    )
    begun = time.time()
    tab.click("#panel-do")
    assert seen(tab, "#state", "Live")
    true(tab, "fercurate.page.result?.faces.length === 1")
    assert tab.is_hidden("#panel")
    assert tab.locator(".card .bars li").count() == 7
    # the face that was found is the one in the film: it stays within its reach
    left, top, wide, high = tab.evaluate("fercurate.page.result.faces[0].box")
    assert 0.15 < left + wide / 2 < 0.85
    assert 0.25 < top + high / 2 < 0.75
    assert 0.2 < high < 0.6
    before = len(results)
    until(lambda: len(results) >= before + 10)
    found = list(results)
    indices, times = [r[0] for r in found], np.array([r[1] for r in found])
    assert indices == sorted(set(indices))
    # a frame's time is that of the camera, which is real, however many frames came
    stamps = np.array(tab.evaluate("stamps"))[indices] / 1000
    assert np.all((begun - 1 < stamps) & (stamps < time.time() + 1))
    assert np.all(np.diff(times) > 0)
    assert times - times[0] == pytest.approx(stamps - stamps[0], abs=0.01)
    # the picture on the page is the very frame that the result is about
    assert tab.evaluate("fercurate.picture.image.width") == 640
    assert tab.evaluate("fercurate.camera.kept.size") <= 60


def test_pause_stops_the_camera_s_frames_and_stop_ends_them(tab: Any, session: Any) -> None:
    page, controls, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.keyboard.press("p")
    assert seen(tab, "#state", "Paused")
    true(tab, "fercurate.camera.flying === null")
    before = page.camera._index
    more_of_the_film(tab)
    assert page.camera._index == before
    tab.keyboard.press("p")
    until(lambda: page.camera._index > before + 3)
    tab.click("#camera")
    assert seen(tab, "#state", "No camera")
    assert page.camera.code == "off"
    assert tab.evaluate("fercurate.camera.video.srcObject") is None
    assert tab.is_visible("#panel")
    assert not controls.quit.is_set()
    tab.click("#camera")
    until(lambda: page.camera.code == "on")
    before = len(results)
    until(lambda: len(results) > before)


def test_a_reload_and_another_page_take_the_camera_up_again(
    tab: Any, session: Any, chromium: Any
) -> None:
    page, _, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.reload()  # the consent was for this tab and this session
    before = len(results)
    until(lambda: len(results) > before + 3)
    own = context(chromium)
    other = own.new_page()
    other.goto(page.link)
    seen(other, "#state", "Live")
    other.click("#camera")
    assert seen(tab, "#notice", "Another page gives its camera now.")
    assert tab.inner_text("#camera-word") == "Start camera"
    before = len(results)
    until(lambda: len(results) > before + 3)
    other.close()
    until(lambda: page.camera.code == "gone")
    assert seen(tab, "#state", "No camera")
    tab.click("#panel-do")
    before = len(results)
    until(lambda: len(results) > before + 3)
    own.close()


def test_a_hidden_page_gives_no_frames(tab: Any, session: Any) -> None:
    page, _, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    hide = """is => { Object.defineProperty(document, 'hidden', {value: is, configurable: true});
        document.dispatchEvent(new Event('visibilitychange')); }"""
    tab.evaluate(hide, True)
    until(lambda: page.camera.code == "hidden")
    before = page.camera._index
    more_of_the_film(tab)
    assert page.camera._index == before
    tab.evaluate(hide, False)
    until(lambda: page.camera._index > before + 3)
    assert page.camera.code == "on"


@pytest.mark.parametrize(
    ("error", "title", "state"),
    [
        ("NotAllowedError", "The browser keeps its camera to itself", "denied"),
        ("NotFoundError", "No camera was found", "missing"),
        ("NotReadableError", "The camera is busy", "busy"),
    ],
)
def test_a_camera_that_does_not_come_is_said(
    tab: Any, session: Any, error: str, title: str, state: str
) -> None:
    page, _, results = session
    tab.add_init_script(
        f"""const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.fails = true;
        navigator.mediaDevices.getUserMedia = async what => {{
            if (window.fails) throw new DOMException('no', '{error}');
            return real(what); }};"""
    )
    tab.goto(page.link)
    tab.click("#panel-do")
    assert seen(tab, "#panel-title", title)
    until(lambda: page.camera.code == state)
    assert not results
    tab.evaluate("window.fails = false")
    tab.click("#panel-do")  # after it was allowed, or plugged in
    until(lambda: len(results) > 3)


def test_a_camera_that_is_pulled_out_is_said(tab: Any, session: Any) -> None:
    page, _, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.evaluate("fercurate.camera.stream.getVideoTracks()[0].onended()")
    assert seen(tab, "#panel-title", "The camera went away")
    assert page.camera.code == "ended"
    tab.click("#panel-do")
    before = len(results)
    until(lambda: len(results) > before + 3)


def test_a_frame_that_is_late_does_not_hide_that_the_camera_went_away(
    tab: Any, session: Any
) -> None:
    page, _, results = session
    tab.add_init_script(
        """const real = HTMLCanvasElement.prototype.toBlob;
        window.hold = false;
        window.late = [];
        HTMLCanvasElement.prototype.toBlob = function (done, ...how) {
            real.call(this, blob => window.hold ? late.push(() => done(blob)) : done(blob), ...how);
        };"""
    )
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.evaluate("window.hold = true")
    true(tab, "late.length > 0")  # a frame is being made while the camera goes
    tab.evaluate("fercurate.camera.stream.getVideoTracks()[0].onended()")
    assert seen(tab, "#panel-title", "The camera went away")
    before = page.camera._index
    tab.evaluate("async () => { for (const done of late) await done(); }")
    page_round(tab)
    assert page.camera._index == before
    assert tab.inner_text("#panel-title") == "The camera went away"
    assert tab.inner_text("#notice") == ""
    # and the next one is as good as new
    tab.evaluate("window.hold = false")
    tab.click("#panel-do")
    until(lambda: page.camera._index > before + 3)


def test_another_page_s_word_does_not_hide_that_the_camera_went_away(
    tab: Any, session: Any
) -> None:
    page, _, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    with Peer(page) as other:
        other.hello()
        # the camera goes before the page hears that another one took over
        tab.evaluate(
            """() => {
                const link = fercurate.link, hear = link.hear;
                link.hear = (socket, data) => {
                    if (data === '{"camera_taken":true}')
                        fercurate.camera.stream.getVideoTracks()[0].onended();
                    return hear.call(link, socket, data);
                };
            }"""
        )
        other.send({"camera": "on"})
        true(tab, "fercurate.page.own === 'ended'")
        page_round(tab)
    until(lambda: page.camera.code == "gone")
    assert seen(tab, "#panel-title", "The camera went away")


def test_it_is_asked_for_one_camera_and_a_stop_meanwhile_counts(tab: Any, session: Any) -> None:
    page, _, results = session
    tab.add_init_script(
        """const media = navigator.mediaDevices, real = media.getUserMedia.bind(media);
        window.waiting = [];
        window.streams = [];
        media.getUserMedia = async what => {
            const stream = await real(what);
            streams.push(stream);
            await new Promise(done => waiting.push(done));
            return stream;
        };"""
    )
    tab.goto(page.link)
    tab.click("#panel-do")
    true(tab, "waiting.length === 1")
    tab.click("#camera")  # pressed again while the browser asks
    tab.evaluate("fercurate.link.socket.close()")  # and the connection is a new one
    until(lambda: page.camera.code == "gone" or page.pages == 1)
    true(tab, "fercurate.link.isGreeted")
    until(lambda: page.camera.code == "asked")
    assert tab.evaluate("streams.length") == 1
    tab.evaluate("fercurate.camera.stop()")
    until(lambda: page.camera.code == "off")
    tab.evaluate("waiting.pop()()")
    true(tab, "streams[0].getTracks().every(track => track.readyState === 'ended')")
    assert not tab.evaluate("fercurate.camera.isOn")
    assert not results


def test_what_the_camera_came_to_while_nobody_heard_is_said_afterwards(
    tab: Any, session: Any
) -> None:
    page, _, results = session
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.evaluate(
        """() => {
            fercurate.link.on.state = (was => (...how) => {
                was(...how);
                fercurate.camera.stream?.getVideoTracks()[0].onended();
            })(fercurate.link.on.state);
            fercurate.link.socket.close();
        }"""
    )
    until(lambda: page.camera.code == "ended")
    assert seen(tab, "#panel-title", "The camera went away")


def test_each_picture_is_that_of_its_result_after_a_stop(tab: Any, session: Any) -> None:
    """An answer to a frame of before is not taken for one to the next frame."""
    page, _, results = session
    tab.add_init_script(
        """const Real = WebSocket;
        window.answers = null;
        window.WebSocket = class extends Real {
            set onmessage(hear) {
                super.onmessage = event => {
                    if (window.answers && typeof event.data === 'string') answers.push(event);
                    else hear(event);
                };
            }
        };"""
    )
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    tab.evaluate("window.answers = []")
    true(tab, "answers.length === 1 && !!fercurate.camera.flying?.blob")  # its answer is late
    tab.evaluate("fercurate.camera.tell()")  # a new frame may go
    true(tab, "answers.length === 2")
    found = tab.evaluate(
        """() => {
            const late = answers, { camera } = fercurate, newer = camera.flying.blob;
            window.answers = null;
            const numbers = late.map(event => JSON.parse(event.data).took);
            camera.took(numbers[0]);
            const wrong = camera.kept.has(numbers[0]);
            camera.took(numbers[1]);
            return [wrong, camera.kept.get(numbers[1]) === newer];
        }"""
    )
    assert found == [False, True]
    before = page.camera._index
    until(lambda: page.camera._index > before + 3)


def test_all_that_was_said_while_a_page_drew_is_seen(tab: Any) -> None:
    with served() as (page, _):
        opened(tab, page, one_face(0))
        tab.evaluate(
            "() => { window.held = []; window.requestAnimationFrame = draw => held.push(draw); }"
        )
        page.view.say("first")
        true(tab, "held.length === 1")
        page.view.say("second")
        page.view.say("third")
        tab.evaluate(
            "() => { window.requestAnimationFrame = draw => setTimeout(draw); held.pop()(); }"
        )
        assert seen(tab, "#notice", "second\nthird")


def test_a_browser_that_is_killed_leaves_the_session(
    chromium: Any, session: Any, film: Path
) -> None:
    page, controls, results = session
    mine = psutil.Process()
    there = {child.pid for child in mine.children(recursive=True)}
    doomed = launched(chromium.browser_type, film)
    tab = context(doomed).new_page()
    tab.goto(page.link)
    tab.click("#panel-do")
    until(lambda: len(results) > 3)
    for child in mine.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # gone with its parent
            if child.pid not in there and "chrom" in child.name():
                child.kill()
    until(lambda: page.camera.code == "gone")
    assert not controls.quit.is_set()
    with Peer(page) as peer:
        assert peer.hello()["camera"] == "gone"
    after = launched(chromium.browser_type, film)
    tab = context(after).new_page()
    tab.goto(page.link)
    tab.click("#panel-do")
    before = len(results)
    until(lambda: len(results) > before + 3)
    after.close()


def test_the_consent_fits_a_small_screen(chromium: Any) -> None:
    own = context(chromium, viewport={"width": 360, "height": 640})
    tab = own.new_page()
    with served(camera=True) as (page, _):
        tab.goto(page.link)
        tab.wait_for_selector("#panel-do")
        button, frame = (
            tab.evaluate("s => document.querySelector(s).getBoundingClientRect().toJSON()", s)
            for s in ("#panel-do", "#frame")
        )
        assert frame["top"] <= button["top"]
        assert button["bottom"] <= min(frame["bottom"], 640)
    own.close()
