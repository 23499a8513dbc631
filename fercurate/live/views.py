"""Which view a session has, and what belongs to it."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fercurate.config import LiveConfig
from fercurate.infer.info import ModelInfo
from fercurate.live import checks, words
from fercurate.live.controls import Controls
from fercurate.live.window import Window, obstacle
from fercurate.loopback import has_desktop, tunnel
from fercurate.progress import Progress

if TYPE_CHECKING:
    from fercurate.live.page.serve import Served
    from fercurate.live.ports import Sink, Source

Name = Literal["window", "browser", "none"]


@dataclass(frozen=True)
class View:
    """How results are shown.

    Attributes:
        sinks: That show them.
        camera: The page's own, where that is the source.
        lines: What is said of it at the beginning.
        say: Tells those who look on.
        is_watched: Whether anybody looks on.
    """

    sinks: tuple[Sink, ...] = ()
    camera: Source | None = None
    lines: tuple[str, ...] = ()
    say: Callable[[str], None] = lambda text: None
    is_watched: Callable[[], bool] = lambda: True


def choose(config: LiveConfig, progress: Progress) -> Name:
    """The view that was asked for; by itself a window where one opens, else the page.

    A file that is only to be written about needs nobody who opens a page.

    Raises:
        FercurateError: a window was asked for, and none can be opened.
    """
    if config.source == checks.PAGE:
        return "browser"
    if config.view in ("browser", "none"):
        return config.view
    reason = obstacle()
    if reason is None:
        return "window"
    if config.view == "window":
        raise reason
    if words.outputs(config) and not checks.is_camera(config.source):
        progress.say(f"{reason.message} So nothing is shown; --view browser shows a page.")
        return "none"
    progress.say(f"{reason.message} It is shown in the browser instead.")
    return "browser"


@contextlib.contextmanager
def opened(
    config: LiveConfig,
    name: Name,
    controls: Controls,
    info: ModelInfo,
    source: Source | None,
    progress: Progress,
) -> Iterator[View]:
    """The view, and the page's server for as long as it is needed.

    Args:
        config: As it was asked for.
        name: Of the view.
        controls: Take its keys.
        info: The model's.
        source: What is shown; None where the page's own camera is.
        progress: Is told how the page's camera stands.

    Raises:
        FercurateError: the page cannot be served: its port is taken, say.
    """
    if name == "none":
        yield View()
    elif name == "window":
        title = "fercurate live" if source is None else f"fercurate live: {source.name}"
        yield View((Window(title, controls, info.classes),))
    else:
        from fercurate.live.page.serve import serve

        served = serve(
            controls,
            info.classes,
            source="" if source is None else source.name,
            port=config.port,
            camera=source is None,
            stored=words.stored(config, name),
            say=progress.say,
        )
        with contextlib.closing(served):
            yield View(
                (served.view,),
                served.camera,
                tuple(_invitation(served, config, source)),
                served.view.say,
                lambda: served.pages > 0,
            )


def _invitation(served: Served, config: LiveConfig, source: Source | None) -> Iterator[str]:
    """Where the page is; opens it where there is a desktop."""
    yield f"The page: {served.link}"
    if source is not None and not source.is_live:
        yield "The video begins when the page is open."
    if not config.open:
        return
    if has_desktop():
        ticket = served.ticket()
        # some browsers keep who called them until they are closed
        threading.Thread(target=_open, args=(ticket,), daemon=True, name="live-open").start()
    else:
        yield f"From another machine, run there and then open it: {tunnel(served.port)}"


def _open(link: str) -> None:
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(link, new=2)
