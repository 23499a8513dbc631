"""Settings from a pipeline's TOML or the command line to a dataclass, each value checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fercurate.errors import InputError

Config = TypeVar("Config")

_LARGEST = 2**63
"""No number of a setting is larger; numpy and torch take none that is."""


def build(cls: type[Config], table: dict[str, Any], where: str) -> Config:
    """An instance of a config class from a TOML table or command-line overrides.

    Args:
        cls: A dataclass: one of `config`'s, a recipe.
        table: Values by field name, with "-" or "_"; None means not given.
        where: Named in the error: "pipelines/demo.toml [audit]", say.

    Raises:
        InputError: a key that the stage does not know, or a value of the wrong type.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in hints:
            raise InputError(f"{where}: unknown setting {key!r}.", f"Known: {', '.join(hints)}")
        if value is not None:
            values[name] = _checked(hints[name], value, f"{where}: {key}")
    return cls(**values)


def flag(field: str) -> str:
    """The option of a config's field: --at-balance of `at_balance`, --as of `as_`."""
    return "--" + field.rstrip("_").replace("_", "-")


def _checked(hint: Any, value: Any, where: str) -> Any:
    literals = [t for t in get_args(hint) if get_origin(t) is Literal]  # of Literal | None
    hint = literals[0] if literals else hint
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise InputError(f"{where} is {value!r}.", f"It is one of: {', '.join(get_args(hint))}")
        return value
    kinds = (hint,) if get_origin(hint) is tuple else get_args(hint) or (hint,)
    accepted = [t for t in kinds if t is not type(None)]
    for kind in accepted:
        if get_origin(kind) is tuple and isinstance(value, list):
            return _several(kind, value, where)
        found = _one(get_origin(kind) or kind, value)
        if found is not None:
            return found
    names = " or ".join((get_origin(t) or t).__name__ for t in accepted)
    raise InputError(f"{where} is {_shown(value)}.", f"It must be a {names}.")


def _several(kind: Any, values: list[Any], where: str) -> Any:
    """A list as a tuple, each of its values checked where all are of one kind."""
    of = get_args(kind)
    if len(of) == 2 and of[1] is ... and get_origin(of[0]) is None:
        return tuple(_checked(of[0], value, f"{where}: one of them") for value in values)
    return tuple(values)


def _one(kind: Any, value: Any) -> Any:
    """The value as one of a kind; None where it is of another, or cannot be used."""
    if isinstance(value, bool):
        return value if kind is bool else None
    if isinstance(value, (int, float)) and not abs(value) < _LARGEST:  # NaN too
        return None
    if isinstance(value, str) and "\0" in value:
        return None
    if isinstance(value, kind):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and isinstance(value, int):
        return float(value)
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
