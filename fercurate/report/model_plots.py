"""The plots of a model's page, once as PNG and once as SVG in the page's own colours."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from fercurate.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Record = Mapping[str, Any]

INK, SOFT, LINE = "#1a1f24", "#59636e", "#e1e5e9"
GIVEN, GOLD, VOTED, REVIEWED = "#0e747c", "#c46e18", "#a08a3c", "#7b5ea7"
COLOURS = {"given": GIVEN, "gold": GOLD, "voted": VOTED, "reviewed": REVIEWED}
_IN_PAGE = {
    INK: "currentColor",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    GIVEN: "rgb(var(--accent))",
    GOLD: "rgb(var(--less))",
}
"""What each colour becomes in the page, which knows a light and a dark theme."""

FEWEST = 10
"""Bins of fewer images are not drawn: their accuracy is chance."""

SIZE = (5.2, 3.3)
"""Inches; at 500 pixels of width the text stays as large as it is drawn."""


def learning(training: Record) -> tuple[Figure, Figure] | None:
    """Accuracy and loss by epoch, None where the run kept no curve."""
    epochs = training.get("epochs") or []
    if not epochs:
        return None
    from matplotlib.ticker import MaxNLocator

    numbers = [e["epoch"] for e in epochs]
    known = [e for e in epochs if e.get("val_accuracy") is not None]
    at = [e["epoch"] for e in known]
    accuracy, accuracies = _axes("epoch", "accuracy")
    accuracies.plot(at, [e["val_accuracy"] for e in known], color=GIVEN)
    best = next((e for e in known if e["epoch"] == training.get("best_epoch")), None)
    if best is not None:
        x, y = best["epoch"], best["val_accuracy"]
        accuracies.plot([x], [y], "o", color=GIVEN, markersize=5)
        accuracies.annotate(
            f"best: epoch {x}, {100 * y:.1f} %", (0.97, 0.06), xycoords="axes fraction",
            ha="right", color=INK,
        )  # fmt: skip
    accuracies.yaxis.set_major_formatter(_percent())
    loss, losses = _axes("epoch", "loss, nats")
    losses.plot(numbers, [e["loss"] for e in epochs], color=SOFT, label="training")
    losses.plot(at, [e["val_loss"] for e in known], color=GIVEN, label="validation")
    _legend(losses)
    for axes in (accuracies, losses):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return accuracy, loss


def reliability(before: Record, after: Record, temperature: float) -> Figure:
    """Accuracy by confidence; on the diagonal a model is right as often as it says."""
    figure, axes = _axes("probability of the likeliest class", "share that is right")
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8)
    total = sum(b["images"] for b in after["bins"]) or 1
    axes.bar(
        [(b["low"] + b["high"]) / 2 for b in after["bins"]],
        [b["images"] / total for b in after["bins"]],
        width=0.06, color=LINE,
    )  # fmt: skip
    for found, colour, style, name in (
        (before, GOLD, "o--", "untempered"), (after, GIVEN, "o-", f"temperature {temperature:.2f}")
    ):  # fmt: skip
        bins = [b for b in found["bins"] if b["images"] >= FEWEST]
        axes.plot(
            [b["confidence"] for b in bins], [b["accuracy"] for b in bins], style, color=colour,
            markersize=3.5, label=f"{name}, ECE {found['ece']:.3f}",
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent())
    # above the plot: inside, a curve may run anywhere
    axes.legend(
        frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
    )  # fmt: skip
    return figure


def coverage(sets: Record) -> Figure:
    """Accuracy by the share of images that the model answers."""
    figure, axes = _axes("share of the images answered, the surest first", "share that is right")
    for name, measured in sets.items():
        points = [p for p in measured["abstention"]["curve"] if p["coverage"] >= 0.03]
        axes.plot(
            [p["coverage"] for p in points], [p["accuracy"] for p in points],
            color=COLOURS.get(name, SOFT), label=f"{name} labels",
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(top=1.005)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent())
    _legend(axes, loc="lower left")
    return figure


def confusions(scores: Mapping[str, Record]) -> Figure:
    """Confusion matrices side by side, rows scaled to 1, with the counts; scores by title."""
    figure = _figure((5.6 * len(scores), 5.2))
    places = figure.subplots(1, len(scores), squeeze=False)[0]
    for axes, (title, one) in zip(places, scores.items(), strict=True):
        _matrix(axes, list(one["by_class"]), one["confusion"])
        axes.set_title(f"{title}: {one['accuracy']:.1%} right", fontsize=11, color=INK)
    return figure


def _matrix(axes: Axes, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shares = [[n / max(1, sum(row)) for n in row] for row in counts]
    axes.imshow(shares, cmap=LinearSegmentedColormap.from_list("", ["#ffffff", GIVEN]), vmax=1)
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            dark = shares[i][j] > 0.55
            axes.annotate(
                f"{shares[i][j]:.0%}\n{n:,}", (j, i), ha="center", va="center", fontsize=8,
                color="#ffffff" if dark else INK if shares[i][j] >= 0.05 else SOFT,
            )  # fmt: skip
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right", fontsize=9)
    axes.set_yticks(range(len(classes)), classes, fontsize=9)
    axes.set_xlabel("the model's answer", fontsize=9, color=SOFT)
    axes.set_ylabel("label", fontsize=9, color=SOFT)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    with replacing(path) as beside:
        figure.savefig(beside, dpi=130, format="png", facecolor="#ffffff")


def svg(figure: Figure, about: str) -> Markup:
    """A figure as inline SVG that follows the page's theme; `about` is read out for it."""
    import matplotlib

    drawn = io.StringIO()
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": about}
    with matplotlib.rc_context(settings):
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]+)"', text)
    box = view[1] if view else "0 0 1 1"
    opening = f'<svg class="plot" viewBox="{box}" role="img" aria-label="{escape(about)}">'
    text = re.sub(r"<svg[^>]*>", opening, text, count=1)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", text)
    for colour, name in _IN_PAGE.items():
        text = text.replace(colour, name)
    return Markup(text)


def _figure(size: tuple[float, float] = SIZE) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    figure = _figure()
    axes = figure.subplots()
    axes.set_xlabel(x, color=SOFT)
    axes.set_ylabel(y, color=SOFT)
    axes.tick_params(colors=SOFT, length=0, pad=6)
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    return figure, axes


def _legend(axes: Axes, loc: Any = "best") -> None:
    axes.legend(frameon=False, labelcolor=INK, loc=loc)


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(xmax=1, decimals=0, symbol=" %")
