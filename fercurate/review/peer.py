"""Whose program is at the other end of a connection on this machine.

A cookie goes to every port of a host, so that another user's server on 127.0.0.1 may get to see
ours. The system knows which user opened a connection, and that cannot be copied.
"""

from __future__ import annotations

import os
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
_LOOPBACK = "0100007F"
_ROOT = 0
"""May read everything anyway; relays of containers and of WSL run as root."""


def is_ours(client_port: int, server_port: int, table: Path = _TABLE) -> bool:
    """Whether the user who opened 127.0.0.1:client_port -> server_port is this one, or root.

    True also where the system does not tell: the key in the link then stands alone.

    Args:
        client_port: Where the connection comes from.
        server_port: Where we listen.
        table: Linux' list of connections: address pairs in hex, the user in the eighth column.
    """
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return True
    local, remote = f":{client_port:04X}", f"{_LOOPBACK}:{server_port:04X}"
    for line in lines:
        columns = line.split()
        if columns[2] == remote and columns[1].endswith(local):
            return int(columns[7]) in (os.getuid(), _ROOT)
    return True
