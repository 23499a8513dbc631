"""A database of the user's own: its password is in no message and asked of no name server."""

from __future__ import annotations

import socket
import string
import time

import pytest

from fercurate.errors import FercurateError
from fercurate.review import database
from fercurate.review.address import listening, ping, uri_of

PARTS = ("us3r", "n4me", "hun7er", "s3cret")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    hosts: list[str] = []

    def refuse(place: object, *more: object, **options: object) -> None:
        hosts.append(str(place[0] if isinstance(place, tuple) else place))
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return hosts


@pytest.mark.parametrize("char", ["@", "/", ":", "?", "#", "%", "@/", "/?", ",", "1/5", "[", "\\"])
def test_no_part_of_a_password_is_shown_or_looked_up(
    char: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Client:
        """Takes what pymongo's own reader takes, and reaches nobody."""

        def __init__(self, uri: str, **options: object) -> None:
            from pymongo.errors import ServerSelectionTimeoutError
            from pymongo.uri_parser import parse_uri

            nodes = parse_uri(uri)["nodelist"]
            asked.extend(host for host, _ in nodes)
            raise ServerSelectionTimeoutError(f"{nodes[0][0]}: refused")

    monkeypatch.setattr("pymongo.MongoClient", Client)
    for user, password in (
        ("us3rn4me", f"hun7er{char}s3cret"),
        (f"us3r{char}n4me", "hun7ers3cret"),
    ):
        for tail in ("", "/", "/db", "/db?authSource=admin"):
            uri = f"mongodb://{user}:{password}@db.example:27017{tail}"
            assert not listening(uri)
            reason = ping(uri, time.monotonic() + 0.5)
            assert reason is not None
            assert not any(part in reason for part in PARTS)
            monkeypatch.setenv(database.VARIABLE, uri)
            with pytest.raises(FercurateError) as error:
                database._require_answer(uri, 0.5)
            assert not any(part in str(error.value) for part in PARTS)
    assert set(asked) <= {"db.example"}


def test_our_own_addresses_are_clear(asked: list[str]) -> None:
    for path in ("/a@b/c?d/mongod.sock", f"/{string.punctuation.replace('/', '')}/s"):
        assert "@" not in uri_of(path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not listening(uri_of(f"127.0.0.1:{free.getsockname()[1]}"))
    assert asked == ["127.0.0.1"]
