"""`fercurate evaluate`: a trained model on given labels, on gold ones and on reviewed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.config import EvaluateConfig
from fercurate.decisions import settle
from fercurate.errors import InputError
from fercurate.evaluate import groups, leaks, outputs
from fercurate.evaluate.abstention import Abstention, abstention
from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.calibration_scores import Calibration, calibration
from fercurate.evaluate.head_scores import HeadScores, head_scores
from fercurate.evaluate.model_scores import Scores, recognised_well, score
from fercurate.evaluate.outputs import Outputs
from fercurate.labels import INDEX, SPLIT_TITLES
from fercurate.progress import Progress
from fercurate.votes import gold_classes, top_classes
from fercurate.workspace import Workspace, option

Truth = Mapping[str, NDArray[np.int64]]
"""By label set (given, gold, voted, reviewed): int64 [n], 0..6, -1 where there is no label."""


@dataclass(frozen=True)
class Measured:
    """Against one set of labels; calibration `before` the temperature is applied and `after`."""

    scores: Scores
    before: Calibration
    after: Calibration
    abstention: Abstention


@dataclass(frozen=True)
class Seen:
    """The model through fewer classes, against one set of labels.

    Attributes:
        scores: Over the rows that have one of the classes.
        ece: Of the probabilities added up or scaled anew, 0..1, low = good.
        left_out: Rows whose label is none of the classes.
        unlimited: Accuracy of the seven-class model on the same rows, which may also answer
            with another class; high = good.
    """

    scores: Scores
    ece: float
    left_out: int
    unlimited: float


@dataclass(frozen=True)
class View:
    """A view's classes, and what it comes to on each set of labels."""

    name: str
    classes: dict[str, tuple[str, ...]]
    sets: dict[str, Seen]


@dataclass(frozen=True)
class Leak:
    """Accuracy with and without the images that have a copy in training.

    Attributes:
        exact, near: Images of the set with such a copy; `near` holds the exact ones and is
            None where nothing was screened.
        accuracy, without: With all images, and without all copies, 0..1, high = good; None
            where no image is left.
        on_copies: On the copies alone, None where there is none.
    """

    images: int
    exact: int
    near: int | None
    accuracy: float
    without: float | None
    on_copies: float | None


@dataclass(frozen=True)
class Evaluation:
    """A model scored on one split.

    Attributes:
        dataset, model, split: Names.
        about: What the model's file says about it.
        images: That are scored: all of test, of validation the half that chose nothing.
        n_split: In the whole split.
        answers_as, balance: The head that answers and its balance (see `infer.heads`).
        temperature: That its logits are divided by.
        sets: By set of labels: given; gold, voted and reviewed where there are any. Voted rows
            are those whose votes name one class most often, gold rows those where more than
            half of the votes do.
        heads: Every head of the model, at each balance that matters.
        reviewed: Images that reviewers settled with a label, by split; where there are any.
        views: "three", "four", and "limited" where classes were chosen.
        leaks: By set of labels.
        trained_on: What training images the copies were looked for among, and how many.
        label_errors: Gold rows, and how many of them the given label contradicts; empty
            without votes.
        recognised_well: Classes whose F1 is 0.8 or more, on gold labels where there are any.
        why: One sentence on why given and gold accuracy differ; empty without gold rows.
        training: What the run measured while it trained; empty for a model file.
    """

    dataset: str
    model: str
    split: str
    about: dict[str, Any]
    images: int
    n_split: int
    answers_as: str
    balance: float
    temperature: float
    sets: dict[str, Measured]
    heads: tuple[HeadScores, ...]
    reviewed: dict[str, int]
    views: dict[str, View]
    leaks: dict[str, Leak]
    trained_on: dict[str, Any]
    label_errors: dict[str, int]
    recognised_well: tuple[str, ...]
    why: str
    training: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(
    workspace: Workspace, config: EvaluateConfig, progress: Progress
) -> tuple[Evaluation, Outputs]:
    """Score a model.

    Raises:
        InputError: no such run or model, no label in the split, or no votes where asked for.
    """
    if config.run is not None and config.model is not None:
        raise InputError("--run and --model both name a model.", "Give one of them.")
    view = None if config.labels is None else groups.limited(config.labels)
    if config.model is None:
        found = outputs.of_run(workspace, config.run, config.split, config.as_, config.balance)
    else:
        found = outputs.of_file(
            workspace, config.model, config.split, config.device, progress, config.as_,
            config.balance,
        )  # fmt: skip
    truth = truths(workspace, found.rows, config.votes)
    has_votes = workspace.has("import", workspace.votes_path)
    if "gold" not in truth and (config.votes is not None or has_votes):
        progress.warn(f"The votes agree on no image of the split {found.split}: no gold scores.")
    return evaluate(workspace, found, truth, view, config.balance), found


def truths(workspace: Workspace, rows: NDArray[np.int64], votes: Path | None) -> Truth:
    """What there is to score some rows of the manifest against; sets without a row left out.

    Raises:
        InputError: no row has a given label, or the votes file is none of this dataset.
    """
    manifest = workspace.manifest(["sample_id", "label", "split"]).iloc[rows]
    found = {"given": manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)}
    if not (found["given"] >= 0).any():
        raise InputError(
            f"{workspace.name} has no label in the split {manifest['split'].iloc[0]}.",
            f"Import labelled images, or see: fercurate status{option(workspace)}",
        )
    if votes is not None or workspace.has("import", workspace.votes_path):
        counts = read_votes(workspace, votes)[rows]
        found["gold"], found["voted"] = gold_classes(counts), top_classes(counts)
    found["reviewed"] = manifest["sample_id"].map(_settled(workspace)).fillna(-1).to_numpy(np.int64)
    return {name: labels for name, labels in found.items() if (labels >= 0).any()}


def _settled(workspace: Workspace) -> dict[str, int]:
    """The class that reviewers settled, 0..6, by sample id."""
    settled = settle(workspace.decisions())
    return {name: INDEX[s.label] for name, s in settled.items() if s.label is not None}


def evaluate(
    workspace: Workspace,
    found: Outputs,
    truth: Truth,
    limited: groups.Grouping | None = None,
    balance: float | None = None,
) -> Evaluation:
    """Score outputs against each set of labels; `balance` is one that was asked for."""
    raw, sure = found.probabilities(1.0), found.probabilities()
    sets = {name: measure(raw, sure, labels) for name, labels in truth.items()}
    views = {"three": groups.THREE, "four": groups.FOUR}
    if limited is not None:
        views["limited"] = limited
    training, how = outputs.training_rows(workspace, found.run)
    copied = _copies(workspace, found.rows, training)
    right = {name: sure.argmax(axis=1) == labels for name, labels in truth.items()}
    errors = label_errors(truth)
    best = sets.get("gold", sets["given"])
    return Evaluation(
        dataset=workspace.name,
        model=found.name,
        split=found.split,
        about=found.info.as_dict(),
        images=len(found.rows),
        n_split=found.n_split,
        answers_as=found.point.head.name,
        balance=found.point.balance,
        temperature=found.point.head.temperature,
        sets=sets,
        heads=head_scores(found.info, found.logits, truth, balance),
        reviewed=reviewed_by_split(workspace),
        views={key: see(view, sure, truth) for key, view in views.items()},
        leaks={name: leak(right[name], labels >= 0, copied) for name, labels in truth.items()},
        trained_on={"images": len(training), "what": how},
        label_errors=errors,
        recognised_well=recognised_well(best.scores),
        why=why(errors, found.split),
        training=found.curve,
    )


def reviewed_by_split(workspace: Workspace) -> dict[str, int]:
    """How many images reviewers settled with a label, by split; splits without any left out."""
    manifest = workspace.manifest(["sample_id", "split"])
    counts = manifest["split"][manifest["sample_id"].isin(_settled(workspace))].value_counts()
    return {str(split): int(n) for split, n in counts.items() if n}


def measure(
    raw: NDArray[np.float32], sure: NDArray[np.float32], labels: NDArray[np.int64]
) -> Measured:
    """Probabilities float32 [n, 7] without and with the temperature, against int64 [n]."""
    known = labels >= 0
    raw, sure, labels = raw[known], sure[known], labels[known]
    return Measured(
        scores=score(sure.argmax(axis=1), labels, groups.SEVEN.classes),
        before=calibration(raw, labels),
        after=calibration(sure, labels),
        abstention=abstention(sure, labels),
    )


def see(view: groups.Grouping, sure: NDArray[np.float32], truth: Truth) -> View:
    """The model through a view, on the label sets that have a row in it."""
    probabilities = view.probabilities(sure)
    answers = groups.SEVEN.labels(sure.argmax(axis=1))
    sets = {}
    for name, seven in truth.items():
        labels = view.labels(seven)
        known = labels >= 0
        if not known.any():
            continue
        sets[name] = Seen(
            scores=score(probabilities[known].argmax(axis=1), labels[known], view.classes),
            ece=calibration(probabilities[known], labels[known]).ece,
            left_out=int(((seven >= 0) & ~known).sum()),
            unlimited=float((view.labels(answers)[known] == labels[known]).mean()),
        )
    return View(view.name, dict(view.parts), sets)


def leak(right: NDArray[np.bool_], known: NDArray[np.bool_], copied: leaks.Copies) -> Leak:
    """Accuracy over the labelled rows, over those without a copy, and over the copies."""
    copy = copied.any

    def share(rows: NDArray[np.bool_]) -> float | None:
        return float(right[rows].mean()) if rows.any() else None

    return Leak(
        images=int(known.sum()),
        exact=int((copied.exact & known).sum()),
        near=None if copied.near is None else int((copied.near & known).sum()),
        accuracy=float(right[known].mean()),
        without=share(known & ~copy),
        on_copies=share(known & copy),
    )


def label_errors(truth: Truth) -> dict[str, int]:
    """Gold rows with a given label, and how many of them it contradicts."""
    if "gold" not in truth:
        return {}
    both = (truth["gold"] >= 0) & (truth["given"] >= 0)
    wrong = truth["gold"][both] != truth["given"][both]
    return {"gold": int(both.sum()), "wrong": int(wrong.sum())}


def why(errors: dict[str, int], split: str) -> str:
    """Why a model can be right and score low on given labels."""
    if not errors:
        return ""
    share = errors["wrong"] / max(1, errors["gold"])
    return (
        f"The labels of the {SPLIT_TITLES[split]} split are wrong too: on "
        f"{errors['wrong']:,} of its {errors['gold']:,} gold rows ({share:.0%}) most annotators "
        "name another class, so a model that stops imitating such errors loses accuracy on "
        "given labels while it gains on gold ones."
    )


def _copies(
    workspace: Workspace, rows: NDArray[np.int64], training: NDArray[np.int64]
) -> leaks.Copies:
    exact = workspace.manifest(["duplicate_group"])["duplicate_group"].to_numpy(np.int64)
    screen = workspace.screen()
    near = None
    if screen is not None:
        near = leaks.linked(screen)
    return leaks.copies(rows, training, exact, near)
