"""`fercurate review` from its first word to its last, in a process of its own."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from review_process import Make, Review, audited

from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.review import stage
from fercurate.workspace import Workspace


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Review]]:
    running = []

    def started(workspace: Workspace, *arguments: str) -> Review:
        running.append(Review(workspace, tmp_path / "home", *arguments))
        return running[-1]

    (tmp_path / "home").mkdir()
    yield started
    for review in running:
        if review.process.poll() is None:
            review.process.terminate()
            review.process.wait(60)


def gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(15)
    return not process.is_running()


def test_a_review_opens_takes_a_verdict_and_ends_with_ctrl_c(
    make_workspace: Make, start: Callable[..., Review]
) -> None:
    workspace = audited(make_workspace)
    Log(workspace.decisions_path).append(
        [Decision("train-0006", "exclude", "other"), Decision("train-0007", "exclude", "other")]
    )
    review = start(workspace, "--who", "ann", "--no-browser")
    database = review.database()
    assert database is not None
    assert (review.get("/fiftyone"), review.get("/fiftyone", key=False)) == (200, 403)
    assert review.get("/datasets/faces") == 200
    assert "display" not in review.said
    review.press("exclude", review.images()[:1])
    assert [(d.who, d.action) for d in workspace.decisions()[2:]] == [("ann", "exclude")]
    code, said = review.stop()
    assert (code, gone(database)) == (0, True)
    assert "Traceback" not in said
    assert "1 verdict by ann" in said
    assert f"Decided in all sessions: 3 images\nLog: {workspace.decisions_path}" in said
    assert "Next: fercurate clean" in said


def test_two_reviewers_share_the_database_and_one_takes_no_second_place(
    make_workspace: Make, start: Callable[..., Review]
) -> None:
    workspace = audited(make_workspace)
    ann = start(workspace, "--who", "ann", "--no-browser")
    database = ann.database()
    again = start(workspace, "--who", "ann", "--no-browser")
    assert again.end()[0] == 2
    assert f"open already, at http://127.0.0.1:{ann.port}." in again.said
    assert "--who" in again.said
    bob = start(workspace, "--who", "bob", "--no-browser")
    assert bob.database() is None
    assert bob.port != ann.port
    assert (ann.get("/fiftyone"), bob.get("/fiftyone")) == (200, 200)
    assert ann.stop()[0] == 0
    assert bob.get("/datasets/faces") == 200
    assert bob.stop(signal.SIGTERM)[0] == 0
    assert database is not None
    assert gone(database)


def test_a_database_that_dies_ends_the_review_with_a_word_about_the_verdicts(
    make_workspace: Make, start: Callable[..., Review]
) -> None:
    workspace = audited(make_workspace)
    review = start(workspace, "--who", "ann", "--no-browser")
    Log(workspace.decisions_path).append([Decision("train-0001", "exclude", "ann")])
    database = review.database()
    assert database is not None
    database.kill()
    code, said = review.end()
    assert code == 1
    assert "The database stopped in the middle" in said
    assert f"is safe (1 in this session): {workspace.decisions_path}" in said
    assert "Go on with: fercurate review" in said
    assert "Traceback" not in said
    again = start(workspace, "--who", "ann", "--no-browser")
    assert again.get("/datasets/faces") == 200
    assert again.stop()[0] == 0


def test_what_is_missing_is_said_at_once(
    make_workspace: Make, start: Callable[..., Review]
) -> None:
    workspace = make_workspace()
    review = start(workspace)
    assert review.end()[0] == 2
    assert "Make it with: fercurate audit" in review.said


def test_without_a_display_and_for_another_machine_a_tunnel_is_printed(
    make_workspace: Make, start: Callable[..., Review]
) -> None:
    workspace = audited(make_workspace)
    for flags in ((), ("--remote",)):
        review = start(workspace, *flags)
        assert f"ssh -N -L {review.port}:127.0.0.1:{review.port} " in review.said
        assert ("no display" in review.said) is (not flags)
        assert review.stop()[0] == 0


# -- small parts ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "a\n"])
def test_a_reviewers_name_must_be_writable(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a reviewer"):
        stage.reviewer(name)


def test_the_reviewer_is_the_user_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stage.reviewer("ann@home") == "ann@home"
    monkeypatch.setenv("LOGNAME", "bob")
    assert stage.reviewer(None) == "bob"
    monkeypatch.setattr(stage.getpass, "getuser", lambda: {}["nobody"])
    assert stage.reviewer(None) == "reviewer"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("queue", None), ("not-human", "Not human"), ("NOT HUMAN", "Not human"), ("mine", "Mine")],
)
def test_a_view_is_known_by_name_and_by_slug(wanted: str, found: str | None) -> None:
    dataset = SimpleNamespace(list_saved_views=lambda: ["Queue", "Not human", "Mine"])
    assert stage.saved_view(dataset, wanted) == found


def test_an_unknown_view_names_the_known_ones() -> None:
    dataset = SimpleNamespace(list_saved_views=lambda: ["Queue", "Not human"])
    with pytest.raises(InputError, match="no view 'x'") as caught:
        stage.saved_view(dataset, "x")
    assert caught.value.fix.endswith("queue, not-human")


def test_what_stands_of_a_session_is_counted(make_workspace: Make) -> None:
    workspace = make_workspace()
    first = Decision("train-0000", "exclude", "ann")
    events = workspace.images().stamped(
        [
            first,
            Decision("train-0000", "undo", "ann", undoes=first.id),
            Decision("train-0004", "keep", "ann", given="sad", label="sad"),
            Decision("train-0005", "exclude", "bob"),
        ]
    )
    Log(workspace.decisions_path).append(events)
    result = stage._result(workspace, "ann", events, 60.0)
    assert (result.verdicts, result.n_verdicts, result.n_undone) == ({"keep": 1}, 1, 1)
    assert result.n_decided == 2
