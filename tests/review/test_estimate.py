"""Error rates from the blind sample: unbiased, and intervals that hold what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from recorded import write_table
from review_tables import audit_table, manifest_table
from test_sampling import make_frame

from fercurate.decisions import Decision, Log
from fercurate.design_weights import weights
from fercurate.labels import CLASSES, INDEX
from fercurate.rerank import sampling as drawing
from fercurate.review import estimate, sampling
from fercurate.workspace import Workspace

FRAME = make_frame(6000)
GIVEN = FRAME["label"].map(INDEX).to_numpy()
STRATUM = FRAME["stratum"].to_numpy()


def saw(codes: np.ndarray) -> np.ndarray:
    """As `error_rates` takes them: the class seen by one reviewer on each image, -1 for none."""
    return np.where(codes[:, None] == np.arange(len(CLASSES) + 2), 1.0, 0.0)


def truth(error: str) -> np.ndarray:
    """What a reviewer would see on each image of the frame."""
    rng = np.random.default_rng(1)
    quality = FRAME["label_quality"].to_numpy()
    chance = {
        "as the audit says": 1 - quality,
        "not as the audit says": 0.5 * quality,
        "rare": np.full(len(FRAME), 0.01),
        "by class": np.array([0.43, 0.68, 0.88, 0.06, 0.56, 0.15, 0.09])[GIVEN],
    }[error]
    seen = np.where(rng.random(len(FRAME)) < chance, (GIVEN + 1) % 7, GIVEN)
    return np.where(rng.random(len(FRAME)) < 0.05, estimate.AMBIGUOUS, seen)


@pytest.mark.parametrize(
    "error", ["as the audit says", "not as the audit says", "rare", "by class"]
)
@pytest.mark.parametrize(("n", "reviewed"), [(200, 200), (200, 90), (500, 500)])
def test_95_per_cent_intervals_cover_92_or_more(error: str, n: int, reviewed: int) -> None:
    seen = truth(error)
    hit = (seen < 7) & (seen != GIVEN)
    values, covered, class_covered = [], [], []
    for seed in range(250):
        random = np.random.default_rng(seed).random(len(FRAME))
        sample = drawing.draw(FRAME.assign(random=random), None, n, seed)
        outcome = np.full(len(FRAME), -1)
        rows = sample["row"].to_numpy()[:reviewed]
        outcome[rows] = seen[rows]
        found = estimate.error_rates(GIVEN, STRATUM, saw(outcome))
        wrong = found.overall.wrong
        values.append(wrong.value)
        covered.append(wrong.low <= hit.mean() <= wrong.high)
        for name, rates in found.by_class.items():
            share = hit[INDEX[name] == GIVEN].mean()
            class_covered.append(rates.wrong.low <= share <= rates.wrong.high)
    assert np.mean(values) == pytest.approx(hit.mean(), abs=4 * np.std(values) / np.sqrt(250))
    assert np.mean(covered) >= 0.92
    assert np.mean(class_covered) >= 0.92


def test_the_estimate_is_the_weighted_mean() -> None:
    sample = drawing.draw(FRAME, None, 300, 0)
    outcome = np.full(len(FRAME), -1)
    rows = sample["row"].to_numpy()[:170]
    outcome[rows] = truth("by class")[rows]
    weight = weights(STRATUM, outcome >= 0)
    hit = (outcome >= 0) & (outcome < 7) & (outcome != GIVEN)
    found = estimate.error_rates(GIVEN, STRATUM, saw(outcome))
    assert found.overall.wrong.value == pytest.approx(weight @ hit / len(FRAME))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 20, 0.0, 0.14), (20, 20, 0.86, 1.0), (0, 1, 0.0, 0.9), (5, 20, 0.08, 0.5)],
)
def test_small_strata_are_never_certain(hits: int, n: int, low: float, high: float) -> None:
    reviewed = np.arange(1000) < n
    found = estimate.share(np.arange(1000) < hits, np.zeros(1000, int), reviewed)
    assert found.value == hits / n
    assert found.low >= low
    assert found.high <= high
    assert found.high - found.low > 0.05


def test_a_census_is_certain() -> None:
    found = estimate.share(np.arange(10) < 3, np.zeros(10, int), np.full(10, True))
    assert (found.value, found.low, found.high) == (0.3, 0.3, 0.3)


def test_nothing_reviewed_is_no_estimate() -> None:
    assert estimate.error_rates(GIVEN, STRATUM, np.zeros((6000, 9))) is None


def test_a_class_that_nobody_looked_at_is_named() -> None:
    outcome = np.where((INDEX["fear"] != GIVEN) & (np.arange(6000) % 30 == 0), GIVEN, -1)
    found = estimate.error_rates(GIVEN, STRATUM, saw(outcome))
    assert found.missing == ("fear",)
    assert found.overall.images == (INDEX["fear"] != GIVEN).sum()


def test_which_verdicts_the_estimate_is_made_of() -> None:
    frame = pd.DataFrame({"sample_id": list("abcdefg")})
    sample = pd.DataFrame({"sample_id": list("abcde"), "order": [0, 1, 2, 3, 4]})
    events = [
        Decision("a", "relabel", "ann", label="sad", mode="sample"),
        Decision("a", "keep", "ann", label="happy"),  # a later look at the queue
        Decision("b", "accept", "ann", label="fear"),  # settled before it was drawn
        Decision("d", "exclude", "ann", mode="sample"),
        Decision("e", "keep", "ann", label="fear"),  # the reviewer did not come that far
        Decision("f", "keep", "ann", label="fear"),  # not drawn
    ]
    found = estimate.outcomes(frame, sample, events)
    codes = np.array([INDEX["sad"], INDEX["fear"], -1, estimate.EXCLUDED, -1, -1, -1])
    assert (found == saw(codes)).all()


def test_a_dispute_is_half_of_each() -> None:
    frame = pd.DataFrame({"sample_id": ["a", "b"]})
    sample = frame.assign(order=[0, 1])
    events = [
        Decision("a", "relabel", "ann", label="sad", mode="sample"),
        Decision("a", "keep", "bob", label="happy", mode="sample"),
        Decision("b", "ambiguous", "ann", mode="sample"),
    ]
    found = estimate.outcomes(frame, sample, events)
    assert found[0, [INDEX["sad"], INDEX["happy"]]].tolist() == [0.5, 0.5]
    assert found[1].tolist() == [0] * 7 + [1, 0]


@pytest.mark.parametrize("reviewers", [1, 2])
def test_slips_of_reviewers_are_taken_out_again(reviewers: int) -> None:
    rng = np.random.default_rng(3)
    seen, wrong = truth("by class"), 0.0
    seen = np.where(seen == estimate.AMBIGUOUS, GIVEN, seen)
    wrong = (seen != GIVEN).mean()

    def look() -> np.ndarray:
        slipped = rng.random(len(seen)) < 0.15
        return np.where(slipped, (seen + rng.integers(1, 7, len(seen))) % 7, seen)

    looks = [look() for _ in range(2)]
    voices = np.mean([saw(codes) for codes in looks[:reviewers]], axis=0)
    found = estimate.error_rates(GIVEN, STRATUM, voices)
    assert found.overall.wrong.value > wrong + 0.05, "slips look like wrong labels"
    same = int((looks[0] == looks[1])[:400].sum())
    less = estimate.without_slips(found.overall.wrong, same, 400)
    assert less.slips == pytest.approx(0.15, abs=0.03)
    assert less.wrong.value == pytest.approx(wrong, abs=0.04)
    assert less.wrong.low < wrong < less.wrong.high
    assert estimate.without_slips(found.overall.wrong, 15, 19) is None, "too few pairs"


@pytest.mark.parametrize(
    ("changed", "n", "expected"),
    [(0, 0, None), (8, 10, (0.8, 0.490, 0.943)), (0, 10, (0.0, 0.0, 0.278))],
)
def test_precision_of_the_queue(changed: int, n: int, expected: tuple | None) -> None:
    found = estimate.queue_precision(changed, n)
    if expected is None:
        assert found is None
    else:
        assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-3)


def test_queue_verdicts_that_changed_something() -> None:
    undone = Decision("d", "exclude", "ann")
    events = [
        Decision("a", "accept", "ann", given="sad", label="fear"),
        Decision("b", "keep", "ann", given="sad", label="sad"),
        Decision("c", "exclude", "ann", given="sad"),
        undone,
        Decision("d", "undo", "ann", undoes=undone.id),
        Decision("e", "ambiguous", "ann", given="sad"),
        Decision("f", "relabel", "ann", given="sad", label="fear", mode="sample"),
    ]
    assert estimate.queue_counts(events) == (2, 4)


@pytest.mark.parametrize(
    ("seconds", "expected"), [([], None), ([None], None), ([3.0, 6.0, 60.0], 10.0)]
)
def test_minutes_to_the_next_hundred(seconds: list, expected: float | None) -> None:
    events = [Decision("a", "exclude", "ann", seconds=s) for s in seconds]
    assert estimate.minutes_to_next_hundred(events) == expected


def test_wrong_labels_that_remain(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(manifest=manifest_table(90), audit=audit_table(90, 90))
    log = Log(workspace.decisions_path)
    before = estimate.wrong_labels_remaining(workspace)
    assert (before.by, before.low) == ("audit", None)
    quality = workspace.audit()["label_quality"].astype(float)
    assert before.value == pytest.approx((1 - quality).sum())
    given = dict(workspace.manifest()[["sample_id", "label"]].to_numpy())

    sample = sampling.run(workspace, 60)
    names = sample["sample_id"].tolist()
    log.append([
        Decision(n, "relabel", "ann", label="sad", given=given[n], mode="sample") for n in names
    ])  # fmt: skip
    found = estimate.of_workspace(workspace)
    assert 0.7 < found.overall.wrong.value < 0.95
    remaining = estimate.wrong_labels_remaining(workspace)
    n_found = sum(given[n] != "sad" for n in names)
    assert remaining.by == "sample"
    assert remaining.value == pytest.approx(found.overall.wrong.value * 88 - n_found)
    assert remaining.low <= remaining.value <= remaining.high


def test_beliefs_go_before_quality(make_workspace: Callable[..., Workspace]) -> None:
    audit = audit_table()
    beliefs = {f"belief_{name}": np.full(len(audit), 1 / 7) for name in CLASSES}
    workspace = make_workspace(audit=audit)
    write_table(workspace.audit_path, audit.assign(**beliefs))
    assert estimate.wrong_labels_remaining(workspace).value == pytest.approx(8 * 6 / 7)
