"""The App's files before FiftyOne is there, and everything else as soon as it is."""

from __future__ import annotations

import asyncio
import http.client
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import HANG, until

from fercurate.review import layout, server
from fercurate.review.asgi import KEPT, NOT_KEPT, sealed
from fercurate.review.front import Front, bundle

SCRIPT = "index-CpOt-w2i.js"


@pytest.fixture
def front(tmp_path: Path) -> Front:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<html>")
    for name in (SCRIPT, "worker.wasm"):
        (tmp_path / "assets" / name).write_text(name)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "plugin").mkdir()
    for name in ("index.js", "key.pem"):
        (tmp_path / "plugin" / name).write_text(name)
    return Front(tmp_path, tmp_path / "plugin", "/plugins/ours")


async def asked(app: Any, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as the guard's seal lets them out."""
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    await app({"type": "http", "method": method, "path": path}, receive, sealed(send))
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(m["body"] for m in said[1:])


async def fiftyone(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"cache-control", b"public, max-age=99")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.mark.parametrize("path", ["/assets/", "/datasets/assets/"])
def test_scripts_come_without_fiftyone_and_stay_in_the_browser(front: Front, path: str) -> None:
    status, headers, body = asyncio.run(asked(front, path + SCRIPT))
    assert (status, body) == (200, SCRIPT.encode())
    assert headers["cache-control"] == KEPT.decode()
    assert headers["content-type"] == "text/javascript"
    assert headers["cross-origin-embedder-policy"] == "credentialless"
    assert asyncio.run(asked(front, path + SCRIPT, "HEAD"))[2] == b""


def test_a_page_and_a_file_without_a_hash_are_asked_for_anew(front: Front) -> None:
    for path, text in (
        ("/datasets/faces", b"<html>"),
        ("/assets/worker.wasm", b"worker.wasm"),
        ("/plugins/ours/index.js", b"index.js"),
    ):
        status, headers, body = asyncio.run(asked(front, path))
        assert (status, body) == (200, text)
        assert headers["cache-control"] == NOT_KEPT.decode()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql"), ("GET", "/secret.txt"), ("GET", "/assets/../secret.txt"),
        ("GET", "/assets/none.js"), ("POST", "/datasets/faces"), ("GET", "/datasets/a/b"),
        ("GET", "/plugins/ours/key.pem"), ("GET", "/plugins/other/index.js"),
    ],
)  # fmt: skip
def test_all_else_waits_for_fiftyone_and_is_never_kept(
    front: Front, method: str, path: str
) -> None:
    async def both() -> tuple[int, dict[str, str], bytes]:
        waiting = asyncio.ensure_future(asked(front, path, method))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        front.open(fiftyone)
        return await asyncio.wait_for(waiting, 10)

    status, headers, body = asyncio.run(both())
    assert (status, body) == (201, path.encode())
    assert headers["cache-control"] == NOT_KEPT.decode()


def test_a_server_that_ends_before_fiftyone_came_lets_go_of_what_waits(front: Front) -> None:
    listener = server.bind()
    port = listener.getsockname()[1]
    with server.serving(front, listener) as running:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
        connection.request("GET", "/graphql")
        until(lambda: front.n_waiting == 1)
        started = time.monotonic()
    assert time.monotonic() - started < server.STOP_SECONDS + 10
    assert not running.is_running
    connection.close()


def test_a_page_that_shows_the_desk_is_not_laid_out_again() -> None:
    def view(*ids: str, name: str = "a") -> list[dict[str, Any]]:
        return [{"_cls": "Select", "kwargs": [["sample_ids", list(ids)]], "_uuid": name}]

    def page(**params: Any) -> Any:
        return SimpleNamespace(request_params=params)

    shown = SimpleNamespace(_serialize=lambda: view("1", "2", name="b"))
    desk: Any = SimpleNamespace(view_name=None, view=lambda: shown)
    panel = {"children": [{"type": layout.PANEL}]}
    assert layout.has_view(page(view=view("1", "2")), desk)
    assert not layout.has_view(page(view=view("2", "1")), desk)
    assert not layout.has_view(page(), desk)
    named: Any = SimpleNamespace(view_name="Ambiguous")
    assert layout.has_view(page(view_name="Ambiguous"), named)
    assert not layout.has_view(page(view_name="Outliers"), named)
    assert layout.has_panel(page(spaces=panel))
    assert not layout.has_panel(page(spaces={"children": []}))


def test_the_bundle_is_found_without_importing_fiftyone() -> None:
    pytest.importorskip("fiftyone")
    assert (bundle() / "index.html").is_file()
