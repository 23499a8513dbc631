"""The loop: frames in, results out, until the source ends or somebody presses q."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fercurate.live.analyse import Analyser
    from fercurate.live.controls import Controls
    from fercurate.live.ports import Sink, Source
    from fercurate.live.stats import Meter

_TICK = 1 / 30
_REFRESH = 0.25
"""Seconds after which the figures are summed up anew."""


def run(
    source: Source,
    analyser: Analyser,
    sinks: Sequence[Sink],
    controls: Controls,
    meter: Meter,
) -> None:
    """Analyse frames and hand the results out, in the caller's thread.

    A live source's frames are read on while it is paused, and thrown away, so that it goes on
    with the newest. Source and sinks are closed by whoever opened them, whatever happens here.

    Args:
        source: Where frames come from.
        analyser: Looks at them.
        sinks: Take each result, in this order.
        controls: Quit and pause.
        meter: Counts results.

    Raises:
        FercurateError: the source failed for good, or a sink cannot do its work.
    """
    stats, summed = meter.stats(), float("-inf")
    while not controls.quit.is_set():
        if controls.paused and not source.is_live:
            controls.quit.wait(_TICK)
            _idle(sinks)
            continue
        try:
            frame = source.read(_TICK)
        except TimeoutError:
            _idle(sinks)
            continue
        if frame is None:
            return
        if controls.paused:
            analyser.skip(frame)
            _idle(sinks)
            continue
        result = analyser.analyse(frame, controls)
        now = perf_counter()
        meter.add(result, now)
        if now - summed >= _REFRESH:
            stats, summed = meter.stats(), now
        for sink in sinks:
            sink.take(result, stats)


def _idle(sinks: Sequence[Sink]) -> None:
    for sink in sinks:
        sink.idle()
