"""FiftyOne, imported quietly and bound to a database of our choice.

FiftyOne connects while it is imported, so that everything it should know must be in the
environment before. One process talks to one database at a time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from fercurate import parts
from fercurate.errors import FercurateError
from fercurate.review.database import START_SECONDS, VARIABLE, serving
from fercurate.workspace import Workspace

_ENVIRONMENT = {
    "FIFTYONE_DO_NOT_TRACK": "true",
    "FIFTYONE_DATABASE_VALIDATION": "false",
    "FIFTYONE_SHOW_PROGRESS_BARS": "false",
}
_NEEDED = ("sklearn.linear_model", "scipy.spatial.transform", "strawberry")
"""Packages that fiftyone imports whatever it is used for, and that know nothing of a database."""

_PREFERENCES = {
    "FIFTYONE_LOGGING_LEVEL": "WARNING",
    "FIFTYONE_LOGGING_DESTINATION": "stderr",
}
"""Set only where the user has set nothing."""


@contextlib.contextmanager
def opened(place: Workspace | Path, *, timeout: float = START_SECONDS) -> Iterator[ModuleType]:
    """The module `fiftyone`, connected to the workspace's database.

    Starts the database where needed. At the end FiftyOne is disconnected first and the
    database stopped after it, so that neither waits for the other.

    Raises:
        FercurateError: the database does not start, or FiftyOne is bound to another one.
    """
    before = os.environ.get(VARIABLE)
    importing = threading.Thread(target=_import_needed, name="import", daemon=True)
    importing.start()
    with serving(place, timeout=timeout) as uri:
        importing.join()
        try:
            fo = import_fiftyone(uri)
            try:
                yield fo
            finally:
                disconnect()
        finally:
            if before is None:
                os.environ.pop(VARIABLE, None)
            else:
                os.environ[VARIABLE] = before


def _import_needed() -> None:
    """Import what fiftyone imports, while the database starts: a third of its time."""
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            import_module(name)


def quiet_environment(uri: str) -> None:
    """Set what FiftyOne reads at import: our database, no tracking, no bars, no banners.

    Processes started from here (the App's server) inherit it.
    """
    os.environ[VARIABLE] = uri
    os.environ.update(_ENVIRONMENT)
    for name, value in _PREFERENCES.items():
        os.environ.setdefault(name, value)


def import_fiftyone(uri: str) -> ModuleType:
    """`import fiftyone` against the database at `uri`; 4 to 6 s the first time.

    After `disconnect` a process may go on with another database.

    Raises:
        FercurateError: fiftyone is not installed, or is connected to another database.
    """
    known = sys.modules.get("fiftyone")
    if known is not None and _connected(known) and known.config.database_uri != uri:
        raise FercurateError(
            "FiftyOne is already connected to another database in this process.",
            f"Import fercurate before fiftyone, or set {VARIABLE} for both.",
        )
    quiet_environment(uri)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import fiftyone as fo
        fo.config.database_uri = uri
        fo.config.show_progress_bars = False
        fo.config.do_not_track = True
        import fiftyone.core.odm as odm

        odm.get_db_conn()
    except ImportError as error:
        raise FercurateError(
            f"FiftyOne cannot be imported: {error}",
            f"Install it with: {parts.INSTALL_CURATE}",
        ) from error
    except (ConnectionError, RuntimeError) as error:
        raise FercurateError(
            f"FiftyOne cannot use the database: {error}", "Try again with: fercurate sync"
        ) from error
    module: ModuleType = fo
    return module


def disconnect() -> None:
    """Close FiftyOne's connections, so that nothing waits for the database afterwards."""
    fo = sys.modules.get("fiftyone")
    if fo is None:
        return
    import fiftyone.core.odm.database as odm

    odm._disconnect()
    # Datasets are cached by name; those of the next database may bear the same names.
    fo.Dataset._instances.clear()


def _connected(fo: ModuleType) -> bool:
    import fiftyone.core.odm.database as odm

    return not odm._is_client_closed(odm._client)
