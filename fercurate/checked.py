"""The records of a dataset's stages: whether a file is what its stage wrote, from what there is."""

from __future__ import annotations

import dataclasses
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate import locks, records
from fercurate.errors import InputError, first_line
from fercurate.files import read_table, write_json
from fercurate.paths import Paths

if TYPE_CHECKING:
    import pandas as pd

DATASETS = Path("datasets")


@dataclasses.dataclass(frozen=True)
class Checked(Paths):
    """The files of one dataset, each checked against the record of the stage that wrote it."""

    @property
    def name(self) -> str:
        return self.root.resolve().name

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
            datasets = self.root.resolve().parent
            elsewhere = datasets.name == DATASETS.name and datasets != DATASETS.resolve()
            go = f"cd {shlex.quote(str(datasets.parent))} && " if elsewhere else ""
            return f"{go}{source} --name {self.name} --force"
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

    def _parquet(self, path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
        try:
            return read_table(path, columns)
        except Exception as error:
            raise InputError(
                f"{path} cannot be read: {first_line(error)}.", self.again(path)
            ) from error


@lru_cache(maxsize=32)
def _content(space: Checked, which: str, digest: str) -> str:
    """`records.content_of` images of the manifest; `digest` is that of its file."""
    manifest = space._parquet(space.manifest_path, records.CONTENT)
    if which != "images":
        manifest = manifest[manifest["label"].notna()]
    if which == "labelled-train":
        manifest = manifest[manifest["split"] == "train"]
    return records.content_of(manifest)


def _shows_itself(space: Checked) -> bool:
    """Whether an import without a record may be used: its pixels are those it names."""
    paths = (space.manifest_path, space.faces_path)
    if not all(path.exists() for path in paths):
        return False
    manifest, faces = map(records.present_digest, paths)
    return _pixels_fit(space, manifest, faces)


@lru_cache(maxsize=16)
def _pixels_fit(space: Checked, manifest: str, faces: str) -> bool:
    import numpy as np

    try:
        there = np.load(space.faces_path, mmap_mode="r")
    except (OSError, ValueError):
        return False
    return records.shows_itself(space._parquet(space.manifest_path, ["sha256"]), there)


def now() -> str:
    """The time as `Workspace.record` notes it, ISO 8601 to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def option(space: Checked) -> str:
    """ " --dataset NAME" for a command about `space`; empty where it is found by itself, and the
    folder where it lies outside of `DATASETS`."""
    parent = space.root.resolve().parent
    if parent != DATASETS.resolve():
        return f" --dataset {shlex.quote(str(space.root.resolve()))}"
    return f" --dataset {space.name}" if len(dataset_folders(parent)) > 1 else ""


def dataset_folders(datasets: Path) -> list[Path]:
    """The folders of all datasets, broken ones too, by name."""
    if not datasets.is_dir():
        return []
    return [p for p in sorted(datasets.iterdir()) if not p.name.startswith(".") and is_dataset(p)]


def is_dataset(folder: Path) -> bool:
    """Whether a folder holds an import, or what is left of one."""
    paths = Paths(folder)
    return paths.manifest_path.exists() or paths.stages_path.exists()
