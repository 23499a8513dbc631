"""A dataset's folder: what is in it, which stages have run, and how it is found."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fercurate import names
from fercurate.checked import DATASETS as DATASETS
from fercurate.checked import Checked, dataset_folders, is_dataset
from fercurate.checked import now as now
from fercurate.checked import option as option
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.identity import COLUMNS as IDENTITY
from fercurate.identity import Images, Placed, moment

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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
class Workspace(Checked):
    """The files of one dataset.

    `root` need not exist yet. Readers raise `InputError` naming the command that makes a
    file which is missing.
    """

    # -- readers ----------------------------------------------------------------------
    # Each checks its file against the record of the stage that wrote it, and that record against
    # what the stage was made from: nothing damaged, foreign or stale is ever handed out.
    def manifest(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an image in source order; `MANIFEST_COLUMNS` at least."""
        return self._table(self.manifest_path, columns)

    def audit(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row an audited image; `AUDIT_COLUMNS` at least.

        An audit of an earlier version has no shares: its belief stands for them.
        """
        wanted = None if columns is None else list(columns)
        older = [] if wanted is None else [n for n in wanted if n.startswith("share_")]
        if not older:
            return self._table(self.audit_path, wanted)
        whole = self._table(self.audit_path, None)
        known = {name: name.replace("share_", "belief_") for name in older if name not in whole}
        made: pd.DataFrame = whole.assign(**{a: whole[b] for a, b in known.items()})[wanted]
        return made

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
            if is_dataset(candidate):
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
    """All imported datasets, broken ones too, by name."""
    return [Workspace(folder) for folder in dataset_folders(datasets)]


def _known(datasets: Path) -> str:
    names = ", ".join(w.name for w in existing(datasets))
    return f"Choose one with --dataset: {names}" if names else ""
