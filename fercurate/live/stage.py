"""The front of live: source, model and view put together, until the end."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fercurate.config import LiveConfig
from fercurate.errors import FercurateError
from fercurate.infer.info import ModelInfo, crop_geometry
from fercurate.live import checks, opening, views, words
from fercurate.live.controls import Controls
from fercurate.live.limit import Limit
from fercurate.live.pace import Paced
from fercurate.live.stats import Meter
from fercurate.live.stopping import Stop, listening
from fercurate.live.tally import Ending, LiveSummary, Tally
from fercurate.live.writers import Writers
from fercurate.progress import Progress

if TYPE_CHECKING:
    from fercurate.live.analyse import Analyser
    from fercurate.live.ports import Sink, Source


def run(config: LiveConfig, progress: Progress) -> LiveSummary:
    """Analyse a source and show it, until it ends, somebody presses q, or a signal comes.

    To be called in the main thread, which is the one that windows and signals want.

    Args:
        config: What to look at, with which model, how to show it and what to write.
        progress: Takes the first screen and the last lines.

    Returns:
        What it came to. A signal ends it as q does, so that all files are finished.

    Raises:
        InputError: a setting is wrong, or there is no such source or model.
        FercurateError: the source fails, a file cannot be written, or no view can be opened;
            what was written until then is finished.
    """
    checks.check(config)
    controls = Controls(config.smoothing, mirror=checks.is_mirrored(config), grouped=config.groups)
    with listening() as stop, contextlib.ExitStack() as stack:
        name = views.choose(config, progress)
        hearers: list[Callable[[str], None]] = [progress.say]

        def say(text: str) -> None:
            for hear in hearers:
                hear(text)

        asked = config.as_ is not None or config.balance is not None
        first = opening.model(config) if asked else None  # no camera for what it cannot do
        begun = stack.enter_context(opening.opening(config, say))
        classifier = first or opening.model(config)
        analyser = opening.analyser(classifier)
        controls.answer_with(classifier.info, config.as_, config.balance, config.threshold, say=say)
        _warn(classifier.info, progress)
        source = begun.result()
        view = stack.enter_context(
            views.opened(config, name, controls, classifier.info, source, progress)
        )
        if name != "none" and source is not None and not source.is_live:
            source = Paced(source, view.is_watched)
        source = source or view.camera
        if source is None:
            raise FercurateError("The page offers no camera.")
        for line in (*words.first_screen(config, source, name, classifier.info), *view.lines):
            progress.say(line)
        hearers.append(view.say)
        writers = Writers(config, classifier.info, source, controls, say)
        limit = Limit(controls, config.seconds, waits=source.is_live or name == "browser")
        return _run(source, analyser, writers, view.sinks, limit, controls, stop, progress)


def _run(
    source: Source,
    analyser: Analyser,
    writers: Writers,
    shown: tuple[Sink, ...],
    limit: Limit,
    controls: Controls,
    stop: Stop,
    progress: Progress,
) -> LiveSummary:
    from fercurate.live import loop

    tally = Tally(controls)
    stop.gently = controls.quit
    sinks: list[Sink] = [tally, limit, *writers.sinks, *shown]
    try:
        with _closing(sinks):
            loop.run(source, analyser, sinks, controls, Meter())
    finally:
        ended = _ending(controls, limit, stop)
        summary = tally.summary(source.name, ended, is_live=source.is_live, files=writers.files)
        for line in words.last_lines(summary):
            progress.say(line)
    return summary


@contextlib.contextmanager
def _closing(sinks: list[Sink]) -> Iterator[None]:
    """Finish all of them, whatever happens to one; a reader of stdout that left is no error."""
    try:
        with contextlib.ExitStack() as closing:
            for sink in sinks:
                closing.callback(sink.close)
            yield
    except BrokenPipeError:  # it has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ending(controls: Controls, limit: Limit, stop: Stop) -> Ending:
    if stop.asked:
        return "stopped"
    if limit.reached:
        return "time"
    return "quit" if controls.quit.is_set() else "end"


def _warn(info: ModelInfo, progress: Progress) -> None:
    if dict(info.crop) != crop_geometry():
        progress.warn("The model was made for faces that are framed otherwise; expect errors.")
