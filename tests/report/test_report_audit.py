"""The stage: an audited workspace in, three files out."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from recorded import write_json, write_table
from report_pages import EVIL, Page

from fercurate.config import ReportConfig
from fercurate.errors import FercurateError, InputError
from fercurate.progress import Quiet
from fercurate.report.audit_page import ReportResult, run
from fercurate.workspace import Workspace


def report(workspace: Workspace, folder: Path, **config: object) -> ReportResult:
    return run(workspace, ReportConfig(folder=folder, **config), Quiet())


def page_of(result: ReportResult) -> Page:
    return Page(result.index.read_text(encoding="utf-8"))


def test_three_files_and_what_they_say(audited, tmp_path):
    result = report(audited, tmp_path / "out", worst=20)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "index.html",
        "label_issues.csv",
        "metrics.json",
    ]
    facts = json.loads(result.metrics.read_text(encoding="utf-8"))
    assert facts["audited"] == result.n_audited == 320
    assert facts["label_issues"]["count"] == result.n_label_issues
    assert len(facts["noise_matrix"]) == len(facts["joint"]) == 7
    text = " ".join(page_of(result).text)
    for said in ("Label audit", "The 20 worst images", f"{result.n_label_issues} labels"):
        assert said in text
    assert "fercurate review --sample 200 --dataset made" in text


def test_default_folder_is_named_after_the_dataset(audited, tmp_path, monkeypatch):
    workspace = Workspace(audited.root.resolve())
    monkeypatch.chdir(tmp_path)
    result = run(workspace, ReportConfig(), Quiet())
    assert result.index == Path("reports/made-audit/index.html")
    assert result.index.exists()


def test_csv_lists_the_issues_worst_first(audited, tmp_path):
    result = report(audited, tmp_path)
    with result.label_issues.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    audit = audited.audit()
    assert [int(r["rank"]) for r in rows] == sorted(audit.loc[audit["is_label_issue"], "rank"])
    assert list(rows[0]) == [
        "rank", "row", "sample_id", "sha256", "split", "label", "suggested_label",
        "suggested_confidence", "label_quality", "verdict",
    ]  # fmt: skip
    first = audit.set_index("row").loc[int(rows[0]["row"])]
    assert rows[0]["label"] == first["label"]
    assert float(rows[0]["label_quality"]) == pytest.approx(first["label_quality"], abs=1e-4)


def test_page_is_one_well_formed_file(audited, tmp_path):
    page = page_of(report(audited, tmp_path))
    assert page.open == []
    assert not [a for _, a in page.tags if re.match(r"(https?:)?//", a.get("src") or "")]
    assert all(a["href"].startswith(("#", "data:")) for _, a in page.tags if "href" in a)
    targets = {a["href"][1:] for a in page.named("a")}
    assert targets <= {a.get("id") for _, a in page.tags}
    assert page.named("html")[0]["lang"] == "en"


def test_every_picture_has_a_text_and_is_inside_the_file(audited, tmp_path):
    pictures = page_of(report(audited, tmp_path, worst=20)).named("img")
    # 20 worst, 6 of them again with 5 neighbours each, one face for each of 3 groups of copies
    assert len(pictures) == 20 + 6 * (1 + 5) + 3
    assert all(p["src"].startswith("data:image/png;base64,") and p["alt"] for p in pictures)


def test_without_faces_no_photograph_is_there_or_read(make, tmp_path):
    workspace = make()
    workspace.faces_path.unlink()
    result = report(workspace, tmp_path / "out", faces=False)
    page = page_of(result)
    assert page.named("img") == []
    assert "data:image" not in result.index.read_text(encoding="utf-8")
    rows = [a for a in page.named("tr") if "data-given" in a]
    assert len(rows) == 100


def test_text_from_data_is_inert(make, tmp_path):
    workspace = make()
    manifest, audit = workspace.manifest(), workspace.audit()
    manifest[["sample_id", "source"]] = EVIL
    manifest.loc[0, "label"] = EVIL
    audit[["sample_id", "suggested_label", "top1_label", "verdict"]] = EVIL
    audit.loc[audit["row"] == 0, "label"] = EVIL
    write_table(workspace.manifest_path, manifest)
    write_table(workspace.audit_path, audit)
    summary = json.loads(workspace.audit_summary_path.read_text())
    summary["classes"][0] = summary["versions"]["torch"] = summary["device"] = EVIL
    write_json(workspace.audit_summary_path, summary)
    for faces in (True, False):
        page = page_of(report(workspace, tmp_path / "out", faces=faces))
        assert len(page.named("script")) == 1
        assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
        assert EVIL in "".join(page.text)
        titles = [a["title"] or "" for _, a in page.tags if "title" in a]
        assert any(title.startswith(EVIL) for title in titles)


def test_script_is_the_one_that_the_policy_allows(audited, tmp_path):
    html = report(audited, tmp_path).index.read_text(encoding="utf-8")
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = Page(html).named("meta")[2]["content"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_same_input_same_bytes(audited, tmp_path):
    one, two = report(audited, tmp_path / "a"), report(audited, tmp_path / "b")
    for name in ("index", "metrics", "label_issues"):
        assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes()


@pytest.mark.parametrize(
    ("classes", "n_conflicts"),
    [(("happy", "sad"), 0), ((*"abcdefghijkl",), 2)],
)
def test_other_classes(make, tmp_path, classes, n_conflicts):
    result = report(make(classes=classes, n_conflicts=n_conflicts), tmp_path / "out")
    page = page_of(result)
    assert page.open == []
    assert len([a for a in page.named("td") if "same" in (a.get("class") or "")]) == len(classes)


def test_nothing_found_and_an_empty_class(make, tmp_path):
    workspace = make(n_conflicts=0)
    audit = workspace.audit()
    audit = audit[audit["label"] != "disgust"].assign(is_label_issue=False, verdict="ok")
    audit["neighbours"] = [[] for _ in range(len(audit))]
    write_table(workspace.audit_path, audit)
    summary = json.loads(workspace.audit_summary_path.read_text())
    summary["noise_matrix"][1] = [float("nan")] * 7
    write_json(workspace.audit_summary_path, summary)
    result = report(workspace, tmp_path / "out", worst=0)
    text = " ".join(page_of(result).text)
    assert "No label looks wrong." in text
    assert "no image" in text
    assert result.label_issues.read_text(encoding="utf-8").count("\n") == 1
    assert json.loads(result.metrics.read_text())["noise_matrix"][1] == [None] * 7


def test_unlabelled_images_are_counted(make, tmp_path):
    workspace = make(n_conflicts=0)
    manifest = workspace.manifest()
    manifest.loc[manifest["split"] == "test", "label"] = None
    write_table(workspace.manifest_path, manifest)
    result = report(workspace, tmp_path / "out")
    facts = json.loads(result.metrics.read_text())
    assert facts["class_counts"]["splits"]["test"]["unlabelled"] == 40
    assert "no label" in " ".join(page_of(result).text)


def test_a_hundred_worst_and_sixty_groups_stay_small(make, tmp_path):
    result = report(make(n=1500, n_conflicts=75), tmp_path / "out")
    assert result.index.stat().st_size < 3_000_000
    page = page_of(result)
    assert "And 15 more groups" in " ".join(page.text)
    assert len(json.loads(result.metrics.read_text())["duplicates"]["disagreeing"]) == 75


def test_missing_input_names_the_command(make, tmp_path):
    workspace = make()
    workspace.audit_summary_path.unlink()
    with pytest.raises(InputError, match=r"audit\.json is missing") as caught:
        report(workspace, tmp_path)
    assert caught.value.fix.startswith("Make it with: fercurate audit")
    workspace.audit_path.unlink()
    with pytest.raises(InputError, match=r"audit\.parquet"):
        report(workspace, tmp_path)


def test_damaged_input_is_one_message(make, tmp_path):
    workspace = make()
    workspace.audit_summary_path.write_text("{")
    with pytest.raises(InputError, match=r"audit\.json is not as fercurate wrote it"):
        report(workspace, tmp_path)
    table: pd.DataFrame = workspace.audit().drop(columns=["rank", "verdict"])
    write_table(workspace.audit_path, table)
    with pytest.raises(FercurateError, match=r"lacks verdict, rank"):
        report(workspace, tmp_path)


def test_a_negative_number_of_images_is_refused(audited, tmp_path):
    with pytest.raises(InputError):
        report(audited, tmp_path, worst=-1)


def test_a_screen_adds_a_section_and_a_link(make, make_screened, tmp_path):
    plain = report(make("plain"), tmp_path / "plain")
    both = report(make_screened("plain"), tmp_path / "both")
    assert 'href="#screen"' not in plain.index.read_text(encoding="utf-8")
    page = page_of(both)
    assert page.open == []
    assert {"href": "#screen"} in page.named("a")
    targets = {a["href"][1:] for a in page.named("a")}
    assert targets <= {a.get("id") for _, a in page.tags}
    assert all("open" not in a for a in page.named("details"))
    # the rest of the page stays as it was
    html = both.index.read_text(encoding="utf-8")
    section = html.index('<section id="screen"'), html.index('<section id="reading"')
    html = html[: section[0]] + html[section[1] :]
    html = html.replace('  <a href="#screen">Screen</a>\n', "")
    assert html == plain.index.read_text(encoding="utf-8")
    facts = json.loads(both.metrics.read_text(encoding="utf-8"))
    assert facts["screen"]["images"] == 400
    del facts["screen"]
    assert facts == json.loads(plain.metrics.read_text(encoding="utf-8"))


def test_a_screen_of_other_images_is_refused(make_screened, tmp_path):
    workspace = make_screened()
    workspace.screen().iloc[:-1].to_parquet(workspace.screen_path)
    with pytest.raises(InputError, match=r"screen\.parquet is not as fercurate wrote it") as caught:
        report(workspace, tmp_path)
    assert caught.value.fix.startswith("Make it with: fercurate screen")
