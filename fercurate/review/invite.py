"""Telling the reviewer where the review is, and opening it."""

from __future__ import annotations

import threading
import webbrowser

from fercurate.config import ReviewConfig
from fercurate.loopback import has_desktop, tunnel
from fercurate.progress import Progress
from fercurate.review.guard import Guard


def invite(guard: Guard, config: ReviewConfig, progress: Progress, port: int) -> None:
    """Say where the review is, and open it."""
    progress.say(f"The review is at {guard.link}")
    if config.remote:
        progress.say("From another machine, run there and then open the link:")
        progress.say(f"  {tunnel(port)}")
    elif config.browser and not has_desktop():
        progress.say("There is no display here. Open the link in a browser of this machine, or")
        progress.say(f"run on yours and open it there:  {tunnel(port)}")
    elif config.browser:
        # beside the rest: a browser in the terminal returns when it is closed
        threading.Thread(target=_open, args=(guard.ticket(), progress), daemon=True).start()


def _open(link: str, progress: Progress) -> None:
    try:
        is_open = webbrowser.open(link, new=2)
    except webbrowser.Error:
        is_open = False
    if not is_open:
        progress.say("No browser was found. Open the link yourself.")
