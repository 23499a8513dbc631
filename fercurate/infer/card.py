"""The model card: what a model was made of, how good it is, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fercurate import head_words
from fercurate.infer.info import ModelInfo

_SETS = {
    "given": "given: the dataset's own labels",
    "gold": "gold: images on whose class more than half of ten annotators agree (FER+)",
    "voted": "voted: images on which one class has the most votes, gold ones and less clear ones",
    "reviewed": "reviewed: images that a person settled",
}

_LIMITS = """\
## What it must not be used for

- Inferring the emotions of people at work or in education. Article 5(1)(f) of the EU AI Act \
(Regulation 2024/1689) prohibits that, except for medical or safety reasons.
- Decisions about people: hiring, grading, credit, insurance, policing, migration, health.
- Watching people who do not know of it or have not agreed.
- Saying what somebody feels. An expression that a face shows is not a felt emotion: people \
smile without joy and grieve without tears, and how they do so differs between persons, \
cultures and situations (Barrett et al. 2019, https://doi.org/10.1177/1529100619832930).

It is made for research, teaching, art and play, and for programs whose user sees what it says \
and can ignore it.

## Limits

- It learnt from FER2013's photographs: found by search engines in 2013 with words of emotion, \
many of them posed, of actors or from stock. Faces of daily life are less clear.
- Nobody knows the ages, genders, skin colours or origins of the people in FER2013, so that \
accuracy by group cannot be given. Expect it to differ between groups; measure it on your own \
people before you rely on it.
- Seven words do not cover what faces show. Contempt, pain, boredom and most mixtures are not \
among them, and the answer is one of the seven even where none fits.
- It sees one still, grey face of 48 pixels: no voice, no motion, no situation.
- Faces turned by more than about 30 degrees, covered or very dark are hard for it.
- Probabilities are calibrated on the dataset, those of a votes head on its gold rows. On other \
pictures they are too sure."""


def card(info: ModelInfo, scores: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """A model card in Markdown.

    Args:
        info: Of the model.
        scores: What `fercurate evaluate --json` printed of it, once for each split.

    Returns:
        Text that ends with a line break.
    """
    splits = [scores] if isinstance(scores, Mapping) else list(scores)
    parts = [
        f"# Facial expressions: {info.architecture}",
        _summary(info),
        "## What it was trained on",
        _made_of(info.provenance),
        *[_scores_of(found) for found in splits],
        _LIMITS,
        "## How to give it a face",
        _geometry(info),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(info: ModelInfo) -> str:
    mirrored = "; its answer is the mean over a face and its mirror image" if info.mirrored else ""
    text = (
        f"Takes a grey face of 48x48 pixels (`faces`, uint8 [N, 48, 48]) and gives a probability "
        f"for each of {len(info.classes)} expressions: {', '.join(info.classes)}. The network "
        f"sees {info.side}x{info.side} pixels{mirrored}."
    )
    if len(info.heads) > 1:
        names = " and ".join(f"`{head.name}`" for head in info.heads)
        text += (
            f" It has a head for each kind of labels that it learned: {names}. `probabilities` "
            f"and `logits` are those of `{info.answers_as}`, `logits_<head>` of each."
        )
    unclear = (
        ' Below the threshold the answer is "unclear"; at 0 it never is.'
        if any(head.threshold for head in info.heads)
        else ""
    )
    rows = [
        f"| {head.name} | {head.temperature:.3f} | {head.balance:g} | {head.threshold:.2f} | "
        + " | ".join(f"{share:.1%}" for share in head.prior or ())
        + (" |" if head.prior else "")
        for head in info.heads
    ]
    shares = info.classes if all(head.prior for head in info.heads) else ()
    columns = "".join(f" {name} |" for name in shares)
    return "\n".join(
        [
            text,
            "",
            "From a head's logits its balance times the log of the class's share in training is "
            f"taken off; over its temperature they go into the softmax.{unclear}",
            "",
            f"| head | temperature | balance | threshold |{columns}",
            _rule(4 + len(shares)),
            *rows,
        ]
    )


def _made_of(provenance: Mapping[str, Any]) -> str:
    known = {
        "dataset": "dataset",
        "manifest_sha256": "sha256 of its manifest",
        "on": "images",
        "labels": "labels",
        "teachers": "half of each label from the networks of",
        "seed": "seed",
        "epochs": "epochs",
        "best_epoch": "epoch, chosen by given labels of validation",
        "chosen_on": "chosen on",
        "operating_points": "settings of the heads",
        "code": "fercurate",
        "torch": "torch",
        "device": "trained on",
        "date": "finished",
        "recipe": "recipe",
    }
    lines = [
        f"- {text}: {_WORDS.get((key, str(provenance[key]))) or _said(provenance[key])}"
        for key, text in known.items()
        if key in provenance
    ]
    for head, counts in provenance.get("targets_from", {}).items():
        if isinstance(counts, Mapping):  # earlier versions knew one head
            lines.append(f"- the head `{head}` learned from: {_said(counts)}")
    for head, fit in provenance.get("calibration", {}).items():
        lines.append(f"- temperature of `{head}` fitted on: {fit['fitted_on']}")
    return "\n".join(lines) or "Its file does not say."


_WORDS = {
    ("on", "raw"): "the dataset as it was imported",
    ("on", "clean"): "those that `fercurate clean` kept",
    ("on", "random-control"): "as many as `fercurate clean` kept, at random",
    ("labels", "given"): "the dataset's own",
    ("labels", "corrected"): "soft, corrected by `fercurate clean`",
    ("labels", "given+votes"): "the dataset's own for one head, shares of the FER+ votes for the "
    "other, which an image without votes taught nothing",
    ("labels", "given+corrected"): "the dataset's own for one head, soft ones corrected by "
    "`fercurate clean` for the other",
    ("labels", "votes"): "shares of the FER+ votes where an image has any, else soft, corrected "
    "by `fercurate clean`",
}


def _said(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(item)}" for key, item in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value}"


def _scores_of(found: Mapping[str, Any]) -> str:
    """The scores of one split: a line a set of labels, then each class."""
    sets: Mapping[str, Any] = found["sets"]
    head = f"## How good it is: {found['dataset']}, {found['split']}"
    header = (
        "| labels | images | accuracy | 95 % interval | balanced | macro F1 | "
        "calibration error | untempered |"
    )
    rows = []
    for name, measured in sets.items():
        s = measured["scores"]
        rows.append(
            f"| {name} | {s['images']:,} | {s['accuracy']:.1%} | "
            f"{s['accuracy_low']:.1%} to {s['accuracy_high']:.1%} | "
            f"{s['balanced_accuracy']:.1%} | {s['macro_f1']:.3f} | "
            f"{measured['after']['ece']:.3f} | {measured['before']['ece']:.3f} |"
        )
    told = "\n".join(f"- {_SETS[name]}" for name in sets if name in _SETS)
    classes = list(next(iter(sets.values()))["scores"]["by_class"]) if sets else []
    columns = " | ".join(f"{name}: images | precision | recall" for name in sets)
    by_class = [
        f"| {one} | "
        + " | ".join(
            _class_cells(measured["scores"]["by_class"][one]) for measured in sets.values()
        )
        + " |"
        for one in classes
    ]
    several = len(found["heads"]) > 1
    return "\n".join(
        [
            head, "", *(_every_way(found) if several else ()),
            *([f"In full, as `{found['answers_as']}` with a balance of {found['balance']:g}:", ""]
              if several else ()),
            header, _rule(8), *rows, "", told, "", head_words.holds_for(found), "",
            str(found.get("why") or ""), "",
            f"| class | {columns} |", _rule(1 + 3 * len(sets)), *by_class,
        ]
    ).replace("\n\n\n\n", "\n\n")  # fmt: skip


def _every_way(found: Mapping[str, Any]) -> list[str]:
    """What the heads' answers mean, each at each balance, and how much of each class each finds."""
    titles = head_words.header(found)
    heads = head_words.own_heads(found)
    recalls = {
        f"{head['name']}, balance {head['balance']:g}, "
        f"{head_words.LABELS[head_words.own_set(head)]}": head["sets"][head_words.own_set(head)]
        for head in heads
    }
    classes = list(next(iter(recalls.values()))["scores"]["by_class"])
    return [
        head_words.views(found),
        "",
        f"| {' | '.join(titles)} |",
        _rule(len(titles)),
        *(f"| {' | '.join(row)} |" for row in head_words.rows(found)),
        "",
        "Share of each class that is found:",
        "",
        f"| class | {' | '.join(recalls)} |",
        _rule(1 + len(recalls)),
        *(
            f"| {one} | "
            + " | ".join(f"{s['scores']['by_class'][one]['recall']:.1%}" for s in recalls.values())
            + " |"
            for one in classes
        ),
        "",
    ]


def _class_cells(scores: Mapping[str, Any]) -> str:
    return f"{scores['support']:,} | {scores['precision']:.1%} | {scores['recall']:.1%}"


def _rule(columns: int) -> str:
    return "| --- " + "| ---: " * (columns - 1) + "|"


def _geometry(info: ModelInfo) -> str:
    crop = info.crop
    lines = [f"- {key.replace('_', ' ')}: {_said(value)}" for key, value in crop.items()]
    return "\n".join(
        [
            "The crop is a square around the detector's box, as FER2013 was cut; "
            "`fercurate predict` does this by itself.",
            "",
            *lines,
        ]
    )
