"""The terminal: data on stdout, progress and messages on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fercurate.foreign import line
from fercurate.progress import Advance

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn, Task
    from rich.table import Table


def console(*, stderr: bool = False) -> Console:
    """A rich console that obeys NO_COLOR and writes no colour into a pipe.

    A text that it prints is one line: names may be in it as they are, and neither their control
    characters nor brackets in them are obeyed (`foreign.line`).
    """
    from rich.console import Console

    class Plain(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            shown = (line(one) if isinstance(one, str) else one for one in objects)
            super().print(*shown, **options)

    stream = sys.stderr if stderr else sys.stdout
    # a pipe has no width of its own: tables must not be cut at rich's 80 columns
    width = None if stream.isatty() else 120
    return Plain(
        file=stream, highlight=False, markup=False, emoji=False, width=width, soft_wrap=False
    )


class Terminal:
    """Progress bars and messages for a person; in a pipe or a log, only the messages."""

    def __init__(self) -> None:
        self._console = console(stderr=True)

    @contextmanager
    def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            _column(_rate),
            _column(_time_left),
        )
        if not self._console.is_terminal:
            yield _Log(name, total, self.say).advance
            return
        with Progress(*columns, console=self._console, transient=True) as bar:
            job = bar.add_task(line(name), total=total, unit=unit)
            yield lambda amount: bar.advance(job, amount)

    def say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)  # paths and links stay whole

    def warn(self, text: str) -> None:
        self._console.print(text, style="yellow", soft_wrap=True)


class _Log:
    """Progress for a file: a line every tenth of the way, at most one a half minute."""

    def __init__(self, name: str, total: float, say: Callable[[str], None]) -> None:
        self._name, self._total, self._say = name, total, say
        self._done = 0.0
        self._began = self._told = time.monotonic()
        self._next = 0.1

    def advance(self, amount: float) -> None:
        self._done += amount
        share = self._done / self._total if self._total else 1.0
        now = time.monotonic()
        if self._next <= share < 1 and now - self._told >= 30:
            left = (now - self._began) * (1 - share) / share
            self._say(f"{self._name}: {share:.0%}, {clock(left)} left")
            self._told = now
            self._next = share + 0.1


def _column(render: object) -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Column(ProgressColumn):
        max_refresh = 0.5

        def render(self, task: Task) -> Text:
            return Text(render(task), style="dim")  # type: ignore[operator]

    return Column()


def _rate(task: Task) -> str:
    return f"{task.speed:,.0f} {task.fields['unit']}/s" if task.speed else ""


def _time_left(task: Task) -> str:
    left = task.time_remaining
    return "" if left is None else f"{clock(left)} left"


def clock(seconds: float) -> str:
    """A duration as people say it: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def table(title: str, header: list[str], rows: list[list[object]]) -> Table:
    """A plain table: the first column left, the others right. A cell is one line, as above."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(title=line(title) or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(header):
        made.add_column(line(name), justify="right" if i else "left", no_wrap=True)
    for row in rows:
        made.add_row(*(line(cell if isinstance(cell, str) else _number(cell)) for cell in row))
    return made


def _number(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
