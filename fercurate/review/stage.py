"""`fercurate review`: the App on a dataset's doubtful images, until the reviewer stops."""

from __future__ import annotations

import contextlib
import getpass
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from fercurate import locks
from fercurate.config import ReviewConfig, SyncConfig
from fercurate.decisions import Decision, standing
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Progress
from fercurate.review import desk, estimate, offline, plugin_links, sampling, server
from fercurate.review.agreement import AgreementResult
from fercurate.review.connection import opened
from fercurate.review.desk import Desk, DeskMode
from fercurate.review.ending import until_signal, wait
from fercurate.review.evidence import Evidence
from fercurate.review.front import Front, bundle
from fercurate.review.guard import Guard
from fercurate.review.invite import invite
from fercurate.review.locks import Lock
from fercurate.review.sync import sync
from fercurate.workspace import Workspace, option

QUEUE = "queue"


@dataclass(frozen=True)
class ReviewResult:
    """What a review came to.

    Attributes:
        who: The reviewer.
        verdicts: Verdicts of this session that stand, by action.
        n_undone: How many were taken back.
        n_decided: Images of the dataset that anybody has decided, in all sessions.
        log: Where the decisions are.
        seconds: From the first page to the end.
        estimate: What the drawn sample says of the dataset; None where none was reviewed.
        sample_left: Drawn images that this reviewer has yet to see; None where the review ended
            in the queue.
        sample_size: Drawn images; None as above.
    """

    who: str
    verdicts: dict[str, int]
    n_undone: int
    n_decided: int
    log: Path
    seconds: float
    estimate: estimate.Estimate | None = None
    sample_left: int | None = None
    sample_size: int | None = None

    @property
    def n_verdicts(self) -> int:
        return sum(self.verdicts.values())


def run(
    workspace: Workspace,
    config: ReviewConfig,
    progress: Progress,
    *,
    relearn_command: Sequence[str] | None = None,
) -> ReviewResult | offline.ExportResult | offline.ImportResult | AgreementResult:
    """Open the App on the images to settle, and wait until Ctrl-C.

    A sample is drawn first where one is asked for. What needs no App (`offline`) opens none.

    Args:
        workspace: An audited dataset.
        relearn_command: Ranks the audit anew after some verdicts; None for never.

    Raises:
        InputError: no audit, no such view, the port is taken, or the reviewer has a review open.
        FercurateError: the database or the server does not start, or one of them failed on the
            way. Verdicts are in the log by then.
    """
    who = reviewer(config.who)
    if offline.is_offline(config):
        return offline.run(workspace, config, progress, who)
    workspace.audit(["row"])  # what is missing is said before a database starts
    if config.sample is not None:
        with locks.writing(workspace):
            sampling.run(workspace, config.sample, config.seed)
    mode: DeskMode = "sample" if config.sample is not None else "queue"
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_database_trouble(workspace))
        listener = server.bind(config.port)
        stack.callback(listener.close)
        port = listener.getsockname()[1]
        stack.enter_context(_alone(workspace, who, port))
        plugin_links.prepare(workspace)
        server.prepare_environment()
        stopped = stack.enter_context(until_signal())
        stack.enter_context(server.logged_to(workspace.server_log_path(who)))
        front = Front(bundle(), plugin_links.OURS, f"/plugins/{plugin_links.NAME}")
        guard = server.guarded(
            front, port=port, images=workspace.images_dir, dataset=workspace.name
        )
        running = stack.enter_context(server.serving(guard, listener))
        is_queue = mode == "sample" or config.view.lower() == QUEUE
        if is_queue:  # the browser reads the App's scripts while FiftyOne is imported
            invite(guard, config, progress, port)
        progress.say("Loading FiftyOne; the page fills in a few seconds.")
        reading = stack.enter_context(ThreadPoolExecutor(1)).submit(Evidence.read, workspace)
        fo = stack.enter_context(opened(workspace))
        with locks.mirroring(workspace):
            sync(fo, workspace, SyncConfig(), progress)
        dataset = fo.load_dataset(workspace.name)
        view = saved_view(dataset, config.view) if mode == "queue" else None
        table = Desk(
            workspace, dataset, who, mode=mode, repeats=config.blind_repeats,
            relearn_command=relearn_command, view=view, evidence=reading.result(),
        )  # fmt: skip
        stack.callback(table.close)
        desk.activate(table)
        stack.callback(desk.activate, None)
        before = len(table.history.events)
        stack.callback(running.stop)  # before FiftyOne loses its database
        _show(fo, front, guard, table)
        if not is_queue:
            invite(guard, config, progress, port)
        stopped.is_starting = False
        ready = time.monotonic()
        progress.say(
            f"Ready in {ready - started:.0f} s: press Start in the page. "
            "Every verdict is saved at once. Stop with Ctrl-C."
        )
        problem = wait(stopped, running)
    result = _result(workspace, who, workspace.decisions()[before:], time.monotonic() - ready)
    if table.is_blind:
        result = replace(result, sample_left=len(table.left()), sample_size=len(table.drawn))
    if problem is not None:
        raise FercurateError(
            f"{problem} What was decided is safe ({result.n_verdicts} in this session): "
            f"{result.log}",
            f"Go on with: fercurate review{option(workspace)}",
        )
    return result


def reviewer(name: str | None) -> str:
    """Under which name decisions are noted: the given one or the user's.

    Raises:
        InputError: it cannot be written down.
    """
    if name is None:
        try:
            return re.sub(r"[^\w.@-]+", "-", getpass.getuser())[:64] or "reviewer"
        except (KeyError, OSError, ImportError):  # a container whose user has no name
            return "reviewer"
    if not re.fullmatch(r"[\w.@-]{1,64}", name):
        raise InputError(
            f"{name!r} cannot name a reviewer.", "Give letters, digits, '.', '_', '@' or '-'."
        )
    return name


def saved_view(dataset: Any, wanted: str) -> str | None:
    """The saved view that `--view` means, by name or by slug; None for the queue.

    Raises:
        InputError: the dataset has no such view.
    """
    if wanted.lower() == QUEUE:
        return None
    names: list[str] = dataset.list_saved_views()
    for name in names:
        if wanted.lower() in (name.lower(), slug(name)):
            return name
    known = ", ".join([QUEUE, *(slug(name) for name in names if slug(name) != QUEUE)])
    raise InputError(f"There is no view {wanted!r}.", f"Choose one with --view: {known}")


def slug(name: str) -> str:
    """A saved view's name as it stands in the App's address."""
    import fiftyone.core.utils as fou

    return str(fou.to_slug(name))


def _show(fo: ModuleType, front: Front, guard: Guard, table: Desk) -> None:
    """Let FiftyOne answer, beginning with what lies on the desk."""
    from fercurate.review.layout import spaces

    named = table.view_name
    guard.home = server.home(table.dataset.name, None if named is None else slug(named))
    app = server.fiftyone_app(fo)
    server.show(table.dataset, None if named is not None else table.view(), spaces())
    front.open(app)


@contextlib.contextmanager
def _database_trouble(workspace: Workspace) -> Iterator[None]:
    from pymongo.errors import PyMongoError

    try:
        yield
    except PyMongoError as error:
        raise FercurateError(
            f"The FiftyOne database failed: {error}",
            f"What was decided is safe. Try again: fercurate review{option(workspace)}",
        ) from error


@contextlib.contextmanager
def _alone(workspace: Workspace, who: str, port: int) -> Iterator[None]:
    """Hold a reviewer's place: one review of a dataset at a time for each."""
    path = workspace.reviewing_path(who)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform == "win32":
        yield
        return
    lock = Lock.exclusive(path)
    if lock is None:
        other = path.read_text().strip()
        raise InputError(
            f"{who} has a review of {workspace.name} open already"
            + (f", at http://127.0.0.1:{other}." if other else "."),
            "Go on there, or give another reviewer's name with --who.",
        )
    try:
        path.write_text(f"{port}\n")
        yield
    finally:
        path.write_text("")
        lock.release()


def _result(
    workspace: Workspace, who: str, events: Sequence[Decision], seconds: float
) -> ReviewResult:
    mine = [event for event in events if event.who == who]
    undone = {event.undoes for event in mine if event.action == "undo"}
    verdicts = Counter(e.action for e in mine if e.action != "undo" and e.id not in undone)
    return ReviewResult(
        who=who,
        verdicts={str(action): n for action, n in verdicts.items()},
        n_undone=len(undone & {event.id for event in mine}),
        n_decided=len(standing(workspace.decisions())),
        log=workspace.decisions_path,
        seconds=seconds,
        estimate=estimate.of_workspace(workspace),
    )
