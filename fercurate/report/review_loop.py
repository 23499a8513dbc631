"""The simulated review as a page of numbers and a plot: what verdicts buy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fercurate.files import replacing, write_json, write_text

Record = dict[str, Any]

MEASURES = (
    ("average_precision", "average precision of the ranking"),
    ("label_accuracy", "most probable label right"),
    ("suggestion_accuracy", "suggestion right, of wrong labels"),
)


def write(folder: Path, dataset: str, found: Record) -> Path:
    """Write README.md, curve.png and metrics.json into `folder`.

    Args:
        folder: Made where it is missing.
        dataset: Its name.
        found: `evaluate.review_loop.ReviewLoop` as a dict.

    Returns:
        The README.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "metrics.json", found)
    _plot(folder / "curve.png", found)
    page = folder / "README.md"
    write_text(page, text(dataset, found))
    return page


def text(dataset: str, found: Record) -> str:
    """The page as Markdown."""
    profile = "" if found["profile"] == "generic" else f" --profile {found['profile']}"
    lines = [
        f"# What verdicts buy: {dataset}",
        "",
        "FER+ votes play the reviewer; the audit learns from the answers and is scored on the",
        f"gold rows that were not reviewed, of {found['n_gold']:,}. On "
        f"{found['given_accuracy']:.1%} of all of them",
        "the given label is right. Random images are a stratified sample as `fercurate review",
        "--sample` draws it. Mean over seeds, in brackets the deviation of the average precision.",
        f"Profile: {found['profile']}. Repeat with:",
        "",
        f"    fercurate evaluate review-loop --votes fer2013new.csv{profile}",
        "",
        "![Scores by number of verdicts](curve.png)",
        "",
        *_HEAD,
    ]
    careful = [p for p in found["points"] if p["reviewer"] not in CARELESS]
    lines += [_row(p) for p in careful]
    lines += [
        "",
        "Label right: the most probable class is the gold one. Suggestion right: of the gold",
        "errors, the most probable other class is. ECE: expected calibration error of the most",
        "probable class. Cross-entropy: of the soft labels to the shares of the votes, in nats, on",
        "all rows with votes. Certain: images of which a class is believed with 0.95 or more, and",
        "on how many of those with gold that is so. A reviewer is the majority of all votes, or",
        "one vote drawn at random. After the queue the worst rows are gone from what is scored, so",
        "its rows compare with one another alone.",
        "",
        "## Reviewers who do not look, slip, or mix two classes up",
        "",
        "Follows: the share of verdicts that follow the pictures, as the audit judges it without",
        "any vote. A careful reviewer is judged too: "
        + ", ".join(f"{p['follows']:.2f} after {p['n']:,}" for p in _judged(careful))
        + ".",
        "",
        *_HEAD,
        *(_row(p) for p in found["points"] if p["reviewer"] in CARELESS),
        "",
        "## Confidence in a suggestion, after 500 random verdicts",
        "",
        "| confidence | mean | right | images, all seeds |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| from {b['from']:.1f} | {b['confidence']:.3f} | {b['right']:.3f} | {b['images']:,} |"
        for b in found["reliability"]
    ]
    lines += [
        "",
        "## A profile learnt on one half of the rows, scored on the other, no other verdict",
        "",
        "| verdicts that taught it | average precision | label right | suggestion right |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {h['verdicts']:,} | {h['average_precision']:.3f} | {h['label_accuracy']:.3f} | "
        f"{h['suggestion_accuracy']:.3f} |"
        for h in found["halves"]
    ]
    return "\n".join([*lines, ""])


_HEAD = (
    "| verdicts | reviewer | average precision | label right | suggestion right | ECE "
    "| cross-entropy | certain, right | follows |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)

CARELESS = ("slips", "always neutral", "sad called neutral", "inverted")
"""Reviewers that have a table of their own."""


def _row(point: Record) -> str:
    right = point["certain_right"]
    certain = f"{point['certain']:,.0f}" + ("" if right is None else f", {right:.3f}")
    follows = "" if point["follows"] is None else f"{point['follows']:.2f}"
    cells = (
        _how(point), point["reviewer"],
        f"{point['average_precision']:.3f} ({point['deviation']:.3f})",
        f"{point['label_accuracy']:.3f}", f"{point['suggestion_accuracy']:.3f}",
        f"{point['calibration_error']:.3f}", f"{point['cross_entropy']:.3f}", certain, follows,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _judged(points: list[Record]) -> list[Record]:
    """The majority's points that its trust is quoted at."""
    return [p for p in points if p["reviewer"] == "majority" and p["n"] in (20, 100, 500)
            and p["how"] == "random"]  # fmt: skip


def _how(point: Record) -> str:
    if point["how"] == "the audit":
        return "none: the audit as it stands" if not point["n"] else f"{point['n']} given"
    return f"{point['n']:,}, {point['how']}"


def _plot(path: Path, found: Record) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    points = found["points"]
    first = points[0]
    for axes, (measure, title) in zip(figure.subplots(1, 3), MEASURES, strict=True):
        for reviewer, colour in (("majority", "#c2185b"), ("random", "#3a7ca5")):
            curve = [p for p in points if p["how"] == "random" and p["reviewer"] == reviewer]
            n = [p["n"] for p in curve]
            axes.plot(
                n, [p[measure] for p in curve], "o-", color=colour, markersize=4,
                label="majority of votes" if reviewer == "majority" else "one random vote",
            )  # fmt: skip
            if measure == "average_precision":
                low = [p[measure] - p["deviation"] for p in curve]
                high = [p[measure] + p["deviation"] for p in curve]
                axes.fill_between(n, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.axhline(first[measure], color="#455a64", linestyle="--", linewidth=1)
        axes.annotate(
            "no verdict", (1, first[measure]), xycoords=("axes fraction", "data"),
            xytext=(-4, 4), textcoords="offset points", fontsize=8, color="#455a64", ha="right",
        )  # fmt: skip
        axes.set_xscale("log")
        ticks = [p["n"] for p in points if p["how"] == "random" and p["reviewer"] == "majority"]
        shown = [n for n in ticks if str(n)[0] == "1"] or ticks  # all would overlap
        axes.set_xticks(shown, [f"{n:,}" for n in shown], fontsize=8)
        axes.minorticks_off()
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("verdicts on random images", fontsize=9)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[2].legend(fontsize=8, loc="center right", frameon=False)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110, format="png")
