"""The command line: parses, calls one stage, prints. Nothing heavy is imported here."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Annotated

import typer

from fercurate import __version__
from fercurate.cli.options import app
from fercurate.errors import EXIT_FAILED, EXIT_STOPPED, FercurateError

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
        app()
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
        print(f"Error: {type(error).__name__}: {error}", file=sys.stderr)
        print("That was not foreseen. `fercurate --debug COMMAND` shows where.", file=sys.stderr)
        raise SystemExit(EXIT_FAILED) from None


def _stop(signum: int, frame: object) -> None:
    raise FercurateError(
        "Stopped.",
        "Run the same command again: screen, audit and train go on where they were.",
        code=EXIT_STOPPED,
    )


if __name__ == "__main__":
    main()
