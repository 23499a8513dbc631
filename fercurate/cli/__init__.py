"""The command line: parses, calls one stage, prints. Nothing heavy is imported here."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Annotated

import typer

from fercurate import __version__, parts
from fercurate.cli.options import app
from fercurate.errors import EXIT_FAILED, EXIT_STOPPED, FercurateError
from fercurate.foreign import line

# their commands register themselves; --help lists them in this order, which is that of the road
for _group in ("prepare", "find", "settle", "model", "score", "live", "bench", "walk"):
    import_module(f"fercurate.cli.{_group}")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point: known errors become one message and the next step, on stderr."""
    signal.signal(signal.SIGINT, _stop)
    try:
        code = _run()
    except FercurateError as error:
        if "--debug" in sys.argv:
            raise
        prefix = "" if error.code == EXIT_STOPPED else "Error: "
        print(prefix + error.message, file=sys.stderr)
        if error.fix:
            print(error.fix, file=sys.stderr)
        raise SystemExit(error.code) from None
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _end_as_typer_does(error)
        print(line(f"Error: {type(error).__name__}: {error}"), file=sys.stderr)
        print("That was not foreseen. `fercurate --debug COMMAND` shows where.", file=sys.stderr)
        raise SystemExit(EXIT_FAILED) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _run() -> object:
    """The command; a package that it comes upon later, and that is not installed, is named too."""
    try:
        return app(standalone_mode=False)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if not module or parts.has(module):
            raise
        raise parts.missing("This command", module) from error


def _end_as_typer_does(error: Exception) -> None:
    """Print an error in the command itself: a shell's * may have put any file's name there.

    Raises:
        SystemExit: it was one.
    """
    if type(error).__name__ == "Abort":
        print("Aborted!", file=sys.stderr)
        raise SystemExit(EXIT_FAILED) from None
    if not hasattr(error, "show"):
        return
    if type(error).__name__ != "NoArgsIsHelpError":  # that is the help, of many lines
        error.message = line(error.message)  # type: ignore[attr-defined]
    error.show()
    raise SystemExit(error.exit_code) from None  # type: ignore[attr-defined]


def _stop(signum: int, frame: object) -> None:
    raise FercurateError(
        "Stopped.",
        "Run the same command again: screen, audit and train go on where they were.",
        code=EXIT_STOPPED,
    )


if __name__ == "__main__":
    main()
