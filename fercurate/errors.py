"""The one exception that users see, and the exit codes of the command line."""

from __future__ import annotations

EXIT_FAILED = 1
"""The work failed: the input was fine, the machine or a library was not."""

EXIT_USAGE = 2
"""The input or the command is wrong: the user can mend it."""

EXIT_STOPPED = 130
"""Ctrl-C."""


class FercurateError(Exception):
    """What went wrong and what to do next, each one plain sentence.

    Args:
        message: What went wrong, with the name of the thing it went wrong with.
        fix: The next step: a command where there is one.
        code: Exit status of the command line, `EXIT_FAILED` or `EXIT_USAGE`.
    """

    def __init__(self, message: str, fix: str = "", *, code: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message


class InputError(FercurateError):
    """The input or the command is wrong (exit 2)."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix, code=EXIT_USAGE)


def first_line(error: BaseException) -> str:
    """What another library's error says, on one line; the error's name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
