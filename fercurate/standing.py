"""Where a dataset stands on the road, and what to type next."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fercurate import workspace
from fercurate.errors import FercurateError
from fercurate.files import hash_file
from fercurate.records import IN_WORDS
from fercurate.workspace import Workspace

ROAD = ("import", "screen", "audit", "clean", "train")
"""Stages that leave a record, in the order in which they are walked."""


@dataclass(frozen=True)
class Standing:
    """Where a dataset stands.

    Attributes:
        dataset: Its name.
        images: How many images it has.
        stages: For each stage of the road: "done", "to do", "stale" (its input changed),
            "missing", "damaged", "older" or "newer" (than this version of fercurate).
        finished: When each stage last finished, ISO 8601; empty when it did not.
        verdicts: Images that a person decided.
        next_command: What to type next.
        problems: What is wrong with the files that are there, each with the command that mends
            it.
    """

    dataset: str
    images: int
    stages: dict[str, str]
    finished: dict[str, str]
    verdicts: int
    next_command: str
    problems: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def standing(space: Workspace) -> Standing:
    """Where a dataset stands on the road, and the next command; never raises for a broken one."""
    try:
        recorded = space.stages()
        problems = []
    except FercurateError as error:
        recorded, problems = {}, [str(error).replace("\n", " ")]
        return Standing(
            space.name, 0, dict.fromkeys(ROAD, "damaged"), dict.fromkeys(ROAD, ""), 0,
            f"fercurate status{workspace.option(space)}", tuple(problems),
        )  # fmt: skip
    finished = {name: str(recorded.get(name, {}).get("finished", "")) for name in ROAD}
    stages, remedies = {}, {}
    for name in ROAD:
        stages[name], problem, remedies[name] = _state(space, name)
        problems += problem
    images = decided = 0
    try:
        images = len(space.manifest(["row"]))
        placed = space.placed_decisions()
        decided = placed.n_here
        if placed.n_left_out:
            problems.append(
                f"Verdicts whose image is not in this import: {placed.n_left_out:,}. They stay in "
                f"{space.decisions_path.name} and are not applied."
            )
    except FercurateError as error:
        problems.append(str(error).replace("\n", " "))
    command = _next(space, stages, remedies, decided)
    unique = tuple(dict.fromkeys(problems))
    return Standing(space.name, images, stages, finished, decided, command, unique)


def _state(space: Workspace, stage: str) -> tuple[str, list[str], str]:
    """A stage's state, what is to be said of it, and the command that mends it."""
    if stage == "train":
        if stage not in space.stages():
            return "to do", [], ""
        return ("stale" if is_model_stale(space) else "done"), [], ""
    if not space.has(stage):
        is_import = stage == "import"
        return "missing" if is_import else "to do", [], space.command(stage) if is_import else ""
    try:
        found = space.fault(stage)
    except FercurateError as error:  # what it was made from cannot be read
        return "stale", [str(error).replace("\n", " ")], space.command(stage)
    if found is None:
        return "done", [], ""
    fault, path = found
    said = f"{path.name} {IN_WORDS[fault]}. {space.again(path)}"
    return fault, [] if fault == "stale" else [said], space.remedy(path)


def is_model_stale(space: Workspace) -> bool:
    """Whether the last training used other bytes than there are now, or there is a newer clean
    set; False where nothing was trained."""
    recorded = space.stages()
    if "train" not in recorded:
        return False
    used = recorded["train"].get("summary", {}).get("inputs", {})
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
    return "clean" not in used and cleaned > str(recorded["train"].get("finished", ""))


def _next(
    space: Workspace, stages: dict[str, str], remedies: dict[str, str], n_decided: int
) -> str:
    """The first stage that is open; before clean a person decides."""
    option = workspace.option(space)
    open_stages = [name for name, state in stages.items() if state != "done"]
    if not open_stages:
        return f"fercurate {'evaluate' if n_decided else 'review --sample 200'}{option}"
    first = open_stages[0]
    if remedies[first]:
        return remedies[first]
    if first == "clean" and not n_decided:
        return f"fercurate review --sample 200{option}"
    return f"fercurate {first}{option}"
