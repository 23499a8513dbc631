"""Settings from a pipeline's TOML or the command line to a dataclass, each value checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fercurate.errors import InputError

Config = TypeVar("Config")


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


def _checked(hint: Any, value: Any, where: str) -> Any:
    literals = [t for t in get_args(hint) if get_origin(t) is Literal]  # of Literal | None
    hint = literals[0] if literals else hint
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise InputError(f"{where} is {value!r}.", f"It is one of: {', '.join(get_args(hint))}")
        return value
    kinds = (hint,) if get_origin(hint) is tuple else get_args(hint) or (hint,)
    accepted = [t for t in kinds if t is not type(None)]
    for kind in (get_origin(t) or t for t in accepted):
        if kind is tuple and isinstance(value, list):
            return tuple(value)
        if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
            return value
        if kind is Path and isinstance(value, str):
            return Path(value)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
    names = " or ".join((get_origin(t) or t).__name__ for t in accepted)
    raise InputError(f"{where} is {value!r}.", f"It must be a {names}.")
