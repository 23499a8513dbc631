"""The files that a session writes, as far as they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fercurate.config import LiveConfig
from fercurate.infer.info import ModelInfo
from fercurate.live import words
from fercurate.live.controls import Controls
from fercurate.live.draw import overlay
from fercurate.live.look import look_of
from fercurate.live.snapshots import Snapshots

if TYPE_CHECKING:
    from fercurate.live.frame import Result
    from fercurate.live.ports import Sink, Source
    from fercurate.live.text import Image


class Writers:
    """The sinks that write files.

    Args:
        config: Which files.
        info: The model's.
        source: Whose results are written.
        controls: Whether a snapshot is asked for, and what is drawn.
        say: Tells of each snapshot.
    """

    def __init__(
        self,
        config: LiveConfig,
        info: ModelInfo,
        source: Source,
        controls: Controls,
        say: Callable[[str], None],
    ) -> None:
        self._snapshots = Snapshots(config.snapshots, info.classes, controls, say)
        self._asked = tuple(words.outputs(config).values())
        self.sinks: list[Sink] = [self._snapshots]
        try:
            self.sinks.extend(_asked_for(config, info, source, controls))
        except BaseException:  # what was begun is not left lying about
            for sink in self.sinks:
                sink.close()
            raise

    @property
    def files(self) -> tuple[Path, ...]:
        """What is there by now."""
        return (*(path for path in self._asked if path.exists()), *self._snapshots.files)


def _asked_for(
    config: LiveConfig, info: ModelInfo, source: Source, controls: Controls
) -> Iterator[Sink]:
    if config.record is not None:
        from fercurate.live.record import Recorder

        draw = None if config.plain else _drawing(info.classes, controls)
        yield Recorder(config.record, draw, source.rate, is_live=source.is_live, force=config.force)
    if config.jsonl is not None:
        from fercurate.live.rows import JsonRows

        yield JsonRows(config.jsonl, info.classes, force=config.force)
    if config.csv is not None:
        from fercurate.live.rows import CsvRows

        yield CsvRows(config.csv, info.classes, force=config.force)
    if config.summary is not None:
        from fercurate.live.summary import Summary

        yield Summary(config.summary, info.classes, source.name, force=config.force)


def _drawing(classes: Sequence[str], controls: Controls) -> Callable[[Result], Image]:
    """What is recorded: the picture as others see it, never as a mirror does."""

    sides: dict[int, int] = {}

    def draw(result: Result) -> Image:
        look = replace(look_of(controls, classes), mirror=False, paused=False)
        return overlay(result, look, sides=sides)

    return draw
