"""A model's report: index.html for people, plots as PNG, model.json for programs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fercurate import head_words
from fercurate.files import write_json, write_text
from fercurate.labels import SPLIT_TITLES
from fercurate.report import model_plots, prose
from fercurate.report.environment import HERE, environment
from fercurate.report.page import heat_map

Record = Mapping[str, Any]

SETS = {
    "given": "the labels of the dataset, errors included",
    "gold": "rows where more than half of ten annotators name one class",
    "voted": "rows where one class has the most votes, gold rows and less clear ones",
    "reviewed": "rows that reviewers settled; no random sample as a rule",
}

ROWS = (
    ("accuracy", "share of right answers"),
    ("balanced accuracy", "mean recall of the classes"),
    ("macro F1", "mean F1 of the classes"),
    ("calibration error, untempered", "ECE in 15 bins; low is good"),
    ("calibration error", "the same after the temperature"),
    ("negative log-likelihood", "nats; low is good"),
    ("Brier score", "0 to 2; low is good"),
    (
        "area under risk by coverage",
        "share of wrong answers, averaged over all thresholds; low is good",
    ),
)


def write(folder: Path, found: Record) -> Path:
    """Write index.html, model.json and the plots into `folder`.

    Args:
        folder: Made where it is missing.
        found: `evaluate.model.Evaluation` as a dict.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "model.json", found)
    sets = found["sets"]
    model_plots.save(model_plots.confusions(confusions(found)), folder / "confusion.png")
    best = "gold" if "gold" in sets else "given"
    plots = {"coverage": model_plots.coverage(sets)}
    for name in ("given", "gold", "voted"):
        if name in sets:
            measured = sets[name]
            plots[f"reliability-{name}"] = model_plots.reliability(
                measured["before"], measured["after"], found["temperature"]
            )
    curve = model_plots.learning(found["training"])
    if curve is not None:
        plots["accuracy"], plots["loss"] = curve
    for name, figure in plots.items():
        model_plots.save(figure, folder / f"{name}.png")
    drawn = {name: model_plots.svg(figure, ABOUT[name]) for name, figure in plots.items()}
    page = folder / "index.html"
    write_text(page, render(found, drawn, best))
    return page


ABOUT = {
    "coverage": "Accuracy by the share of images that the model answers.",
    "reliability-given": "Accuracy by confidence on given labels.",
    "reliability-gold": "Accuracy by confidence on gold labels.",
    "reliability-voted": "Accuracy by confidence on voted labels.",
    "accuracy": "Validation accuracy by epoch.",
    "loss": "Training and validation loss by epoch.",
}


def render(found: Record, plots: Mapping[str, Markup], best: str) -> str:
    """The page as HTML text; everything that comes from data is escaped.

    Args:
        found: `evaluate.model.Evaluation` as a dict.
        plots: SVG by name, as in `ABOUT`.
        best: The set of labels that is trusted most.
    """
    made = environment()
    styles = [(HERE / name).read_text(encoding="utf-8") for name in ("audit.css", "model.css")]
    provenance = found["about"]["provenance"]
    return made.get_template("model.html.j2").render(
        css=Markup("\n".join(styles)),
        found=found,
        plots=plots,
        best=best,
        split=SPLIT_TITLES[found["split"]],
        about_sets=SETS,
        summary=summary(found),
        scores=score_rows(found["sets"]),
        not_reviewed=not_reviewed(found),
        views=head_words.views(found),
        holds_for=head_words.holds_for(found),
        head_header=head_words.header(found),
        head_rows=head_words.rows(found),
        tempered=tempered(found),
        matrices={title: confusion_rows(one) for title, one in confusions(found).items()},
        facts=facts(found),
        recipe=json.dumps(provenance["recipe"], indent=2) if "recipe" in provenance else "",
        again=command(found),
    )


def summary(found: Record) -> str:
    """The page's first paragraph."""
    sets = found["sets"]
    said = [
        f"{prose.percent(s['accuracy'])} of {prose.number(s['images'])} {name} labels "
        f"({prose.percent(s['accuracy_low'])} to {prose.percent(s['accuracy_high'])})"
        for name, s in ((name, m["scores"]) for name, m in sets.items())
    ]
    text = f"The model's answer is that of {prose.listed(said)}; in brackets 95 % intervals."
    if found["split"] == "val":
        held = f" {chosen_by(found)}"
    else:
        held = " Nothing was chosen by this split, which is looked at once."
    return f"{text}{held} {found['why']}".rstrip()


def confusions(found: Record) -> dict[str, Record]:
    """Scores to show a matrix of, by title: given and gold labels; of a model with several heads
    each head on its own labels."""
    heads = head_words.own_heads(found)
    if len(heads) > 1:
        return {
            f"as {head['name']}, {head_words.LABELS[head_words.own_set(head)]}": head["sets"][
                head_words.own_set(head)
            ]["scores"]
            for head in heads
        }
    sets = found["sets"]
    return {f"{name} labels": sets[name]["scores"] for name in ("given", "gold") if name in sets}


def not_reviewed(found: Record) -> str:
    """Why no reviewed labels score; empty where they do."""
    if "reviewed" in found["sets"]:
        return ""
    elsewhere = [
        f"{prose.number(n)} of the {SPLIT_TITLES[split]} split"
        for split, n in found["reviewed"].items()
    ]
    settled = f"; reviewers settled {prose.listed(elsewhere)}" if elsewhere else ""
    return (
        f"No reviewed labels score: no image of the {SPLIT_TITLES[found['split']]} split has a "
        f"label that reviewers settled{settled}."
    )


def tempered(found: Record) -> str:
    """Which labels the temperature was fitted on, and what that means."""
    fits = found["about"]["provenance"].get("calibration")
    if fits is None:
        return "The temperature was fitted by an earlier version, on the whole validation split."
    fit = fits[found["answers_as"]]
    if not fit["images"]:
        return "No temperature was fitted: there were too few images for it."
    meaning = (
        " Where these labels err, a model that is calibrated on them is less sure than it should "
        "be of gold ones."
        if found["answers_as"] == "given"
        else ""
    )
    return (
        f"The temperature was fitted on {prose.number(fit['images'])} images: "
        f"{fit['fitted_on']}.{meaning}"
    )


def chosen_by(found: Record) -> str:
    """What the validation split had a part in."""
    if "chosen_on" not in found["about"]["provenance"]:
        return "An earlier version chose the epoch and the temperature on these images as well."
    return (
        f"These are {prose.number(found['images'])} of the split's "
        f"{prose.number(found['n_split'])} images, the half that chose nothing; the given labels "
        "of the other half chose the epoch."
    )


def score_rows(sets: Record) -> list[dict[str, Any]]:
    """One row a score, one value a set of labels."""
    rows = []
    for (name, meaning), (part, key) in zip(ROWS, _PLACES, strict=True):
        values = [m[part]["area"] if part == "abstention" else m[part][key] for m in sets.values()]
        is_share = part == "scores"
        shown = [prose.percent(v) if is_share else f"{v:.3f}" for v in values]
        rows.append({"name": name, "meaning": meaning, "values": shown})
    return rows


_PLACES = (
    ("scores", "accuracy"), ("scores", "balanced_accuracy"), ("scores", "macro_f1"),
    ("before", "ece"), ("after", "ece"), ("after", "nll"), ("after", "brier"),
    ("abstention", "area"),
)  # fmt: skip
"""Where each of `ROWS` stands in a measured set."""


def confusion_rows(scores: Record) -> list[dict[str, Any]]:
    """Rows of the heat map: shares of each label, with the counts and an opacity a cell."""
    classes = list(scores["by_class"])
    counts = scores["confusion"]
    shares = [[n / sum(row) if sum(row) else None for n in row] for row in counts]
    rows = heat_map(classes, shares)
    for row, numbers in zip(rows, counts, strict=True):
        row["images"] = sum(numbers)
        for cell, n in zip(row["cells"], numbers, strict=True):
            cell["count"] = n
    return rows


def facts(found: Record) -> list[tuple[str, str]]:
    """Where the model comes from, as pairs of words; what is nested is left to model.json."""
    about, training = found["about"], found["training"]
    pairs = [
        ("Network", about["architecture"]),
        (
            "Input",
            f"{about['side']} pixels" + (", and its mirror image" if about["mirrored"] else ""),
        ),
        ("Answers as", f"{found['answers_as']}, balance {found['balance']:g}"),
        ("Temperature", f"{found['temperature']:.2f}"),
    ]
    if training.get("parameters"):
        pairs.append(("Parameters", prose.number(training["parameters"])))
    if training.get("multiply_adds"):
        pairs.append(("Multiply-adds", prose.number(training["multiply_adds"])))
    if training.get("seconds"):
        pairs.append(("Training time", prose.duration(training["seconds"])))
    for key, value in about["provenance"].items():
        if isinstance(value, (str, int, float)) and value != "":
            pairs.append((key.replace("_", " ").capitalize(), _short(str(value))))
    return pairs


def _short(text: str) -> str:
    """A hash by its first digits, a time to the minute, anything else as it is."""
    if re.fullmatch("[0-9a-f]{64}", text):
        return text[:16]
    if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        return text[:16].replace("T", " ")
    return text


def command(found: Record) -> str:
    """The command that makes this page again; a votes file of one's own has to be added."""
    named = "--run" if found["training"] else "--model"
    split = "" if found["split"] == "val" else f" --split {found['split']}"
    if found["answers_as"] != found["about"]["answers_as"]:
        split += f" --as {found['answers_as']}"
    own = {head["name"]: head["balance"] for head in found["about"]["heads"]}
    if found["balance"] != own[found["answers_as"]]:
        split += f" --balance {found['balance']:g}"
    limited = found["views"].get("limited")
    labels = "" if limited is None else f" --labels {','.join(limited['classes'])}"
    return (
        f"fercurate evaluate {named} {shlex.quote(found['model'])}{split}{labels} "
        f"--dataset {shlex.quote(found['dataset'])}"
    )
