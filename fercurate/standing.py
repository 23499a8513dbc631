"""Where a dataset stands on the road, and what to type next."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fercurate import decisions, workspace
from fercurate.files import hash_file
from fercurate.progress import Progress
from fercurate.workspace import Workspace

ROAD = ("import", "screen", "audit", "clean", "train")
"""Stages that leave a record, in the order in which they are walked."""


@dataclass(frozen=True)
class Standing:
    """Where a dataset stands.

    Attributes:
        dataset: Its name.
        images: How many images it has.
        stages: For each stage of the road: "done", "stale" (its input changed) or "to do".
        finished: When each stage last finished, ISO 8601; empty when it did not.
        verdicts: Images that a person decided.
        next_command: What to type next.
    """

    dataset: str
    images: int
    stages: dict[str, str]
    finished: dict[str, str]
    verdicts: int
    next_command: str

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def standing(space: Workspace) -> Standing:
    """Where a dataset stands on the road, and the next command."""
    recorded = space.stages()
    finished = {name: str(recorded.get(name, {}).get("finished", "")) for name in ROAD}
    stages = {name: "done" if finished[name] else "to do" for name in ROAD}
    enriched = recorded.get("enrich", {}).get("summary", {})
    # a face without a label is screened, not audited
    changed = {
        "screen": max(finished["import"], enriched.get("added_at", "")),
        "audit": max(finished["import"], enriched.get("labelled_at", "")),
    }
    for name, when in changed.items():
        if finished[name] and finished[name] < when:
            stages[name] = "stale"
    if is_clean_stale(space):
        stages["clean"] = "stale"
    if is_model_stale(space):
        stages["train"] = "stale"
    n_decided = len(decisions.standing(space.decisions()))
    command = f"fercurate {_next(stages, n_decided)}{workspace.option(space)}"
    images = len(space.manifest(["row"]))
    return Standing(space.name, images, stages, finished, n_decided, command)


def is_clean_stale(space: Workspace) -> bool:
    """Whether something that cleaning used has other bytes now; False where nothing was cleaned."""
    recorded = space.stages().get("clean")
    if recorded is None:
        return False
    paths = {
        "manifest": space.manifest_path,
        "screen": space.screen_path,
        "audit": space.audit_path,
        "decisions": space.decisions_path,
    }
    used = recorded["summary"].get("inputs", {})
    if "published" in used:  # it stands in for screen and audit
        del paths["screen"], paths["audit"]
    there = {name: hash_file(path) for name, path in paths.items() if path.exists()}
    return any(used.get(name) != there.get(name) for name in paths)


def warn_of_stale_clean(space: Workspace, progress: Progress) -> None:
    """Say it where the clean set is stale, with the command that mends it."""
    if is_clean_stale(space):
        progress.warn(f"The clean set of {space.name} is older than what it was made from.")
        progress.warn(f"Bring it up to date with: fercurate clean{workspace.option(space)}")


def is_model_stale(space: Workspace) -> bool:
    """Whether the last training used other bytes than there are now, or there is a newer clean
    set; False where nothing was trained."""
    recorded = space.stages()
    if "train" not in recorded:
        return False
    used = recorded["train"]["summary"].get("inputs", {})
    paths = {
        "manifest": space.manifest_path,
        "audit": space.audit_path,
        "clean": space.clean_path,
        "votes": space.votes_path,
    }
    there = {name: path for name, path in paths.items() if name in used}  # teachers never change
    if any(not path.exists() or hash_file(path) != used[name] for name, path in there.items()):
        return True
    cleaned = str(recorded.get("clean", {}).get("finished", ""))
    return "clean" not in used and cleaned > str(recorded["train"]["finished"])


def _next(stages: dict[str, str], n_decided: int) -> str:
    """The first stage that is open; before clean a person decides."""
    open_stages = [name for name, state in stages.items() if state != "done"]
    if not open_stages:
        return "evaluate" if n_decided else "review --sample 200"
    if open_stages[0] == "clean" and not n_decided:
        return "review --sample 200"
    return open_stages[0]
