"""The App's side of the review desk: an operator for each key, found by FiftyOne.

The keys and the panel are JavaScript (`index.js`), which calls these by their URI.
"""

from __future__ import annotations

from typing import Any, ClassVar

import fiftyone.operators as foo
from fiftyone.operators import types

from fercurate.errors import FercurateError
from fercurate.labels import CLASSES, HOTKEYS
from fercurate.review import board, desk, layout
from fercurate.review.tabs import ELSEWHERE
from fercurate.review.verdicts import Outcome


def _targets(ctx: Any) -> list[str]:
    """The open image, else the selected ones; the page names them itself where it knows."""
    given = ctx.params.get("images")
    if given:
        return [str(image) for image in given]
    return [ctx.current_sample] if ctx.current_sample else list(ctx.selected or ())


def _answer(ctx: Any, outcome: Outcome) -> dict[str, Any]:
    """What the page needs after a verdict; says it itself where no key called it."""
    at_desk = desk.current()
    if not ctx.params.get("quiet"):
        ctx.ops.notify(outcome.message, variant=outcome.level)
        if outcome.recorded:
            ctx.ops.reload_samples()
    return {
        "recorded": len(outcome.recorded),
        "message": outcome.message,
        "level": outcome.level,
        "image": outcome.image,
        "state": board.of(at_desk).state(),
    }


def _mine(ctx: Any) -> desk.Desk:
    """The desk, for a page that may act on it.

    Raises:
        FercurateError: no review is open, or another tab has it.
    """
    at_desk = desk.current()
    if not at_desk.tabs.may_act(ctx.params.get("tab")):
        raise FercurateError(ELSEWHERE)
    return at_desk


def _refused(ctx: Any, error: FercurateError) -> dict[str, Any]:
    outcome = Outcome((), str(error), "error")
    if not ctx.params.get("quiet"):
        ctx.ops.notify(outcome.message, variant="error")
    elsewhere = str(error) == ELSEWHERE
    return {"recorded": 0, "message": outcome.message, "level": "error", "image": None,
            "is_elsewhere": elsewhere}  # fmt: skip


class _Verdict(foo.Operator):  # type: ignore[misc]
    action: ClassVar[Any]
    label: ClassVar[str]
    icon: ClassVar[str]

    @property
    def config(self) -> Any:
        return foo.OperatorConfig(
            name=self.action, label=f"Review: {self.label}", icon=self.icon,
            allow_immediate_execution=True,
        )  # fmt: skip

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            outcome = _mine(ctx).record(
                self.action, _targets(ctx),
                label=ctx.params.get("label"), seconds=ctx.params.get("seconds"),
            )  # fmt: skip
        except FercurateError as error:
            return _refused(ctx, error)
        return _answer(ctx, outcome)


class Accept(_Verdict):
    action, label, icon = "accept", "accept the suggestion or second choice (a)", "check"


class Keep(_Verdict):
    action, label, icon = "keep", "keep the label (k)", "lock"


class Ambiguous(_Verdict):
    action, label, icon = "ambiguous", "more than one class fits (m)", "call_split"


class Exclude(_Verdict):
    action, label, icon = "exclude", "exclude the image (x)", "block"


class Relabel(_Verdict):
    action, label, icon = "relabel", "give another label (1 to 7)", "edit"

    def resolve_input(self, ctx: Any) -> Any:
        inputs = types.Object()
        choices = types.DropdownView()
        for key, name in HOTKEYS.items():
            choices.add_choice(name, label=f"{key}  {name}")
        inputs.enum("label", list(CLASSES), required=True, label="Label", view=choices)
        return types.Property(inputs, view=types.View(label="Give another label"))


class Undo(foo.Operator):  # type: ignore[misc]
    @property
    def config(self) -> Any:
        return foo.OperatorConfig(
            name="undo", label="Review: take the last verdict back (u)", icon="undo"
        )

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            outcome = _mine(ctx).undo()
        except FercurateError as error:
            return _refused(ctx, error)
        return _answer(ctx, outcome)


class State(foo.Operator):  # type: ignore[misc]
    """What the panel shows; asked for by the page alone."""

    @property
    def config(self) -> Any:
        return foo.OperatorConfig(name="state", label="Review: state", unlisted=True)

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            at_desk = desk.current()
            image = ctx.params.get("image")
            return {
                "state": board.of(at_desk).state(),
                "image": board.of(at_desk).image(image) if image else None,
                "paths": board.of(at_desk).paths(ctx.params.get("paths") or ()),
            }
        except FercurateError as error:
            return {"message": str(error), "level": "error"}


def _laid_out(ctx: Any, at_desk: desk.Desk) -> dict[str, Any]:
    ctx.ops.set_view(view=at_desk.view())
    return {
        "images": at_desk.laid_out(),
        "state": board.of(at_desk).state(),
        "message": "The sample is done." if at_desk.is_blind else
        "Everything is decided. Stop with Ctrl-C in the terminal.",
    }  # fmt: skip


class Next(foo.Operator):  # type: ignore[misc]
    @property
    def config(self) -> Any:
        return foo.OperatorConfig(
            name="next", label="Review: lay out the next images (n)", icon="skip_next"
        )

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            at_desk = _mine(ctx)
            at_desk.next_batch()
        except FercurateError as error:
            return _refused(ctx, error)
        return _laid_out(ctx, at_desk)


class GoOn(foo.Operator):  # type: ignore[misc]
    """From the sample that was just finished to the queue."""

    @property
    def config(self) -> Any:
        return foo.OperatorConfig(name="go_on", label="Review: go on with the queue", unlisted=True)

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            at_desk = _mine(ctx)
            at_desk.go_on()
        except FercurateError as error:
            return _refused(ctx, error)
        ctx.ops.set_active_fields(layout.shown(at_desk))
        return _laid_out(ctx, at_desk)


class Tab(foo.Operator):  # type: ignore[misc]
    """Which of the open pages has the review: a page arrives, asks, takes over or leaves."""

    @property
    def config(self) -> Any:
        return foo.OperatorConfig(name="tab", label="Review: this tab", unlisted=True)

    def execute(self, ctx: Any) -> dict[str, Any]:
        try:
            tabs = desk.current().tabs
        except FercurateError:
            return {}
        tab, what = str(ctx.params.get("tab")), ctx.params.get("what")
        had = tabs.holder == tab
        if what == "arrive":
            tabs.arrive(tab)
        elif what == "take":
            tabs.take(tab)
        elif what == "leave":
            tabs.leave(tab)
        return {"is_here": tabs.may_act(tab), "had": had}


class Start(foo.Operator):  # type: ignore[misc]
    """Lays the desk out when the App opens the dataset, and what is left of it later."""

    @property
    def config(self) -> Any:
        return foo.OperatorConfig(
            name="start", label="Review: open the desk", icon="fact_check", on_dataset_open=True
        )

    def execute(self, ctx: Any) -> None:
        try:
            at_desk = desk.current()
        except FercurateError:
            return  # the App was opened without a review
        if ctx.dataset_name != at_desk.dataset.name:
            return
        # another tab's grid is that of the tab that has the review: FiftyOne ties them together
        if at_desk.tabs.holder in (None, ctx.params.get("tab")):
            if not at_desk.is_open():
                at_desk.next_batch()
            ctx.ops.set_active_fields(layout.shown(at_desk))
            if not layout.has_view(ctx, at_desk):
                if at_desk.view_name is not None:
                    ctx.ops.set_view(name=at_desk.view_name)
                else:
                    ctx.ops.set_view(view=at_desk.view())
        if ctx.params.get("again"):
            return
        ctx.ops.hide_sidebar()
        if not layout.has_panel(ctx):
            ctx.ops.set_spaces(spaces=layout.spaces())


def register(plugin: Any) -> None:
    for operator in (
        Accept, Keep, Relabel, Ambiguous, Exclude, Undo, Next, GoOn, State, Tab, Start
    ):  # fmt: skip
        plugin.register(operator)
