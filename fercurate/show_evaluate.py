"""What `evaluate` prints of a model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fercurate import head_words
from fercurate.console import console, table
from fercurate.labels import SPLIT_TITLES
from fercurate.show import plain, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from fercurate.evaluate.model import Evaluation, Measured, Seen
    from fercurate.review.predictions import PredictionResult


def model(
    found: Evaluation,
    report: Path,
    synced: PredictionResult | None,
    *,
    groups: bool = False,
    surprise: bool = False,
    as_json: bool = False,
) -> None:
    """A model's scores on each set of labels, by class, by coverage, and on fewer classes."""
    if as_json:
        print_json({**found.as_dict(), "report": str(report), "fiftyone": plain(synced)})
        return
    out = console()
    out.print(
        f"{found.model} on the {SPLIT_TITLES[found.split]} split of {found.dataset}: "
        f"{_images(found)}; answers as {found.answers_as}, balance {found.balance:g}",
        soft_wrap=True,
    )
    told = found.as_dict()
    if len(found.heads) > 1:
        cells: list[list[object]] = [list(row) for row in head_words.rows(told)]
        out.print(table("", head_words.header(told), cells))
        out.print(head_words.views(told))
    out.print()
    _sets(out, found)
    _abstaining(out, found)
    _classes(out, found)
    if groups or surprise:
        _view(out, found, "four" if surprise else "three")
    if "limited" in found.views:
        _view(out, found, "limited")
    _leaks(out, found)
    if found.recognised_well and "limited" not in found.views:
        names = ",".join(found.recognised_well)
        out.print(
            f"Recognised well (F1 of 0.8 or more): limit a model to them with --labels {names}"
        )
    if synced is not None:
        out.print(
            f"FiftyOne dataset {synced.dataset!r}: {synced.n_predictions:,} predictions, "
            f"evaluation {synced.eval_key!r}"
        )
        if synced.eval_key is not None:
            out.print(
                "Its mistakes, face by face: fercurate review "
                f"--view models-mistakes-{found.split} --dataset {found.dataset}",
                soft_wrap=True,
            )
    out.print(f"Report: {report}", soft_wrap=True)


def _images(found: Evaluation) -> str:
    if found.images == found.n_split:
        return f"{found.images:,} images"
    return f"{found.images:,} of {found.n_split:,} images, the half that chose nothing"


def _sets(out: Console, found: Evaluation) -> None:
    sets = found.sets
    rows: list[list[object]] = [
        ["images", *(m.scores.images for m in sets.values())],
        ["accuracy", *(m.scores.accuracy for m in sets.values())],
        ["  95 % interval", *(_interval(m) for m in sets.values())],
        ["balanced accuracy (mean recall)", *(m.scores.balanced_accuracy for m in sets.values())],
        ["macro F1", *(m.scores.macro_f1 for m in sets.values())],
        ["calibration error, untempered", *(m.before.ece for m in sets.values())],
        [
            f"calibration error, temperature {found.temperature:.2f}",
            *(m.after.ece for m in sets.values()),
        ],
        ["negative log-likelihood, nats", *(m.after.nll for m in sets.values())],
        ["Brier score, 0 to 2", *(m.after.brier for m in sets.values())],
        ["area under risk by coverage", *(m.abstention.area for m in sets.values())],
    ]
    out.print(table("", ["", *(f"{name} labels" for name in sets)], rows))
    out.print("The first four are better high, the others low.")
    if found.why:
        out.print(found.why)
    if holds := head_words.holds_for(found.as_dict()):
        out.print(holds)
    if "reviewed" in sets:
        out.print("Reviewed rows are those that reviewers settled: no random sample as a rule.")


def _interval(measured: Measured) -> str:
    return f"{measured.scores.accuracy_low:.3f} to {measured.scores.accuracy_high:.3f}"


def _abstaining(out: Console, found: Evaluation) -> None:
    """Accuracy by coverage, and the threshold for an accuracy."""
    name, best = _trusted(found)
    shares = list(best.abstention.at)
    rows: list[list[object]] = [
        [label, *(m.abstention.at[share].accuracy for share in shares)]
        for label, m in found.sets.items()
    ]
    out.print()
    title = "Accuracy when only the surest answers count"
    out.print(table(title, ["labels", *(f"{share} answered" for share in shares)], rows))
    for wish, answering in best.abstention.reaching.items():
        if answering is None or answering.coverage == 1:
            continue
        out.print(
            f"{wish} right on {name} labels: answer from a probability of "
            f"{answering.threshold:.2f} on, {answering.coverage:.0%} of the images"
        )


def _trusted(found: Evaluation) -> tuple[str, Measured]:
    name = "gold" if "gold" in found.sets else "given"
    return name, found.sets[name]


def _classes(out: Console, found: Evaluation) -> None:
    sets = {name: m.scores for name, m in found.sets.items() if name in ("given", "gold")}
    header = ["class"]
    for name in sets:
        header += [f"{name}: images", "precision", "recall", "F1"]
    rows: list[list[object]] = []
    for label in found.sets["given"].scores.by_class:
        row: list[object] = [label]
        for scores in sets.values():
            c = scores.by_class[label]
            row += [c.support, c.precision, c.recall, c.f1]
        rows.append(row)
    out.print()
    out.print(table("By class", header, rows))


def _view(out: Console, found: Evaluation, key: str) -> None:
    """A view through fewer classes."""
    view = found.views[key]
    rows: list[list[object]] = [
        [name, s.scores.images, s.left_out, s.scores.accuracy, _whole(s, key), s.scores.macro_f1,
         s.ece]
        for name, s in view.sets.items()
    ]  # fmt: skip
    header = ["labels", "images", "left out", "accuracy", "by seven", "macro F1", "ECE"]
    out.print()
    out.print(table(f"The model as {view.name}", header, rows))
    name = "gold" if "gold" in view.sets else next(iter(view.sets), None)
    if name is None:
        return
    by_class: list[list[object]] = [
        [part, c.support, c.precision, c.recall, c.f1]
        for part, c in view.sets[name].scores.by_class.items()
    ]
    out.print(table("", [f"{name} labels", "images", "precision", "recall", "F1"], by_class))


def _whole(seen: Seen, key: str) -> object:
    """What the model of seven classes gets on the same rows; where none is left out, the same."""
    return "" if key == "four" else seen.unlimited


def _leaks(out: Console, found: Evaluation) -> None:
    rows: list[list[object]] = []
    for name, found_leak in found.leaks.items():
        values = asdict(found_leak)
        rows.append(
            [
                name,
                *(
                    "-" if values[key] is None else values[key]
                    for key in ("exact", "near", "accuracy", "without", "on_copies")
                ),
            ]
        )
    header = ["labels", "exact copies", "exact or near", "accuracy", "without them", "on them"]
    what = found.trained_on["what"]
    out.print()
    out.print(table(f"Images with a copy in {what}", header, rows))
