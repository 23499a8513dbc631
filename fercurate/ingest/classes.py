"""What a source's own names and numbers of classes stand for: by spelling, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fercurate.errors import InputError
from fercurate.labels import CLASSES, parse_class, parse_index

LEFT_OUT = ""
"""Stands for a class that the user leaves out."""

_NONE = "none"
_FER2013 = dict(enumerate(CLASSES))
_RAFDB = {1: "surprise", 2: "fear", 3: "disgust", 4: "happy", 5: "sad", 6: "angry", 7: "neutral"}
_AFFECTNET = {
    0: "neutral", 1: "happy", 2: "sad", 3: "surprise", 4: "fear", 5: "disgust", 6: "angry",
    7: _NONE,
}  # fmt: skip
_SORTED = dict(enumerate(sorted(CLASSES)))
PRESETS = {"fer2013": _FER2013, "rafdb": _RAFDB}
_FIX = "Write it as --classes 1=surprise,2=fear,contempt=none, or --classes fer2013."


@dataclass(frozen=True)
class Classes:
    """Names of a source to classes.

    Attributes:
        said: What the user said: a name or number of the source to a class, or `LEFT_OUT`.
    """

    said: Mapping[str, str] = field(default_factory=dict)

    def of_folder(self, name: str) -> str | None:
        """A class, `LEFT_OUT`, or None; a bare number is none unless the user said which."""
        return self.said[_key(name)] if _key(name) in self.said else parse_class(name)

    def of_cell(self, text: str, *, numbered: bool) -> str | None:
        """The same for a cell of a csv.

        Args:
            text: The cell.
            numbered: Whether 0 to 6 are FER2013's; not so where the user said what any
                number means.
        """
        key = _key(text)
        if key in self.said:
            return self.said[key]
        if numbered and not self.says_numbers:
            return parse_index(text) or parse_class(text)
        return parse_class(text)

    @property
    def says_numbers(self) -> bool:
        return any(is_number(name) for name in self.said)


def parse(text: str | None) -> Classes:
    """What `--classes` says: "1=surprise,2=fear", "contempt=none", "fer2013" or "rafdb".

    Raises:
        InputError: a part is no such thing, a class is unknown, or a name is there twice.
    """
    said: dict[str, str] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        if part.strip().lower() in PRESETS:
            pairs = [(str(number), name) for number, name in PRESETS[part.strip().lower()].items()]
        else:
            name, equals, meant = part.rpartition("=")
            if not equals or not name.strip():
                raise InputError(f"--classes has {part.strip()!r}, which says nothing.", _FIX)
            pairs = [(name, meant)]
        for name, meant in pairs:
            known = LEFT_OUT if meant.strip().lower() == _NONE else parse_class(meant)
            if known is None:
                raise InputError(
                    f"--classes: there is no class {meant.strip()!r}.",
                    f"Classes are {', '.join(CLASSES)}; {_NONE} leaves one out.",
                )
            if said.setdefault(_key(name), known) != known:
                raise InputError(f"--classes says two things of {name.strip()!r}.", _FIX)
    if text is not None and not said:
        raise InputError("--classes is empty.", _FIX)
    return Classes(said)


def is_number(name: str) -> bool:
    """Whether a class's name is a bare number, which names nothing: "3", "07"."""
    return re.fullmatch(r"[0-9]+", name.strip()) is not None


def meaning_of(numbers: Collection[str]) -> str:
    """The next step where classes are numbers: what they look like, and how to say so.

    Args:
        numbers: All that occur.
    """
    found = {int(number) for number in numbers}
    eight = {number: name for number, name in _AFFECTNET.items() if name != _NONE}
    layouts: list[tuple[str, Mapping[int, str], str]] = [
        ("as FER2013", _FER2013, "--classes fer2013"),
        ("sorted by name", _SORTED, option(_SORTED)),
        ("as RAF-DB", _RAFDB, "--classes rafdb"),
        ("as AffectNet", eight, option(eight)),
        ("as AffectNet, contempt left out", _AFFECTNET, option(_AFFECTNET)),
    ]
    exact = [(what, how) for what, order, how in layouts if found == set(order)]
    wider = [(what, how) for what, order, how in layouts if found <= set(order)]
    ways = "; ".join(f"{what}: {how}" for what, how in exact or wider)
    return "Look at some images, and rename the classes or say what each number means, " + (
        f"if they are counted {ways}" if ways else "such as --classes 1=surprise,2=fear"
    )


def option(meanings: Mapping[int, str] | Mapping[str, str]) -> str:
    """ "--classes 0=angry,1=disgust", as a user would type it."""
    return "--classes " + ",".join(f"{name}={meant}" for name, meant in meanings.items())


def _key(name: str) -> str:
    plain = name.strip().lower()
    return str(int(plain)) if is_number(plain) and len(plain) < 9 else plain
