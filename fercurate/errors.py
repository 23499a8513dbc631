"""The one exception that users see, and the exit codes of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from fercurate.foreign import line

EXIT_FAILED = 1
"""The work failed: the input was fine, the machine or a library was not."""

EXIT_USAGE = 2
"""The input or the command is wrong: the user can mend it."""

EXIT_STOPPED = 130
"""Ctrl-C."""


class FercurateError(Exception):
    """What went wrong and what to do next, each one plain sentence.

    Names of files and classes may be in them as they are: what a terminal would obey is escaped
    here (`foreign.line`), line ends too. Several lines are given as several texts.

    Args:
        message: What went wrong, with the name of the thing it went wrong with.
        fix: The next step: a command where there is one.
        code: Exit status of the command line, `EXIT_FAILED` or `EXIT_USAGE`.
    """

    def __init__(
        self,
        message: str | Sequence[str],
        fix: str | Sequence[str] = "",
        *,
        code: int = EXIT_FAILED,
    ) -> None:
        self.message = _lines(message)
        self.fix = _lines(fix)
        self.code = code
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message


class InputError(FercurateError):
    """The input or the command is wrong (exit 2)."""

    def __init__(self, message: str | Sequence[str], fix: str | Sequence[str] = "") -> None:
        super().__init__(message, fix, code=EXIT_USAGE)


def _lines(text: str | Sequence[str]) -> str:
    return line(text) if isinstance(text, str) else "\n".join(map(line, text))


def first_line(error: BaseException) -> str:
    """What another library's error says, on one line; the error's name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
