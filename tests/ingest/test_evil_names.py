"""Names in an archive and a folder that would steer a terminal or a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from ingest_cases import folder_of, image_bytes, made_faces, zip_of

from fercurate import show, show_screen
from fercurate.config import EnrichConfig, ImportConfig
from fercurate.console import Terminal
from fercurate.errors import InputError
from fercurate.foreign import uncell
from fercurate.ingest import enrich, stage
from fercurate.ingest.enrich import EnrichResult
from fercurate.workspace import Workspace

FACES = [image_bytes(face) for face in made_faces(8)]
EVIL = (
    "train/happy/a\x1b[2J.png",
    "train/happy/b\nError: forged.png",
    "train/happy/c\x9b31m\u202egnp.png",
    "=cmd|' calc'!A0;=1/happy/d.png",
    "train/happy/=HYPERLINK(1)\n怒り.png",
)


def is_harmless(text: str) -> bool:
    return not any(c in text for c in "\x1b\x9b\u202e") and "\nError: forged" not in text


@pytest.mark.parametrize("packed", [True, False])
def test_import_obeys_no_name(
    tmp_path: Path, packed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {f"train/happy/{i}.png": data for i, data in enumerate(FACES[:4])}
    bad = dict.fromkeys(EVIL, b"no image")
    source = tmp_path / "faces.zip"
    if packed:
        source.write_bytes(zip_of({**good, **bad}))
    else:
        source = folder_of(tmp_path / "set", {**good, **bad})
    space = Workspace(tmp_path / "datasets" / "faces")
    result = stage.run(space, ImportConfig(source=source, max_rejected=0.9), Terminal())
    show.imported(space, result, None, as_json=False)
    show.imported(space, result, None, as_json=True)
    with pytest.raises(InputError, match="rows are bad") as error:
        stage.run(Workspace(tmp_path / "x"), ImportConfig(source=source), Terminal())
    shown = "".join(capsys.readouterr()) + str(error.value)
    assert is_harmless(shown)
    assert "b\\nError: forged.png" in shown
    assert str(error.value).count("\n") == 1 + 5  # the fix, and the first five
    written = space.rejected_path.read_text(encoding="utf-8")
    assert not any(c in written for c in "\x1b\x9b\u202e")
    with space.rejected_path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert not any(";=" in row["source"] for row in rows)
    named = {uncell(row["source"]) for row in rows}
    assert {name for name in EVIL if "\x1b" not in name and "\x9b" not in name} <= named
    assert any("怒り" in row["source"] for row in rows)


def test_import_obeys_no_class(tmp_path: Path) -> None:
    names = ("怒り", "=1\x1b[2J", "a\nError: forged")
    files = {f"train/{name}/{i}.png": FACES[i] for i, name in enumerate(names)}
    source = folder_of(tmp_path / "set", {**files, "train/happy/1.png": FACES[3]})
    with pytest.raises(InputError) as error:
        stage.run(Workspace(tmp_path / "x"), ImportConfig(source=source), Terminal())
    assert is_harmless(str(error.value))
    assert "怒り" in str(error.value)


def test_enrich_obeys_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {f"train/happy/{i}.png": data for i, data in enumerate(FACES)}
    space = Workspace(tmp_path / "datasets" / "faces")
    stage.run(space, ImportConfig(source=folder_of(tmp_path / "set", good)), Terminal())
    photos = folder_of(tmp_path / "photos", {**dict.fromkeys(EVIL, b"no image"), "=1.png": b""})
    result: EnrichResult = enrich.run(space, EnrichConfig(photos=(photos,)), Terminal())
    show_screen.enriched(space, result, None, as_json=False)
    show_screen.enriched(space, result, None, as_json=True)
    assert is_harmless("".join(capsys.readouterr()))
    with space.enrich_rejected_path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 6
    assert not any(cell.startswith("=") or ";=" in cell for row in rows for cell in row)
