"""What the command groups share: the app, and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.models import CommandFunctionType

from fercurate import parts
from fercurate.errors import InputError


class Command(TyperCommand):
    """A command that begins only where its packages are installed; its --help always does."""

    def invoke(self, ctx: Any) -> Any:
        parts.need(ctx.command_path.partition(" ")[2])
        return super().invoke(ctx)


class App(typer.Typer):
    """Typer with `Command` for its commands."""

    def command(  # type: ignore[override]
        self, name: str | None = None
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        return super().command(name, cls=Command)


app = App(
    name="fercurate",
    help="From raw FER2013 to a facial-expression dataset that a person has checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
evaluate = App(rich_markup_mode=None)
app.add_typer(evaluate, name="evaluate")


def help_of(stage: type, name: str) -> str:
    """The help text of a field of a stage's config."""
    return str(next(f.metadata["help"] for f in fields(stage) if f.name == name))


def option(stage: type, name: str, *flags: str) -> Any:
    """An option for the field `name` of a stage's config."""
    return typer.Option(*flags, help=help_of(stage, name), show_default=False)


def share(text: str | None, flag: str) -> float | None:
    """A share given as "5%" or "0.05", 0 to 1; None where it was not given.

    Raises:
        InputError: it is neither.
    """
    if text is None:
        return None
    try:
        number = float(text.strip().removesuffix("%")) / (100 if "%" in text else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise InputError(f"{flag} is {text!r}.", "Give a share: 5% or 0.05")
    return number


def named_place(text: str) -> Path:
    """What a user typed as a path; the parser of arguments on the command line.

    Raises:
        InputError: nothing was typed. `Path("")` would be the present folder, and an unset
            variable in a script would read all that is below.
    """
    if not text.strip():
        raise InputError("A path is empty.", "Name a file or a folder; . is the present folder.")
    return Path(text)


Dataset = Annotated[
    str | None,
    typer.Option("--dataset", "-d", help="name or folder; found by itself when only one"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Force = Annotated[bool, typer.Option("--force", help="repeat even if nothing changed")]
NoFiftyOne = Annotated[bool, typer.Option("--no-fiftyone", help="leave FiftyOne alone")]
