"""The page of a comparison: did one training set give a better model than another?"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fercurate.config import CompareConfig
from fercurate.files import write_json, write_text
from fercurate.report import compare_text, forest
from fercurate.report.environment import environment

Record = Mapping[str, Any]


def write(folder: Path, found: Record, asked: CompareConfig) -> Path:
    """Write index.html, README.md, forest.png and metrics.json into `folder`.

    Args:
        folder: Made where it is missing.
        found: `evaluate.compare_runs.Comparison` as a dict.
        asked: What the command was told.

    Returns:
        The page.
    """
    again = command(found, asked)
    write_json(folder / "metrics.json", {**found, "command": again})
    forest.plot(folder / "forest.png", found)
    write_text(folder / "README.md", compare_text.text(found, again))
    write_text(folder / "index.html", render(found, again, folder / "forest.png"))
    return folder / "index.html"


def render(found: Record, again: str, picture: Path) -> str:
    """The page as HTML, the picture inside it; everything that comes from data is escaped."""
    encoded = base64.b64encode(picture.read_bytes()).decode("ascii")
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            found=found,
            command=again,
            picture=f"data:image/png;base64,{encoded}",
            alt=compare_text.alt(found),
            summary=compare_text.summary(found),
            notes=compare_text.notes(found),
            arms=compare_text.arm_rows(found),
            gains=compare_text.gain_rows(found),
            truths=compare_text.truths(found),
            best=compare_text.best(found),
            header=compare_text.score_header(found),
            recipe=compare_text.recipe_line(found),
        )
    )


def command(found: Record, asked: CompareConfig) -> str:
    """The command that repeats the comparison; files and folders by their last name alone."""
    words = ["fercurate", "compare"]
    for arm, text in zip(found["arms"], asked.arms, strict=True):
        words.append(arm["name"] if "/" in text or "\\" in text else text)
    words += ["--dataset", found["dataset"]]
    defaults = asdict(CompareConfig())
    for name, value in asdict(asked).items():
        if name in ("arms", "folder", "device") or value == defaults[name]:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words += [f"--{name}", one.name if isinstance(one, Path) else str(one)]
    return shlex.join(words)
