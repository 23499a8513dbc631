"""The guard lets the reviewer's own page through, and nobody else; over a small app inside."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from fercurate import loopback
from fercurate.review.asgi import MAX_BODY, POLICY
from fercurate.review.guard import Guard

PORT = 5151
HOST = f"127.0.0.1:{PORT}"
JSON = {"content-type": "application/json"}


class Inner:
    """Answers everything and notes what reached it, with the headers that FiftyOne sets."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            self.seen.append((scope, b""))
            await send({"type": "websocket.accept"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.seen.append((scope, body))
        headers = [
            (b"Access-Control-Allow-Origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (b"event: ", b"ping"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        self.status = messages[0].get("status")
        self.headers = {k.decode().lower(): v.decode() for k, v in messages[0].get("headers", [])}
        self.body = b"".join(m.get("body", b"") for m in messages[1:])


class Client:
    """Requests as a browser on the reviewer's page makes them, unless told otherwise."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def __call__(
        self,
        method: str = "GET",
        target: str = "/",
        headers: dict[str, str | None] | None = None,
        *,
        body: bytes = b"",
        kind: str = "http",
        client: tuple[str, int] | None = ("127.0.0.1", 40000),
        more_headers: list[tuple[bytes, bytes]] | None = None,
    ) -> Answer:
        path, _, query = target.partition("?")
        sent: dict[str, str | None] = {
            "host": HOST,
            "cookie": f"fercurate-{PORT}={self.guard.token}",
            "sec-fetch-site": "same-origin",
        } | (headers or {})
        scope = {
            "type": kind, "method": method, "path": path, "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in sent.items() if v is not None]
            + (more_headers or []),
            "client": client,
        }  # fmt: skip
        parts = [body[i : i + 65536] for i in range(0, len(body), 65536)] or [b""]
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        asyncio.run(self.guard(scope, receive, send))
        return Answer(messages)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "train-1.png").write_bytes(b"png")
    (tmp_path / "secret").write_text("no")
    (folder / "link.png").symlink_to(tmp_path / "secret")
    (tmp_path / "images-beside").mkdir()
    (tmp_path / "images-beside" / "x.png").write_bytes(b"x")
    return folder


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def ask(inner: Inner, images: Path) -> Client:
    return Client(Guard(inner, port=PORT, images=images, home="/datasets/faces?view=queue"))


NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/", {"sec-fetch-site": "none", **NAVIGATION}),
        ("GET", "/assets/index.js", {"sec-fetch-site": None}),
        ("GET", "/datasets/faces?view=queue", {"host": f"localhost:{PORT}"}),
        ("GET", "/fiftyone", {"host": f"[::1]:{PORT}", "origin": f"http://[::1]:{PORT}"}),
        ("POST", "/graphql", {**JSON, "origin": f"http://{HOST}"}),
        ("POST", "/graphql", {"content-type": "Application/JSON; charset=utf-8"}),
        ("POST", "/events", {"content-type": "text/event-stream"}),
        ("PATCH", "/dataset/1/sample/2", {"content-type": "application/json-patch+json"}),
        ("DELETE", "/dataset/1/tags", {}),
        ("GET", "/plugins/own/dist/index.js", {}),
        ("GET", "/plugins", {}),
    ],
)
def test_what_the_apps_page_does_passes(
    ask: Client, inner: Inner, method: str, target: str, headers: dict[str, str | None]
) -> None:
    answer = ask(method, target, headers, body=b'{"a": 1}')
    assert (answer.status, answer.body) == (200, b"event: ping")
    assert [body for _, body in inner.seen] == [b'{"a": 1}']


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        # DNS rebinding
        ("GET", "/", {"host": "evil.example"}),
        ("GET", "/", {"host": f"evil.example:{PORT}"}),
        ("GET", "/", {"host": "127.0.0.1:9999"}),
        ("GET", "/", {"host": f"127.0.0.1.evil.example:{PORT}"}),
        ("GET", "/", {"host": None}),
        # other pages, on other machines and on other ports of this one
        ("GET", "/", {"origin": "https://evil.example"}),
        ("GET", "/", {"origin": "null"}),
        ("GET", "/", {"origin": "http://127.0.0.1:9999"}),
        ("GET", "/", {"origin": f"http://localhost:{PORT}"}),
        ("POST", "/graphql", {**JSON, "origin": "https://evil.example"}),
        ("GET", "/", {"sec-fetch-site": "cross-site", **NAVIGATION}),
        ("GET", "/", {"sec-fetch-site": "same-site", **NAVIGATION}),
        ("GET", "/media", {"sec-fetch-site": "none", "sec-fetch-mode": "no-cors"}),
        ("GET", "/", {"sec-fetch-site": "none", **NAVIGATION, "sec-fetch-dest": "iframe"}),
        ("POST", "/graphql", {**JSON, "sec-fetch-site": "none", **NAVIGATION}),
        # what a form or a simple request of a foreign page can carry
        ("POST", "/operators/execute", {"content-type": "text/plain"}),
        ("POST", "/operators/execute", {"content-type": "text/plain;application/json"}),
        ("POST", "/operators/execute", {"content-type": "application/x-www-form-urlencoded"}),
        ("POST", "/operators/execute", {"content-type": "multipart/form-data; boundary=x"}),
        ("POST", "/operators/execute", {}),
        ("POST", "/operators/execute", {"content-type": "text/event-stream"}),
        ("POST", "/graphql", {"content-type": "application/graphql"}),
        ("OPTIONS", "/graphql", {"access-control-request-method": "POST"}),
        ("TRACE", "/", {}),
        ("GET", "/graphql?query={version}", {}),
        # no key, or another one
        ("GET", "/", {"cookie": None}),
        ("GET", "/", {"cookie": f"fercurate-{PORT}=wrong"}),
        ("GET", "/", {"cookie": f"fercurate-{PORT}="}),
        ("GET", "/", {"cookie": f"fercurate-{PORT}=é"}),
        ("GET", "/?token=wrong", {"cookie": None}),
        ("GET", "/?token=wrong", {}),
        ("GET", "/?token=", {}),
        # of plugins: their Python, and what is hidden
        ("GET", "/plugins/own/__init__.py", {}),
        ("GET", "/plugins/own/.env", {}),
        ("GET", "/plugins/own/.git/config.json", {}),
        ("GET", "/plugins/own/", {}),
    ],
)
def test_everything_else_is_refused(
    ask: Client, inner: Inner, method: str, target: str, headers: dict[str, str | None]
) -> None:
    answer = ask(method, target, headers, body=b"{}")
    assert answer.status == 403
    assert inner.seen == []
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.strip()


def test_the_cookie_of_another_review_does_not_fit(ask: Client) -> None:
    other = f"fercurate-{PORT + 1}={ask.guard.token}"
    assert ask(headers={"cookie": other}).status == 403
    both = f"strange cookie; {other}; a=b=c; fercurate-{PORT}={ask.guard.token}"
    assert ask(headers={"cookie": both}).status == 200


@pytest.mark.parametrize("client", [None, ("192.168.1.7", 1), ("10.0.0.1", 2), ("", 0)])
def test_other_machines_are_refused(ask: Client, client: tuple[str, int] | None) -> None:
    assert ask(client=client).status == 403


def test_two_host_headers_are_refused(ask: Client) -> None:
    assert ask(more_headers=[(b"host", b"evil.example")]).status == 403
    assert ask(more_headers=[(b"host", HOST.encode())]).status == 403


# -- files ----------------------------------------------------------------------------------
def test_an_image_is_given_out_by_its_resolved_path(
    ask: Client, inner: Inner, images: Path, tmp_path: Path
) -> None:
    through = tmp_path / "elsewhere"
    through.symlink_to(images)
    for folder in (images, through):
        query = urlencode({"filepath": str(folder / "train-1.png")})
        assert ask(target=f"/media?{query}").status == 200
        passed = parse_qs(inner.seen[-1][0]["query_string"].decode())
        assert passed == {"filepath": [str(images.resolve() / "train-1.png")]}


@pytest.mark.parametrize(
    "wanted",
    [
        "/etc/passwd",
        "{images}/../secret",
        "{images}/x/../../secret",
        "{images}/link.png",
        "{images}-beside/x.png",
        "{images}%2f..%2fsecret",
        "%2fetc%2fpasswd",
        "train-1.png",
        "../secret",
        "~/.ssh/id_rsa",
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "{images}/train-1.png\0",
        "",
    ],
)
def test_no_other_file_is_given_out(ask: Client, inner: Inner, images: Path, wanted: str) -> None:
    path = wanted.format(images=images)
    for target in ("/media", "/media/"):
        assert ask(target=f"{target}?{urlencode({'filepath': path})}").status == 403
        assert ask("HEAD", f"{target}?{urlencode({'filepath': path})}").status == 403
    assert inner.seen == []


def test_double_encoding_and_second_paths_do_not_help(ask: Client, images: Path) -> None:
    good = urlencode({"filepath": str(images / "train-1.png")})
    assert ask(target="/media").status == 403
    assert ask(target=f"/media?{good}&filepath=%2Fetc%2Fpasswd").status == 403
    assert ask(target=f"/media?filepath=%2Fetc%2Fpasswd&{good}").status == 403
    assert ask(target="/media?filepath=%252Fetc%252Fpasswd").status == 403
    assert ask(target=f"/media?filepath={images}%2F%2E%2E%2Fsecret").status == 403


# -- the link -------------------------------------------------------------------------------
FIRST = {"cookie": None, "sec-fetch-site": "none", **NAVIGATION}


@pytest.mark.parametrize(
    ("path", "query", "leads_to"),
    [
        ("/", "", "/datasets/faces?view=queue"),
        ("/datasets/faces", "view=not-human&", "/datasets/faces?view=not-human"),
        ("//evil.example/", "", "/evil.example/"),
        ("/\\evil.example", "", "/evil.example"),
        ("/a\r\nset-cookie: x=y", "", "/a%0D%0Aset-cookie%3A%20x%3Dy"),
    ],
)
def test_the_link_sets_a_cookie_and_drops_the_key(
    ask: Client, inner: Inner, path: str, query: str, leads_to: str
) -> None:
    answer = ask("GET", f"{path}?{query}token={ask.guard.token}", FIRST)
    assert (answer.status, answer.headers["location"]) == (303, leads_to)
    cookie = answer.headers["set-cookie"]
    assert cookie == (f"fercurate-{PORT}={ask.guard.token}; Path=/; HttpOnly; SameSite=Strict")
    assert inner.seen == []
    assert ask(headers={"cookie": cookie.split(";")[0]}).status == 200


def test_the_key_is_long_and_new_each_time(ask: Client, inner: Inner, images: Path) -> None:
    other = Guard(inner, port=PORT, images=images)
    assert other.token != ask.guard.token
    assert len(other.token) >= 32
    assert other.link == f"http://{HOST}/?token={other.token}"


def test_a_ticket_works_once_and_not_for_ever(ask: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (ask.guard.ticket().removeprefix(f"http://{HOST}") for _ in range(2))
    assert ask.guard.token not in first
    assert ask("GET", first, FIRST).status == 303
    assert ask("GET", first, FIRST).status == 403
    later = loopback.time.monotonic() + loopback.TICKET_SECONDS + 1
    monkeypatch.setattr(loopback.time, "monotonic", lambda: later)
    assert ask("GET", second, FIRST).status == 403


def test_the_link_is_not_followed_from_a_foreign_page(ask: Client) -> None:
    target = f"/?token={ask.guard.token}"
    assert ask("GET", target, {**FIRST, "sec-fetch-site": "cross-site"}).status == 403
    assert ask("POST", target, {**FIRST, **JSON, "sec-fetch-site": "same-origin"}).status == 403


# -- answers --------------------------------------------------------------------------------
@pytest.mark.parametrize("is_let_in", [True, False])
def test_every_answer_is_sealed(ask: Client, is_let_in: bool) -> None:
    headers = ask(headers={} if is_let_in else {"cookie": None}).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("access-control-")]
    if is_let_in:
        assert headers["cross-origin-opener-policy"] == "same-origin"


def test_the_policy_names_no_host_and_allows_no_inline_script() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["frame-ancestors"] == rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    for value in " ".join(rules.values()).split():
        assert re.fullmatch(r"'[a-z-]+'|data:|blob:", value)


def test_a_stream_passes_part_by_part(ask: Client) -> None:
    answer = ask("POST", "/events", {"content-type": "text/event-stream"}, body=b"{}")
    parts = [m["body"] for m in answer.messages[1:]]
    assert parts == [b"event: ", b"ping", b""]


@pytest.mark.parametrize("announced", [True, False])
def test_a_large_body_is_refused_before_it_reaches_anybody(
    ask: Client, inner: Inner, announced: bool
) -> None:
    body = json.dumps("x" * MAX_BODY).encode()
    length = {"content-length": str(len(body))} if announced else {}
    assert ask("POST", "/graphql", JSON | length, body=body).status == 413
    assert inner.seen == []


# -- web sockets ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": None},
        {"origin": f"http://{HOST}", "cookie": None},
        {"origin": f"http://{HOST}", "host": "evil.example"},
        {"origin": f"http://{HOST}", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_foreign_web_socket_is_closed(
    ask: Client, inner: Inner, headers: dict[str, str | None]
) -> None:
    answer = ask(target="/socket", headers=headers, kind="websocket")
    assert [m["type"] for m in answer.messages] == ["websocket.close"]
    assert inner.seen == []


def test_our_own_web_socket_passes(ask: Client, inner: Inner) -> None:
    ask(target="/socket", headers={"origin": f"http://{HOST}"}, kind="websocket")
    assert len(inner.seen) == 1


def test_the_life_of_the_app_passes(inner: Inner, images: Path) -> None:
    reached = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    guard = Guard(app, port=PORT, images=images)
    asyncio.run(guard({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert reached == ["lifespan"]


# -- what a browser keeps -------------------------------------------------------------------
@pytest.mark.parametrize("target", ["/", "/media?filepath=IMAGE", "/?token=TOKEN", "/?token=no"])
def test_nothing_is_kept_by_the_browser(ask: Client, images: Path, target: str) -> None:
    target = target.replace("IMAGE", str(images / "train-1.png"))
    answer = ask(target=target.replace("TOKEN", ask.guard.token))
    assert answer.headers["cache-control"] == "no-store"
