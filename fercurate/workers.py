"""Work in other processes that end with the one which asked for it, however that ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

_CHECK_SECONDS = 1.0
_watching = threading.Event()


def delayed(function: Callable[..., Any]) -> Callable[..., Any]:
    """As joblib's; a worker whose parent was killed ends within a second or two.

    joblib's own workers wait five minutes for a parent that is gone.
    """
    from joblib import delayed as plain

    owner = os.getpid()
    return lambda *args, **named: plain(_run)(owner, function, args, named)


def _run(owner: int, function: Callable[..., Any], args: Any, named: Any) -> Any:
    if os.getpid() != owner and os.name != "nt" and not _watching.is_set():
        _watching.set()
        threading.Thread(target=_watch, args=(owner,), name="parent", daemon=True).start()
    return function(*args, **named)


def _watch(owner: int) -> None:
    """End this process when its parent is another one: the real one is gone."""
    while os.getppid() == owner:
        time.sleep(_CHECK_SECONDS)
    os._exit(1)
