"""A dataset's folder: what is in it, which stages have run, and how it is found."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate.decisions import Decision, Log
from fercurate.errors import FercurateError, InputError
from fercurate.files import write_json
from fercurate.paths import Paths

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DATASETS = Path("datasets")
REPORTS = Path("reports")

MANIFEST_COLUMNS = (
    "row", "sample_id", "split", "label", "source", "sha256",
    "is_constant", "duplicate_group", "is_label_conflict", "is_split_leak",
)  # fmt: skip
AUDIT_COLUMNS = (
    "row", "label", "label_quality", "is_label_issue", "suggested_label",
    "suggested_confidence", "verdict", "neighbours",
)  # fmt: skip
SAMPLE_COLUMNS = ("row", "sample_id", "stratum", "inclusion_probability", "order", "draw")
FRAME_COLUMNS = (
    "row", "sample_id", "label", "stratum", "label_quality", "uncertainty", "random",
)  # fmt: skip
CLEAN_COLUMNS = ("row", "sample_id", "split", "label", "gold_label", "why")


@dataclasses.dataclass(frozen=True)
class Workspace(Paths):
    """The files of one dataset.

    `root` need not exist yet. Readers raise `InputError` naming the command that makes a
    file which is missing.
    """

    @property
    def name(self) -> str:
        return self.root.resolve().name

    # -- readers ----------------------------------------------------------------------
    def manifest(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an image in source order; `MANIFEST_COLUMNS` at least."""
        return self._table(self.manifest_path, "fercurate import SOURCE", columns)

    def audit(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an audited image; `AUDIT_COLUMNS` at least."""
        return self._table(self.audit_path, f"fercurate audit --dataset {self.name}", columns)

    def votes(self) -> pd.DataFrame | None:
        """FER+ votes in source order (all zero: not annotated), or None when not given."""
        if not self.votes_path.exists():
            return None
        return self._table(self.votes_path, "fercurate import SOURCE --ferplus FILE", None)

    def screen(self) -> pd.DataFrame | None:
        """What screening found, in source order, or None when nothing was screened."""
        if not self.screen_path.exists():
            return None
        return self._table(self.screen_path, f"fercurate screen --dataset {self.name}", None)

    def screen_summary(self) -> dict[str, Any]:
        """What screening found in the dataset as a whole."""
        return self._json(self.screen_summary_path, f"fercurate screen --dataset {self.name}")

    def audit_summary(self) -> dict[str, Any]:
        """What the audit found in the dataset as a whole."""
        return self._json(self.audit_summary_path, f"fercurate audit --dataset {self.name}")

    def drawn_sample(self) -> pd.DataFrame | None:
        """The images drawn for blind review, or None when none were drawn."""
        if not self.sample_path.exists():
            return None
        return self._table(self.sample_path, f"fercurate review --sample 200{option(self)}", None)

    def sample_frame(self) -> pd.DataFrame | None:
        """What the sample was drawn from, `FRAME_COLUMNS`, or None when none was drawn."""
        if not self.sample_frame_path.exists():
            return None
        command = f"fercurate review --sample 200{option(self)}"
        return self._table(self.sample_frame_path, command, None)

    def clean(self) -> pd.DataFrame:
        """One row a kept image; `CLEAN_COLUMNS` at least."""
        return self._table(self.clean_path, f"fercurate clean --dataset {self.name}", None)

    def clean_summary(self) -> dict[str, Any]:
        """What cleaning did: policy, counts, expected precisions."""
        return self._json(self.clean_summary_path, f"fercurate clean --dataset {self.name}")

    def decisions(self) -> list[Decision]:
        """What reviewers decided, oldest first; empty where nothing was."""
        return Log(self.decisions_path).read()

    def faces(self) -> NDArray[Any]:
        """uint8 [N, 48, 48], a read-only memory map."""
        return self._array(self.faces_path, "fercurate import SOURCE")

    def components(self) -> NDArray[Any] | None:
        """float16 [N, 256] in source order, or None when nothing was screened."""
        if not self.components_path.exists():
            return None
        return self._array(self.components_path, f"fercurate screen --dataset {self.name}")

    def pred_probs(self) -> NDArray[Any]:
        """float32 [N, 7] out-of-sample probabilities; rows not audited are NaN."""
        return self._array(self.pred_probs_path, f"fercurate audit --dataset {self.name}")

    def _table(self, path: Path, command: str, columns: Sequence[str] | None) -> pd.DataFrame:
        import pandas as pd

        self._require(path, command)
        try:
            return pd.read_parquet(path, columns=None if columns is None else list(columns))
        except Exception as error:
            raise FercurateError(f"{path} cannot be read: {error}", _remake(command)) from error

    def _json(self, path: Path, command: str) -> dict[str, Any]:
        self._require(path, command)
        try:
            loaded = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FercurateError(f"{path} is no JSON: {error}", _remake(command)) from error
        if not isinstance(loaded, dict):
            raise FercurateError(f"{path} holds no JSON object.", _remake(command))
        return loaded

    def _array(self, path: Path, command: str) -> NDArray[Any]:
        import numpy as np

        self._require(path, command)
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise FercurateError(f"{path} cannot be read: {error}", _remake(command)) from error
        return loaded

    def _require(self, path: Path, command: str) -> None:
        if not path.exists():
            raise InputError(f"{self.root} has no {path.name}.", f"Make it with: {command}")

    # -- stages and fingerprints --------------------------------------------------------
    def stages(self) -> dict[str, dict[str, Any]]:
        """What each stage that finished here recorded of itself."""
        if not self.stages_path.exists():
            return {}
        try:
            found: dict[str, dict[str, Any]] = json.loads(self.stages_path.read_text())
        except ValueError as error:
            raise FercurateError(
                f"{self.stages_path} is no JSON: {error}",
                f"Delete it; stages then run again: {self.name}",
            ) from error
        return found

    def fingerprint_of(self, stage: str) -> str | None:
        """Fingerprint of the stage's present output, None when it never finished."""
        record = self.stages().get(stage)
        return None if record is None else str(record["fingerprint"])

    def record(self, stage: str, fingerprint: str, summary: Mapping[str, Any]) -> None:
        """Note that `stage` finished; the last thing that a stage does."""
        stages = self.stages()
        stages[stage] = {
            "fingerprint": fingerprint,
            "finished": now(),
            "summary": dict(summary),
        }
        write_json(self.stages_path, stages)


def now() -> str:
    """The time as `Workspace.record` notes it, ISO 8601 to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _remake(command: str) -> str:
    return f"Make it again with: {command} --force"


# -- finding a workspace ---------------------------------------------------------------
def dataset_name(name: str | None, source: Path) -> str:
    """The name of a new dataset: the given one, or the source's without its endings.

    Raises:
        InputError: the name cannot be that of a folder.
    """
    chosen = name if name is not None else source.resolve().name.split(".")[0].lower()
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", chosen):
        raise InputError(
            f"{chosen!r} cannot name a dataset.",
            "Give one of letters, digits, '.', '_' and '-' with --name.",
        )
    return chosen


def find(name: str | None, datasets: Path = DATASETS) -> Workspace:
    """The workspace that `--dataset NAME` means; without a name, the only one there is.

    `name` is a name under `datasets` or a path to a workspace.

    Raises:
        InputError: none is there, or several are and none was named.
    """
    if name is not None:
        for candidate in (datasets / name, Path(name)):
            if Workspace(candidate).manifest_path.exists():
                return Workspace(candidate)
        raise InputError(
            f"There is no dataset {name!r} in {datasets}/.", _known(datasets) or _FIRST_STEP
        )
    found = existing(datasets)
    if not found:
        raise InputError(f"There is no dataset in {datasets}/ yet.", _FIRST_STEP)
    if len(found) > 1:
        raise InputError("There is more than one dataset.", _known(datasets))
    return found[0]


_FIRST_STEP = "Import one with: fercurate import fer2013.csv   (or try: fercurate demo)"


def existing(datasets: Path = DATASETS) -> list[Workspace]:
    """All imported datasets, by name."""
    if not datasets.is_dir():
        return []
    folders = sorted(p for p in datasets.iterdir() if not p.name.startswith("."))
    return [w for w in map(Workspace, folders) if w.manifest_path.exists()]


def option(space: Workspace) -> str:
    """ " --dataset NAME" for a command about `space`; empty where it is found by itself."""
    return f" --dataset {space.name}" if len(existing(space.root.parent)) > 1 else ""


def _known(datasets: Path) -> str:
    names = ", ".join(w.name for w in existing(datasets))
    return f"Choose one with --dataset: {names}" if names else ""
