"""A plot of what each face showed over time, made when a session ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate import outputs
from fercurate.foreign import as_drawn
from fercurate.live.frame import Result
from fercurate.live.history import Course, History, runs
from fercurate.live.look import UNCLEAR, ink_of
from fercurate.live.stats import Stats
from fercurate.live.targets import not_written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS = 12
_AWAY = 1.0
"""Seconds without a face from which on its plot has a gap."""

_POINTS = 240
"""Intervals that a plot has at most: in finer ones a long session is noise."""

_STEPS = (30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400)
"""Between the times that are written below, seconds."""

_STRIP = (-0.24, 0.15)
"""Bottom and height of the strip of labels, below the probabilities' 0 to 1."""


class Summary:
    """Plots the session at its end; a `Sink`.

    Args:
        path: Of the plot; .png, .svg or .pdf.
        classes: The model's, in order.
        title: Of the plot, such as the source's name.
        force: Whether a file that is there is replaced.
    """

    def __init__(
        self, path: Path, classes: Sequence[str], title: str = "", *, force: bool = False
    ) -> None:
        self._path, self._title, self._force = path, title, force
        self._history = History(classes)

    def take(self, result: Result, stats: Stats) -> None:
        self._history.add(result)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        """Write the plot, also of a session without a face; none where there was no frame.

        Raises:
            FercurateError: the disk is full, say, or the file is there by now.
        """
        if self._history.start is None:
            return
        figure = plot(self._history, self._title)
        try:
            with outputs.writing(self._path, "summary", force=self._force) as beside:
                as_drawn(figure).savefig(beside, format=self._path.suffix[1:].lower())
        except OSError as error:
            raise not_written(self._path, error) from error


def plot(history: History, title: str = "") -> Figure:
    """A row a face: its probabilities stacked, and below them a strip of its labels.

    Twelve rows at most, of the faces that were seen longest. Where a face was away there is
    nothing.

    Args:
        history: Of a session.
        title: Above the plot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    history = history.coarser(_POINTS)
    courses, others = history.courses(_MOST_ROWS)
    rows = max(1, len(courses))
    each = 2.6 if rows == 1 else 1.7 if rows <= 4 else 1.15
    figure = Figure(figsize=(10, 1.5 + rows * each), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    for course, ax in zip(courses, axes, strict=False):
        _draw_course(ax, course, history)
    if not courses:
        axes[0].text(0.5, 0.5, "No face was found.", ha="center", transform=axes[0].transAxes)
        axes[0].set_yticks([])
    _draw_time(axes[-1], history.start or 0.0, history.end + history.width)
    more = f" (and {others} seen for a shorter time)" if others else ""
    figure.suptitle(f"{title}{more}".strip(), x=0.01, ha="left", fontsize=11, fontweight="bold")
    if courses:
        _draw_legend(figure, history.classes, courses)
    return figure


def _draw_course(ax: Axes, course: Course, history: History) -> None:
    edges = history.width / 2
    usual = float(np.median(np.diff(course.times))) if len(course.times) > 1 else 0.0
    edges = max(edges, usual / 2)
    for run in runs(course.times, max(_AWAY, 3 * history.width, 3 * usual)):
        times = course.times[run]
        around = np.concatenate([[times[0] - edges], times, [times[-1] + edges]])
        shares = course.shares[run][[0, *range(len(times)), -1]]
        tops = np.cumsum(shares, axis=1)
        for i, name in enumerate(history.classes):
            low = tops[:, i - 1] if i else np.zeros(len(around))
            ax.fill_between(around, low, tops[:, i], color=_colour(name), linewidth=0)
        _draw_strip(ax, times, course.labels[run], edges)
    ax.set_ylim(_STRIP[0] - 0.03, 1)
    ax.set_yticks([0, 0.5, 1], ["0", "50%", "100%"], fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", labelsize=8)
    said = ", ".join(f"{name} {share:.0%}" for name, share in [*course.counted.items()][:4])
    ax.set_title(f"Face {course.track}:  {said}", loc="left", fontsize=9, pad=3)


def _draw_strip(
    ax: Axes, times: NDArray[np.float64], labels: tuple[str, ...], edges: float
) -> None:
    """The labels as bars, each until the next one begins."""
    starts = [i for i in range(len(labels)) if i == 0 or labels[i] != labels[i - 1]]
    lefts = [times[i] - edges for i in starts]
    rights = [*lefts[1:], times[-1] + edges]
    spans = [(left, right - left) for left, right in zip(lefts, rights, strict=True)]
    colours = [_colour(labels[i]) for i in starts]
    ax.broken_barh(spans, _STRIP, facecolors=colours, linewidth=0)


def _draw_time(ax: Axes, start: float, end: float) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    ax.set_xlim(start, max(end, start + 0.1))
    if end - start > 120:
        step = next((step for step in _STEPS if (end - start) / step <= 12), 86_400)
        ax.xaxis.set_major_locator(MultipleLocator(step))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _clock(x)))
        ax.set_xlabel("minutes" if end < 3600 else "hours", fontsize=9)
    else:
        ax.set_xlabel("seconds", fontsize=9)


def _clock(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def _draw_legend(figure: Figure, classes: Sequence[str], courses: Sequence[Course]) -> None:
    from matplotlib.patches import Patch

    said = {name for course in courses for name in course.counted} - {*classes, UNCLEAR}
    names = [*classes, *sorted(said), UNCLEAR]
    figure.legend(
        handles=[Patch(color=_colour(name), label=name) for name in names],
        loc="outside lower center", ncols=min(len(names), 8), frameon=False, fontsize=9,
        title="above: smoothed probabilities; strip below: the answer", title_fontsize=8,
    )  # fmt: skip


def _colour(name: str) -> tuple[float, float, float]:
    """Of matplotlib: red, green, blue, 0 to 1."""
    blue, green, red = ink_of(name)
    return red / 255, green / 255, blue / 255
