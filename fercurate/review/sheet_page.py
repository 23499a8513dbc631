"""A sheet as one page that needs no server and no other file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from fercurate.labels import COLOURS, HOTKEYS
from fercurate.review.sheet import Face

HERE = Path(__file__).parent


def render(faces: Sequence[Face], png: Callable[[str], bytes], *, dataset: str, blind: bool) -> str:
    """The page.

    Args:
        faces: In the order to show.
        png: The bytes of an image's PNG, by `sample_id`.
        dataset: Its name.
        blind: Leave out labels and suggestions, also in the embedded data.
    """
    embedded = [_plain(face, png(face.sample_id), blind=blind) for face in faces]
    names = ",".join(face.sample_id for face in faces)
    key = hashlib.sha256(f"{dataset}:{blind}:{names}".encode()).hexdigest()[:16]
    script = (HERE / "sheet.js").read_text(encoding="utf-8")
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    ).get_template("sheet.html.j2")
    return page.render(
        dataset=dataset,
        blind=blind,
        classes=[
            {"key": key_, "name": name, "colour": COLOURS[name]} for key_, name in HOTKEYS.items()
        ],
        data=_json({"key": key, "blind": blind, "faces": embedded}),
        css=Markup((HERE / "sheet.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=Markup(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()),
    )


def _plain(face: Face, png: bytes, *, blind: bool) -> dict[str, Any]:
    source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    known: dict[str, Any] = {
        "id": face.sample_id, "sha256": face.sha256, "row": face.row, "src": source
    }  # fmt: skip
    if blind:
        return known
    confidence = None if face.confidence is None else round(face.confidence, 3)
    return known | {"given": face.given, "suggestion": face.suggestion, "confidence": confidence}


def _json(value: object) -> Markup:
    """JSON for a script element: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))
