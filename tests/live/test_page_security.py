"""Attacks on the page: each is refused, and the page goes on for its own person."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_peer import Peer, Refused, frame, jpeg, key_of, one_face, request, served, shown
from PIL import Image
from waiting import HANG, until

from fercurate.live.page import limits
from fercurate.live.page.camera import MOST_PIXELS, check, decode
from fercurate.live.page.limits import MOST_BYTES, MOST_TEXT, BadMessage, Pace, parsed


def still_serves(page: object) -> None:
    from fercurate.live.page.serve import Served

    assert isinstance(page, Served)
    with Peer(page) as peer:
        peer.hello()
        shown(page, one_face())
        assert peer.result()[0]["result"]["faces"]


# -- who may come in --------------------------------------------------------------------
def test_it_listens_on_loopback_alone() -> None:
    with served() as (page, _):
        rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
        listening = [r.split()[1] for r in rows if r.split()[3] == "0A"]
        ours = [a for a in listening if a.endswith(f":{page.port:04X}")]
        assert ours == [f"0100007F:{page.port:04X}"]


@pytest.mark.parametrize(
    "protocols",
    [
        [],
        ["fercurate"],
        ["fercurate", ""],
        ["fercurate", "wrong"],
        ["other", "KEY"],
        ["KEY"],
        ["KEY", "fercurate"],
        ["fercurate", "KEY", "more"],
        ["fercurate", "KEY."],
        ["fercurate", "key"],
    ],
)
def test_no_socket_without_the_key(protocols: list[str]) -> None:
    with served() as (page, controls):
        key = key_of(page.link)
        offered = [p.replace("KEY", key).replace("key", key.swapcase()) for p in protocols]
        with pytest.raises(Refused, match=r"403|400"):
            Peer(page, protocols=offered)
        assert not controls.quit.is_set()
        still_serves(page)


def test_the_key_is_long_new_each_time_and_in_no_request() -> None:
    with served() as (page, _), served() as (other, _):
        keys = {key_of(page.link), key_of(other.link)}
        assert len(keys) == 2
        assert all(len(key) >= 32 for key in keys)
        assert page.link.partition("#")[0] == f"http://127.0.0.1:{page.port}/"
        for path in ("/", "/main.js", "/link.js"):
            assert not any(key.encode() in request(page, path)[2] for key in keys)


def test_a_ticket_works_once() -> None:
    with served() as (page, _):
        ticket = key_of(page.ticket())
        Peer(page, ticket).close()
        with pytest.raises(Refused, match="403"):
            Peer(page, ticket)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.2:{port}",
             "localhost.evil.example:{port}", "127.0.0.1:{port}@evil.example", "0.0.0.0:{port}", ""]
)  # fmt: skip
def test_another_host_name_is_refused(host: str) -> None:
    with served() as (page, _):
        host = host.format(port=page.port)
        status, headers, body = request(page, Host=host)
        assert status in (400, 403)
        assert b"<!doctype" not in body
        if status == 403:
            assert b"ssh -N -L" in body
            assert "content-security-policy" in headers
        with pytest.raises(Refused, match=r"40[03]"):
            Peer(page, headers={"Host": host or None, "Origin": f"http://{host}"})
        still_serves(page)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_its_own_names_are_taken(name: str) -> None:
    with served() as (page, _):
        assert request(page, Host=f"{name}:{page.port}")[0] == 200
        own = f"{name}:{page.port}"
        with Peer(page, headers={"Host": own, "Origin": f"http://{own.lower()}"}) as peer:
            peer.hello()


@pytest.mark.parametrize(
    "origin",
    [
        None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1",
        "http://localhost:{port}", "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example",
        "file://", "chrome-extension://abc",
    ],
)  # fmt: skip
def test_the_socket_is_for_its_own_page(origin: str | None) -> None:
    with served() as (page, _):
        sent = origin and origin.format(port=page.port)
        with pytest.raises(Refused, match="403"):
            Peer(page, headers={"Origin": sent})
        if sent is not None:
            assert request(page, Origin=sent)[0] == 403


def test_two_hosts_or_two_origins_are_refused() -> None:
    with served() as (page, _):
        own = f"127.0.0.1:{page.port}"
        assert request(page, X=f"1\r\nHost: {own}")[0] in (400, 403)
        assert (
            request(page, X=f"1\r\nOrigin: http://{own}\r\nOrigin: http://evil.example")[0] == 403
        )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_is_written_by_http(method: str) -> None:
    with served() as (page, _):
        assert request(page, method=method)[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/../serve.py", "/..%2fserve.py", "/%2e%2e/serve.py", "//etc/passwd", "/static/../hub.py",
        "/page.css/../../hub.py", "/hub.py", "/page.css%00.py", "/....//hub.py", "/\\..\\hub.py",
    ],
)  # fmt: skip
def test_only_the_files_of_the_page_are_given_out(path: str) -> None:
    with served() as (page, _):
        status, _, body = request(page, path)
        assert status == 404
        assert b"import" not in body


@pytest.mark.parametrize("path", ["/", "/page.css", "/main.js", "/icon.svg", "/nowhere"])
def test_every_answer_is_sealed(path: str) -> None:
    with served() as (page, _):
        _, headers, _ = request(page, path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
    with served(camera=True) as (page, _):
        assert "camera=(self)" in request(page, path)[1]["permissions-policy"]


def test_the_page_names_no_other_host() -> None:
    from fercurate.live.page.serve import STATIC

    for path in STATIC.iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https:" not in text
        assert " style=" not in text
        assert "innerHTML" not in text


# -- what may be said -------------------------------------------------------------------
@pytest.mark.parametrize(
    "said",
    [
        "no json", "[]", "1", "null", '"q"', "{}", '{"key": 1}', '{"key": "q", "more": 1}',
        '{"press": "q"}', '{"camera": "on"}', '{"drawn": 1, "key": "p"}', "[" * 900,
        '{"key": null}', '{"camera": []}', '{"camera": {}}', '{"camera": "gone"}',
        '{"camera": "x"}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_camera", [False, True])
def test_words_that_no_page_says_close_the_socket(said: str, has_camera: bool) -> None:
    if has_camera and said == '{"camera": "on"}':
        return  # that is for such a page
    with served(camera=has_camera) as (page, controls), Peer(page) as peer:
        peer.hello()
        peer.send(said)
        assert peer.close_code() in (1007, 1008)
        assert not controls.quit.is_set()
        assert not controls.paused
        still_serves(page)


@pytest.mark.parametrize("key", ["x", "", "qq", "\x1b", "Ω", "q" * 500])
def test_a_key_without_a_meaning_does_nothing(key: str) -> None:
    with served() as (page, controls), Peer(page) as peer:
        peer.hello()
        before = controls.as_dict()
        peer.send({"key": key})
        peer.send({"key": "p"})
        until(lambda: controls.paused)
        assert controls.as_dict() == {**before, "paused": True}
        assert not controls.quit.is_set()


def test_long_words_close_the_socket() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send('{"key": "p", "pad": "%s"}' % ("x" * MOST_TEXT))
        assert peer.close_code() == 1009
        still_serves(page)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_message_larger_than_a_frame_is_cut_off(as_text: bool) -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send({"camera": "on"})
        big = b"\xff\xd8\xff" + os.urandom(MOST_BYTES + 100)
        with contextlib.suppress(ConnectionError):  # cut off while it was being sent
            peer.send("x" * len(big) if as_text else big)
        assert peer.close_code() in (1009, 1006)
        still_serves(page)


def test_pieces_of_a_message_without_end_are_cut_off() -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        mask = b"\0\0\0\0"
        piece = b"\0" * 60_000
        head = struct.pack("!BBH", 0x02, 0x80 | 126, len(piece)) + mask  # binary, more to come
        more = struct.pack("!BBH", 0x00, 0x80 | 126, len(piece)) + mask
        with pytest.raises(ConnectionError):
            peer.raw(head + piece + 2000 * (more + piece))
        still_serves(page)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes for the limits, however slow the machine is: the burst alone is allowed."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: 100.0))


@pytest.mark.usefixtures("stopped")
def test_too_many_words_close_the_socket() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        with contextlib.suppress(ConnectionError):
            for _ in range(3000):
                peer.send({"drawn": 0})
        assert peer.close_code() in (1008, 1006)
        still_serves(page)


def test_a_quick_screen_is_not_too_fast() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        for i in range(400):
            shown(page, one_face(i))
            assert peer.result()[0]["result"]["frame"] == i


@pytest.mark.usefixtures("stopped")
def test_keys_beyond_a_person_s_pace_are_passed_over() -> None:
    with served() as (page, controls), Peer(page) as peer:
        peer.hello()
        for _ in range(100):
            peer.send({"key": "s"})
        peer.send("no json")
        assert peer.close_code() == 1007  # all of it was heard
        assert controls._snapshots == 20
        assert controls.take_snapshot()


@pytest.mark.usefixtures("stopped")
def test_too_many_frames_close_the_socket() -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send({"camera": "on"})
        data = frame(jpeg())
        with contextlib.suppress(ConnectionError):
            for _ in range(400):
                peer.send(data)
        assert peer.close_code() in (1008, 1006)
        still_serves(page)


def test_a_pace_fills_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("fercurate.live.page.limits.time.monotonic", lambda: clock[0])
    pace = Pace(10, 5)
    assert [pace.allows() for _ in range(7)] == [True] * 5 + [False] * 2
    clock[0] += 0.2
    assert [pace.allows() for _ in range(3)] == [True, True, False]
    clock[0] += 1000
    assert sum(pace.allows() for _ in range(50)) == 5


@given(st.text(max_size=2000))
@settings(max_examples=200, deadline=None)
def test_any_text_is_words_or_refused(text: str) -> None:
    found = None
    with contextlib.suppress(BadMessage):  # and nothing else
        found = parsed(text)
    assert found is None or isinstance(found, dict)


# -- pictures that are none -------------------------------------------------------------
def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack("!I", len(data)) + body + struct.pack("!I", zlib.crc32(body))

    head = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def claiming(width: int, height: int) -> bytes:
    """A small JPEG that says it is larger."""
    data = bytearray(jpeg(16, 16))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack("!HH", height, width)
    return bytes(data)


NO_FRAMES = {
    "nothing": b"",
    "text": b"hello",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "script": b"<script>alert(1)</script>",
    "magic alone": b"\xff\xd8\xff",
    "magic and noise": b"\xff\xd8\xff" + bytes(range(256)) * 20,
    "png": jpeg(kind="PNG"),
    "png of 900 MP": png_of(30_000, 30_000),
    "gif": jpeg(kind="GIF"),
    "tiff": jpeg(kind="TIFF"),
    "webp": jpeg(kind="WEBP"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
    "17 MP": claiming(4250, 4000),
    "100 MP": claiming(10_000, 10_000),
    "4000 MP": claiming(65_500, 65_500),
    "no width": claiming(0, 100),
}


@pytest.mark.parametrize("name", NO_FRAMES)
def test_what_is_no_frame_closes_the_socket(name: str) -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send({"camera": "on"})
        peer.send(frame(NO_FRAMES[name]))
        assert peer.close_code() in (1003, 1009)
        assert page.camera is not None
        with pytest.raises(TimeoutError):
            page.camera.read(0.05)
        still_serves(page)


def test_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise MemoryError("it was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    with pytest.raises(BadMessage, match="too many pixels"):
        check(claiming(4250, 4000))
    check(claiming(4000, 4000))
    assert MOST_PIXELS == 4000 * 4000


@pytest.mark.parametrize("stamp", [float("nan"), float("inf"), -float("inf")])
def test_a_clock_that_is_none_closes_the_socket(stamp: float) -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send({"camera": "on"})
        peer.send(frame(jpeg(), stamp))
        assert peer.close_code() == 1007


@pytest.mark.parametrize("data", [b"", b"1234567"])
def test_a_frame_without_a_clock_closes_the_socket(data: bytes) -> None:
    with served(camera=True) as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send({"camera": "on"})
        peer.send(data)
        assert peer.close_code() == 1003


def test_frames_are_for_the_page_s_own_camera_alone() -> None:
    with served() as (page, _), Peer(page) as peer:
        peer.hello()
        peer.send(frame(jpeg()))
        assert peer.close_code() == 1003


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_picture_or_refused(tail: bytes) -> None:
    good = jpeg()
    for data in (b"\xff\xd8\xff" + tail, good[: len(good) // 2] + tail, tail):
        image = None
        with contextlib.suppress(BadMessage):  # and nothing else
            check(data)
            image = decode(data)
        assert image is None or image.dtype == np.uint8


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_kind_of_jpeg_becomes_three_colours(mode: str) -> None:
    held = io.BytesIO()
    Image.new("RGB", (20, 10), (200, 200, 200)).convert(mode).save(held, "JPEG")
    image = decode(held.getvalue())
    assert image is not None
    assert image.shape == (10, 20, 3)
    assert image.mean() == pytest.approx(200, abs=4)


# -- half a request ---------------------------------------------------------------------
def test_requests_that_do_not_end_do_not_keep_it_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fercurate.live.page.serve.STOP_SECONDS", HANG)
    with served() as (page, _):
        open_ends = []
        for start in (b"", b"GET / HT", b"GET /live HTTP/1.1\r\nHost: x\r\n"):
            to = socket.create_connection(("127.0.0.1", page.port), timeout=HANG)
            to.sendall(start)
            open_ends.append(to)
        still_serves(page)
        page.close()
        assert not page._thread.is_alive()
        for to in open_ends:
            to.close()


def test_garbage_instead_of_http() -> None:
    with served() as (page, _):
        for data in (
            b"\0" * 1000,
            b"\x16\x03\x01\x02\x00",
            b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9000,
        ):
            with socket.create_connection(("127.0.0.1", page.port), timeout=HANG) as to:
                to.sendall(data)
                to.settimeout(1)
                try:
                    answer = to.recv(4096)
                except (TimeoutError, ConnectionError):
                    answer = b""
            assert b" 200 " not in answer
        still_serves(page)
