"""What a page on 127.0.0.1 needs: keys, the tunnel's command, and who asks."""

from __future__ import annotations

import getpass

import pytest

from fercurate import loopback
from fercurate.errors import InputError
from fercurate.loopback import Keys, listen, same, stranger, tunnel

ADDRESS = "http://127.0.0.1:1/#"
HOSTS = {"127.0.0.1:80", "localhost:80"}


def test_a_ticket_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(ADDRESS)
    monkeypatch.setattr(loopback, "TICKET_SECONDS", -1)
    assert not keys.fits(keys.ticket().removeprefix(ADDRESS))
    monkeypatch.undo()
    assert keys.fits(keys.ticket().removeprefix(ADDRESS))


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    compare = loopback.hmac.compare_digest
    monkeypatch.setattr(
        loopback.hmac, "compare_digest", lambda a, b: asked.append(1) or compare(a, b)
    )
    assert same("a", "a")
    assert not same("a", "b")
    assert not same("ä\udc80", "a")
    assert len(asked) == 3


def test_a_tunnel_has_one_port_at_both_ends() -> None:
    assert "-L 5000:127.0.0.1:5000 " in tunnel(5000)


def test_a_user_without_a_name_gets_a_tunnel_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert " USER@" in tunnel(5000)


@pytest.mark.parametrize(
    ("kind", "client", "headers", "foreign"),
    [
        ("http", "127.0.0.1", [("host", "127.0.0.1:80")], None),
        ("http", "127.0.0.1", [("host", "LOCALHOST:80")], None),
        ("http", "10.0.0.2", [("host", "127.0.0.1:80")], "host"),
        ("http", "127.0.0.1", [("host", "evil.example:80")], "host"),
        ("http", "127.0.0.1", [("host", "localhost:80"), ("host", "localhost:80")], "host"),
        ("http", "127.0.0.1", [], "host"),
        ("http", "127.0.0.1", [("host", "localhost:80"), ("origin", "http://127.0.0.1")], "page"),
        ("http", "127.0.0.1", [("host", "localhost:80"), ("origin", "null")], "page"),
        ("websocket", "127.0.0.1", [("host", "localhost:80")], "page"),
        (
            "websocket", "127.0.0.1",
            [("host", "localhost:80"), *[("origin", "http://localhost:80")] * 2], "page",
        ),
        ("websocket", "::1", [("host", "localhost:80"), ("origin", "http://localhost:80")], None),
    ],
)  # fmt: skip
def test_who_is_a_stranger(
    kind: str, client: str, headers: list[tuple[str, str]], foreign: str | None
) -> None:
    sent = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": kind, "client": (client, 5), "headers": sent}
    assert stranger(scope, HOSTS) == foreign


def test_a_port_that_is_taken_is_said() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        assert first.getsockname()[0] == "127.0.0.1"
        with pytest.raises(InputError, match=f"Port {port} is taken"):
            listen(port)
    listen(port).close()


def test_no_port_at_all() -> None:
    with pytest.raises(InputError, match="cannot be used"):
        listen(70_000)
