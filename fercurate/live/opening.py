"""What looks at the frames, opened beside the source: imports and cameras take their time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fercurate.config import LiveConfig
from fercurate.live import checks
from fercurate.live.stopping import Begun

if TYPE_CHECKING:
    from fercurate.infer.classifier import Classifier
    from fercurate.live.analyse import Analyser
    from fercurate.live.ports import Source


@contextlib.contextmanager
def opening(config: LiveConfig, say: Callable[[str], None]) -> Iterator[Begun[Source | None]]:
    """The source, as soon as it is open; None for the page's camera, which the page opens.

    It is closed at the end, also where nobody waited for it.

    Args:
        config: Which.
        say: Is told of a camera that is lost and comes back; from other threads.
    """
    begun: Begun[Source | None] = Begun(
        lambda: None if config.source == checks.PAGE else _source(config, say),
        lambda made: None if made is None else made.close(),
    )
    try:
        yield begun
    finally:
        begun.drop()


def _source(config: LiveConfig, say: Callable[[str], None]) -> Source:
    from fercurate.live.sources import open_source

    size = checks.camera_size(config.size)
    return open_source(config.source, size=size, fps=config.fps, loop=config.loop, say=say)


def model(config: LiveConfig) -> Classifier:
    """What classifies faces.

    Raises:
        InputError: there is no such model, the device is absent, or the model does not answer as
            it is asked to.
    """
    from fercurate.infer.classifier import open_classifier

    classifier = open_classifier(config.model, config.device, threads=1)
    classifier.info.point(config.as_, config.balance, config.threshold)
    return classifier


def analyser(classifier: Classifier) -> Analyser:
    """What finds, follows and classifies faces with a model.

    Raises:
        FercurateError: mediapipe cannot be used.
    """
    from fercurate.live.analyse import Analyser
    from fercurate.live.find import Finder

    return Analyser(classifier, Finder())
