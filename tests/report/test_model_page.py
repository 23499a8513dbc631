"""The page of a model: scores in, one self-contained page, plots and JSON out."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_pages import EVIL, Page, widest

from fercurate.evaluate import groups, leaks, model
from fercurate.evaluate.head_scores import head_scores
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.report import model_page, model_plots

N = 700
PLOTS = {"confusion", "coverage", "reliability-given", "reliability-gold", "accuracy", "loss"}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What `evaluate` finds of a made-up model."""
    rng = np.random.default_rng(0)
    gold = np.where(np.arange(N) % 10, np.arange(N) % 7, -1)
    given = np.where(np.arange(N) % 4, np.arange(N) % 7, (np.arange(N) + 1) % 7)
    probabilities = rng.dirichlet(np.ones(7), N) + 2 * np.eye(7)[np.arange(N) % 7] * (
        rng.uniform(size=(N, 1)) < 0.8
    )
    sure = probabilities / probabilities.sum(axis=1, keepdims=True)
    raw = sure**2 / (sure**2).sum(axis=1, keepdims=True)
    truth = {"given": given, "gold": gold}
    copied = leaks.Copies(np.arange(N) < 5, np.arange(N) < 12)
    errors = model.label_errors(truth)
    epochs = [
        {"epoch": i, "loss": 2 / i, "val_accuracy": 0.1 * i, "val_loss": 1 / i} for i in (1, 2, 3)
    ]
    provenance = {
        "dataset": "made",
        "manifest": "ab" * 32,
        "seed": 3,
        "date": "2026-11-25T01:02:03+0000",
        "recipe": {"lr": 0.25},
    }
    info = ModelInfo("facenet", provenance=provenance)
    evaluation = model.Evaluation(
        dataset="made",
        model="train-clean-corrected-facenet-s3-0a1b2c3d",
        split="val",
        about=info.as_dict(),
        images=N,
        n_split=2 * N,
        answers_as="given",
        balance=0.0,
        temperature=1.5,
        heads=head_scores(info, np.log(sure)[:, None].astype(np.float32), truth),
        sets={name: model.measure(raw, sure, labels) for name, labels in truth.items()},
        reviewed={},
        views={"three": model.see(groups.THREE, sure, truth)},
        leaks={
            name: model.leak(sure.argmax(axis=1) == labels, labels >= 0, copied)
            for name, labels in truth.items()
        },
        trained_on={"images": 1234, "what": "the clean set that the run was trained on"},
        label_errors=errors,
        recognised_well=("happy", "surprise"),
        why=model.why(errors, "val"),
        training={"epochs": epochs, "best_epoch": 3, "parameters": 1_100_000, "seconds": 75},
    )
    return evaluation.as_dict()


def page_of(folder: Path, found: dict[str, Any]) -> tuple[Page, str]:
    html = model_page.write(folder, found).read_text(encoding="utf-8")
    page = Page(html)
    return page, re.sub(r"\s+", " ", " ".join(page.text))


def test_what_is_written(found: dict[str, Any], tmp_path: Path) -> None:
    page, text = page_of(tmp_path, found)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"index.html", "model.json"} | {f"{name}.png" for name in PLOTS}
    for name in PLOTS:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "model.json").read_text())
    assert kept["sets"]["gold"]["scores"] == found["sets"]["gold"]["scores"]
    accuracy = found["sets"]["gold"]["scores"]["accuracy"]
    for said in (
        f"{100 * accuracy:.1f} %", "wrong too", "1,234 images", "1 min 15 s", "1,100,000",
        "abababababababab", "2026-11-25 01:02", "fercurate evaluate --labels happy,surprise",
        "An earlier version chose",
        "fercurate evaluate --run train-clean-corrected-facenet-s3-0a1b2c3d --dataset made",
    ):  # fmt: skip
        assert said in text.replace("\u00a0", " "), said
    assert len(page.named("svg")) == len(PLOTS) - 1
    assert page.open == []


def test_the_page_needs_nothing_from_elsewhere(found: dict[str, Any], tmp_path: Path) -> None:
    html = model_page.write(tmp_path, found).read_text(encoding="utf-8")
    page = Page(html)
    assert not page.named("script")
    assert not page.named("img")
    links = [a.get("href") or a.get("xlink:href") or "" for _, a in page.tags]
    assert not any("://" in link for link in links)
    anchors = {a["href"][1:] for a in page.named("a") if (a.get("href") or "").startswith("#")}
    assert anchors <= {a["id"] for _, a in page.tags if "id" in a}


def test_the_confusion_matrix_is_scaled_by_row_with_its_counts(found: dict[str, Any]) -> None:
    scores = found["sets"]["gold"]["scores"]
    rows = model_page.confusion_rows(scores)
    for row, counts in zip(rows, scores["confusion"], strict=True):
        assert [c["count"] for c in row["cells"]] == counts
        assert sum(c["share"] for c in row["cells"]) == pytest.approx(1)
        assert row["images"] == sum(counts)


def test_a_class_without_an_image_has_no_shares() -> None:
    scores = {"by_class": {"a": {}, "b": {}}, "confusion": [[0, 0], [1, 3]]}
    rows = model_page.confusion_rows(scores)
    assert [c["share"] for c in rows[0]["cells"]] == [None, None]
    assert [c["share"] for c in rows[1]["cells"]] == [0.25, 0.75]


def test_a_model_file_without_votes_and_without_a_curve(
    found: dict[str, Any], tmp_path: Path
) -> None:
    bare = copy.deepcopy(found)
    for part in (bare["sets"], bare["leaks"], *(v["sets"] for v in bare["views"].values())):
        del part["gold"]
    bare |= {"why": "", "training": {}, "label_errors": {}, "recognised_well": (), "split": "test"}
    bare["leaks"]["given"] |= {"near": None, "on_copies": None}
    _, text = page_of(tmp_path, bare)
    assert "--model" in text
    assert "--split test" in text
    assert "looked at once" in text
    assert "wrong too" not in text
    assert not (tmp_path / "accuracy.png").exists()


def test_the_page_says_what_validation_chose(found: dict[str, Any]) -> None:
    trained = copy.deepcopy(found)
    assert "An earlier version chose the epoch" in model_page.summary(trained)
    trained["about"]["provenance"]["chosen_on"] = "half of validation"
    said = model_page.summary(trained).replace("\u00a0", " ")
    assert f"These are {N} of the split's {2 * N:,} images, the half that chose nothing" in said


@pytest.mark.parametrize(
    ("fit", "note"),
    [
        (None, "fitted by an earlier version, on the whole validation split"),
        ({"images": 0, "fitted_on": "nothing"}, "there were too few images for it"),
        (
            {"images": 1500, "fitted_on": "given labels of one half of validation"},
            "on 1,500 images: given labels of one half of validation. Where these labels err",
        ),
    ],
)
def test_the_page_says_which_labels_the_temperature_is_from(
    found: dict[str, Any], tmp_path: Path, fit: dict[str, Any] | None, note: str
) -> None:
    trained = copy.deepcopy(found)
    if fit is not None:
        trained["about"]["provenance"]["calibration"] = {"given": fit}
    _, text = page_of(tmp_path, trained)
    assert note in text.replace("\u00a0", " ")
    assert "Accuracy on the given labels of the validation images that chose the epoch" in text


@pytest.fixture(scope="module")
def two(found: dict[str, Any]) -> dict[str, Any]:
    """The same of two heads. The votes head is right on all gold rows; for the given head nothing
    is known of them."""
    rows = np.arange(N)
    truth = {
        "given": np.where(rows % 4, rows % 7, (rows + 1) % 7),
        "gold": np.where(rows % 10, rows % 7, -1),
        "voted": rows % 7,
    }
    logits = np.zeros((N, 2, 7), np.float32)
    logits[rows, 0, truth["given"]] = 4
    logits[rows, 1, truth["voted"]] = np.where(rows % 10, 4, 0.1)
    logits[rows[::10], 1, (rows[::10] + 1) % 7] = 5  # wrong where the votes are less clear
    prior = (1 / 7,) * 7
    info = ModelInfo(
        "facenet",
        heads=(Head("given", prior), Head("votes", prior, threshold=0.5, balance=0.25)),
        provenance={"chosen_on": "half of validation"},
    )
    heads = head_scores(info, logits, truth)
    assert [(h.name, h.balance, h.is_default) for h in heads] == [
        ("given", 0.0, False), ("votes", 0.0, False), ("votes", 0.25, True)
    ]  # fmt: skip
    return copy.deepcopy(found) | {
        "about": info.as_dict(),
        "answers_as": "votes",
        "balance": 0.25,
        "heads": [asdict(head) for head in heads],
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_no_table_scrolls_sideways(two: dict[str, Any], tmp_path: Path, width: int) -> None:
    tables, reach, whole = widest(model_page.write(tmp_path, two), width)
    assert tables > 8
    assert reach <= width
    assert whole <= width


def test_a_model_with_two_heads_is_shown_both_ways(two: dict[str, Any], tmp_path: Path) -> None:
    page, text = page_of(tmp_path, two)
    text = text.replace("\u00a0", " ")
    assert (
        "As given it answers as the dataset's own labels would, errors included: 100.0 % of the "
        "given labels"
    ) in text
    assert (
        "As votes, with a balance of 0.25 it answers as most of ten annotators would: 100.0 % of "
        "the gold rows"
    ) in text
    assert "it is right on 100.0 % of the gold rows that it answers and on 90.0 % of all" in text
    assert "As given, given labels" in text
    assert "As votes, gold rows" in text
    assert page.open == []
    assert "--as" not in model_page.command(two)
    assert "--as given --balance 0.5" in model_page.command(
        two | {"answers_as": "given", "balance": 0.5}
    )


@pytest.mark.parametrize(
    ("reviewed", "says"),
    [
        ({}, "has a label that reviewers settled."),
        (
            {"train": 500, "test": 1},
            "reviewers settled 500 of the training split and 1 of the test split.",
        ),
    ],
)
def test_a_split_that_nobody_reviewed_is_told(
    found: dict[str, Any], tmp_path: Path, reviewed: dict[str, int], says: str
) -> None:
    _, text = page_of(tmp_path, found | {"reviewed": reviewed})
    assert "No reviewed labels score: no image of the validation split" in text
    assert says in text
    scored = copy.deepcopy(found)
    scored["sets"]["reviewed"] = scored["sets"]["gold"]
    assert model_page.not_reviewed(scored) == ""


def test_the_command_names_the_classes_that_a_model_was_limited_to(found: dict[str, Any]) -> None:
    view = {**found["views"]["three"], "classes": {"happy": ("happy",), "sad": ("sad",)}}
    limited = found | {"views": {**found["views"], "limited": view}}
    assert " --labels happy,sad --dataset made" in model_page.command(limited)


def test_what_comes_from_data_is_escaped(found: dict[str, Any], tmp_path: Path) -> None:
    evil = copy.deepcopy(found)
    evil |= {"model": EVIL, "dataset": EVIL}
    evil["about"]["provenance"] |= {"dataset": EVIL, "recipe": {"x": EVIL}}
    page, text = page_of(tmp_path, evil)
    assert not page.named("script")
    assert "alert('x')" in text


def test_plots_follow_the_theme(found: dict[str, Any]) -> None:
    figure = model_plots.coverage(found["sets"])
    drawn = model_plots.svg(figure, 'a "plot"')
    for colour in (model_plots.GIVEN, model_plots.GOLD, model_plots.SOFT, model_plots.LINE):
        assert colour not in drawn
    assert "rgb(var(--accent))" in drawn
    assert "a &#34;plot&#34;" in drawn
    assert model_plots.svg(model_plots.coverage(found["sets"]), 'a "plot"') == drawn
