"""The drawn sample as one reviewer goes through it."""

from __future__ import annotations

from fercurate.errors import InputError
from fercurate.workspace import Workspace, option


def names(workspace: Workspace) -> tuple[str, ...]:
    """`sample_id` of the drawn images, in the order of the draw.

    Raises:
        InputError: none was drawn.
    """
    table = workspace.drawn_sample()
    if table is None:
        raise InputError(
            "No sample was drawn yet.",
            f"Draw one with: fercurate review --sample 200{option(workspace)}",
        )
    return tuple(table.sort_values(["draw", "order"])["sample_id"])
