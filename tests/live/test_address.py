"""A password is in no message and asked of no name server, whatever it is made of."""

from __future__ import annotations

import base64
import contextlib
import socket
import string
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_files import film, frames

from fercurate.errors import InputError
from fercurate.live import decode, sources
from fercurate.live.address import parsed, public_name
from fercurate.live.sources import open_source

PARTS = ("us3r", "n4me", "hun7er", "s3cret")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://us3r:hun7er@cam.local:554/a/b", "rtsp://cam.local"),
        ("RTSP://us3r:hun7er@cam.local", "rtsp://cam.local"),
        ("http://cam/user=us3r&password=hun7er", "http://cam"),
        ("http://cam/video?user=us3r&pwd=hun7er", "http://cam"),
        ("http://us3r:hun7er@[fe80::1]:8080/x", "http://[fe80::1]"),
        ("rtsp://us3r:hun7er@s3cret@cam/a", "rtsp://cam"),
        ("rtsp://cam/a#hun7er", "rtsp://cam"),
        ("http://kamera.büro/a", "http://kamera.büro"),
        ("udp://@239.0.0.1:1234", "udp://239.0.0.1"),
        ("udp://:1234", "udp://"),
        ("srt://cam:9000?passphrase=hun7er@s3cret", "srt://cam"),
        # which part is the host is not clear
        ("rtsp://us3r:hun7er@s3cret/w0rd@cam/", "rtsp://..."),
        ("rtsp://us3r:1234/56@cam/", "rtsp://..."),
        ("rtsp://us3r:hun7er?s3cret@cam/", "rtsp://..."),
        ("rtsp://us3r:hun7er#s3cret@cam/", "rtsp://..."),
        ("rtsp://us3r:hun7er\\s3cret@cam/", "rtsp://..."),
        ("rtsp://us3r:hun7er@cam:port/a", "rtsp://..."),
        ("rtsp://us3r:hun7er@[cam/a", "rtsp://..."),
        ("rtsp://us3r:hun7er", "rtsp://..."),
        ("us3r:hun7er://cam", "the stream"),
        ("us3r:hun7er@cam", "the stream"),
    ],
)
def test_scheme_and_host_are_shown_and_nothing_else(address: str, shown: str) -> None:
    assert public_name(address) == shown


class Asked:
    """Opens nothing, and notes which hosts were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: list[str] = []
        self.opened: list[str] = []
        monkeypatch.setattr(sources, "open_address", self._open)
        monkeypatch.setattr(socket, "create_connection", self._connect)
        monkeypatch.setattr(socket, "getaddrinfo", self._connect)

    def _open(self, address: str) -> object:
        self.opened.append(address)
        return self

    def _connect(self, place: object, *more: object) -> None:
        self.hosts.append(str(place[0] if isinstance(place, tuple) else place))
        raise ConnectionRefusedError(111, "Connection refused")

    def isOpened(self) -> bool:
        return False

    def release(self) -> None:
        pass


FORMS = (
    "rtsp://{user}:{password}@cam.example/stream",
    "rtsp://{user}:{password}@cam.example:554",
    "rtsp://{user}:{password}@cam.example",
    "http://{user}:{password}@cam.example/a?user={user}&password={password}",
    "http://cam.example/user={user}_password={password}",
    "http://cam.example/a?user={user}&password={password}",
    # the scheme forgotten or mistyped
    "{user}:{password}@cam.example/stream",
    "rtsp:{user}:{password}@cam.example/stream",
    "rtsp:/{user}:{password}@cam.example/stream",
    "gopher://{user}:{password}@cam.example/",
    "file://{user}:{password}@cam.example/",
)


@pytest.mark.parametrize("form", FORMS)
def test_no_character_lets_a_password_out(
    form: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = Asked(monkeypatch)
    for char in string.printable + "äß世\udcff\u202e\x00\x1b":
        for user, password in (
            ("us3rn4me", f"hun7er{char}s3cret"),
            (f"us3r{char}n4me", "hun7ers3cret"),
            (f"us3r{char}n4me", f"{char}hun7er{char}{char}s3cret{char}"),
        ):
            address = form.format(user=user, password=password)
            with pytest.raises(InputError) as error:
                open_source(address)
            for said in (str(error.value), public_name(address)):
                assert not any(part in said for part in PARTS), (address, said)
                assert said.isprintable() or "\n" in said
    assert set(asked.hosts) <= {"cam.example"}
    assert capfd.readouterr() == ("", "")


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_what_is_clear_is_read_as_a_standard_reader_does(user: str, password: str) -> None:
    codes = f"{quote(user, safe='')}:{quote(password, safe='')}"
    found = parsed(f"rtsp://{codes}@cam.example:554/a")
    assert (found.scheme, found.host, found.port) == ("rtsp", "cam.example", 554)
    with contextlib.suppress(InputError):  # or refused
        assert parsed(f"rtsp://{user}:{password}@cam.example/a").host == "cam.example"


@contextlib.contextmanager
def locked(video: bytes, user: str, password: str) -> Iterator[str]:
    """A server's host and port, whose file needs a password."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            good = self.headers.get("Authorization") == wanted and unquote(self.path) == "/a@b.avi"
            self.send_response(200 if good else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", str(len(video) if good else 0))
            self.end_headers()
            if good:
                with contextlib.suppress(OSError):
                    self.wfile.write(video)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_codes_open_what_is_refused_without_them(tmp_path: Path) -> None:
    user, password = "us3r@home", "P@ss/w0rd?#%\\:+ ü"
    video = film(tmp_path / "a.avi", n=3).read_bytes()
    with locked(video, user, password) as place:
        with pytest.raises(InputError, match="host is not clear") as error:
            open_source(f"http://{user}:{password}@{place}/a@b.avi")
        assert "@ is %40, / is %2F" in error.value.fix
        codes = f"{quote(user, safe='')}:{quote(password, safe='')}"
        source = open_source(f"http://{codes}@{place}/a%40b.avi")
        assert source.name == "http://127.0.0.1"
        assert len(frames(source)) == 3
        source.close()


@pytest.mark.parametrize("name", ["me@home.avi", "what?.avi", "rtsp:a.avi"])
def test_a_file_whose_name_looks_like_an_address_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = film(tmp_path / "a.avi", n=2).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for spec in (name, str(made)):
        source = open_source(spec)
        assert source.name == name
        source.close()


def test_a_file_that_is_none_is_not_advised_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Empty(Asked):
        def isOpened(self) -> bool:
            return True

        def get(self, what: int) -> float:
            return 30.0

        def set(self, *what: object) -> None:
            pass

        def read(self) -> tuple[bool, None]:
            return False, None

    device = Empty(monkeypatch)
    monkeypatch.setattr(decode, "open_address", device._open)
    monkeypatch.setattr("fercurate.live.files.open_address", device._open)
    with pytest.raises(InputError, match=r"^http://cam\.example cannot be read") as error:
        open_source("http://us3r:hun7er@cam.example/s3cret.mp4?pwd=s3cret")
    assert "ffmpeg -i ADDRESS " in error.value.fix
