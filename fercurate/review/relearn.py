"""Ranking the audit anew while somebody reviews: a command in the background, one at a time."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from fercurate.errors import first_line

EVERY = 25
"""Verdicts between two rankings."""

TIMEOUT = 600
"""Seconds after which a ranking is given up."""

State = Literal["idle", "running", "failed"]


class Relearner:
    """Runs `command` when asked, and `after` when it has ended well.

    Neither ever runs twice at a time: what is asked for meanwhile is done once, afterwards.
    """

    def __init__(self, command: Sequence[str] | None, after: Callable[[], None]) -> None:
        self.command = command
        self.state: State = "idle"
        self.message = ""
        self.rounds = 0
        """Rankings that ended well."""
        self._after = after
        self._again = False
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Begin in the background; returns at once."""
        if not self.command:
            return
        with self._lock:
            if self._closed:
                return
            if self.state == "running":
                self._again = True
                return
            self.state, self.message = "running", ""
        threading.Thread(target=self._work, name="relearn", daemon=True).start()

    def close(self) -> None:
        """Stop a ranking that runs; the audit stays as it was."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def _work(self) -> None:
        while True:
            problem = self._once()
            with self._lock:
                if self._again and not self._closed:
                    self._again = False
                    continue
                self.state, self.message = ("failed", problem) if problem else ("idle", "")
                return

    def _once(self) -> str:
        """Rank once; returns what went wrong, in one line."""
        try:
            with self._lock:
                if self._closed:
                    return ""
                self._process = subprocess.Popen(
                    list(self.command or ()), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True,
                )  # fmt: skip
            said, _ = self._process.communicate(timeout=TIMEOUT)
            if self._process.returncode:
                lines = [line.strip() for line in said.splitlines() if line.strip()]
                lines = [line for line in lines if line.startswith("Error: ")] or lines
                return lines[0] if lines else f"it ended with {self._process.returncode}"
            self._after()
        except subprocess.TimeoutExpired:
            if self._process is not None:
                self._process.kill()
            return f"it took longer than {TIMEOUT} s"
        except Exception as error:  # a failure here must not end the review
            return first_line(error)
        self.rounds += 1
        return ""
