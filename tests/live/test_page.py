"""The page's server: what it sends, to whom and how much of it."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
import uvicorn
from fake_model import Says
from live_cases import DOUBTFUL, HAPPY, live_face, picture, result
from page_peer import Peer, frame, jpeg, key_of, one_face, request, served, shown
from PIL import Image
from waiting import HANG, until

from fercurate.errors import FercurateError, InputError
from fercurate.labels import CLASSES
from fercurate.live.controls import HALF_LIVES, KEYS, Controls
from fercurate.live.page.hub import ENDED, FULL, MOST_PAGES
from fercurate.live.page.messages import WIDEST
from fercurate.live.page.serve import serve


def test_a_result_comes_with_its_picture() -> None:
    with served() as (page, _), Peer(page) as peer:
        hello = peer.hello()["hello"]
        assert hello["classes"] == list(CLASSES)
        assert hello["keys"] == dict(KEYS)
        assert hello["colours"]["unclear"] != hello["colours"]["neutral"]
        shown(page, one_face(7))
        said, data = peer.result()
        assert said["result"]["frame"] == 7
        assert said["result"]["size"] == [640, 480]
        (face,) = said["result"]["faces"]
        assert face["box"] == pytest.approx([0.1, 0.2, 0.2, 128 / 480], abs=1e-3)
        assert face["label"] == "happy"
        assert face["shares"] == pytest.approx(one_face().faces[0].probabilities, abs=1e-3)
        seen = np.asarray(Image.open(io.BytesIO(data)))
        expected = picture()
        assert seen.shape == expected.shape
        assert np.abs(seen.astype(int) - expected).mean() < 3


def test_no_answer_is_said_as_none() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        shown(page, result(live_face((1, 1, 50, 50), DOUBTFUL, None)))
        assert peer.result()[0]["result"]["faces"][0]["label"] is None


def test_a_large_picture_is_made_smaller() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        shown(page, result(image=picture(3840, 2160)))
        said, data = peer.result()
        assert said["result"]["size"] == [3840, 2160]
        assert Image.open(io.BytesIO(data)).size == (WIDEST, 720)


def test_a_page_gets_the_newest_result_when_it_has_drawn_the_last() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        shown(page, one_face(0))
        said, _ = peer.news()
        while "result" not in said:
            peer.drawn(said["n"])
            said, _ = peer.news()
        shown(page, *[one_face(i) for i in range(1, 200)])
        assert peer.is_silent()
        peer.drawn(said["n"])
        assert peer.result()[0]["result"]["frame"] == 199
        assert peer.is_silent()


@pytest.mark.parametrize("wrong", [-1, 0, 10_000, "1", None, [1]])
def test_a_wrong_word_of_being_ready_brings_nothing(wrong: object) -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        shown(page, one_face(0))
        peer.news()
        peer.send({"drawn": wrong})
        shown(page, one_face(1))
        assert peer.is_silent()


def test_a_page_that_reads_nothing_delays_no_other_and_holds_no_memory() -> None:
    with served() as (page, _), Peer(page) as quick, Peer(page) as stuck:
        quick.hello()
        stuck.hello()
        noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
        process = psutil.Process()
        for i in range(20):
            shown(page, result(image=noise, index=i))
            quick.result()
        before = process.memory_info().rss
        for i in range(20, 120):
            shown(page, result(image=noise, index=i))
            assert quick.result()[0]["result"]["frame"] == i
        assert process.memory_info().rss - before < 40 << 20


def test_a_page_that_vanishes_leaves_the_others() -> None:
    with served() as (page, _), Peer(page) as stays:
        stays.hello()
        for i in range(5):
            goes = Peer(page)
            goes.hello()
            goes.close()
            shown(page, one_face(i))
            assert stays.result()[0]["result"]["frame"] == i


def test_pictures_are_encoded_in_a_thread_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from fercurate.live.page import hub

    where = []
    encode = hub.jpeg
    monkeypatch.setattr(
        hub, "jpeg", lambda image: where.append(threading.current_thread().name) or encode(image)
    )
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        shown(page, one_face())
        peer.result()
    assert [name.startswith("live-page-jpeg") for name in where] == [True]


@pytest.mark.alone
def test_taking_a_result_costs_the_loop_next_to_nothing() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        large = result(live_face((10, 10, 99, 99)), image=picture(1920, 1080))
        spent = []
        for _ in range(50):
            began = time.thread_time()
            shown(page, large)
            spent.append(time.thread_time() - began)
            peer.result()
        assert np.median(spent) < 2e-3


def test_no_picture_is_encoded_while_no_page_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from fercurate.live.page import hub

    made = []
    encode = hub.jpeg
    monkeypatch.setattr(hub, "jpeg", lambda image: made.append(1) or encode(image))
    with served() as (page, _):
        shown(page, *[one_face(i) for i in range(5)])
        assert not made
        with Peer(page) as one, Peer(page) as two:
            for peer in (one, two):
                peer.hello()
                assert peer.result()[0]["result"]["frame"] == 4
        assert len(made) == 1


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("p", "paused", True),
        ("m", "mirror", True),
        ("g", "grouped", True),
        ("+", "half_life", HALF_LIVES[HALF_LIVES.index(0.35) + 1]),
        ("-", "half_life", HALF_LIVES[HALF_LIVES.index(0.35) - 1]),
        ("v", "head", "votes"),
        ("b", "balance", 0.25),
    ],
)
def test_a_key_is_pressed_and_all_pages_know(key: str, name: str, value: object) -> None:
    with served() as (page, controls), Peer(page) as one, Peer(page) as two:
        controls.answer_with(Says(HAPPY).info)
        one.hello()
        assert two.hello()["controls"][name] != value
        one.send({"key": key})
        for peer in (one, two):
            said = {"controls": {}}
            while said["controls"].get(name) != value:
                said, _ = peer.news()
                peer.drawn(said["n"])
        assert controls.as_dict()[name] == value


def test_a_result_says_which_head_answered_and_all_pages_are_told_what_a_key_came_to() -> None:
    info = Says(HAPPY).info
    with served() as (page, controls), Peer(page) as one, Peer(page) as two:
        controls.answer_with(info, say=page.view.say)
        for peer in (one, two):
            peer.hello()
        shown(page, replace(one_face(0), point=controls.point))
        for peer in (one, two):
            told = peer.result()[0]["result"]
            assert (told["head"], told["balance"]) == ("given", 0.0)
        two.send({"key": "v"})
        for peer in (one, two):
            said: dict[str, object] = {}
            while "notices" not in said:
                said, _ = peer.news()
                peer.drawn(said["n"])
            assert said["notices"] == ["It answers as votes, balance 0."]
        shown(page, replace(one_face(1), point=controls.point))
        assert one.result()[0]["result"]["head"] == "votes"


def test_q_quits_and_s_takes_a_snapshot() -> None:
    with served() as (page, controls), Peer(page) as peer:
        peer.hello()
        peer.send({"key": "s"})
        peer.send({"key": "q"})
        assert controls.quit.wait(HANG)
        assert controls.take_snapshot()


def test_a_switch_that_something_else_turned_is_shown() -> None:
    with served() as (page, controls), Peer(page) as peer:
        peer.hello()
        peer.drawn(peer.news()[0]["n"])
        controls.press("p")
        page.view.idle()
        said, data = peer.news()
        assert said["controls"]["paused"]
        assert "result" not in said
        assert data == b""


def test_a_notice_reaches_each_page_once() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        peer.drawn(peer.news()[0]["n"])
        page.view.say("Kept a.png")
        said, _ = peer.news()
        assert said["notices"] == ["Kept a.png"]
        peer.drawn(said["n"])
        shown(page, one_face())
        assert "notices" not in peer.result()[0]
        with Peer(page) as late:
            late.hello()
            assert "notices" not in late.result()[0]


def test_a_late_page_gets_the_last_minute() -> None:
    with served() as (page, _):
        shown(page, *[one_face(i) for i in range(30 * 80)])
        with Peer(page) as peer:
            history = peer.hello()["history"]
        times = [entry["time"] for entry in history]
        assert times == sorted(times)
        assert 58 < times[-1] - times[0] <= 60.1
        assert len(times) <= 301
        shown(page, one_face(0, at=0.0))  # the video begins anew
        with Peer(page) as peer:
            assert [entry["time"] for entry in peer.hello()["history"]] == [0.0]


def test_pages_are_told_of_the_end_and_stay_closed() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        page.view.close("The video has ended.")
        end = None
        while end is None:
            event = peer.event()
            end = event if hasattr(event, "code") else None
        assert end.code == ENDED
        assert end.reason == "The video has ended."
        with Peer(page) as late:
            assert late.close_code() == ENDED


def test_it_is_known_how_many_look_on() -> None:
    with served() as (page, _):
        assert page.pages == 0
        with Peer(page) as peer:
            peer.hello()
            assert page.pages == 1
        until(lambda: page.pages == 0)


def test_there_is_room_for_so_many_pages() -> None:
    with served() as (page, _):
        peers = [Peer(page) for _ in range(MOST_PAGES)]
        for peer in peers:
            peer.hello()
        with Peer(page) as one_more:
            assert one_more.close_code() == FULL
        peers.pop().close()
        until(lambda: page.pages == MOST_PAGES - 1)
        with Peer(page) as one_more:
            one_more.hello()
        for peer in peers:
            peer.close()


def test_close_ends_all_threads_and_may_be_called_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fercurate.live.page.serve.STOP_SECONDS", HANG)
    before = set(threading.enumerate())
    controls = Controls()
    page = serve(controls, CLASSES, camera=True)
    peer = Peer(page)
    peer.hello()
    shown(page, one_face())
    peer.result()
    page.close()
    page.close()
    assert set(threading.enumerate()) <= before
    assert page.camera is not None
    assert page.camera.read(0.1) is None
    peer.close()


def test_a_port_that_is_taken_is_refused_and_can_be_had_again() -> None:
    with served() as (page, _):
        with pytest.raises(InputError, match=f"Port {page.port} is taken") as refused:
            serve(Controls(), CLASSES, port=page.port)
        assert "--port" in refused.value.fix
        port = page.port
    with served(port=port) as (page, _):
        assert page.port == port
        assert request(page)[0] == 200


def test_a_server_that_ends_by_itself_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = threading.Event()

    async def main_loop(server: uvicorn.Server) -> None:
        while not broken.is_set():
            await asyncio.sleep(0.01)
        raise RuntimeError("no more open files")

    monkeypatch.setattr(uvicorn.Server, "main_loop", main_loop)
    made = serve(Controls(), CLASSES)
    try:
        made.view.idle()
        broken.set()
        made._thread.join(HANG)
        with pytest.raises(FercurateError, match="no more open files"):
            made.view.idle()
    finally:
        made.close()


def test_the_server_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as (page, _):
        request(page)
        request(page, "/nowhere")
        with Peer(page) as peer:
            peer.send("no json")
            peer.close_code()
    assert capfd.readouterr() == ("", "")


# -- the page's camera ------------------------------------------------------------------
def started(peer: Peer) -> None:
    peer.hello()
    peer.send({"camera": "on"})


def test_frames_of_the_page_become_frames_of_a_source() -> None:
    heard: list[str] = []
    with served(camera=True, say=heard.append) as (page, _), Peer(page) as peer:
        source = page.camera
        assert source is not None
        with pytest.raises(TimeoutError):
            source.read(0.05)
        started(peer)
        colour = np.zeros((48, 64, 3), np.uint8)
        colour[:] = (250, 10, 10)
        held = io.BytesIO()
        Image.fromarray(colour).save(held, "JPEG")
        for i in range(3):
            peer.send(frame(held.getvalue(), 5000 + 100 * i))
            seen = source.read(HANG)
            assert seen is not None
            assert (seen.index, seen.image.shape) == (i, (48, 64, 3))
            assert seen.time == pytest.approx(0.1 * i, abs=0.05 if i == 0 else 0.2)
            assert seen.image[20, 20].tolist() == pytest.approx([10, 10, 250], abs=6)
        assert heard[0] == "the page's camera is on"


def test_only_the_newest_frame_waits() -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        started(peer)
        for i in range(5):
            peer.send(frame(jpeg(), 1000 + 33 * i))
            while "took" not in (said := _next_text(peer)):
                pass
            assert said["took"] == i
        assert page.camera is not None
        seen = page.camera.read(HANG)
        assert seen is not None
        assert seen.index == 4
        with pytest.raises(TimeoutError):
            page.camera.read(0.1)


def _next_text(peer: Peer) -> dict[str, object]:
    """The next small message; results are said to be drawn."""
    import json

    from wsproto.events import TextMessage

    while True:
        event = peer.event()
        if isinstance(event, TextMessage):
            found = json.loads(event.data)
            assert isinstance(found, dict)
            return found


def test_the_page_that_gives_the_frames_does_not_get_them_back() -> None:
    with served(camera=True) as (page, _), Peer(page) as giver, Peer(page) as other:
        started(giver)
        other.hello()
        camera = None
        while camera != "on":
            said, _ = giver.news()
            giver.drawn(said["n"])
            camera = said["camera"]
        shown(page, one_face())
        assert giver.result()[1] == b""
        assert other.result()[1].startswith(b"\xff\xd8")


def test_the_last_page_that_starts_its_camera_gives_it() -> None:
    with served(camera=True) as (page, _), Peer(page) as first, Peer(page) as second:
        assert page.camera is not None
        started(first)
        until(lambda: page.camera.code == "on")
        started(second)
        while "camera_taken" not in _next_text(first):
            pass
        first.send(frame(jpeg(level=10)))
        assert _next_text(first) == {"took": None}
        second.send(frame(jpeg(level=200)))
        seen = page.camera.read(HANG)
        assert seen is not None
        assert seen.image.mean() == pytest.approx(200, abs=3)
        first.send({"camera": "off"})  # no longer its to turn off
        first.send(frame(jpeg()))
        assert _next_text(first) == {"took": None}  # both were heard
        assert page.camera.code == "on"


def test_a_frame_that_comes_after_its_camera_ended_is_answered_and_not_taken() -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        assert page.camera is not None
        started(peer)
        peer.send(frame(jpeg()))
        assert _next_text(peer) == {"took": 0}
        peer.send({"camera": "ended"})
        peer.send(frame(jpeg()))
        assert _next_text(peer) == {"took": None}  # and no word of another page
        with pytest.raises(TimeoutError, match="went away"):
            page.camera.read(0.0)
        peer.send({"camera": "on"})
        peer.send(frame(jpeg()))
        assert _next_text(peer) == {"took": 1}


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("denied", "told to keep"),
        ("missing", "found no camera"),
        ("busy", "another program"),
        ("ended", "went away"),
        ("hidden", "hidden"),
        ("off", "off"),
    ],
)
def test_the_source_waits_and_says_why(state: str, word: str) -> None:
    heard: list[str] = []
    with served(camera=True, say=heard.append) as (page, _), Peer(page) as peer:
        started(peer)
        peer.send({"camera": state})
        assert page.camera is not None
        until(lambda: page.camera.code == state)
        with pytest.raises(TimeoutError, match=word):
            page.camera.read(0.05)
        assert word in heard[-1]
        peer.send({"camera": "on"})
        peer.send(frame(jpeg()))
        assert page.camera.read(HANG) is not None


def test_a_page_that_only_asks_takes_no_camera_away() -> None:
    with served(camera=True) as (page, _), Peer(page) as first, Peer(page) as second:
        started(first)
        second.hello()
        assert page.camera is not None
        until(lambda: page.camera.code == "on")
        for state in ("asked", "denied", "off", "hidden"):
            second.send({"camera": state})
        second.send(frame(jpeg()))
        assert _next_text(second) == {"took": None}  # all of it was heard
        assert page.camera.code == "on"
        first.send(frame(jpeg()))
        assert page.camera.read(HANG) is not None
        second.close()
        until(lambda: page.pages == 1)
        first.send(frame(jpeg()))
        assert _next_text(first) == {"took": 0}
        assert _next_text(first) == {"took": 1}
        assert page.camera.code == "on"


def test_a_page_that_leaves_while_it_asks_is_gone() -> None:
    with served(camera=True) as (page, _):
        assert page.camera is not None
        with Peer(page) as peer:
            peer.hello()
            peer.send({"camera": "asked"})
            until(lambda: page.camera.code == "asked")
        until(lambda: page.camera.code == "gone")


def test_the_source_outlives_the_page() -> None:
    heard: list[str] = []
    with served(camera=True, say=heard.append) as (page, _):
        source = page.camera
        assert source is not None
        times = []
        began = time.monotonic()
        for stamp in (1e6, 5.0, 7e12):  # the clocks of three pages
            with Peer(page) as peer:
                started(peer)
                peer.send(frame(jpeg(), stamp))
                seen = source.read(HANG)
                assert seen is not None
                times.append(seen.time)
            until(lambda: source.code == "gone")
            with pytest.raises(TimeoutError, match="went away"):
                source.read(0.05)
        assert times == sorted(times)
        assert times[-1] <= time.monotonic() - began
        assert heard.count("the page went away; waiting for it to come back") == 3


def test_a_damaged_frame_is_passed_over() -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        started(peer)
        noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
        held = io.BytesIO()
        Image.fromarray(noise).save(held, "JPEG")
        peer.send(frame(held.getvalue()[:3000]))
        assert page.camera is not None
        assert _next_text(peer) == {"took": 0}
        with pytest.raises(TimeoutError):
            page.camera.read(0.05)
        peer.send(frame(jpeg()))
        assert page.camera.read(HANG) is not None


def test_a_ticket_opens_once_and_gives_the_key() -> None:
    with served() as (page, _):
        ticket = key_of(page.ticket())
        with Peer(page, ticket) as peer:
            assert peer.hello()["hello"]["key"] == key_of(page.link)
