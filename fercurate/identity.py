"""Which image is which: by the sha256 of its pixels, whatever it is called or wherever it lies.

Names (`sample_id`) and row numbers are for people, and change with an import. What was said of an
image is looked up by its pixels; what fits no image is kept, counted, and not applied.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fercurate.decisions import Decision, standing
from fercurate.labels import SPLITS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("sample_id", "split", "label", "sha256")
"""Of the manifest: what `Images` needs."""


@dataclass(frozen=True)
class Placed:
    """Decisions over the images of the present import.

    Attributes:
        events: Those whose image is there, in the log's order, under its present name.
        n_here: Images with a verdict that are there.
        n_moved: Those of them that have another name now.
        n_gone: Images with a verdict that this import does not have.
        n_untied: Images with a verdict that an earlier version wrote, of which nobody can say
            which import they were of.
    """

    events: list[Decision]
    n_here: int = 0
    n_moved: int = 0
    n_gone: int = 0
    n_untied: int = 0

    @property
    def n_left_out(self) -> int:
        return self.n_gone + self.n_untied


def packed(digests: Sequence[str]) -> NDArray[np.uint8]:
    """sha256 digests, 64 hex digits each, as an array of bytes: uint8 [N, 32]."""
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(digests)), np.uint8).reshape(-1, 32)


def unpacked(digests: NDArray[np.uint8]) -> list[str]:
    """What `packed` was given."""
    return [row.tobytes().hex() for row in digests]


class Images:
    """The images of one import, by name and by pixels.

    Args:
        manifest: `COLUMNS`, one row an image.
        imported: When it was imported; None where nobody noted it.
    """

    def __init__(self, manifest: pd.DataFrame, imported: datetime | None = None) -> None:
        names: list[str] = manifest["sample_id"].tolist()
        digests: list[str] = manifest["sha256"].tolist()
        labels = [v if isinstance(v, str) else None for v in manifest["label"]]
        self.digest_of: Mapping[str, str] = dict(zip(names, digests, strict=True))
        self._label_of = dict(zip(names, labels, strict=True))
        self._split_of = dict(zip(names, manifest["split"], strict=True))
        self._names_of: dict[str, list[str]] = {}
        for name, digest in zip(names, digests, strict=True):
            self._names_of.setdefault(digest, []).append(name)
        self._imported = imported

    def name_of(self, digest: str, name: str = "", label: str | None = None) -> str | None:
        """The present name of an image; None where the import does not have it.

        Exact copies share their pixels. Of several, the one that is still called `name` is
        meant, else one with the given label `label`, else the first of the first split.
        """
        names = self._names_of.get(digest, ())
        if name in names:
            return name
        return min(
            names,
            key=lambda n: (self._label_of[n] != label, SPLITS.index(self._split_of[n])),
            default=None,
        )

    def tied(self, event: Decision) -> Decision:
        """A decision with the pixels of its image, where it is certain which image that was.

        Of lines without them, which earlier versions wrote, it is where they were given after
        this import and the image of their name has the label that it had then.
        """
        if event.sha256 is not None or self._imported is None:
            return event
        digest, when = self.digest_of.get(event.sample_id), moment(event.when)
        is_ours = digest is not None and when is not None and when >= self._imported
        if not is_ours or event.given not in (None, self._label_of[event.sample_id]):
            return event
        return dataclasses.replace(event, sha256=digest)

    def stamped(self, events: Iterable[Decision]) -> list[Decision]:
        """New decisions, each with the pixels of the image that now bears its name."""
        return [
            dataclasses.replace(event, sha256=self.digest_of[event.sample_id]) for event in events
        ]

    def placed(self, events: Sequence[Decision]) -> Placed:
        """All of a log's decisions over the present images; an undo goes with its verdict."""
        tied = [self.tied(event) for event in events]
        names: dict[str, str | None] = {}
        for event in tied:
            known = names.get(event.undoes or "")
            if known is None and event.sha256 is not None:
                known = self.name_of(event.sha256, event.sample_id, event.given)
            names[event.id] = known
        here = [
            event if name == event.sample_id else dataclasses.replace(event, sample_id=name)
            for event in tied
            if (name := names[event.id]) is not None
        ]
        # one name may have been that of several images, import after import
        stands = standing(
            dataclasses.replace(event, sample_id=event.sha256 or f"?{event.sample_id}")
            for event in tied
        )
        untied = sum(key.startswith("?") for key in stands)
        gone = sum(key not in self._names_of for key in stands) - untied
        called = {event.id: event.sample_id for event in tied}
        moved = {
            names[verdict.id]
            for verdicts in stands.values()
            for verdict in verdicts.values()
            if names[verdict.id] not in (None, called[verdict.id])
        }
        return Placed(here, len(standing(here)), len(moved), gone, untied)


def moment(text: str) -> datetime | None:
    """A time with its zone, None where the text is none."""
    for parse in (datetime.fromisoformat, lambda t: datetime.strptime(t, "%Y-%m-%dT%H:%M:%S%z")):
        try:
            found = parse(text)
        except ValueError:
            continue
        return found if found.tzinfo is not None else None
    return None
