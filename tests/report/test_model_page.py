"""The page of a model: scores in, one self-contained page, plots and JSON out."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_pages import EVIL, Page

from fercurate.evaluate import groups, leaks, model
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
    evaluation = model.Evaluation(
        dataset="made",
        model="train-clean-corrected-facenet-s3-0a1b2c3d",
        split="val",
        about=ModelInfo("facenet", provenance=provenance).as_dict(),
        images=N,
        temperature=1.5,
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
        "chosen by this split",
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


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ("given", "The epoch and the temperature were chosen by this split's given labels."),
        ("votes", "what most votes name"),
        ("corrected", "no temperature was fitted"),
        (None, "The epoch and the temperature were chosen by this split's given labels."),
    ],
)
def test_the_page_says_what_validation_chose(
    found: dict[str, Any], labels: str | None, says: str
) -> None:
    trained = copy.deepcopy(found)
    trained["about"]["provenance"] |= {} if labels is None else {"labels": labels}
    trained["temperature"] = 1.0
    assert says in model_page.summary(trained)


@pytest.mark.parametrize(
    ("labels", "temperature", "caption", "note"),
    [
        (
            "given",
            1.5,
            "on the given labels of the validation split, by which",
            "fitted on the given",
        ),
        (
            "votes",
            1.5,
            "on the gold labels of the validation split, by which",
            "fitted on what most",
        ),
        (
            "corrected",
            1.0,
            "on the given labels of the validation split, by which",
            "No temperature",
        ),
        (
            "corrected",
            1.5,
            "on the given labels of the validation split, by which",
            "fitted on the given",
        ),
    ],
)
def test_the_page_says_which_labels_chose_epoch_and_temperature(
    found: dict[str, Any], tmp_path: Path, labels: str, temperature: float, caption: str, note: str
) -> None:
    trained = copy.deepcopy(found) | {"temperature": temperature}
    trained["about"]["provenance"]["labels"] = labels
    _, text = page_of(tmp_path, trained)
    assert f"Accuracy {caption} the epoch was chosen" in text
    assert note in text
    fitted = "no temperature was fitted" not in model_page.summary(trained)
    assert fitted is (temperature != 1)


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
