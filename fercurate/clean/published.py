"""Applies a published list to anybody's copy of the dataset: no screen and no audit needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.clean.evidence import BELIEFS, SHARES, Evidence, blank, two_way_belief
from fercurate.clean.listing import BY_EYE, DIGITS, NAMES, read, shipped
from fercurate.clean.matching import Signatures, nearest, signatures
from fercurate.errors import InputError
from fercurate.files import hash_file
from fercurate.labels import SPLITS
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 0.5
"""Share of a copy's images that must be on the list: less is another dataset."""


@dataclass(frozen=True)
class Matches:
    """Which row of the list each of n images of a copy is.

    Attributes:
        at: int64 [n], position on the list, -1 where it is not on it.
        how: object [n]: "row" (same row, same pixels), "pixels" (same pixels elsewhere),
            "hash" (compressed or converted), "" (none).
    """

    at: NDArray[np.int64]
    how: NDArray[np.object_]

    def describe(self, n_listed: int) -> str:
        """A sentence: how many, by what."""
        rows = len(np.unique(self.at[self.at >= 0]))
        counts = [(int((self.how == by).sum()), by) for by in ("row", "pixels", "hash")]
        parts = ", ".join(f"{n:,} by {by}" for n, by in counts if n)
        alone = int((self.at < 0).sum())
        return (
            f"{rows:,} of {n_listed:,} listed rows found ({parts or 'none'}); "
            f"{alone:,} of {len(self.at):,} images of this copy are not on the list"
        )


def gather(space: Workspace, manifest: pd.DataFrame, path: Path) -> Evidence:
    """What a published list says of a copy's images.

    Args:
        space: The copy, imported.
        manifest: Its n images.
        path: The list, or the name of a shipped one.

    Raises:
        InputError: no such list, a damaged one, or one of another dataset.
    """
    path = shipped(str(path)) if str(path) in NAMES and not path.is_file() else path
    table, marks = read(path)
    found = match(manifest, space.faces(), table, marks)
    share = float((found.at >= 0).mean()) if len(found.at) else 0.0
    if share < ENOUGH:
        raise InputError(
            f"{path.name} is a list of another dataset: {share:.1%} of the images of {space.name} "
            "are on it.",
            "Leave --with-published out, and run: fercurate screen, then fercurate audit",
        )
    said = found.describe(len(table))
    alone = int((found.at < 0).sum())
    notes = (f"{alone:,} images are not on {path.name}: nothing is known of them.",) * (alone > 0)
    return Evidence(
        apply(manifest, table, found.at),
        (f"published list {path.name}: {said}",),
        notes,
        None,
        {},
        hash_file(path),
    )


def match(
    manifest: pd.DataFrame, faces: NDArray[np.uint8], table: pd.DataFrame, marks: Signatures
) -> Matches:
    """Find a copy's images on the list: by pixels, and those that were changed by hashes.

    Exact copies of one image are one thing to find; among them, the row with the same
    number is taken, else one with the same label and split, each row once if there are
    enough.

    Args:
        manifest: n images.
        faces: uint8 [n, 48, 48].
        table, marks: The list, as `listing.read` gives it.
    """
    n = len(manifest)
    prefix = manifest["sha256"].str[:DIGITS]
    first = table.drop_duplicates("sha256").reset_index().set_index("sha256")["index"]
    at = prefix.map(first).fillna(-1).to_numpy(np.int64, copy=True)
    how = np.where(at >= 0, "pixels", "").astype(object)
    unknown = np.flatnonzero(at < 0)
    if len(unknown):
        at[unknown] = nearest(
            signatures(np.asarray(faces[unknown])), marks, table["sha256"].to_numpy(object)
        )
        how[unknown[at[unknown] >= 0]] = "hash"
    same = table.groupby("sha256", sort=False).indices
    sha = table["sha256"].to_numpy(object)
    place = {int(row): i for i, row in enumerate(table["row"])}
    rows = manifest["row"].to_numpy()
    copies: dict[str, list[int]] = {}
    for i in np.flatnonzero(at >= 0):
        its = place.get(int(rows[i]), -1)
        if its >= 0 and how[i] == "pixels" and sha[its] == prefix.iat[int(i)]:
            at[i], how[i] = its, "row"
        elif len(same[sha[at[i]]]) > 1:
            copies.setdefault(sha[at[i]], []).append(int(i))
    taken = {int(at[i]) for i in np.flatnonzero(how == "row")}
    told = table[["label", "split"]].to_numpy(object)
    ours = manifest[["label", "split"]].to_numpy(object)
    for digest, members in copies.items():
        _deal(members, [int(j) for j in same[digest]], ours, told, taken, at)
    return Matches(at, how if n else np.array([], object))


def _deal(
    members: list[int],
    rows: list[int],
    ours: NDArray[np.object_],
    told: NDArray[np.object_],
    taken: set[int],
    at: NDArray[np.int64],
) -> None:
    """Give each image of a copy one of the listed rows that look the same."""
    todo = list(members)
    for columns in ([0, 1], [0], []):
        for i in list(todo):
            fits = (j for j in rows if (ours[i, columns] == told[j, columns]).all())
            if (free := next((j for j in fits if j not in taken), None)) is not None:
                at[i] = free
                taken.add(free)
                todo.remove(i)
    for i in todo:  # more copies than are listed: two images may be one row
        at[i] = next((j for j in rows if ours[i, 0] == told[j, 0]), rows[0])


def apply(manifest: pd.DataFrame, table: pd.DataFrame, at: NDArray[np.int64]) -> pd.DataFrame:
    """The evidence of a list on a copy.

    What the list says of a label counts only where the copy gives the same label. Copies
    are settled among the images that the copy has, in the splits that it gives them.

    Args:
        manifest: n images.
        table: The list.
        at: int64 [n], positions on it, -1 for none.
    """
    made = blank(manifest)
    here = np.flatnonzero(at >= 0)
    said = table.iloc[at[here]].reset_index(drop=True)
    kind = said["kind"].replace("", "human").to_numpy(object)
    human = said["human_score"].replace("", "nan").astype(np.float32).to_numpy()
    by_eye = said["how"].str.contains(BY_EYE, regex=False).to_numpy()
    sure = np.where(by_eye, np.float32(1), np.where(kind == "human", human, 1 - human))
    made.loc[here, "kind"] = kind
    made.loc[here, "kind_confidence"] = sure.astype(np.float32)
    made.loc[here, "kind_by_eye"] = by_eye
    agrees = (said["label"] == manifest["label"].iloc[here].to_numpy(object)).to_numpy()
    audited = agrees & (said["label_quality"] != "").to_numpy()
    belief = _beliefs(said[audited])
    made.loc[here[audited], list(BELIEFS)] = belief
    made.loc[here[audited], list(SHARES)] = _listed(said["shares"][audited], belief)
    group = np.full(len(manifest), -1, np.int32)
    group[here] = said["near_duplicate_group"].replace("", "-1").astype(np.int32)
    keeps = np.zeros(len(manifest), bool)
    keeps[here] = (said["keep"] == "1").to_numpy()
    _settle_copies(made, group, keeps)
    _follow_leaks(made, manifest, said, here)
    return made


def _follow_leaks(
    made: pd.DataFrame, manifest: pd.DataFrame, said: pd.DataFrame, here: NDArray[np.int64]
) -> None:
    """Leaks are pairs, and not all of them are in one group: the list names the split where the
    other one is. It counts where the copy has that split and the image in the same one."""
    rank = {name: place for place, name in enumerate(SPLITS)}
    there = set(manifest["split"])
    alike = (said["split"] == manifest["split"].iloc[here].to_numpy(object)).to_numpy()
    settled = made["copy_split"].to_numpy(object, copy=True)
    for place in np.flatnonzero(alike & (said["leak"] != "").to_numpy()):
        leak = str(said["leak"].iat[int(place)])
        if leak in there and rank[leak] > rank[settled[here[place]]]:
            settled[here[place]] = leak
    made["copy_split"] = settled


def _beliefs(said: pd.DataFrame) -> NDArray[np.float32]:
    """float32 [n, 7]: the list's own beliefs, or what a suggestion alone amounts to."""
    suggested = said["suggested_label"].where(said["suggested_label"] != "", said["label"])
    sure = said["suggested_confidence"].replace("", "1").astype(np.float32)
    # without beliefs only the problem `mislabeled` says that the suggestion is the likelier one
    sure = sure.where(said["problem"] == "mislabeled", sure.clip(upper=0.5))
    belief = two_way_belief(said["label"].tolist(), suggested.tolist(), sure.tolist())
    return _listed(said["belief"], belief)


def _listed(percents: pd.Series, instead: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [n, 7], rows adding up to 1; `instead` where the list has no percents."""
    found: NDArray[np.float32] = instead.copy()
    full = (percents != "").to_numpy()
    if full.any():
        listed = np.array([text.split() for text in percents[full]], np.float32)
        found[full] = listed / listed.sum(1, keepdims=True)
    return found


def _settle_copies(made: pd.DataFrame, group: NDArray[np.int32], keeps: NDArray[np.bool_]) -> None:
    """Fill in the columns on copies: one of a group stays, in the last split that has one."""
    rank = np.array([SPLITS.index(name) for name in made["copy_split"]], np.int64)
    stays, target = np.ones(len(made), bool), rank.copy()
    together = np.flatnonzero(group >= 0)
    order = together[np.argsort(group[together], kind="stable")]
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members) < 2:
            group[members] = -1
            continue
        last = rank[members].max()
        target[members] = last
        in_last = members[rank[members] == last]
        wanted = in_last[keeps[in_last]]
        stays[members] = False
        stays[(wanted if len(wanted) else in_last)[0]] = True
    made["copy_group"] = group
    made["copy_keep"] = stays
    made["copy_split"] = np.array(SPLITS, object)[target]
