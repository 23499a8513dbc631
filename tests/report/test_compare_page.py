"""The page of a comparison: what it says, its tables, its picture and its text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from report_pages import EVIL, Page, widest

from fercurate.config import CompareConfig
from fercurate.report import compare_page, compare_text

ARMS = ("raw", "random-control", "clean")


def score(mean, sd=0.01):
    return {"mean": mean, "sd": sd, "low": mean - 0.02, "high": mean + 0.02, "by_seed": [mean] * 3}


def gain(arm, against, truth, value, measure="accuracy", width=0.01):
    low, high = value - width, value + width
    return {
        "arm": arm, "against": against, "truth": truth, "measure": measure, "value": value,
        "low": low, "high": high, "excludes_zero": low > 0 or high < 0, "by_seed": [value] * 3,
    }  # fmt: skip


def record(arms=ARMS, gold=True, clean_gain=0.08, **changes):
    """A comparison as `Comparison.as_dict` gives it: clean gains on gold and loses on given."""
    kinds = ("given", "gold", "gold_alone") if gold else ("given",)
    sets = {"random-control": "random-control", "clean": "clean", "raw:votes": "raw"}
    labels = {"clean": "corrected", "raw:votes": "votes"}
    value = {
        "random-control": {"given": -0.01, "gold": -0.01, "gold_alone": -0.01},
        "clean": {"given": -0.05, "gold": clean_gain, "gold_alone": clean_gain + 0.005},
        "raw:votes": {"given": -0.06, "gold": 0.12, "gold_alone": 0.12},
    }
    pairs = [(arm, arms[0]) for arm in arms[1:]]
    if "random-control" in arms:
        pairs += [(a, "random-control") for a in arms[1:] if a != "random-control"]
    made = {
        "dataset": "faces",
        "split": "val",
        "answers_as": "",
        "balance": 0.0,
        "recipe": {"model": "facenet", "epochs": 8, "batch": 128},
        "differs": (),
        "baseline": arms[0],
        "control": "random-control" if "random-control" in arms else None,
        "arms": [
            {
                "name": arm, "dataset": "faces", "on": sets.get(arm, "raw"),
                "labels": labels.get(arm, "given"), "runs": [f"r{s}" for s in range(3)],
                "seeds": [0, 1, 2], "left_out": [], "n_train": 24_000,
            }
            for arm in arms
        ],
        "rows": {kind: {"rows": 3000, "images": 2900} for kind in kinds},
        "given_is_gold": 0.72 if gold else None,
        "n_leaks": 12,
        "with_near": False,
        "scores": {
            arm: {k: {"accuracy": score(0.65), "balanced": score(0.6)} for k in kinds}
            for arm in arms
        },
        "gains": [
            gain(arm, against, kind, value.get(arm, {}).get(kind, 0.0), measure)
            for arm, against in pairs
            for kind in kinds
            for measure in ("accuracy", "balanced")
        ],
        "draws": 10_000,
    }  # fmt: skip
    return {**made, **changes}


def test_the_folder_holds_page_text_picture_and_numbers(tmp_path):
    found = record()
    asked = CompareConfig(arms=ARMS, epochs=8)
    page = compare_page.write(tmp_path / "new", found, asked)
    assert page == tmp_path / "new" / "index.html"
    assert {p.name for p in page.parent.iterdir()} == {
        "index.html", "README.md", "forest.png", "metrics.json",
    }  # fmt: skip
    stored = json.loads((page.parent / "metrics.json").read_text())
    assert stored["gains"] == found["gains"]
    assert stored["command"].startswith("fercurate compare raw random-control clean --dataset")
    width, height = Image.open(page.parent / "forest.png").size
    assert width > 2 * height > 0


def test_the_page_is_one_file_and_says_the_same_as_the_text(tmp_path):
    page = compare_page.write(tmp_path, record(), CompareConfig(arms=ARMS))
    html = Page(page.read_text())
    seen = " ".join(" ".join(html.text).split())
    assert html.open == []
    for attrs in html.named("img"):
        assert attrs["src"].startswith("data:image/png;base64,")
        assert "clean against raw: -5.0" in attrs["alt"]
    assert not html.named("script")
    text = (tmp_path / "README.md").read_text()
    for line in (compare_text.summary(record()), *compare_text.notes(record())):
        assert line in text
        assert " ".join(line.split()) in seen
    for row in compare_text.gain_rows(record()):
        assert f"| {' | '.join(row)} |" in text
        assert all(cell in seen for cell in row)


@pytest.mark.parametrize("width", [1280, 500])
def test_no_table_scrolls_sideways(tmp_path, width):
    arms = ("raw", "a-dataset-v500:random-control", "a-dataset-v500:clean:corrected")
    page = compare_page.write(tmp_path, record(arms), CompareConfig(arms=arms))
    tables, reach, whole = widest(page, width)
    assert tables == 4
    assert reach <= width
    assert whole <= width


def test_names_from_data_are_escaped(tmp_path):
    found = record(arms=("raw", EVIL), dataset=EVIL)
    page = compare_page.write(tmp_path, found, CompareConfig(arms=("raw", EVIL)))
    assert not Page(page.read_text()).named("script")
    assert "<script>alert" not in page.read_text()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (record(), "clean is better on gold rows: +8.0 points of accuracy, between +7.0 and +9.0"),
        (record(clean_gain=-0.08), "clean is worse on gold rows: -8.0"),
        (record(clean_gain=0.004), "clean shows no clear difference on gold rows: +0.4"),
        (record(gold=False), "clean is worse on given labels: -5.0"),
        (record(("raw", "random-control")), "Only the control was compared with raw"),
        (record(("raw", "raw:votes", "clean")), "Against raw, clean is better"),
        (record(("raw", "raw:votes")), "raw:votes is better on gold rows: +12.0"),
    ],
)
def test_the_summary_names_the_best_that_no_votes_trained(found, says):
    assert says in compare_text.summary(found)


def test_the_summary_holds_the_best_against_given_labels_and_the_control():
    said = compare_text.summary(record())
    assert "On given labels: -5.0 (-6.0 to -4.0)." in said
    assert "Against random-control: +8.0" in said


@pytest.mark.parametrize(
    ("found", "part", "is_said"),
    [
        (record(), "paid for repeating them", True),
        (record(clean_gain=-0.1), "paid for repeating them", False),
        (record(gold=False), "paid for repeating them", False),
        (record(gold=False), "no FER+ votes on images of val", True),
        (record(), "no FER+ votes", False),
        (record(), "exact copy in another split", True),
        (record(with_near=True), "have a copy, exact or nearly so, in another split", True),
        (record(), "without such a copy clean: +8.5", True),
        (record(n_leaks=0), "exact copy in another split", False),
        (record(), "too wide rather than too narrow", True),
        (record(differs=("epochs",)), "differ in more than their training set: epochs", True),
        (record(), "differ in more", False),
    ],
)
def test_notes_say_what_a_reader_must_know(found, part, is_said):
    assert (part in " ".join(compare_text.notes(found))) is is_said


def test_the_summary_says_where_balanced_accuracy_goes_the_other_way():
    found = record()
    assert "balanced" not in compare_text.summary(found)
    found["gains"] = [
        gain(g["arm"], g["against"], g["truth"], -0.12, "balanced")
        if (g["truth"], g["measure"]) == ("gold", "balanced")
        else g
        for g in found["gains"]
    ]
    said = "Its balanced accuracy goes the other way: -12.0 (-13.0 to -11.0)."
    assert said in compare_text.summary(found)


def test_runs_left_out_are_named():
    found = record()
    assert "Left out" not in " ".join(compare_text.notes(found))
    found["arms"][1]["left_out"] = [3, 5]
    said = " ".join(compare_text.notes(found))
    assert "that count: 0, 1, 2. Left out: random-control: 3, 5." in said


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("raw", "clean:given"), "faces-compare-raw-clean-given-"),
        (("raw", "../../etc:clean"), "faces-compare-raw-..-..-etc-clean-"),
        (("raw", "x" * 200), f"faces-compare-raw-{'x' * 56}-"),
    ],
)
def test_a_folder_is_named_by_its_arms(names, part):
    found = record(arms=names)
    name = compare_page.folder_name(found, CompareConfig(arms=names))
    assert name.startswith(part)
    assert "/" not in name
    other = compare_page.folder_name(found, CompareConfig(arms=names, split="test"))
    assert other != name
    same = CompareConfig(arms=names, folder=Path("elsewhere"), device="cpu")
    assert compare_page.folder_name(found, same) == name


def test_few_seeds_are_warned_of():
    found = record()
    found["arms"] = [{**arm, "seeds": [0]} for arm in found["arms"]]
    assert "With 1 seed they know too little" in " ".join(compare_text.notes(found))


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0812, "+8.1"), (-0.0004, "0.0"), (0.0, "0.0"), (-0.051, "-5.1")]
)
def test_differences_are_in_points_with_a_sign(value, shown):
    assert compare_text.points(value) == shown


def test_the_command_repeats_what_was_asked_and_names_no_folder(tmp_path):
    asked = CompareConfig(
        arms=("raw", "random-control", f"{tmp_path}:clean"),
        seeds=5, epochs=8, set=("lr=0.05", "mixup=0.2"), votes=tmp_path / "fer2013new.csv",
        folder=tmp_path, split="test", as_="votes", at_balance=0.25,
    )  # fmt: skip
    said = compare_page.command(record(), asked)
    assert said == (
        "fercurate compare raw random-control clean --dataset faces --seeds 5 --epochs 8 "
        "--set lr=0.05 --set mixup=0.2 --as votes --at-balance 0.25 --split test "
        "--votes fer2013new.csv"
    )


def test_a_head_and_a_balance_that_were_asked_for_are_told(tmp_path):
    asked = CompareConfig(arms=ARMS, as_="votes", at_balance=0.5)
    page = compare_page.write(tmp_path, record(answers_as="votes", balance=0.5), asked)
    for name in ("index.html", "README.md"):
        text = (page.parent / name).read_text()
        assert "8 epochs, batch 128, answers as votes, balance of the answers 0.5" in text
        assert "--as votes --at-balance 0.5" in text
