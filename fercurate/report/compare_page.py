"""The page of a comparison: did one training set give a better model than another?"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fercurate.config import CompareConfig
from fercurate.files import fingerprint, write_json, write_text
from fercurate.report import compare_text, forest, prose
from fercurate.report.environment import environment
from fercurate.settings import flag

Record = Mapping[str, Any]

MEASURES = {"accuracy": "Accuracy", "balanced": "Balanced accuracy"}

LONGEST = 60
"""Letters of the arms in a folder's name."""


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
            arms=arm_rows(found),
            gains=gain_rows(found),
            truths=compare_text.truths(found),
            names=compare_text.TRUTHS,
            measures=MEASURES,
            best=compare_text.best(found),
            recipe=compare_text.recipe_line(found),
        )
    )


def gain_rows(found: Record) -> list[dict[str, Any]]:
    """A row a difference: the arm, what it is held against, and by measure a cell a truth."""
    made = []
    for arm, against in compare_text.pairs(found):
        row: dict[str, Any] = {"arm": arm, "about": f"against {against}"}
        for measure in MEASURES:
            each = (
                compare_text.gain(found, arm, against, truth, measure)
                for truth in compare_text.truths(found)
            )
            row[measure] = [_cell("" if g is None else compare_text.interval(g)) for g in each]
        made.append(row)
    return made


def arm_rows(found: Record) -> list[dict[str, Any]]:
    """A row an arm: what it was trained on, and by measure a cell a truth."""
    made = []
    for arm in found["arms"]:
        about = [f"{arm['labels']} labels"] if arm["labels"] else []
        about += [] if arm["n_train"] is None else [prose.count(arm["n_train"], "image")]
        about.append(prose.count(len(arm["seeds"]), "seed"))
        row: dict[str, Any] = {"arm": arm["name"], "about": ", ".join(about)}
        scores = found["scores"][arm["name"]]
        for measure in MEASURES:
            row[measure] = [
                _cell(compare_text.spread(scores[truth][measure]))
                for truth in compare_text.truths(found)
            ]
        made.append(row)
    return made


def _cell(text: str) -> dict[str, str]:
    """A figure, and what stands behind it in brackets."""
    value, _, about = text.partition(" ")
    return {"value": value, "about": about}


def folder_name(found: Record, asked: CompareConfig) -> str:
    """What a report's folder is called: its arms, and a mark that other settings change.

    The same command writes into the same folder again, another one beside it.
    """
    arms = re.sub(r"[^A-Za-z0-9._]+", "-", "-".join(arm["name"] for arm in found["arms"]))
    told = {k: v for k, v in asdict(asked).items() if k not in ("folder", "device")}
    mark = fingerprint({name: str(value) for name, value in told.items()})[:6]
    return f"{found['dataset']}-compare-{arms[:LONGEST].strip('-.')}-{mark}"


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
            words += [flag(name), one.name if isinstance(one, Path) else str(one)]
    return shlex.join(words)
