"""The picture of a comparison: each arm's gain with its interval, given and gold side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fercurate.files import replacing
from fercurate.foreign import as_drawn
from fercurate.report.compare_text import TRUTHS, gain, pairs, points, truths

BASELINE, CONTROL, FAINT = "#0e747c", "#c46e18", "#59636e"


def plot(path: Path, found: Mapping[str, Any]) -> None:
    """Write the plot as PNG: a panel for each kind of truth, a row for each arm.

    Filled points are differences to the baseline, hollow ones to the random control; lines are
    95 % intervals. All panels have one scale.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    arms = [arm["name"] for arm in found["arms"] if arm["name"] != found["baseline"]]
    place = {name: len(arms) - 1 - i for i, name in enumerate(arms)}
    shown = truths(found)
    figure = Figure(figsize=(1.8 + 4.6 * len(shown), 1.7 + 0.62 * len(arms)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    has_control = False
    for axes, truth in zip(panels, shown, strict=True):
        axes.axvline(0, color=FAINT, linewidth=1)
        for arm, against in pairs(found):
            is_control = against != found["baseline"]
            has_control |= is_control
            found_gain = gain(found, arm, against, truth)
            if found_gain is None:
                continue
            value, low, high = (100 * found_gain[key] for key in ("value", "low", "high"))
            colour = CONTROL if is_control else BASELINE
            y = place[arm] - (0.26 if is_control else 0.0)
            axes.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot(
                value, y, "D" if is_control else "o", markersize=5 if is_control else 7,
                color=colour, markerfacecolor="white" if is_control else colour,
            )  # fmt: skip
            axes.annotate(
                points(found_gain["value"]), (value, y), xytext=(0, 5 if not is_control else -11),
                textcoords="offset points", ha="center", fontsize=8, color=colour,
            )  # fmt: skip
        base = found["scores"][found["baseline"]][truth]["accuracy"]
        axes.set_title(
            f"{TRUTHS[truth]} of {found['split']} ({found['rows'][truth]['rows']:,})", fontsize=10
        )
        axes.set_xlabel(
            f"points of accuracy; 0 is {found['baseline']}, {base['mean']:.1%} right", fontsize=9
        )
        axes.grid(axis="x", alpha=0.3)
        axes.tick_params(axis="x", labelsize=8)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.margins(x=0.08)
    panels[0].set_yticks([place[name] for name in arms], arms, fontsize=9)
    panels[0].set_ylim(-0.7, len(arms) - 0.4)
    if has_control:
        _legend(figure, found["baseline"])
    with replacing(path) as beside:
        as_drawn(figure).savefig(beside, dpi=130, format="png")


def _legend(figure: Any, baseline: str) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=BASELINE, marker="o", markersize=7, label=f"against {baseline}"),
        Line2D(
            [], [], color=CONTROL, marker="D", markersize=5, markerfacecolor="white",
            label="against random-control",
        ),
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
