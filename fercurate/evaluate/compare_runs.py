"""A comparison of finished training runs: their logits in, scores and differences out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.evaluate import leaks
from fercurate.evaluate.arms import Arm, control_of
from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.compare import DRAWS, ArmScores, Interval, score
from fercurate.evaluate.kept_runs import by_seed, common_seeds, read_config, read_predictions
from fercurate.halves import reporting
from fercurate.labels import INDEX
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ArmResult:
    """What one arm came to.

    Attributes:
        name: As it was written.
        dataset, on, labels: What it was trained on.
        runs: Ids of its runs, one a seed.
        seeds: Their seeds, the same in all arms.
        left_out: Seeds of further runs, which do not count: another arm has none of that seed.
        n_train: Training images; None where they are not known.
    """

    name: str
    dataset: str
    on: str
    labels: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]
    n_train: int | None


@dataclass(frozen=True)
class Gain:
    """A difference of two arms in one measure, in shares of 1; high = `arm` is better."""

    arm: str
    against: str
    truth: str
    measure: str
    value: float
    low: float
    high: float
    excludes_zero: bool
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """Everything that the page and the terminal show.

    Attributes:
        dataset: Where the scored images and labels are from.
        split: val or test.
        answers_as: The head that answers where a run has several; empty for each run's own.
        balance: Of all answers; see `infer.heads.OperatingPoint`.
        recipe: Network and settings that all runs have in common.
        differs: Names of those that they have not: such arms differ in more than their data.
        baseline, control: Names of these arms; the control's is None where there is none.
        arms: The baseline first.
        rows: For each truth ("given", "gold", and "gold_alone": gold rows without a copy in
            another split): scored rows, and distinct images among them.
        given_is_gold: Share of gold rows whose given label is the gold one; None without votes.
        n_leaks: Rows of the split with a copy in another split.
        with_near: Whether near copies count as copies: they do where the dataset is screened.
        scores: For each arm, truth and measure ("accuracy", "balanced"): mean, sd over seeds,
            low, high, by_seed.
        gains: Against the baseline, then against the control.
        draws: Bootstrap samples.
    """

    dataset: str
    split: str
    answers_as: str
    balance: float
    recipe: dict[str, Any]
    differs: tuple[str, ...]
    baseline: str
    control: str | None
    arms: tuple[ArmResult, ...]
    rows: dict[str, dict[str, int]]
    given_is_gold: float | None
    n_leaks: int
    with_near: bool
    scores: dict[str, dict[str, dict[str, Any]]]
    gains: tuple[Gain, ...]
    draws: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(
    space: Workspace,
    arms: Sequence[tuple[Arm, Sequence[Path]]],
    split: str,
    votes_file: Path | None = None,
    draws: int = DRAWS,
    *,
    head: str | None = None,
    balance: float = 0.0,
) -> Comparison:
    """Score finished runs on one split, and the differences between arms.

    Args:
        space: The dataset whose labels and votes score.
        arms: Each arm with the folders of its runs, one a seed; the baseline first.
        split: val or test.
        votes_file: fer2013new.csv; None takes the votes that import joined, and without any
            only given labels score.
        draws: Bootstrap samples.
        head, balance: How runs answer; see `kept_runs.read_predictions`.

    Raises:
        InputError: an arm of other images, a run that did not finish, no seed that all arms
            have, or nothing to score.
        FercurateError: a run's files cannot be read.
    """
    manifest, rows, given = _scored(space, split)
    predictions: dict[str, NDArray[np.int64]] = {}
    results: list[ArmResult] = []
    told: list[dict[str, Any]] = []
    runs = {arm.name: by_seed(folders) for arm, folders in arms}
    seeds = common_seeds(runs)
    digests = manifest["sha256"].iloc[rows].tolist()
    for arm, _ in arms:
        folders = [runs[arm.name][seed] for seed in seeds]
        of_arm = [read_config(folder) for folder in folders]
        predictions[arm.name] = np.stack(
            [read_predictions(f, arm.workspace, digests, head, balance) for f in folders]
        )
        results.append(_described(arm, runs[arm.name], seeds, of_arm))
        told += of_arm
    recipe, differs = _recipe(told)
    copied, cluster, with_near = _copies(space, manifest)
    truths = {"given": given}
    if votes_file is not None or space.has("import", space.votes_path):
        truths["gold"] = gold_classes(read_votes(space, votes_file))[rows]
        truths["gold_alone"] = np.where(copied[rows], -1, truths["gold"])
    only = [arm for arm, _ in arms]
    pairs = _pairs(only)
    scored = {
        truth: score(predictions, classes, cluster[rows], pairs, draws)
        for truth, classes in truths.items()
        if (classes >= 0).any()
    }
    gold = truths.get("gold", np.full(len(rows), -1))
    controls = [a.name for a in only[1:] if a.is_control]
    return Comparison(
        dataset=space.name,
        split=split,
        answers_as=head or "",
        balance=balance,
        recipe=recipe,
        differs=differs,
        baseline=only[0].name,
        control=controls[0] if controls else None,
        arms=tuple(results),
        rows={t: {"rows": s.n, "images": s.n_clusters} for t, s in scored.items()},
        given_is_gold=float((gold == given)[gold >= 0].mean()) if (gold >= 0).any() else None,
        n_leaks=int(copied[rows].sum()),
        with_near=with_near,
        scores={arm.name: _scores_of(arm.name, scored) for arm in only},
        gains=tuple(
            _gain(pair, truth, measure, gains[pair])
            for pair in pairs
            for truth, s in scored.items()
            for measure, gains in (("accuracy", s.accuracy_gain), ("balanced", s.balanced_gain))
        ),
        draws=draws,
    )


def _copies(
    space: Workspace, manifest: pd.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.int64], bool]:
    """Whether each image has a copy in another split; its group of copies, -1 where it is alone;
    and whether near copies are among them, which a screen finds."""
    copied = manifest["is_split_leak"].to_numpy(bool)
    exact = manifest["duplicate_group"].to_numpy(np.int64)
    screen = space.screen()
    if screen is None:
        return copied, exact, False
    near = leaks.linked(screen)
    # constant images are exact copies and no near ones
    others = np.where(exact >= 0, near.max(initial=-1) + 1 + exact, -1)
    group = np.where(near >= 0, near, others)
    return copied | screen["is_near_leak"].to_numpy(bool), group, True


def check(
    space: Workspace, arms: Sequence[Arm], split: str, votes_file: Path | None, n_seeds: int
) -> tuple[int, ...]:
    """Raise before anything is trained where `run` would raise after it; as `run` does.

    Returns:
        The seeds to train with: of 0 to `n_seeds` - 1 those that all arms of finished runs have.
    """
    manifest, rows, _ = _scored(space, split)
    _copies(space, manifest)
    digests = manifest["sha256"].iloc[rows].tolist()
    for arm in arms:
        _check_same_images(space, arm, digests)
        for folder in arm.folders():
            read_predictions(folder, arm.workspace, digests)
    if votes_file is not None:
        read_votes(space, votes_file)
    return common_seeds(
        {arm.name: by_seed(arm.folders()) if arm.runs else range(n_seeds) for arm in arms}
    )


def _scored(
    space: Workspace, split: str
) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.int64]]:
    """The manifest, the rows of a split that report (see `halves`), and their given classes, -1
    where there is none."""
    manifest = space.manifest(
        ["row", "split", "label", "sha256", "duplicate_group", "is_split_leak"]
    )
    whole = np.flatnonzero((manifest["split"] == split).to_numpy())
    rows = whole[reporting(split, manifest["sha256"].iloc[whole].tolist())]
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)[rows]
    if not (given >= 0).any():
        raise InputError(
            f"{space.name} has no labelled image in the split {split}.",
            "Choose another with --split, or import a dataset that has one.",
        )
    return manifest, rows, given


def _pairs(arms: Sequence[Arm]) -> list[tuple[str, str]]:
    """All against the baseline, then all but it against their random control."""
    baseline = arms[0]
    pairs = [(arm.name, baseline.name) for arm in arms[1:]]
    for arm in arms[1:]:
        control = None if arm.is_control else control_of(arm, list(arms))
        if control is not None and control is not baseline:
            pairs.append((arm.name, control.name))
    return pairs


def _check_same_images(space: Workspace, arm: Arm, digests: Sequence[str]) -> None:
    """Raise where a run of the arm would not hold out the images that score."""
    other = arm.workspace
    if arm.runs or other.root.resolve() == space.root.resolve():
        return
    there = other.manifest(["split", "sha256"])
    if not set(there.loc[there["split"] != "train", "sha256"]).issuperset(digests):
        raise InputError(
            f"{other.name} has other images to score on than {space.name}.",
            "Arms compare only where validation and test are the same images.",
        )


def _described(
    arm: Arm,
    runs: Mapping[int, Path],
    seeds: tuple[int, ...],
    told: Sequence[Mapping[str, Any]],
) -> ArmResult:
    return ArmResult(
        name=arm.name,
        dataset=arm.workspace.name,
        on=arm.on or str(told[0].get("config", {}).get("on", "")),
        labels=arm.labels or str(told[0].get("labels", "")),
        runs=tuple(runs[seed].name for seed in seeds),
        seeds=seeds,
        left_out=tuple(sorted(set(runs) - set(seeds))),
        n_train=told[0].get("n_train"),
    )


def _recipe(told: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What all runs have in common of network and recipe, and the names of what differs."""
    each = []
    for of_run in told:
        options = of_run.get("config", {})
        network = {key: options[key] for key in ("model", "balance") if key in options}
        each.append({**network, **of_run.get("recipe", {})})
    names = list(dict.fromkeys(name for settings in each for name in settings))
    same = [n for n in names if all(s.get(n) == each[0].get(n) for s in each)]
    return {n: each[0][n] for n in same}, tuple(n for n in names if n not in same)


def _scores_of(name: str, scored: Mapping[str, ArmScores]) -> dict[str, dict[str, Any]]:
    return {
        truth: {
            "accuracy": _plain(s.accuracy[name]),
            "balanced": _plain(s.balanced[name]),
        }
        for truth, s in scored.items()
    }


def _plain(found: Interval) -> dict[str, Any]:
    sd = found.sd
    return {
        "mean": found.value,
        "sd": None if np.isnan(sd) else sd,
        "low": found.low,
        "high": found.high,
        "by_seed": found.by_seed,
    }


def _gain(pair: tuple[str, str], truth: str, measure: str, found: Interval) -> Gain:
    return Gain(
        *pair, truth, measure, found.value, found.low, found.high, found.excludes_zero,
        found.by_seed,
    )  # fmt: skip
