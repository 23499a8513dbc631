"""The App's files before FiftyOne is there, and everything else as soon as it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

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
    return Front(tmp_path)


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
    for path, text in (("/datasets/faces", b"<html>"), ("/assets/worker.wasm", b"worker.wasm")):
        status, headers, body = asyncio.run(asked(front, path))
        assert (status, body) == (200, text)
        assert headers["cache-control"] == NOT_KEPT.decode()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/graphql"), ("GET", "/secret.txt"), ("GET", "/assets/../secret.txt"),
        ("GET", "/assets/none.js"), ("POST", "/datasets/faces"), ("GET", "/datasets/a/b"),
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


def test_the_bundle_is_found_without_importing_fiftyone() -> None:
    pytest.importorskip("fiftyone")
    assert (bundle() / "index.html").is_file()
