"""What is wrong with a command before anything is opened."""

from __future__ import annotations

import re
from pathlib import Path

from fercurate import outputs, parts
from fercurate.config import LiveConfig
from fercurate.errors import InputError
from fercurate.live import words

PAGE = "browser"
"""The source that is the page's own camera."""

_SUFFIXES = {"record": (".mp4",), "summary": (".png", ".svg", ".pdf")}
_PIPED = ("jsonl", "csv")


def is_camera(source: str) -> bool:
    """Whether a source is a camera, here or in the browser, so that people see themselves."""
    return source.isdigit() or source.startswith("/dev/") or source == PAGE


def is_mirrored(config: LiveConfig) -> bool:
    """Whether a session begins with the picture turned, as people know themselves."""
    return is_camera(config.source) if config.mirror is None else config.mirror


def camera_size(text: str | None) -> tuple[int, int] | None:
    """Width and height of "1280x720".

    Raises:
        InputError: it is no such thing.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d{2,5})[x×*](\d{2,5})", text.strip().lower())
    if match is None:
        raise InputError(f"--size is {text!r}.", "Give width and height: 1280x720")
    return int(match[1]), int(match[2])


def check(config: LiveConfig) -> None:
    """Refuse what cannot be done.

    Raises:
        InputError: a setting out of range, or two that do not go together.
        FercurateError: a recording is wanted, and PyAV is not installed.
    """
    if config.record is not None and not parts.has("av"):
        raise parts.missing("fercurate live --record", "av")
    for name in ("threshold", "balance"):
        value = getattr(config, name)
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{name} is {value}.", "It is between 0 and 1.")
    if not 0 <= config.smoothing <= 60:
        raise InputError(f"smoothing is {config.smoothing}.", "It is 0 to 60 seconds.")
    for name in ("seconds", "fps"):
        value = getattr(config, name)
        if value is not None and not value > 0:
            raise InputError(f"{name} is {value}.", "It is above 0.")
    if config.port is not None and not 0 <= config.port <= 65535:
        raise InputError(f"port is {config.port}.", "It is between 0 and 65535.")
    camera_size(config.size)
    if (config.size or config.fps) and (not is_camera(config.source) or config.source == PAGE):
        raise InputError(
            "--size and --fps are asked of a camera of this machine.", "Leave them out."
        )
    if config.source == PAGE and config.view in ("window", "none"):
        raise InputError(
            "--source browser is the camera of the page, and the page has to be open.",
            "Leave --view out.",
        )
    if config.plain and config.record is None:
        raise InputError("--plain is about a recording.", "Say where: --record out.mp4")
    if str(config.jsonl) == str(config.csv) == "-":
        raise InputError("--jsonl and --csv both go to standard output.", "Give one a file.")
    _check_files(config)


def _check_files(config: LiveConfig) -> None:
    reads = [Path(config.source)]
    if config.model is not None:
        reads.append(config.model)
    seen: dict[Path, str] = {}
    for name, path in words.outputs(config).items():
        suffixes = _SUFFIXES.get(name)
        if suffixes and path.name and not path.is_dir() and path.suffix.lower() not in suffixes:
            raise InputError(
                f"--{name} {path} is of no known kind.", f"Let it end in {' or '.join(suffixes)}."
            )
        other = seen.setdefault(path.resolve(), name)
        if other != name:
            raise InputError(
                f"--{name} would overwrite the file of --{other}: {path}", "Give it another name."
            )
        outputs.check(path, name, force=config.force, reads=reads, pipes=name in _PIPED)
