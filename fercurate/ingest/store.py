"""Batches to the files of a workspace: faces as they come, then the reasons of what is left out."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path
from types import TracebackType

import numpy as np

from fercurate import foreign
from fercurate.ingest.batch import Batch, Rejection
from fercurate.ingest.refusals import Refused
from fercurate.ingest.table import Rows
from fercurate.labels import FACE_SIDE
from fercurate.pngs import write_pngs as write_pngs

_FIRST_REASONS = 5


class Store:
    """Takes batches and writes `faces.npy` and `rejected.csv` as it goes.

    Args:
        faces_path, rejected_path: Files to write.
    """

    def __init__(self, faces_path: Path, rejected_path: Path) -> None:
        self._faces = faces_path.open("wb")
        self._rejected = rejected_path.open("w", encoding="utf-8", newline="")
        self._faces.write(_npy_header(0))
        self._reasons = csv.writer(self._rejected)
        self._reasons.writerow(("source", "line", "reason"))
        self.n_rejected = 0
        self.first_rejected: list[Rejection] = []
        self.refused: Counter[Refused] = Counter()
        self._rows: list[int] = []
        self._splits: list[str] = []
        self._labels: list[str | None] = []
        self._sources: list[str] = []
        self._sha256: list[str] = []
        self._is_constant: list[bool] = []

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._faces.seek(0)
        self._faces.write(_npy_header(len(self._rows)))
        self._faces.close()
        self._rejected.close()

    def add(self, batch: Batch) -> None:
        for rejection in batch.rejected:
            line = "" if rejection.line is None else rejection.line
            row = (rejection.source, line, rejection.reason)
            self._reasons.writerow([foreign.cell(value) for value in row])
            self.refused[Refused.of(rejection)] += 1
            if not rejection.left_out and len(self.first_rejected) < _FIRST_REASONS:
                self.first_rejected.append(rejection)
        self.n_rejected += len(batch.rejected)
        self._faces.write(batch.faces.tobytes())
        self._sha256 += [hashlib.sha256(face).hexdigest() for face in batch.faces]
        flat = batch.faces.reshape(-1, FACE_SIDE * FACE_SIDE)
        self._is_constant += (flat == flat[:, :1]).all(axis=1).tolist()
        self._rows += batch.rows
        self._splits += batch.splits
        self._labels += batch.labels
        self._sources += batch.sources

    def rows(self) -> Rows:
        """All that was added."""
        return Rows(
            rows=self._rows,
            splits=self._splits,
            labels=self._labels,
            sources=self._sources,
            sha256=self._sha256,
            is_constant=self._is_constant,
            n_rejected=self.n_rejected,
        )


def _npy_header(n: int) -> bytes:
    """The head of a .npy file of `n` faces.

    numpy leaves room in it for the first axis to grow, so that its length does not depend
    on `n` and it can be written again at the end.
    """
    header = io.BytesIO()
    shape = (n, FACE_SIDE, FACE_SIDE)
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return header.getvalue()
