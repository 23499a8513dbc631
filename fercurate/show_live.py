"""What `fercurate live` prints when it has ended, and how it exits."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from fercurate.errors import EXIT_STOPPED
from fercurate.show import print_json

if TYPE_CHECKING:
    from fercurate.live.tally import LiveSummary


def ended(summary: LiveSummary, *, as_json: bool) -> None:
    """The summary as JSON on stdout; for people the stage has said it on stderr.

    Raises:
        typer.Exit: a file was broken off by Ctrl-C. A camera ends that way.
    """
    if as_json:
        print_json(asdict(summary))
    if summary.ended == "stopped" and not summary.is_live:
        raise typer.Exit(EXIT_STOPPED)
