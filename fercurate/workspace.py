"""A dataset's folder: what is in it, which stages have run, and how it is found."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate import locks, names, records
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError, first_line
from fercurate.files import write_json
from fercurate.identity import COLUMNS as IDENTITY
from fercurate.identity import Images, Placed, moment
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
    "row", "sha256", "label", "label_quality", "is_label_issue", "suggested_label",
    "suggested_confidence", "verdict", "neighbours",
)  # fmt: skip
SAMPLE_COLUMNS = (
    "row", "sample_id", "sha256", "label", "stratum", "inclusion_probability", "order", "draw",
)  # fmt: skip
FRAME_COLUMNS = (
    "row", "sample_id", "sha256", "label", "stratum", "label_quality", "uncertainty", "random",
)  # fmt: skip
CLEAN_COLUMNS = ("row", "sample_id", "sha256", "split", "label", "gold_label", "why")


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
    # Each checks its file against the record of the stage that wrote it, and that record against
    # what the stage was made from: nothing damaged, foreign or stale is ever handed out.
    def manifest(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an image in source order; `MANIFEST_COLUMNS` at least."""
        return self._table(self.manifest_path, columns)

    def audit(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an audited image; `AUDIT_COLUMNS` at least."""
        return self._table(self.audit_path, columns)

    def votes(self) -> pd.DataFrame | None:
        """FER+ votes in source order (all zero: not annotated), or None when not given.

        Images that came after the import have none.
        """
        if not self.has("import", self.votes_path):
            return None
        table = self._table(self.votes_path, None)
        known = self.manifest(["row", "sha256"])
        if len(table) < len(known):
            counts = table.drop(columns=["row", "sha256"], errors="ignore")
            counts = counts.reindex(range(len(known)), fill_value=0)
            table = known.join(counts.astype("int16"))
        return table

    def screen(self) -> pd.DataFrame | None:
        """What screening found, in source order, or None when nothing was screened."""
        return self._table(self.screen_path, None) if self.has("screen") else None

    def screen_summary(self) -> dict[str, Any]:
        """What screening found in the dataset as a whole."""
        return self._json(self.screen_summary_path)

    def audit_summary(self) -> dict[str, Any]:
        """What the audit found in the dataset as a whole."""
        return self._json(self.audit_summary_path)

    def drawn_sample(self) -> pd.DataFrame | None:
        """The images drawn for blind review, or None when none were drawn."""
        return self._carried(self.sample_path)

    def sample_frame(self) -> pd.DataFrame | None:
        """What the sample was drawn from, `FRAME_COLUMNS`, or None when none was drawn."""
        return self._carried(self.sample_frame_path)

    def clean(self) -> pd.DataFrame:
        """One row a kept image; `CLEAN_COLUMNS` at least."""
        return self._table(self.clean_path, None)

    def clean_summary(self) -> dict[str, Any]:
        """What cleaning did: policy, counts, expected precisions."""
        return self._json(self.clean_summary_path)

    def images(self) -> Images:
        """The images of the present import, to be looked up by their pixels."""
        return Images(self.manifest(IDENTITY), self.imported_at())

    def imported_at(self) -> datetime | None:
        """When the present images were imported; None where nobody noted it."""
        return moment(str(self.stages().get("import", {}).get("finished", "")))

    def decisions(self) -> list[Decision]:
        """What reviewers decided of the present images, oldest first, under their present names."""
        return self.placed_decisions().events

    def placed_decisions(self) -> Placed:
        """All decisions of the log, and what became of those whose image is not there."""
        events = Log(self.decisions_path).read()
        return self.images().placed(events) if events else Placed([])

    def tie_decisions(self) -> None:
        """Write the pixels' sha256 into lines of the log that earlier versions wrote without.

        To be done before another import takes this one's place; the log as it was is kept
        beside it.
        """
        log = Log(self.decisions_path)
        events = log.read()
        if all(event.sha256 is not None for event in events):
            return
        images = self.images()
        tied = [images.tied(event) for event in events]
        if tied != events:
            log.rewrite(tied)

    def faces(self) -> NDArray[Any]:
        """uint8 [N, 48, 48], a read-only memory map."""
        return self._array(self.faces_path)

    def components(self) -> NDArray[Any] | None:
        """float16 [N, 256] in source order, or None when nothing was screened."""
        return self._array(self.components_path) if self.has("screen") else None

    def pred_probs(self) -> NDArray[Any]:
        """float32 [N, 7] out-of-sample probabilities; rows not audited are NaN."""
        return self._array(self.pred_probs_path)

    def _carried(self, path: Path) -> pd.DataFrame | None:
        """A table of the sample over the present images: it is a draw, and outlives an import.

        Images that are gone, or have another label now, are left out.
        """
        if not self.has("sample"):
            return None
        self.check(path, stale=False)
        table = self._parquet(path, None)
        images = self.images()
        names = [
            images.name_of(digest, name, label)
            for digest, name, label in zip(
                table["sha256"], table["sample_id"], table["label"], strict=True
            )
        ]
        manifest = self.manifest(["row", "sample_id", "label"]).set_index("sample_id")
        table["sample_id"] = names
        table = table[table["sample_id"].notna()]
        table = table[~table["sample_id"].duplicated()]
        now_there = manifest.loc[table["sample_id"]]
        table["row"] = now_there["row"].to_numpy()
        table = table[table["label"].to_numpy() == now_there["label"].to_numpy()]
        same: pd.DataFrame = table.reset_index(drop=True)
        return same

    def _table(self, path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
        self.check(path)
        return self._parquet(path, columns)

    def _parquet(self, path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_parquet(path, columns=None if columns is None else list(columns))
        except Exception as error:
            raise InputError(
                f"{path} cannot be read: {first_line(error)}.", self.again(path)
            ) from error

    def _json(self, path: Path) -> dict[str, Any]:
        self.check(path)
        try:
            loaded = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path} is no JSON: {error}.", self.again(path)) from error
        if not isinstance(loaded, dict):
            raise InputError(f"{path} holds no JSON object.", self.again(path))
        return loaded

    def _array(self, path: Path) -> NDArray[Any]:
        import numpy as np

        self.check(path)
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read: {error}.", self.again(path)) from error
        return loaded

    # -- is it what its stage wrote? ----------------------------------------------------
    def has(self, stage: str, path: Path | None = None) -> bool:
        """Whether a stage left its output here, or one of its files, sound or not."""
        if path is None:
            return self.outputs(stage)[0].exists() or stage in self.stages()
        return path.exists() or path.name in self._noted(stage)

    def check(self, path: Path, *, stale: bool = True) -> None:
        """Raise unless a file is what its stage wrote, from what there is now.

        Args:
            path: One of `outputs`.
            stale: Also where what it was made from has changed.

        Raises:
            InputError: it is missing, damaged, of another dataset or version, or stale; with the
                command that makes it anew.
        """
        stage = self._stage_of(path)
        fault = self._fault_of(stage, path)
        if fault is None and stale and self.is_stale(stage):
            fault = "stale"
        if fault == "missing" and path.name not in self._noted(stage):
            raise InputError(f"{self.root} has no {path.name}.", self.again(path))
        if fault is not None:
            raise InputError(f"{path} {records.IN_WORDS[fault]}.", self.again(path))

    def fault(self, stage: str) -> tuple[records.Fault, Path] | None:
        """What is wrong with a stage's output and in which file; None where it may be used."""
        noted = self._noted(stage)
        for path in self.outputs(stage):
            if path.name in noted or path.exists() or path == self.outputs(stage)[0]:
                found = self._fault_of(stage, path)
                if found is not None:
                    return found, path
        return ("stale", self.outputs(stage)[0]) if self.is_stale(stage) else None

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Whether a stage's output is there, sound, and of these settings and inputs."""
        return self.fingerprint_of(stage) == fingerprint and self.fault(stage) is None

    def is_stale(self, stage: str) -> bool:
        """Whether what a stage was made from is another now."""
        made_from = self.stages().get(stage, {}).get("inputs", {})
        return any(self.identity(name) != value for name, value in made_from.items())

    def identity(self, name: str) -> str:
        """What tells whether an input is another one; empty where there is none.

        Args:
            name: "images": all images, their names, splits and labels. "labelled" and
                "labelled-train": those with a label, and those of the training split.
                "decisions": the log. Else a stage: its output.

        Raises:
            InputError: the manifest is damaged.
        """
        if name in ("images", "labelled", "labelled-train"):
            self.check(self.manifest_path)
            return _content(self, name, records.present_digest(self.manifest_path))
        if name == "decisions":
            log = self.decisions_path
            return records.present_digest(log) if log.exists() else ""
        first = self.outputs(name)[0]
        return str(self._noted(name).get(first.name, {}).get("digest", ""))

    def again(self, path: Path) -> str:
        """The next step where a file cannot be used."""
        return f"Make it with: {self.remedy(path)}"

    def remedy(self, path: Path) -> str:
        """The command that makes a file anew, with the settings that its stage had."""
        command = self.command(self._stage_of(path))
        votes = " --ferplus fer2013new.csv" * (path == self.votes_path)
        return f"{command}{votes * ('--ferplus' not in command)}"

    def command(self, stage: str) -> str:
        """The command that makes a stage's output anew, with the settings that it had."""
        if stage == "sample":
            return f"fercurate review --sample 200{option(self)}"
        record = self.stages().get(stage, {})
        noted = record.get("command") or records.earlier_command(stage, record)
        if stage == "import":
            source = noted or "fercurate import SOURCE"
            return f"{source} --name {self.name} --force"
        return f"{noted or f'fercurate {stage}'}{option(self)}"

    def _stage_of(self, path: Path) -> str:
        return next(
            stage
            for stage in ("import", "screen", "audit", "sample", "clean")
            if path in self.outputs(stage)
        )

    def _noted(self, stage: str) -> dict[str, Any]:
        files = self.stages().get(stage, {}).get("files", {})
        return files if isinstance(files, dict) else {}

    def _fault_of(self, stage: str, path: Path) -> records.Fault | None:
        noted = self._noted(stage)
        if not path.exists():
            return "missing"
        if not noted:
            if stage == "import" and path != self.votes_path:
                return None if _shows_itself(self) else "damaged"
            return "older"
        return records.fault_of(path, noted.get(path.name))

    # -- stages and fingerprints --------------------------------------------------------
    def stages(self) -> dict[str, dict[str, Any]]:
        """What each stage that finished here recorded of itself.

        Raises:
            InputError: the file is damaged.
        """
        if not self.stages_path.exists():
            return {}
        try:
            found = json.loads(self.stages_path.read_text(encoding="utf-8"))
            if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
                raise ValueError("it holds no object of objects")
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{self.stages_path} is damaged: {error}.",
                "Delete it: screen and audit then run again from what they kept, and train "
                "nothing anew.",
            ) from error
        return found

    def fingerprint_of(self, stage: str) -> str | None:
        """Fingerprint of the stage's present output, None when it never finished."""
        record = self.stages().get(stage)
        return None if record is None else str(record.get("fingerprint"))

    def record(
        self,
        stage: str,
        fingerprint: str,
        summary: Mapping[str, Any],
        *,
        inputs: Mapping[str, str] | None = None,
        files: Mapping[str, Mapping[str, Any]] | None = None,
        command: str = "",
    ) -> None:
        """Note that `stage` finished; the last thing that a stage does.

        Args:
            stage: Its name.
            fingerprint: Of its settings and inputs.
            summary: What it found.
            inputs: `identity` of what it was made from, by name, taken when that was read.
            files: What is noted of its files; as they are now, where it is not told.
            command: What makes the same anew.
        """
        with locks.noting(self):
            stages = self._stages_to_renew() if stage == "import" else self.stages()
            if stage != "import" and "files" not in stages.get("import", {}):
                self._adopt_import(stages)
            stages[stage] = {
                "fingerprint": fingerprint,
                "finished": now(),
                "command": command,
                "inputs": dict(inputs or {}),
                "files": dict(records.describe(self.outputs(stage)) if files is None else files),
                "summary": dict(summary),
            }
            write_json(self.stages_path, stages)

    def _stages_to_renew(self) -> dict[str, dict[str, Any]]:
        """The records as an import takes them over; none where they are damaged."""
        try:
            return self.stages()
        except InputError:
            return {}

    def note_files(self, stage: str, files: Mapping[str, Mapping[str, Any]]) -> None:
        """Bring what is noted of some of a stage's files up to date; the rest stays noted."""
        with locks.noting(self):
            stages = self.stages()
            if "files" not in stages.get("import", {}):
                self._adopt_import(stages)
            noted = stages.setdefault(stage, {}).setdefault("files", {})
            noted.update({name: dict(entry) for name, entry in files.items()})
            write_json(self.stages_path, stages)

    def _adopt_import(self, stages: dict[str, dict[str, Any]]) -> None:
        """Note the files of an import of an earlier version, which its pixels have shown right."""
        if self.manifest_path.exists() and _shows_itself(self):
            noted = records.describe(self.outputs("import"))
            if self.votes_path.exists():
                noted[self.votes_path.name] = {"schema": 0}
            stages.setdefault("import", {})["files"] = noted


@lru_cache(maxsize=32)
def _content(space: Workspace, which: str, digest: str) -> str:
    """`records.content_of` images of the manifest; `digest` is that of its file."""
    manifest = space._parquet(space.manifest_path, records.CONTENT)
    if which != "images":
        manifest = manifest[manifest["label"].notna()]
    if which == "labelled-train":
        manifest = manifest[manifest["split"] == "train"]
    return records.content_of(manifest)


def _shows_itself(space: Workspace) -> bool:
    """Whether an import without a record may be used: its pixels are those it names."""
    paths = (space.manifest_path, space.faces_path)
    if not all(path.exists() for path in paths):
        return False
    manifest, faces = map(records.present_digest, paths)
    return _pixels_fit(space, manifest, faces)


@lru_cache(maxsize=16)
def _pixels_fit(space: Workspace, manifest: str, faces: str) -> bool:
    import numpy as np

    try:
        there = np.load(space.faces_path, mmap_mode="r")
    except (OSError, ValueError):
        return False
    return records.shows_itself(space._parquet(space.manifest_path, ["sha256"]), there)


def now() -> str:
    """The time as `Workspace.record` notes it, ISO 8601 to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


# -- finding a workspace ---------------------------------------------------------------
def dataset_name(name: str | None, source: Path, datasets: Path = DATASETS) -> str:
    """The name of a new dataset: the given one, or the source's without its endings.

    Raises:
        InputError: the name cannot be that of a folder, or another differs in capitals alone.
    """
    chosen = name if name is not None else source.resolve().name.split(".")[0].lower()
    names.require_name(chosen, " with --name")
    names.require_unlike(chosen, datasets)
    return chosen


def find(name: str | None, datasets: Path = DATASETS) -> Workspace:
    """The workspace that `--dataset NAME` means; without a name, the only one there is.

    `name` is a name under `datasets` or a path to a workspace.

    Raises:
        InputError: none is there, or several are and none was named.
    """
    if name is not None:
        candidates = [Path(name)]
        if not names.is_path(name):
            names.require_name(name, " with --dataset, or a folder")
            candidates.insert(0, datasets / name)
        for candidate in candidates:
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
