from __future__ import annotations

import numpy as np
import pytest

from fercurate.screen import spurious

CLASSES = ("happy", "sad", "neutral")


def drawn(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """A property without a meaning, and labels."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n).astype(np.float32), rng.integers(0, 3, n)


def test_properties_of_plain_and_framed_pictures() -> None:
    framed = np.full((48, 48), 255, np.uint8)
    framed[4:-4, 4:-4] = 0
    faces = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8), framed])
    found = spurious.properties(faces)
    inner = (40 / 48) ** 2
    assert found["border_brightness"] == pytest.approx([0, 1, 1])
    assert found["brightness"] == pytest.approx([0, 1, 1 - inner])
    assert found["dark_share"] == pytest.approx([1, 0, inner])
    assert found["contrast"] == pytest.approx([0, 0, (inner * (1 - inner)) ** 0.5])
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    whole = spurious.properties(faces)
    monkeypatch.setattr(spurious, "_BLOCK", 2)
    for name, values in spurious.properties(faces).items():
        assert values == pytest.approx(whole[name]), name
    assert all(len(values) == 0 for values in spurious.properties(faces[:0]).values())


def test_the_dark_class_is_found_and_no_other() -> None:
    value, labels = drawn(0)
    value[labels == 1] -= 1
    table = spurious.links({"brightness": value}, labels, CLASSES).set_index("class")
    assert table.loc["sad", "is_spurious_issue"]
    assert table.loc["sad", "auc_high"] < 0.4
    assert table.loc["sad", "median_class"] < table.loc["sad", "median_rest"] - 0.5
    assert list(table["n"]) == [int((labels == c).sum()) for c in range(3)]
    unlinked = spurious.links({"noise": drawn(1)[0]}, labels, CLASSES)
    assert not unlinked["is_spurious_issue"].any()


def test_the_area_is_that_of_the_roc_curve_ties_included() -> None:
    from sklearn.metrics import roc_auc_score

    value, labels = drawn(2)
    value = np.round(value)
    table = spurious.links({"noise": value}, labels, CLASSES)
    for index, auc in enumerate(table["auc"]):
        assert auc == pytest.approx(roc_auc_score(labels == index, value))


def test_about_95_of_100_intervals_hold_the_true_area() -> None:
    from scipy.stats import norm

    true = norm.cdf(0.5 / 2**0.5)
    held = 0
    for seed in range(200):
        value, labels = drawn(seed, 120)
        value[labels == 0] += 0.5
        row = spurious.links({"x": value}, labels, CLASSES[:1]).iloc[0]
        held += row["auc_low"] <= true <= row["auc_high"]
    assert 182 <= held <= 198


def test_a_link_that_could_be_chance_is_no_issue() -> None:
    value, labels = drawn(3, 60)
    value[labels == 0] += 0.6
    row = spurious.links({"x": value}, labels, CLASSES).iloc[0]
    assert row["auc"] > 0.6
    assert not row["is_spurious_issue"]


def test_images_without_a_label_and_tiny_classes_say_nothing() -> None:
    value, labels = drawn(4)
    labels[labels == 2] = -1
    labels[:5] = 2
    table = spurious.links({"x": value}, labels, CLASSES).set_index("class")
    assert np.isnan(table.loc["neutral", "auc"])
    assert not table.loc["neutral", "is_spurious_issue"]
    assert table["n"].sum() == (labels >= 0).sum()
    room = spurious.predictability({"x": value}, labels)
    assert room["chance"][0] == 0.5, "two classes are left"


def test_a_property_that_gives_the_class_away_scores_low() -> None:
    noise, labels = drawn(5)
    given = {"noise": noise, "same": np.zeros_like(noise), "told": labels + 0.1 * noise}
    table = spurious.predictability(given, labels).set_index("property")
    assert table.loc["told", "score"] < 0.05
    assert table.loc["noise", "score"] > 0.9
    assert table.loc["same", "balanced_accuracy"] == pytest.approx(1 / 3)


def test_an_uneven_class_does_not_pass_for_a_link() -> None:
    noise, labels = drawn(6, 1000)
    labels[np.random.default_rng(6).random(1000) < 0.8] = 0
    table = spurious.predictability({"noise": noise}, labels)
    assert table["balanced_accuracy"][0] == pytest.approx(1 / 3, abs=0.06)


def test_one_class_alone_predicts_nothing() -> None:
    noise, _ = drawn(7, 40)
    table = spurious.predictability({"noise": noise}, np.zeros(40, np.int64))
    assert table[["balanced_accuracy", "chance", "score"]].isna().all(axis=None)
