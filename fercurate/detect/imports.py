"""mediapipe without what it imports to draw and to hear, which nobody here does with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_UNUSED = ("matplotlib", "matplotlib.pyplot", "sounddevice")


class _Later(ModuleType):
    """Stands for a module, which is imported when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


@contextmanager
def drawing_later() -> Iterator[None]:
    """What is imported inside gets matplotlib and sounddevice when it first uses them, not now.

    They take 0.28 of the 0.4 s that mediapipe does. Later imports get the real ones. Where one
    has been imported before, all is let alone.
    """
    if any(name in sys.modules for name in _UNUSED):
        yield
        return
    places = {name: _Later(name) for name in _UNUSED}
    places["matplotlib"].pyplot = places["matplotlib.pyplot"]  # type: ignore[attr-defined]
    sys.modules.update(places)
    try:
        yield
    finally:
        for name, place in places.items():
            if sys.modules.get(name) is place:
                del sys.modules[name]
