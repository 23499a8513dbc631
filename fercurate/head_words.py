"""The heads of a model in words and rows: for the page, the model card and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]
"""`evaluate.model.Evaluation` as a dict."""

AS = {
    "given": "the dataset's own labels would, errors included",
    "votes": "most of ten annotators would",
    "corrected": "the labels that cleaning corrected would",
}
OWN = {"given": "given", "votes": "gold", "corrected": "gold"}
"""The set of labels that each head is for."""

LABELS = {"given": "given labels", "gold": "gold rows"}


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def own_heads(found: Record) -> list[Record]:
    """Each head once, with its own balance."""
    own = {head["name"]: head["balance"] for head in found["about"]["heads"]}
    return [head for head in found["heads"] if head["balance"] == own[head["name"]]]


def own_set(head: Record) -> str:
    """The set of labels that a head is scored on first: its own, or else the given ones."""
    own = OWN.get(head["name"], "given")
    return own if own in head["sets"] else "given"


def views(found: Record) -> str:
    """What each head's answers mean, and how good they are; empty for a model with one head."""
    heads = own_heads(found)
    if len(heads) < 2:
        return ""
    said = []
    for head in heads:
        name = own_set(head)
        scores = head["sets"][name]["scores"]
        balance = f", with a balance of {head['balance']:g}" if head["balance"] else ""
        said.append(
            f"As {head['name']}{balance} it answers as {AS.get(head['name'], 'its labels would')}: "
            f"{percent(scores['accuracy'])} of the {LABELS[name]}, the mean recall of the classes "
            f"{percent(scores['balanced_accuracy'])}."
        )
    return " ".join(said)


def holds_for(found: Record) -> str:
    """For which rows "calibrated" and "right" hold; empty without votes."""
    name, balance = found["answers_as"], found["balance"]
    head = next(h for h in found["heads"] if h["name"] == name and h["balance"] == balance)
    sets = head["sets"]
    if not {"gold", "voted"} <= set(sets):
        return ""
    gold, voted = sets["gold"], sets["voted"]
    text = (
        "Gold rows are those on which more than half of the annotators agree, so the easier ones. "
        f"The calibration error is {gold['ece']:.3f} on them and {voted['ece']:.3f} on all rows "
        "with a class that most votes go to."
    )
    if head["threshold"] and gold["answered_right"] is not None:
        text += (
            f" From a probability of {head['threshold']:.2f} on, below which it says "
            f'"unclear", it is right on {percent(gold["answered_right"])} of the gold rows that it '
            f"answers and on {percent(voted['answered_right'])} of all such rows."
        )
    return text


def rows(found: Record) -> list[list[str]]:
    """A table: answers as, balance, then accuracy and balanced accuracy on given labels and gold
    rows where there are any."""
    made = []
    for head in found["heads"]:
        cells = [head["name"], f"{head['balance']:g}"]
        for name in LABELS:
            if name in found["sets"]:
                scores = head["sets"][name]["scores"]
                cells += [percent(scores["accuracy"]), percent(scores["balanced_accuracy"])]
        made.append(cells)
    return made


def header(found: Record) -> list[str]:
    """Of `rows`."""
    return ["answers as", "balance"] + [
        word
        for name, labels in LABELS.items()
        if name in found["sets"]
        for word in (labels, "balanced")
    ]
