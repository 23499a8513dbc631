"""Sheets for people who review elsewhere, out and in."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recorded import write_json, write_table
from review_tables import audit_table, manifest_table

from fercurate import foreign
from fercurate.config import ReviewConfig
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.review import offline, sheet
from fercurate.review.agreement import AgreementResult
from fercurate.review.sheet import Face
from fercurate.workspace import Workspace


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    made = make_workspace(manifest=manifest_table(90), audit=audit_table(90, 90))
    write_json(made.audit_summary_path, {"fingerprint": "abc"})
    return made


def run(workspace: Workspace, who: str = "ann", **options: Any) -> Any:
    return offline.run(workspace, ReviewConfig(**options), Quiet(), who)


def exported(workspace: Workspace, **options: Any) -> list[dict[str, str]]:
    path = workspace.root / "out.csv"
    run(workspace, export=path, **options)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def written(workspace: Workspace, rows: list[dict[str, str]], delimiter: str = ",") -> Path:
    path = workspace.root / "verdicts.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_csv_is_the_top_of_the_queue(workspace: Workspace) -> None:
    Log(workspace.decisions_path).append(
        [Decision("train-0000", "keep", "bob", given="angry", label="angry",
                  evidence={"suggested_label": "disgust"})]
    )  # fmt: skip
    rows = exported(workspace, rows=3)
    assert tuple(rows[0]) == sheet.COLUMNS
    assert [row["sample_id"] for row in rows] == ["train-0001", "train-0002", "train-0003"]
    assert rows[0]["given_label"] == "disgust"
    assert rows[0]["suggestion"] == "fear"
    assert rows[0]["verdict"] == ""
    assert rows[0]["mode"] == "import"


def test_the_blind_sheet_is_the_drawn_sample_and_tells_nothing(workspace: Workspace) -> None:
    rows = exported(workspace, sample=30)
    sample = workspace.drawn_sample()
    assert tuple(rows[0]) == sheet.BLIND_COLUMNS
    assert [row["sample_id"] for row in rows] == sample["sample_id"].tolist()
    path = workspace.root / "blind.html"
    run(workspace, export=path, sample=30)
    page = path.read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert all(set(face) == {"id", "sha256", "row", "src"} for face in data["faces"])
    assert 'id="suggestion"' not in page
    outside = re.sub(r"data:image/png;base64,[^\"]*", "", page)
    assert "://" not in outside
    assert len(data["faces"]) == 30


def test_verdicts_come_back(workspace: Workspace) -> None:
    rows = exported(workspace, rows=9)
    words = ["a", "k", "7", "m", "x", "sad", "KEEP", "", "ambiguous"]
    for row, word in zip(rows, words, strict=True):
        row["verdict"] = word
    rows[3]["note"] = "half a face; blurred"
    path = written(workspace, rows, ";")
    result = run(workspace, import_=path)
    assert (result.n_added, result.n_known, result.n_empty) == (8, 0, 1)
    events = workspace.decisions()
    assert [event.action for event in events] == [
        "accept", "keep", "relabel", "ambiguous", "exclude", "relabel", "keep", "ambiguous",
    ]  # fmt: skip
    assert events[0].label == rows[0]["suggestion"]
    assert events[2].label == "neutral"
    assert events[3].evidence["note"] == "half a face; blurred"
    assert {event.mode for event in events} == {"import"}
    again = run(workspace, import_=path)
    assert (again.n_added, again.n_known) == (0, 8)
    rows[7]["verdict"] = "x"  # the same sheet, saved again with one more
    assert run(workspace, import_=written(workspace, rows)).n_added == 1
    assert len(workspace.decisions()) == 9


def test_a_blind_sheet_comes_back_as_the_sample(workspace: Workspace) -> None:
    rows = exported(workspace, sample=30)
    for row in rows:
        row["verdict"] = "sad"
    result = run(workspace, import_=written(workspace, rows))
    assert {(e.mode, e.action) for e in workspace.decisions()} == {("sample", "relabel")}
    assert 0.6 < result.estimate.overall.wrong.value < 1
    assert exported(workspace, sample=30) == []
    assert len(exported(workspace, sample=40)) == 10


SOUND = {
    "sample_id": "train-0005", "sha256": f"{5:064x}", "row": "5", "mode": "import",
    "verdict": "fear", "note": "",
}  # fmt: skip
FIRST = {"sample_id": "train-0001", "sha256": f"{1:064x}"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sha256": "f" * 64}, "no image .* of these pixels"),
        ({"verdict": "joy"}, "no verdict"),
        ({"verdict": "8"}, "no verdict"),
        ({"verdict": "=1+1"}, "formula"),
        ({"note": "@SUM(A1)"}, "formula"),
        ({"note": "x" * 501}, "500"),
        ({"mode": "queue"}, "mode"),
        ({"mode": "sample"}, "not in the drawn sample"),
        ({"verdict": "accept"}, "no suggestion"),
        (FIRST, "line 2 already"),
        ({"given_label": "sad"}, "another label"),
        ({"seconds": "soon"}, "seconds"),
    ],
)
def test_one_bad_row_and_nothing_is_written(
    workspace: Workspace, change: dict[str, str], reason: str
) -> None:
    extra = {name: "" for name in change if name not in SOUND}
    first = SOUND | extra | FIRST
    if "given_label" in change:
        first["given_label"] = "disgust"
    path = written(workspace, [first, SOUND | extra | change])
    with pytest.raises(InputError, match=reason) as error:
        run(workspace, import_=path)
    assert f"{path}, line 3" in error.value.message
    assert not workspace.decisions_path.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "sample_id is missing"),
        (b"sample_id,sha256,mode\n", "verdict is missing"),
        (b"sample_id,sha256,mode,verdict,verdict\n", "twice"),
        (b"sample_id,mode,verdict\n", "earlier version"),
        (b"sample_id,sha256,mode,verdict\na,b\n", "2 cells, not 4"),
        (b'sample_id,sha256,mode,verdict\n"a,b', "line 2"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"sample_id,sha256,mode,verdict\n", "no rows"),
    ],
)
def test_what_is_no_sheet_is_refused(workspace: Workspace, data: bytes, reason: str) -> None:
    path = workspace.root / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason):
        run(workspace, import_=path)


@pytest.mark.parametrize("text", ["=1", "+a", "-a", "@x", "x;=1", "plain", "'quoted"])
def test_no_cell_is_a_formula_and_each_comes_back(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(sheet.to_csv([Face(text, "0" * 64, 1, text, text)], blind=False), newline="")
    (line,), _ = sheet.read(path)
    assert not any(cell.startswith(sheet.FORMULA) or ";=" in cell for cell in line.cells.values())
    names = ("sample_id", "given_label", "suggestion")
    assert [foreign.uncell(line.cells[name]) for name in names] == [text] * 3


@pytest.mark.parametrize(
    "options",
    [
        {"export": Path("sheet.pdf")},
        {"export": Path("sheet.csv"), "rows": 0},
        {"export": Path("a.csv"), "agreement": True},
        {"import_": Path("nowhere.csv")},
    ],
)
def test_what_cannot_be_done_is_said(workspace: Workspace, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run(workspace, **options)


def test_agreement_needs_no_app(workspace: Workspace) -> None:
    assert run(workspace, agreement=True) == AgreementResult({}, {}, ())


# -- in a browser --------------------------------------------------------------------------
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


def test_keys_mouse_reload_and_save(workspace: Workspace, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "sheet.html"
    run(workspace, export=path, rows=12)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    for key in "akmx1234567":
        page.keyboard.press(key)
    assert page.inner_text("#count") == "11 of 12"
    page.keyboard.press("u")
    page.keyboard.press("u")
    assert page.inner_text("#count") == "9 of 12"
    page.keyboard.press("Control+a")  # a browser's own key is no verdict
    assert page.inner_text("#count") == "9 of 12"
    page.fill("#note", "=a;'=k 1")
    page.keyboard.press("Enter")
    page.click('[data-verdict="exclude"]')
    page.reload()
    page.wait_for_function("document.querySelector('#count').innerText === '10 of 12'")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "verdicts.csv"
    download.value.save_as(saved)
    page.close()
    assert download.value.suggested_filename == "verdicts.csv"
    assert not problems
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    result = run(workspace, import_=saved)
    assert (result.n_added, result.n_empty) == (10, 2)
    events = workspace.decisions()
    assert [event.outcome for event in events[2:9]] == ["ambiguous", "exclude", *CLASSES[:5]]
    assert (events[9].action, events[9].evidence["note"]) == ("exclude", "=a;'=k 1")
    assert all(event.seconds is not None for event in events)


def test_a_blind_page_takes_no_accept_and_no_keep(
    workspace: Workspace, browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "blind.html"
    run(workspace, export=path, sample=25)
    page = browser.new_page()
    page.goto(path.as_uri())
    for key in "ak":
        page.keyboard.press(key)
    assert page.inner_text("#count") == "0 of 25"
    page.keyboard.press("4")
    assert page.inner_text("#count") == "1 of 25"
    assert "happy" not in page.inner_text("#what")  # the next face
    page.close()


def test_a_sheet_follows_its_images_into_another_import(workspace: Workspace) -> None:
    rows = exported(workspace, rows=4)
    for row in rows:
        row["verdict"] = "x"
    path = written(workspace, rows)
    meant = {row["sha256"] for row in rows}
    manifest = workspace.manifest()
    turned = manifest.iloc[::-1].reset_index(drop=True)
    turned = turned.assign(row=manifest["row"], sample_id=manifest["sample_id"])
    write_table(workspace.manifest_path, turned)
    write_table(workspace.audit_path, audit_table(90, 90))
    run(workspace, import_=path)
    names = {decision.sample_id for decision in workspace.decisions()}
    now = turned.set_index("sample_id").loc[sorted(names), "sha256"]
    assert set(now) == meant
