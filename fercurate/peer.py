"""Whose program is at the other end of a connection on this machine.

A cookie goes to every port of a host, so that another user's server on 127.0.0.1 may get to see
ours; and whoever may connect may hold connections until none is left for us. The system knows
which user opened a connection, and that cannot be copied.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

Address = tuple[str, int]
"""IPv4, as `socket` gives it."""

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux' lists of connections; an IPv6 socket that speaks IPv4 stands in the second."""

_MAPPED = "0000000000000000FFFF0000"
_ROOT = 0
"""May read everything anyway; relays of containers and of WSL run as root."""


def is_ours(client: Address, server: Address, tables: Sequence[Path] = TABLES) -> bool:
    """Whether the user who opened client -> server is this one, or root.

    False where Linux does not know: a socket that is closed belongs to nobody. True on other
    systems, which do not tell: the key in the link then stands alone.

    Args:
        client: Where the connection comes from.
        server: Where we listen.
        tables: Address pairs in hex, the user in the eighth column, the inode in the tenth.
    """
    if not sys.platform.startswith("linux"):
        return True
    ends = _hex(client), _hex(server)
    found = []
    for table in tables:
        try:
            listed = table.read_text(encoding="ascii", errors="replace")
        except OSError:  # a system without IPv6 has one table
            continue
        for mapped in ("", _MAPPED):
            found += _owners(listed, " ".join(mapped + end for end in ends))
    # a closed socket is listed as root's, with inode 0
    users = {user for user, inode in found if inode}
    return bool(users) and users <= allowed()


def allowed() -> set[int]:
    """The users whose programs may ask."""
    return {os.getuid(), _ROOT}


def _hex(address: Address) -> str:
    """An address as the tables have it: in the machine's own order of bytes."""
    host = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{host:08X}:{address[1]:04X}"


def _owners(listed: str, pair: str) -> list[tuple[int, int]]:
    """User and inode of each line with this pair of addresses."""
    found, at = [], listed.find(f" {pair} ")
    while at >= 0:
        columns = listed[at : listed.find("\n", at)].split()
        found.append((int(columns[6]), int(columns[8])))
        at = listed.find(f" {pair} ", at + 1)
    return found
