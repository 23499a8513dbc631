"""FiftyOne's server behind the guard: the attacks on it, and the page that must still work."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from review_browser import browser, needs_chromium
from review_sync import synced
from review_tables import audit_table
from waiting import HANG, until

from fercurate.errors import InputError
from fercurate.review import hardening, plugin_links, server
from fercurate.review.front import Front, bundle
from fercurate.review.guard import Guard
from fercurate.workspace import Workspace

Headers = dict[str, str]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


def ask(
    port: int, method: str, target: str, headers: Headers | None = None, body: Any = None
) -> Answer:
    """One request; `body` is sent as JSON text whatever the headers say."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, target, sent, headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, response.read(), found)
    finally:
        connection.close()


# -- the socket and the thread --------------------------------------------------------------
def test_the_next_free_port_is_taken_on_this_machine_alone() -> None:
    with server.bind() as first, server.bind() as second:
        ports = [listener.getsockname() for listener in (first, second)]
    assert {host for host, _ in ports} == {"127.0.0.1"}
    assert server.PORT <= ports[0][1] < ports[1][1]


def test_a_port_that_was_asked_for_and_is_taken_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} is taken") as caught:
            server.bind(port)
        assert "--port" in caught.value.fix
    with pytest.raises(InputError, match="cannot be used"):
        server.bind(70_000)


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """A stream of events that never ends by itself."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        await asyncio.sleep(0.01)


def test_a_server_stops_at_once_though_a_stream_is_open() -> None:
    listener = server.bind()
    port = listener.getsockname()[1]
    before = threading.active_count()
    with server.serving(endless, listener) as running:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
        connection.request("GET", "/")
        assert connection.getresponse().read(2000) == b"x" * 2000
        assert running.is_running
    assert (running.is_running, running.failure) == (False, None)
    assert threading.active_count() <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    connection.close()


def test_what_is_logged_goes_to_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import logging

    path = tmp_path / "server.log"
    with server.logged_to(path):
        logging.getLogger("fiftyone.server").error("from fiftyone")
        logging.getLogger("fercurate.review.server").error("from us")
        logging.error("from anybody")
    said = path.read_text()
    assert [f"from {who}" in said for who in ("fiftyone", "us", "anybody")] == [True] * 3
    assert capfd.readouterr() == ("", "")


# -- the attacks ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Review:
    port: int
    guard: Guard | None
    workspace: Workspace

    @property
    def key(self) -> Headers:
        """What the reviewer's browser sends along."""
        if self.guard is None:
            return {}
        return {"Cookie": f"fercurate-{self.port}={self.guard.token}"}


Make = Callable[..., Workspace]
SETTINGS = ("FIFTYONE_SERVER", "FIFTYONE_EXECUTION_STORE_NOTIFICATION_SERVICE_DISABLED")


@pytest.fixture
def workspace(
    clean_fo: ModuleType, make_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    made = make_workspace(audit=audit_table())
    for name in (*SETTINGS, plugin_links.VARIABLE, plugin_links.REMEMBERED):
        monkeypatch.delenv(name, raising=False)  # and put back afterwards
    monkeypatch.setattr(clean_fo.config, "plugins_dir", None)
    plugin_links.prepare(made)
    server.prepare_environment()
    synced(clean_fo, made)
    return made


@pytest.fixture
def guarded(clean_fo: ModuleType, workspace: Workspace) -> Iterator[Review]:
    listener = server.bind()
    port = listener.getsockname()[1]
    front = Front(bundle())
    front.open(server.fiftyone_app(clean_fo))
    guard = server.guarded(front, port=port, images=workspace.images_dir, dataset="faces")
    server.show(clean_fo.load_dataset("faces"), None)
    with server.serving(guard, listener):
        yield Review(port, guard, workspace)


@pytest.fixture
def bare(
    clean_fo: ModuleType, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Review]:
    """FiftyOne's server as it ships."""
    app = server.fiftyone_app(clean_fo)
    from fiftyone.core.aggregations import Aggregation
    from fiftyone.core.stages import ViewStage
    from fiftyone.operators.permissions import PermissionedOperatorRegistry as Registry

    for kind in (ViewStage, Aggregation):
        as_shipped = kind._from_dict.__func__.__wrapped__
        monkeypatch.setattr(kind, "_from_dict", classmethod(as_shipped))
    monkeypatch.setattr(Registry, "can_execute", Registry.can_execute.__wrapped__)
    listener = server.bind()
    port = listener.getsockname()[1]
    with server.serving(app, listener):
        yield Review(port, None, workspace)


PASSWORDS = "/media?" + urlencode({"filepath": "/etc/passwd"})
LISTING = {
    "operator_uri": "@voxel51/operators/list_files",
    "dataset_name": "faces",
    "params": {"path": "/etc"},
}
MODEL_EVALUATION = {
    "operator_uri": "@voxel51/panels/model_evaluation_panel_builtin",
    "dataset_name": "faces",
    "params": {"__method__": "load_scenario"},
}


def program(review: Review, place: str) -> dict[str, Any]:
    """A part of a view, or an aggregation, that is no such thing but a program to run."""
    trap = {
        "_cls": "subprocess.Popen",
        "kwargs": [["args", ["touch", str(review.workspace.root / "owned")]]],
    }
    return {"dataset": "faces", "view": [], "aggregations": []} | {place: [trap]}


def is_owned(review: Review, seconds: float = 3) -> bool:
    """Whether the program ran."""
    try:
        until((review.workspace.root / "owned").exists, seconds)
    except AssertionError:
        return False
    return True


def test_as_it_ships_fiftyone_gives_everything_away(bare: Review) -> None:
    """What the guard is there for; when this fails, FiftyOne has mended something."""
    assert b"root:" in ask(bare.port, "GET", PASSWORDS).body
    assert ask(bare.port, "GET", "/fiftyone", {"Host": "evil.example"}).status == 200
    foreign = {"Content-Type": "text/plain", "Origin": "https://evil.example"}
    listed = ask(bare.port, "POST", "/operators/execute", foreign, LISTING)
    assert b"/etc/passwd" in listed.body
    ask(bare.port, "POST", "/aggregate", foreign, program(bare, "aggregations"))
    assert is_owned(bare, HANG)


def test_the_same_requests_get_nothing_through_the_guard(guarded: Review) -> None:
    port = guarded.port
    foreign = {"Content-Type": "text/plain", "Origin": "https://evil.example"}
    for key in ({}, guarded.key):
        for answer in (
            ask(port, "GET", PASSWORDS, key),
            ask(port, "GET", "/fiftyone", key | {"Host": "evil.example"}),
            ask(port, "POST", "/operators/execute", key | foreign, LISTING),
            ask(port, "POST", "/aggregate", key | foreign, program(guarded, "view")),
        ):
            assert answer.status == 403
            assert b"root:" not in answer.body
    assert ask(port, "GET", "/").status == 403
    assert not is_owned(guarded)


def test_even_the_reviewers_own_page_runs_no_program_and_lists_no_folder(guarded: Review) -> None:
    port, ours = guarded.port, guarded.key | JSON
    for place in ("view", "aggregations"):
        answer = ask(port, "POST", "/aggregate", ours, program(guarded, place))
        assert answer.status == 500
        assert b"subprocess.Popen is no" in answer.body
    assert not is_owned(guarded)
    for body in (LISTING, MODEL_EVALUATION):
        assert ask(port, "POST", "/operators/execute", ours, body).status == 403
    listed = json.loads(ask(port, "POST", "/operators", ours, {"dataset_name": "faces"}).body)
    allowed = {o["config"]["name"]: o["config"]["can_execute"] for o in listed["operators"]}
    closed = {uri.rsplit("/")[-1] for uri in hardening.CLOSED}
    assert closed <= {name for name, can in allowed.items() if not can}
    assert allowed["load_saved_view"]


def test_the_reviewers_page_gets_what_it_needs(guarded: Review) -> None:
    port, ours = guarded.port, guarded.key
    first = ask(port, "GET", f"/?token={guarded.guard.token}")  # type: ignore[union-attr]
    assert (first.status, first.headers["location"]) == (303, "/datasets/faces")
    page = ask(port, "GET", "/datasets/faces", ours)
    assert (page.status, b"<title>FiftyOne" in page.body) == (200, True)
    image = guarded.workspace.image_path("train-0001").resolve()
    given = ask(port, "GET", "/media?" + urlencode({"filepath": str(image)}), ours)
    assert (given.status, given.body) == (200, image.read_bytes())
    assert given.headers["cross-origin-resource-policy"] == "same-origin"
    asked = {"query": '{ dataset(name: "faces") { name mediaType } version }'}
    found = json.loads(ask(port, "POST", "/graphql", ours | JSON, asked).body)
    assert found["data"]["dataset"]["name"] == "faces"
    limit = {"_cls": "fiftyone.core.stages.Limit", "kwargs": [["limit", 3]]}
    count = {"_cls": "fiftyone.core.aggregations.Count", "kwargs": []}
    question = {"dataset": "faces", "view": [limit], "aggregations": [count]}
    counted = ask(port, "POST", "/aggregate", ours | JSON, question)
    assert json.loads(counted.body) == {"aggregate": [3]}


def test_events_stream(guarded: Review) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=20)
    body = {
        "initializer": {"dataset": "faces"},
        "events": ["state_update"],
        "subscription": "a",
        "polling": False,
    }
    headers = guarded.key | {"Content-Type": "text/event-stream"}
    connection.request("POST", "/events", json.dumps(body), headers)
    response = connection.getresponse()
    assert response.getheader("content-type", "").startswith("text/event-stream")
    lines = [response.readline().decode().strip() for _ in range(2)]
    assert lines[0] == "event: state_update"
    assert json.loads(lines[1].removeprefix("data: "))["state"]["dataset"]
    connection.close()


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0 or not Path("/proc/net/tcp").exists(),
    reason="only root on Linux can ask as another user",
)
def test_another_user_of_the_machine_gets_nothing_though_they_know_the_key(
    guarded: Review,
) -> None:
    """As `nobody`, with a cookie that was read by a server on another port, say."""
    script = (
        "import http.client, sys\n"
        "c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n"
        "c.request('GET', '/fiftyone', headers={'Cookie': sys.argv[2]})\n"
        "print(c.getresponse().status)"
    )
    command = ["python3", "-I", "-S", "-c", script, str(guarded.port), guarded.key["Cookie"]]
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("there is no python that everybody may run")
    for user, status in ((0, "200"), (65534, "403")):
        done = subprocess.run(
            [python, *command[1:]], user=user, capture_output=True, text=True, cwd="/", check=True
        )
        assert done.stdout.strip() == status


# -- the page itself ------------------------------------------------------------------------
@needs_chromium
def test_the_app_works_under_the_policy_and_asks_nothing_outside(guarded: Review) -> None:
    ours = f"http://127.0.0.1:{guarded.port}/"
    left, broken, errors = [], [], []
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.on("requestfinished", lambda r: left.append(r.url))
        page.on("response", lambda r: broken.append((r.status, r.url)) if r.status > 399 else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(guarded.guard.link)  # type: ignore[union-attr]
        page.wait_for_selector("canvas", timeout=1000 * HANG)
        page.get_by_text("24 samples").wait_for(timeout=1000 * HANG)
        assert page.url == f"{ours}datasets/faces"
        assert page.evaluate("document.cookie") == ""
        images = [url for url in left if "/media?" in url]
        # what an injected script would try: calling home, and running at all
        outcome = page.evaluate(
            """async () => {
                const script = document.createElement("script");
                script.textContent = "window.injected = true";
                document.body.append(script);
                const failed = f => f.then(() => false, () => true);
                return [await failed(fetch("https://example.com/")), window.injected === true];
            }"""
        )
    assert images
    assert outcome == [True, False]
    assert [url for url in left if not url.startswith((ours, "blob:", "data:"))] == []
    assert broken == []
    # the fonts that the App would like to have
    expected = ("fonts.googleapis.com", "example.com", "inline script")
    unexpected = [e for e in errors if not any(part in e for part in expected)]
    assert unexpected == []


@needs_chromium
def test_a_page_of_another_origin_gets_nothing(guarded: Review) -> None:
    """A browser that holds the key, on a page that another user of the machine serves."""

    async def page_of_theirs(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<title>theirs</title>"})

    listener = server.bind()
    theirs = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    ours = f"http://127.0.0.1:{guarded.port}"
    with server.serving(page_of_theirs, listener), browser() as chromium:
        page = chromium.new_page()
        page.set_default_timeout(1000 * HANG)
        page.goto(guarded.guard.link)  # type: ignore[union-attr]
        page.goto(theirs)
        framed = []
        page.on("response", lambda r: framed.append(r.status) if r.frame.parent_frame else None)
        failures = page.evaluate(
            """async ([ours, body]) => {
                const text = {method: "POST", mode: "no-cors", credentials: "include", body};
                const json = {...text, mode: "cors", headers: {"Content-Type": "application/json"}};
                const failed = f => f.then(() => false, () => true);
                const frame = document.createElement("iframe");
                frame.src = ours + "/datasets/faces";
                document.body.append(frame);
                const loaded = new Promise(done => frame.onload = done);
                const results = [
                    await failed(fetch(ours + "/aggregate", text)),
                    await failed(fetch(ours + "/aggregate", json)),
                    await failed(fetch(ours + "/fiftyone", {credentials: "include"})),
                ];
                await loaded;
                return results;
            }""",
            [ours, json.dumps(program(guarded, "view"))],
        )
    assert failures == [True] * 3
    assert framed == [403]
    assert not is_owned(guarded)
