"""The arms of a comparison: which training set, with which labels, of which dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fercurate.config import TrainLabels, TrainOn
from fercurate.errors import InputError
from fercurate.votes import no_votes
from fercurate.workspace import DATASETS, Workspace, find, option

ONS: tuple[str, ...] = get_args(TrainOn)
LABELS: tuple[str, ...] = get_args(TrainLabels)
CONTROL = "random-control"

_OWN_LABELS = {"clean": "corrected"}
"""What a set is trained on where the arm does not say; else the given labels."""

_HOW = (
    "Write [dataset:]set[:labels]: raw, clean, random-control, raw:corrected, other:clean:given; "
    "or name a finished run."
)


@dataclass(frozen=True)
class Arm:
    """One side of a comparison.

    Attributes:
        name: As it was written, a dataset's folder cut to its name; of several runs the first
            one's and how many more.
        workspace: The dataset that it trains on.
        on: raw, clean or random-control; empty where finished runs were named.
        labels: given, corrected or votes; empty likewise.
        runs: The finished runs that were named, one a seed; else none, and the arm is trained.
    """

    name: str
    workspace: Workspace
    on: str = ""
    labels: str = ""
    runs: tuple[str, ...] = ()

    @property
    def is_control(self) -> bool:
        return self.on == CONTROL

    def folders(self) -> list[Path]:
        """The folders of the runs that were named."""
        return [self.workspace.run_dir(run) for run in self.runs]


def parse(text: str, space: Workspace, datasets: Path = DATASETS) -> Arm:
    """What `[dataset:]set[:labels]`, or a run's id, means.

    Several ids joined by "+" are one arm of several seeds.

    Args:
        text: As it was written.
        space: The dataset where none is named.
        datasets: Where datasets are looked for by name.

    Raises:
        InputError: no such set, labels, dataset or run, or nothing to train on there.
    """
    parts = text.split(":")
    labels = parts.pop() if len(parts) > 1 and parts[-1] in LABELS else ""
    what = parts.pop()
    named = ":".join(parts)  # a path may hold a colon
    if named in ONS and what not in ONS and not what.startswith("train-"):  # raw:gven, say
        raise InputError(f"{text!r}: there are no labels {what!r}.", f"Labels: {', '.join(LABELS)}")
    home = find(named, datasets) if named else space
    name = f"{home.name}{text[len(named) :]}" if named else text
    if what not in ONS:
        if labels:
            raise InputError(f"{text!r}: there is no training set {what!r}.", _HOW)
        runs = _finished(text, what, home)
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        return Arm(f"{home.name}:{runs[0]}{more}" if named else f"{runs[0]}{more}", home, runs=runs)
    if what != "raw" and not home.has("clean"):
        raise InputError(
            f"{text!r}: {home.name} has no clean set.",
            f"Make it: fercurate clean{option(home)}",
        )
    if what != "clean" and labels == "corrected" and not home.has("audit"):
        raise InputError(
            f"{text!r}: {home.name} was not audited.",
            f"Audit it: fercurate audit{option(home)}",
        )
    if labels == "votes" and not home.has("import", home.votes_path):
        raise no_votes(home)
    arm = Arm(name, home, what, labels or _OWN_LABELS.get(what, "given"))
    _check(arm)
    return arm


def _check(arm: Arm) -> None:
    """Raise where what the arm is trained on is damaged or out of date."""
    home = arm.workspace
    if arm.on != "raw":
        home.check(home.clean_path)
    if arm.labels == "corrected" and arm.on != "clean":
        home.check(home.audit_path)
    if arm.labels == "votes":
        home.check(home.votes_path)


def parse_all(texts: tuple[str, ...], space: Workspace, datasets: Path = DATASETS) -> list[Arm]:
    """All arms of a comparison, the baseline first.

    Raises:
        InputError: fewer than two, the same or the same name twice, or one that means nothing.
    """
    if len(texts) < 2:
        raise InputError("A comparison needs two arms at least.", _HOW)
    arms = [parse(text, space, datasets) for text in texts]
    seen: dict[tuple[object, ...], str] = {}
    for arm in arms:
        same = (arm.workspace.root.resolve(), arm.on, arm.labels, arm.runs)
        if same in seen:
            raise InputError(f"{arm.name!r} and {seen[same]!r} are the same arm.", "Give it once.")
        if arm.name in seen.values():
            raise InputError(
                f"Two arms are called {arm.name!r}.",
                "Name another run first, or another dataset.",
            )
        seen[same] = arm.name
    return arms


def control_of(arm: Arm, arms: list[Arm]) -> Arm | None:
    """The random control that `arm` is held against: its own dataset's, else the first."""
    controls = [a for a in arms if a.is_control and a is not arm]
    own = [a for a in controls if a.workspace.root.resolve() == arm.workspace.root.resolve()]
    return next(iter(own or controls), None)


def _finished(text: str, what: str, home: Workspace) -> tuple[str, ...]:
    """The runs that `what` names.

    Raises:
        InputError: one of them is not there.
    """
    runs = tuple(what.split("+"))
    for run in runs:
        if not run or Path(run).name != run or not home.run_dir(run).is_dir():
            raise InputError(f"{text!r} is no training set and no run of {home.name}.", _HOW)
    return runs
