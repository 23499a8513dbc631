from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from screen_cases import made_heads, made_labels

from fercurate.screen import fit
from fercurate.screen.heads import KINDS, Heads

N = 400


@pytest.fixture(scope="module")
def heads() -> Heads:
    return made_heads(N)


@pytest.fixture(scope="module")
def labels() -> dict[str, Any]:
    return made_labels(N)


def test_what_is_asked_of_whom(heads: Heads, labels: dict[str, Any]) -> None:
    kind, flaw = labels["kind"], labels["flaws"]["occluded"]
    asked = {"human": kind >= 0, "drawn": kind >= 1, "occluded": flaw >= 0}
    assert list(heads.heads) == list(asked)
    for name, whom in asked.items():
        decision = heads.labelled.held_out[name]
        assert decision.dtype == np.float32
        assert (~np.isnan(decision) == whom).all(), name


def test_what_was_learnt_can_be_told_of_new_images(heads: Heads) -> None:
    new = made_labels(N, seed=1)
    reduced = heads.reducer(new["features"])
    wrong, drawn, known = new["kind"] > 0, new["kind"] == 1, new["kind"] >= 0
    human, depiction = (heads.heads[name].decide(reduced) for name in ("human", "drawn"))
    assert np.mean((human > 0)[known] == wrong[known]) > 0.9
    assert np.mean((depiction > 0)[wrong] == drawn[wrong]) > 0.9


def test_decisions_held_out_are_less_sure_than_those_of_the_whole(
    heads: Heads, labels: dict[str, Any]
) -> None:
    """What a machine was fitted on it knows; the report must not be made of that."""
    kind = labels["kind"]
    known = kind >= 0
    whole = heads.heads["human"].decide(heads.reducer(labels["features"]))[known]
    held_out, wrong = heads.labelled.held_out["human"][known], kind[known] > 0
    assert np.mean((held_out > 0) == wrong) < np.mean((whole > 0) == wrong)


def test_the_same_input_gives_the_same_arrays(heads: Heads, labels: dict[str, Any]) -> None:
    again = fit.fit(**labels)
    for name, head in heads.heads.items():
        other = again.heads[name]
        assert (head.support == other.support).all()
        assert (head.weights == other.weights).all()
        numbers = (head.intercept, head.gamma, head.cut, head.slope)
        assert numbers == (other.intercept, other.gamma, other.cut, other.slope)
        np.testing.assert_array_equal(heads.labelled.held_out[name], again.labelled.held_out[name])
    assert (heads.reducer.components == again.reducer.components).all()
    assert heads.report == again.report


def test_progress_counts_every_fit(labels: dict[str, Any]) -> None:
    fits: list[float] = []
    fit.fit(**labels, on_fit=fits.append)
    assert sum(fits) == fit.n_fits(1)


@pytest.mark.parametrize("grouped", [True, False])
def test_a_near_duplicate_never_helps_its_twin(grouped: bool) -> None:
    """Labels without a meaning can be told by whoever has seen the copy, and by nobody else."""
    rng = np.random.default_rng(0)
    twice = np.repeat(np.arange(100), 2)
    rows = rng.normal(size=(100, 10)).astype(np.float32)[twice] / 3
    target = rng.integers(0, 2, 100).astype(np.int8)[twice]
    groups = twice if grouped else np.arange(200)
    right = np.mean((fit.cross_validated(rows, target, groups) > 0) == target)
    assert (0.35 < right < 0.65) if grouped else (right > 0.75)


def test_folds_hold_groups_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 200)
    target = rng.integers(-1, 2, 200).astype(np.int8)
    rows = rng.normal(size=(200, 4)).astype(np.float32)
    seen: list[np.ndarray] = []
    fitted = fit._fitted

    def noted(reduced: np.ndarray, part: np.ndarray) -> Any:
        seen.append(part >= 0)
        return fitted(reduced, part)

    monkeypatch.setattr(fit, "_fitted", noted)
    decision = fit.cross_validated(rows, target, groups)
    assert len(seen) == fit.FOLDS
    known = target >= 0
    for part in seen:
        assert not part[~known].any()
        assert not set(groups[part]) & set(groups[known & ~part])
    assert (sum(known & ~part for part in seen) == known).all(), "each is held out once"
    assert (np.isnan(decision) == ~known).all()


@pytest.mark.parametrize("n", [30, 249, 250, 260, 999, 1000, 3100])
def test_no_more_humans_are_flagged_than_is_allowed(n: int) -> None:
    rng = np.random.default_rng(n)
    # others and suspicious humans are all far beyond
    target = np.r_[np.zeros(n), np.ones(20), np.zeros(30)].astype(np.int8)
    at_random = np.r_[np.ones(n + 20), np.zeros(30)].astype(bool)
    decision = np.r_[rng.normal(size=n), rng.normal(5, 1, 50)].astype(np.float32)
    cut = fit._cut(fit.Task("human", target, at_random), decision)
    flagged = (decision[:n] >= cut).sum()
    assert flagged == int(n * fit.HUMANS_FLAGGED)


def test_humans_that_cannot_be_told_apart_are_not_flagged() -> None:
    decision = np.zeros(2000, np.float32)
    target, at_random = np.zeros(2000, np.int8), np.ones(2000, bool)
    assert fit._cut(fit.Task("human", target, at_random), decision) > 0


def test_a_flaw_is_flagged_as_often_as_its_precision_allows() -> None:
    rng = np.random.default_rng(0)
    target = (rng.random(1000) < 0.2).astype(np.int8)
    decision = rng.normal(2 * target, 1).astype(np.float32)
    target[::10] = -1
    at_random = rng.random(1000) < 0.8
    cut = fit._cut(fit.Task("occluded", target, at_random), decision)
    fair = at_random & (target >= 0)

    def precision(least: float) -> float:
        return float((target[fair & (decision >= least)] == 1).mean())

    assert precision(cut) >= fit.FLAW_PRECISION
    lower = np.unique(decision[fair & (decision < cut)])
    assert max(map(precision, lower)) < fit.FLAW_PRECISION, "none lower would do"


def test_a_flaw_that_cannot_be_told_is_hardly_flagged() -> None:
    decision = np.linspace(-1, 1, 100).astype(np.float32)
    target = (decision < -0.5).astype(np.int8)
    cut = fit._cut(fit.Task("occluded", target, np.ones(100, bool)), decision)
    assert (decision >= cut).sum() <= 1


def test_the_slope_is_that_of_the_score_about_the_cut() -> None:
    """Of decisions drawn from a sigmoid of slope 2 that slope comes back."""
    rng = np.random.default_rng(0)
    decision = rng.normal(0, 2, 20_000).astype(np.float32)
    target = (rng.random(20_000) < 1 / (1 + np.exp(-2 * decision))).astype(np.int8)
    assert fit._slope(decision, target) == pytest.approx(2, rel=0.1)
    assert fit._slope(-decision, target) == pytest.approx(0.1), "never the wrong way round"


def test_components_are_those_with_the_most_spread_and_about_unit_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(500, 3))
    features = (hidden @ rng.normal(size=(3, 40)) * 7 + 100).astype(np.float32)
    features[:, 5] = 1
    reducer = fit.principal_components(features)
    assert reducer.components.shape == (40, 40), "no more than there are features"
    reduced = reducer(features)
    spread = reduced.var(axis=0)
    assert spread[:3].sum() > 0.95 * spread.sum()
    assert (np.diff(spread) < 1e-5).all(), "most spread first"
    assert (reduced**2).sum(axis=1).mean() == pytest.approx(1, rel=0.01)
    monkeypatch.setattr(fit, "COMPONENTS", 2)
    assert fit.principal_components(features)(features).shape == (500, 2)


def test_few_images_have_no_more_components_than_they_span() -> None:
    rng = np.random.default_rng(0)
    hidden, mixing = rng.normal(size=(60, 3)), rng.normal(size=(3, 90))
    few = fit.principal_components((hidden[:30] @ mixing).astype(np.float32))
    assert few.components.shape == (90, 3)
    both = few((hidden @ mixing).astype(np.float32))
    assert (both[:30] ** 2).sum(axis=1).mean() == pytest.approx(1, rel=0.01)
    assert np.linalg.matrix_rank(both) == 3
    spread = both[:30].var(axis=0)
    assert (np.diff(spread) < 0).all(), "most spread first"


def test_the_report_is_made_of_decisions_held_out(heads: Heads, labels: dict[str, Any]) -> None:
    kind, at_random = labels["kind"], labels["at_random"]
    human, drawn = (heads.labelled.held_out[name] for name in ("human", "drawn"))
    assert heads.report["folds"] == fit.FOLDS
    for scope, rows in (("random", np.flatnonzero(at_random)), ("all", np.arange(N))):
        found = heads.report[scope]
        flagged = {name: [] for name in (*KINDS, "unknown")}
        named = []
        for row in rows:
            name = KINDS[kind[row]] if kind[row] >= 0 else "unknown"
            flagged[name].append(bool(human[row] >= heads.heads["human"].cut))
            if name in ("drawn", "nonface"):
                named.append((drawn[row] >= heads.heads["drawn"].cut) == (name == "drawn"))
        assert found["labelled"] == {name: len(flagged[name]) for name in KINDS}
        hits = sum(flagged["drawn"]) + sum(flagged["nonface"])
        assert found["precision"] == pytest.approx(hits / (hits + sum(flagged["human"])))
        for name in ("drawn", "nonface"):
            assert found["recall"][name] == pytest.approx(np.mean(flagged[name]))
        assert found["human_flagged"] == pytest.approx(np.mean(flagged["human"]))
        assert found["kind_right"] == pytest.approx(np.mean(named))
    assert heads.report["random"]["human_flagged"] <= fit.HUMANS_FLAGGED


def test_the_report_of_a_flaw(heads: Heads, labels: dict[str, Any]) -> None:
    target = labels["flaws"]["occluded"]
    issue = heads.labelled.held_out["occluded"] >= heads.heads["occluded"].cut
    there = target == 1
    assert heads.report["flaws"] == {
        "occluded": {
            "labelled": int((target >= 0).sum()),
            "there": int(there.sum()),
            "recall": pytest.approx((issue & there).sum() / there.sum()),
            "precision": pytest.approx((issue & there).sum() / issue.sum()),
        }
    }


def test_without_flaws_there_are_two_heads(labels: dict[str, Any]) -> None:
    made = fit.fit(**{**labels, "flaws": {}})
    assert list(made.heads) == ["human", "drawn"]
    assert made.report["flaws"] == {}
