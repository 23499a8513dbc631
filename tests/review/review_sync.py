"""What the tests of the mirror share."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from review_tables import N

from fercurate.config import SyncConfig
from fercurate.labels import FERPLUS_COLUMNS
from fercurate.progress import Quiet
from fercurate.review.sync import SyncResult, sync
from fercurate.workspace import Workspace

Make = Callable[..., Workspace]


class Heard(Quiet):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def synced(fo: ModuleType, workspace: Workspace, *columns: str) -> SyncResult:
    return sync(fo, workspace, SyncConfig(columns=columns or None), Quiet())


def documents(dataset: Any) -> dict[str, dict[str, Any]]:
    return {
        d["sample_id"]: d for d in dataset._sample_collection.find({"sample_id": {"$ne": None}})
    }


def votes_table() -> pd.DataFrame:
    return pd.DataFrame({name: np.arange(N, dtype=np.int8) for name in FERPLUS_COLUMNS})
