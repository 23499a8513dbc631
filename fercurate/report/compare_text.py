"""A comparison in words and in rows of a table, for the page, its README and the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

TRUTHS = {"given": "given labels", "gold": "gold rows"}
MEASURES = {"accuracy": "accuracy", "balanced": "balanced"}


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    rounded = round(100 * value, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def interval(gain: Record) -> str:
    return f"{points(gain['value'])} ({points(gain['low'])} to {points(gain['high'])})"


def spread(score: Record) -> str:
    """Mean over seeds in per cent, in brackets the standard deviation."""
    sd = "" if score["sd"] is None else f" ({100 * score['sd']:.1f})"
    return f"{100 * score['mean']:.1f}{sd}"


def truths(found: Record) -> list[str]:
    """The kinds of truth that scored, given labels first."""
    return [t for t in TRUTHS if t in found["rows"]]


def gain(
    found: Record, arm: str, against: str, truth: str, measure: str = "accuracy"
) -> Record | None:
    """One difference, None where it was not taken."""
    wanted = (arm, against, truth, measure)
    each = ((g["arm"], g["against"], g["truth"], g["measure"]) for g in found["gains"])
    return next((g for key, g in zip(each, found["gains"], strict=True) if key == wanted), None)


def pairs(found: Record) -> list[tuple[str, str]]:
    """(arm, against) in the order of the record, each once."""
    return list(dict.fromkeys((g["arm"], g["against"]) for g in found["gains"]))


def best(found: Record) -> Record | None:
    """The accuracy gain against the baseline that is largest on gold rows, else on given labels.

    Controls are left out, and arms trained on votes where there are others: they are the upper
    bound. None where nothing is left.
    """
    truth = truths(found)[-1]
    labels = {arm["name"]: arm["labels"] for arm in found["arms"] if arm["on"] != "random-control"}
    open_to = [
        g for g in found["gains"]
        if g["against"] == found["baseline"] and g["truth"] == truth
        and g["measure"] == "accuracy" and g["arm"] in labels
    ]  # fmt: skip
    without_votes = [g for g in open_to if labels[g["arm"]] != "votes"]
    return max(without_votes or open_to, key=lambda g: float(g["value"]), default=None)


def summary(found: Record) -> str:
    """The finding in two or three sentences."""
    top = best(found)
    if top is None:
        return f"Only the control was compared with {found['baseline']}."
    arm, truth = top["arm"], top["truth"]
    said = (
        f"Against {found['baseline']}, {arm} {_verb(top)} on {TRUTHS[truth]}: "
        f"{points(top['value'])} points of accuracy, between {points(top['low'])} and "
        f"{points(top['high'])} with 95 % confidence."
    )
    balanced = gain(found, arm, found["baseline"], truth, "balanced")
    if balanced is not None and balanced["excludes_zero"] and balanced["value"] * top["value"] < 0:
        said += f" Its balanced accuracy goes the other way: {interval(balanced)}."
    other = gain(found, arm, found["baseline"], "given") if truth == "gold" else None
    if other is not None:
        said += f" On given labels: {interval(other)}."
    control = next(
        (g for g in found["gains"] if g["arm"] == arm and g["against"] != found["baseline"]
         and g["truth"] == truth and g["measure"] == "accuracy"), None,
    )  # fmt: skip
    if control is not None:
        said += f" Against {control['against']}: {interval(control)}."
    return said


def _verb(found: Record) -> str:
    if not found["excludes_zero"]:
        return "shows no clear difference"
    return "is better" if found["value"] > 0 else "is worse"


def trades(found: Record) -> bool:
    """Whether an arm gains on gold rows and loses on given labels, against the baseline."""
    for arm in found["arms"]:
        on_gold = gain(found, arm["name"], found["baseline"], "gold")
        on_given = gain(found, arm["name"], found["baseline"], "given")
        if on_gold and on_given and on_gold["value"] > 0 > on_given["value"]:
            return True
    return False


def _a_copy(found: Record) -> str:
    return "a copy, exact or nearly so," if found["with_near"] else "an exact copy"


def notes(found: Record) -> list[str]:
    """What a reader must know to read the numbers rightly, a sentence or two each."""
    split, rows = found["split"], found["rows"]
    said = []
    if trades(found):
        said.append(
            "Given labels fall where gold rows rise because the labels of "
            f"{split} err in the same way as those of train (right on "
            f"{found['given_is_gold']:.0%} of gold rows): a model that learnt the errors is paid "
            "for repeating them there, one that did not is not."
        )
    scored = f"{rows['given']['rows']:,} images of {split} have a given label" if (
        "given" in rows
    ) else f"No image of {split} has a given label"  # fmt: skip
    if "gold" in rows:
        scored += (
            f", {rows['gold']['rows']:,} are gold rows: more than half of their FER+ votes go to "
            "one class. Votes score here, and train only the arms whose labels are votes"
        )
    else:
        scored += f". There are no FER+ votes on images of {split}, so that no gold row scores"
    said.append(f"{scored}.")
    if found["n_leaks"]:
        top = best(found)
        alone = top and gain(found, top["arm"], top["against"], "gold_alone")
        said.append(
            f"{found['n_leaks']:,} of these images have {_a_copy(found)} in another split, so that "
            "an arm may have been trained on them."
            + (
                f" On gold rows without such a copy {alone['arm']}: {interval(alone)}."
                if alone
                else ""
            )
        )
    left_out = [
        f"{arm['name']}: {', '.join(map(str, arm['left_out']))}"
        for arm in found["arms"]
        if arm["left_out"]
    ]
    if left_out:
        seeds = ", ".join(map(str, found["arms"][0]["seeds"]))
        said.append(
            "Runs of one seed are compared with each other. Seeds that all arms have, and that "
            f"count: {seeds}. Left out: {'; '.join(left_out)}."
        )
    n_seeds = len(found["arms"][0]["seeds"])
    said.append(
        f"Intervals: {found['draws']:,} bootstrap samples; images and seeds are drawn again with "
        "replacement, the same ones for all arms, copies of one image together. "
        + (
            f"With {n_seeds} seeds and more they are too wide rather than too narrow."
            if n_seeds > 2
            else f"With {n_seeds} seed{'s' * (n_seeds > 1)} they know too little of how runs "
            "differ, and are too narrow: use three or more."
        )
    )
    if found["differs"]:
        said.append(
            f"The runs differ in more than their training set: {', '.join(found['differs'])}. "
            "What is seen here may be due to that."
        )
    return said


def arm_rows(found: Record) -> list[list[str]]:
    """Arm, labels it was trained on, images, seeds; then each measure and truth."""
    return [
        [
            arm["name"],
            arm["labels"],
            "" if arm["n_train"] is None else f"{arm['n_train']:,}",
            f"{len(arm['seeds'])}",
            *(spread(found["scores"][arm["name"]][t][m]) for m in MEASURES for t in truths(found)),
        ]
        for arm in found["arms"]
    ]


def gain_rows(found: Record) -> list[list[str]]:
    """Arm, against; then the difference in each measure and truth, with its interval."""
    made = []
    for arm, against in pairs(found):
        each = (gain(found, arm, against, t, m) for m in MEASURES for t in truths(found))
        made.append([arm, against, *("" if g is None else interval(g) for g in each)])
    return made


def score_header(found: Record) -> list[str]:
    """Names of the columns that each measure and truth makes."""
    return [f"{MEASURES[m]}, {TRUTHS[t]}" for m in MEASURES for t in truths(found)]


def recipe_line(found: Record) -> str:
    """Network, the settings that matter most, and how the arms answer where told."""
    recipe = found["recipe"]
    parts = [str(recipe["model"])] if "model" in recipe else []
    parts += [f"{recipe['epochs']} epochs"] if "epochs" in recipe else []
    parts += [f"{key} {recipe[key]}" for key in ("batch", "optimizer", "balance") if key in recipe]
    parts += [f"answers as {found['answers_as']}"] if found["answers_as"] else []
    parts += [f"balance of the answers {found['balance']:g}"] if found["balance"] else []
    return ", ".join(parts)


def alt(found: Record) -> str:
    """What the picture shows, for those who do not see it."""
    return "Differences of accuracy with their intervals. " + "; ".join(
        f"{arm} against {against}: "
        + ", ".join(
            f"{interval(g)} on {TRUTHS[t]}"
            for t in truths(found)
            if (g := gain(found, arm, against, t)) is not None
        )
        for arm, against in pairs(found)
    )


def text(found: Record, command: str) -> str:
    """The page as Markdown."""
    recipe = recipe_line(found)
    lines = [
        f"# Did it help? {found['dataset']}, scored on {found['split']}",
        "",
        summary(found),
        "",
        f"One recipe for all arms{f': {recipe}' if recipe else ''}. All settings are in "
        "metrics.json. Repeat with:",
        "",
        f"    {command}",
        "",
        "![Differences of accuracy with their 95 % intervals](forest.png)",
        "",
        "Per cent; mean over seeds, in brackets the standard deviation. Balanced: mean recall of "
        "the seven classes.",
        "",
        *_table(["arm", "labels", "images", "seeds", *score_header(found)], arm_rows(found), 2),
        "",
        "Differences in points, in brackets the 95 % interval.",
        "",
        *_table(["arm", "against", *score_header(found)], gain_rows(found), 2),
        "",
    ]
    for note in notes(found):
        lines += [note, ""]
    return "\n".join(lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int) -> list[str]:
    rule = ["---" if i < n_left else "---:" for i in range(len(header))]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]
