from __future__ import annotations

import os
import signal
import threading

import pytest

from fercurate.errors import EXIT_STOPPED, FercurateError
from fercurate.live.stopping import Begun, listening


def test_a_signal_ends_at_once_until_there_is_something_to_finish() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(FercurateError) as caught, listening():
        os.kill(os.getpid(), signal.SIGINT)
    assert caught.value.code == EXIT_STOPPED
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_then_the_first_one_asks_and_the_second_one_ends(name: str) -> None:
    asked = threading.Event()
    with listening() as stop:
        stop.gently = asked
        os.kill(os.getpid(), getattr(signal, name))
        assert asked.is_set()
        assert stop.asked
        with pytest.raises(FercurateError):
            os.kill(os.getpid(), getattr(signal, name))


def test_other_threads_leave_the_signals_alone() -> None:
    before, inside = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with listening():
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before]


def test_begun_work_gives_its_result_or_its_error() -> None:
    assert Begun(lambda: 3).result() == 3
    with pytest.raises(ZeroDivisionError):
        Begun(lambda: 1 / 0).result()


@pytest.mark.parametrize("late", [False, True])
def test_what_nobody_wants_any_more_is_given_back(late: bool) -> None:
    go, given = threading.Event(), threading.Event()

    def work() -> int:
        go.wait(10)
        return 3

    begun = Begun(work, lambda value: given.set())
    if not late:
        go.set()
        assert begun.result() == 3
    begun.drop()
    go.set()
    assert given.wait(10)
