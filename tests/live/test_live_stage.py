"""The whole of live with a source made by hand: what is opened, said, written and closed."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_cases import picture
from waiting import HANG, until

from fercurate.config import LiveConfig
from fercurate.errors import EXIT_STOPPED, FercurateError, InputError
from fercurate.live import opening, stage, views
from fercurate.live.frame import Frame
from fercurate.progress import Quiet


class Heard(Quiet):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Source:
    """So many frames; `then` is called in place of the one after them."""

    name = "a camera"
    rate: float | None = 30.0

    def __init__(
        self, n: int, *, is_live: bool = True, then: Callable[[], Frame | None] = lambda: None
    ) -> None:
        self._n, self._then, self.is_live = n, then, is_live
        self._index = -1
        self.closed = 0

    def read(self, timeout: float) -> Frame | None:
        self._index += 1
        if self._index >= self._n:
            return self._then()
        return Frame(picture(), self._index / 30, self._index, time.perf_counter())

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Says what `open_source` gives, or raises."""

    def given(source: Any) -> None:
        def open_source(config: LiveConfig, say: object) -> Any:
            if isinstance(source, BaseException):
                raise source
            return source

        monkeypatch.setattr(opening, "_source", open_source)

    return given


HEADLESS = LiveConfig(view="none")


def threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("live")}


def test_a_source_that_ends(opens: Callable[[Any], None]) -> None:
    source, heard = Source(5), Heard()
    opens(source)
    found = stage.run(HEADLESS, heard)
    assert (found.frames, found.faces, found.ended, found.files) == (5, 0, "end", ())
    assert source.closed >= 1
    assert heard.lines[0].startswith("a camera, 30 frames/s; the model of the package")
    assert "Nothing is stored." in heard.lines
    assert heard.lines[-1].startswith("5 frames, no face, in ")
    assert threads() == set()


def test_seconds_end_it(opens: Callable[[Any], None]) -> None:
    opens(Source(10_000))
    found = stage.run(replace(HEADLESS, seconds=0.5), Heard())
    assert (found.ended, found.frames) == ("time", 16)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_finishes_and_the_handlers_are_given_back(
    name: str, opens: Callable[[Any], None]
) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)

    def then() -> Frame:
        os.kill(os.getpid(), number)
        return Frame(picture(), 1.0, 3, time.perf_counter())

    heard = Heard()
    opens(Source(3, then=then))
    found = stage.run(HEADLESS, heard)
    assert (found.ended, found.frames) == ("stopped", 4)
    assert heard.lines[-1].startswith("4 frames")
    assert signal.getsignal(number) == before


def test_a_signal_while_a_slow_source_opens_ends_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, go = Source(3), threading.Event()

    def slow(config: LiveConfig, say: object) -> Source:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        go.wait(HANG)
        return source

    monkeypatch.setattr(opening, "_source", slow)
    with pytest.raises(FercurateError) as caught:
        stage.run(HEADLESS, Heard())
    assert caught.value.code == EXIT_STOPPED
    go.set()
    until(lambda: source.closed)  # what opens after all is closed again
    assert source.closed == 1


@pytest.mark.parametrize("error", [InputError("There is no file x."), FercurateError("No camera.")])
def test_a_source_that_does_not_open(error: FercurateError, opens: Callable[[Any], None]) -> None:
    heard = Heard()
    opens(error)
    with pytest.raises(FercurateError) as caught:
        stage.run(HEADLESS, heard)
    assert caught.value is error
    assert heard.lines == []
    assert threads() == set()


def test_a_wrong_model_closes_the_source(opens: Callable[[Any], None]) -> None:
    source = Source(5)
    opens(source)
    with pytest.raises(InputError, match="no model"):
        stage.run(replace(HEADLESS, model=Path("nowhere.onnx")), Heard())
    until(lambda: source.closed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"as_": "nobody"}, "does not answer as nobody"), ({"balance": 2.0}, "between 0 and 1")],
)
def test_a_head_that_is_not_there_opens_no_camera(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opening, "_source", lambda config, say: opened.append(config.source))
    heard = Heard()
    with pytest.raises(InputError) as caught:
        stage.run(replace(HEADLESS, **changes), heard)
    assert message in f"{caught.value.message} {caught.value.fix}"
    assert (opened, heard.lines) == ([], [])


def test_a_camera_that_is_pulled_out_leaves_finished_files(
    opens: Callable[[Any], None], tmp_path: Path
) -> None:
    def then() -> Frame:
        raise FercurateError("camera 0 is gone.", "Plug it in.")

    source, heard = Source(4, then=then), Heard()
    opens(source)
    rows = tmp_path / "rows.csv"
    with pytest.raises(FercurateError, match="is gone"):
        stage.run(replace(HEADLESS, csv=rows), heard)
    assert source.closed
    assert heard.lines[-1] == f"Written: {rows}"
    assert rows.read_text().startswith("time,frame,track,label,")


def test_a_reader_that_has_enough_is_the_end(
    opens: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def then() -> Frame:
        raise BrokenPipeError

    source = Source(4, then=then)
    opens(source)
    kept = os.dup(sys.__stdout__.fileno())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", sys.__stdout__)
            assert stage.run(HEADLESS, Heard()).frames == 4
    finally:
        os.dup2(kept, sys.__stdout__.fileno())
        os.close(kept)
    assert source.closed


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others always have a display")
@pytest.mark.usefixtures("no_display")
@pytest.mark.parametrize(
    ("changes", "view", "says"),
    [
        ({}, "browser", "It is shown in the browser instead"),
        ({"source": "a.mp4"}, "browser", "It is shown in the browser instead"),
        ({"source": "a.mp4", "jsonl": Path("x")}, "none", "--view browser"),
        ({"jsonl": Path("x")}, "browser", "It is shown in the browser instead"),
        ({"source": "browser"}, "browser", ""),
        ({"view": "none"}, "none", ""),
        ({"view": "browser"}, "browser", ""),
    ],
)
def test_the_view_without_a_display(changes: dict[str, Any], view: str, says: str) -> None:
    heard = Heard()
    assert views.choose(replace(LiveConfig(), **changes), heard) == view
    assert says in heard.text
    assert bool(says) == bool(heard.lines)


def test_the_view_where_a_window_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "obstacle", lambda: None)
    heard = Heard()
    assert views.choose(LiveConfig(), heard) == "window"
    assert views.choose(LiveConfig(view="browser"), heard) == "browser"
    assert heard.lines == []


@pytest.mark.usefixtures("no_display")
def test_the_page_is_served_as_long_as_it_lasts(opens: Callable[[Any], None]) -> None:
    import urllib.error
    import urllib.request

    answers = []

    def then() -> None:
        link = next(line for line in heard.lines if line.startswith("The page: "))
        base = link.removeprefix("The page: ").split("#")[0]
        answers.append(base)
        with urllib.request.urlopen(base, timeout=10) as answer:
            answers.append(answer.status)

    heard = Heard()
    opens(Source(3, then=then))
    found = stage.run(LiveConfig(view="browser"), heard)
    assert found.frames == 3
    assert answers[1] == 200
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(answers[0], timeout=10)
    assert any("ssh -N -L" in line for line in heard.lines)
    assert threads() == set()


@pytest.mark.usefixtures("no_display")
def test_a_video_waits_for_the_page(opens: Callable[[Any], None]) -> None:
    heard = Heard()
    opens(Source(3, is_live=False))
    found = stage.run(LiveConfig(view="browser", seconds=0.3), heard)
    assert (found.frames, found.ended) == (0, "time")
    assert "The video begins when the page is open." in heard.lines


def test_it_goes_into_json(opens: Callable[[Any], None], capsys: pytest.CaptureFixture) -> None:
    from fercurate import show_live

    opens(Source(2))
    show_live.ended(stage.run(HEADLESS, Heard()), as_json=True)
    assert json.loads(capsys.readouterr().out)["frames"] == 2
