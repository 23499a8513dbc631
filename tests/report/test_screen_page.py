"""The screen's page: a screened workspace in, two files out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from recorded import write_array, write_json, write_table
from report_pages import EVIL, Page
from screen_tables import screen_summary

from fercurate import road
from fercurate.config import ReportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Quiet
from fercurate.report import screen_section
from fercurate.report.screen_page import ScreenReportResult, run
from fercurate.workspace import Workspace


def report(workspace: Workspace, folder: Path, **config: object) -> ScreenReportResult:
    return run(workspace, ReportConfig(folder=folder, **config), Quiet())


def page_of(result: ScreenReportResult) -> Page:
    return Page(result.index.read_text(encoding="utf-8"))


def test_two_files_and_what_they_say(screened, tmp_path):
    result = report(screened, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["index.html", "metrics.json"]
    screen = screened.screen()
    facts = json.loads(result.metrics.read_text(encoding="utf-8"))
    assert facts["images"] == result.n_images == 400
    assert result.n_not_human == (screen["kind"] != "human").sum()
    flagged = screen[[f"is_{x}_issue" for x in ("face", "dark", "blurry", "cut_off", "odd_size")]]
    assert result.n_issues == flagged.any(axis=1).sum()
    text = re.sub(r"\s+", " ", " ".join(page_of(result).text))
    for said in (
        f"{result.n_not_human} (", "fine detail is missing",
        "2 of 14 are flagged", "93.0 %", "0.4 % are taken for something else",
        "fercurate audit --dataset made", "40 test",
    ):  # fmt: skip
        assert said in text


def test_default_folder_is_named_after_the_dataset(screened, tmp_path, monkeypatch):
    workspace = Workspace(screened.root.resolve())
    monkeypatch.chdir(tmp_path)
    assert run(workspace, ReportConfig(), Quiet()).index == Path("reports/made-screen/index.html")
    named = road.run_screen_report(workspace, ReportConfig(folder=Path("out")), Quiet())
    assert named.index == Path("out/screen/index.html")
    assert named.index.exists()


def test_page_is_one_well_formed_file_without_a_script(screened, tmp_path):
    page = page_of(report(screened, tmp_path))
    assert page.open == []
    assert page.named("script") == []
    assert page.named("meta")[2]["content"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    )
    assert all(a["href"].startswith(("#", "data:")) for _, a in page.tags if "href" in a)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert {a["href"][1:] for a in page.named("a")} <= set(ids)
    assert len(ids) == len(set(ids))


def test_contact_sheets_and_groups_have_the_pictures_that_the_facts_list(screened, tmp_path):
    result = report(screened, tmp_path)
    facts = json.loads(result.metrics.read_text(encoding="utf-8"))
    rows = [image["row"] for sheet in facts["sheets"] for image in sheet["images"]]
    near = facts["near_duplicates"]["shown"]
    near_rows = [image["row"] for group in near for image in group["images"]]
    pictures = page_of(result).named("img")
    assert [int(p["alt"].split()[-1]) for p in pictures] == near_rows + rows
    assert all(p["src"].startswith("data:image/png;base64,") for p in pictures)
    assert {p["width"] for p in pictures} == {"64"}
    kept = [a for a in page_of(result).named("li") if a.get("class") == "kept"]
    assert len(kept) == len(near)


def test_without_faces_rows_are_listed_and_no_photograph_is_read(make_screened, tmp_path):
    workspace = make_screened()
    workspace.faces_path.unlink()
    result = report(workspace, tmp_path / "out", faces=False)
    page = page_of(result)
    assert page.named("img") == []
    facts = json.loads(result.metrics.read_text(encoding="utf-8"))
    blurry = next(sheet for sheet in facts["sheets"] if sheet["name"] == "blurry")
    listed = ", ".join(str(image["row"]) for image in blurry["images"][:20])
    assert f"rows {listed}" in "".join(page.text)


def test_the_largest_page_stays_small(make_screened, tmp_path):
    workspace = make_screened(n=1500)
    noise = np.random.default_rng(0).integers(0, 256, (1500, 48, 48), dtype=np.uint8)
    write_array(workspace.faces_path, noise)  # no picture takes more bytes
    screen = workspace.screen()
    for name in (
        "low_information", "light", "face_close", "face_small", "rotated", "occluded", "watermark",
    ):  # fmt: skip
        screen[f"{name}_score"] = screen["dark_score"]
        screen[f"is_{name}_issue"] = True
    for name in ("dark", "blurry", "cut_off", "face"):
        screen[f"is_{name}_issue"] = True
    write_table(workspace.screen_path, screen)
    assert report(workspace, tmp_path / "out").index.stat().st_size < 3_000_000


def test_text_from_data_is_inert(make_screened, tmp_path):
    workspace = make_screened()
    manifest, screen = workspace.manifest(), workspace.screen()
    manifest["sample_id"] = screen["sample_id"] = EVIL
    screen[["label", "split", "kind", "keep_split"]] = EVIL
    write_table(workspace.manifest_path, manifest)
    write_table(workspace.screen_path, screen)
    summary = screen_summary()
    summary["fingerprint"] = EVIL
    for link in summary["links"]:
        link["class"] = link["property"] = EVIL
    write_json(workspace.screen_summary_path, summary)
    for faces in (True, False):
        page = page_of(report(workspace, tmp_path / "out", faces=faces))
        assert page.named("script") == []
        assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
        assert EVIL in "".join(page.text)


def test_same_input_same_bytes(screened, tmp_path):
    one, two = report(screened, tmp_path / "a"), report(screened, tmp_path / "b")
    assert one.index.read_bytes() == two.index.read_bytes()
    assert one.metrics.read_bytes() == two.metrics.read_bytes()


def test_nothing_found(make_screened, tmp_path):
    workspace = make_screened()
    screen = workspace.screen().assign(kind="human", near_duplicate_group=-1, is_near_leak=False)
    screen[[c for c in screen if c.startswith("is_")]] = False
    write_table(workspace.screen_path, screen)
    write_json(workspace.screen_summary_path, {})
    result = report(workspace, tmp_path / "out")
    assert (result.n_not_human, result.n_issues) == (0, 0)
    page = page_of(result)
    assert page.open == page.named("img") == []
    text = " ".join(page.text)
    for said in ("All show a human face.", "No image is hard to see.", "No two images"):
        assert said in text
    assert {a["href"] for a in page.named("a")}.isdisjoint({"#links", "#sheets"})


def test_an_issue_without_a_text_and_without_a_score(make_screened, tmp_path):
    workspace = make_screened()
    screen = workspace.screen().assign(is_strange_thing_issue=lambda t: t["row"] == 7)
    write_table(workspace.screen_path, screen.drop(columns=["is_dark_issue", "dark_score"]))
    page = page_of(report(workspace, tmp_path / "out"))
    assert {"href": "#sheet-strange_thing"} in page.named("a")
    assert "#sheet-dark" not in [a["href"] for a in page.named("a")]


def test_missing_input_names_the_command(make_screened, tmp_path):
    workspace = make_screened()
    workspace.screen_summary_path.unlink()
    with pytest.raises(InputError, match=r"screen\.json") as caught:
        report(workspace, tmp_path)
    assert caught.value.fix.startswith("Make it with: fercurate screen")
    workspace.screen_path.unlink()
    with pytest.raises(InputError, match=r"screen\.parquet") as caught:
        report(workspace, tmp_path)
    assert caught.value.fix.startswith("Make it with: fercurate screen")


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_summary_is_one_message(make_screened, tmp_path, text):
    workspace = make_screened()
    workspace.screen_summary_path.write_text(text)
    with pytest.raises(FercurateError, match=r"screen\.json") as caught:
        report(workspace, tmp_path)
    assert caught.value.fix.startswith("Make it with: fercurate screen")


def test_a_table_that_lacks_columns_or_is_of_other_images(make_screened, tmp_path):
    workspace = make_screened()
    screen = workspace.screen()
    write_table(workspace.screen_path, screen.drop(columns=["kind", "human_score"]))
    with pytest.raises(FercurateError, match="lacks kind, human_score"):
        report(workspace, tmp_path)
    screen.iloc[::-1].to_parquet(workspace.screen_path)
    with pytest.raises(InputError, match="is not as fercurate wrote it"):
        report(workspace, tmp_path)


def test_links_are_shaded_by_their_distance_from_a_half():
    def link(auc: float | None, flagged: bool = False) -> dict[str, object]:
        return {"property": "p", "class": "c", "auc": auc, "is_spurious_issue": flagged}

    cells = [screen_section.link_rows([link(a)])[0]["cells"][0] for a in (0.5, 0.4, 0.6, 0.9)]
    assert [cell["opacity"] for cell in cells] == [0.0, 0.35, 0.35, 0.7]
    assert [cell["less"] for cell in cells] == [False, True, False, False]
    empty = screen_section.link_rows([link(None)])[0]["cells"][0]
    assert (empty["auc"], empty["opacity"], empty["flagged"]) == (None, 0.0, False)


def test_links_make_a_table_of_classes_by_properties():
    links = screen_summary()["links"]
    rows = screen_section.link_rows(links[:-1])  # the last class lacks the second property
    assert [len(row["cells"]) for row in rows] == [2] * 7
    assert rows[-1]["cells"][1]["tip"] == "too few"
    assert rows[-1]["cells"][0]["flagged"]
    assert "95 % interval 0.40 to 0.70" in rows[0]["cells"][0]["tip"]
    assert screen_section.link_rows(None) == []


def test_classifier_rows_take_what_is_known():
    assert screen_section.classifier_rows(None) == []
    rows = screen_section.classifier_rows({"labelled": {"human": 5}, "recall": {"drawn": 0.5}})
    assert [(r["name"], r["labelled"], r["recall"]) for r in rows] == [
        ("human", 5, None),
        ("drawn", None, 0.5),
    ]
