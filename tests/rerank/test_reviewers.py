"""Reviewers who do not look, who slip, who mix two classes up, and careful ones."""

from __future__ import annotations

import numpy as np
import pytest
from rerank_cases import made
from sklearn.metrics import average_precision_score

from fercurate.labels import INDEX
from fercurate.rerank.learn import FEW, MODEST, Learned, Verdicts, learn, modest, rounds_for
from fercurate.rerank.reviewers import first_trust

EVIDENCE, TRUTH = made(2400)
SEEN = np.random.default_rng(0).permutation(len(TRUTH))[:200]
REST = np.setdiff1d(np.arange(len(TRUTH)), SEEN)
NEUTRAL, SAD = INDEX["neutral"], INDEX["sad"]


def answered(how: str, truth: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    if how == "slips":
        slipped = rng.random(len(truth)) < 0.3
        return np.where(slipped, (truth + rng.integers(1, 7, len(truth))) % 7, truth)
    return {
        "careful": truth,
        "always neutral": np.full(len(truth), NEUTRAL),
        "happy called fear": np.where(truth == INDEX["happy"], INDEX["fear"], truth),
        "inverted": (truth + 3) % 7,
    }[how]


def taught(how: str, n: int = 200) -> Learned:
    seen = SEEN[:n]
    verdicts = Verdicts(seen, answered(how, TRUTH[seen]), np.ones(n), names=("ann",))
    return learn(EVIDENCE, verdicts)


def precision(learned: Learned) -> float:
    wrong = (EVIDENCE.labels != TRUTH)[REST]
    return float(average_precision_score(wrong, -learned.quality[REST]))


UNTAUGHT = precision(learn(EVIDENCE, Verdicts(), rounds=0))


def test_a_careful_reviewer_is_believed() -> None:
    learned = taught("careful")
    (ann,) = learned.reviewers
    assert (ann.who, ann.n) == ("ann", 200)
    assert ann.follows > 0.85
    assert ann.messages() == []
    assert precision(learned) > UNTAUGHT + 0.05


@pytest.mark.parametrize("how", ["always neutral", "inverted"])
@pytest.mark.parametrize("n", [5, 200])
def test_nothing_is_learned_from_who_does_not_look(how: str, n: int) -> None:
    learned = taught(how, n)
    assert learned.reviewers[0].follows < 0.1
    assert precision(learned) >= UNTAUGHT - 0.01
    assert learned.belief.max() < 0.95, "however many verdicts there are"


def test_who_does_not_look_is_told_so() -> None:
    (said,) = taught("inverted").reviewers[0].messages()
    assert said.startswith("The audit does not learn from ann: about 0 % of 200 verdicts")


def test_slips_cost_little_and_are_told() -> None:
    learned = taught("slips")
    (ann,) = learned.reviewers
    assert 0.4 < ann.follows < 0.8
    assert precision(learned) > UNTAUGHT


def test_a_class_that_is_never_answered_keeps_its_belief() -> None:
    learned = taught("happy called fear")
    happy = INDEX["happy"]
    (ann,) = learned.reviewers
    assert [name for name, _ in ann.avoided] == ["happy"]
    assert any("hardly ever answered happy" in said for said in ann.messages())
    of_happy = learned.belief[REST].argmax(axis=1)[TRUTH[REST] == happy]
    assert (of_happy == happy).mean() > 0.8
    assert precision(learned) > UNTAUGHT


def test_of_two_reviewers_the_careful_one_counts() -> None:
    both = np.tile(SEEN, 2)
    truth = np.r_[TRUTH[SEEN], answered("inverted", TRUTH[SEEN])]
    who = np.repeat([0, 1], len(SEEN))
    learned = learn(EVIDENCE, Verdicts(both, truth, np.full(400, 0.5), who, ("ann", "bob")))
    assert [r.follows > 0.8 for r in learned.reviewers] == [True, False]
    assert precision(learned) > UNTAUGHT + 0.04


def test_trust_is_between_0_and_1_and_targets_add_up() -> None:
    rng = np.random.default_rng(2)
    belief = rng.dirichlet(np.ones(7), 50).astype(np.float32)
    answer, who = rng.integers(0, 7, 50), rng.integers(0, 3, 50)
    trust, reviewers = first_trust(belief, answer, who, ("a", "b", "c"))
    assert ((trust.each >= 0) & (trust.each <= 1)).all()
    assert trust.targets.sum(axis=1) == pytest.approx(np.ones(50), abs=1e-5)
    assert [r.n for r in reviewers] == np.bincount(who, minlength=3).tolist()


@pytest.mark.parametrize(
    ("n", "most"), [(0, MODEST), (FEW - 1, MODEST), (100, 0.97), (1000, 0.997)]
)
def test_few_verdicts_make_nothing_certain(n: int, most: float) -> None:
    belief = np.array([[1, 0, 0, 0, 0, 0, 0], [0.5, 0.3, 0.2, 0, 0, 0, 0]], np.float32)
    found = modest(belief, n)
    assert found.max() == pytest.approx(most, abs=1e-5)
    assert found.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert (
        np.argsort(-found, axis=1, kind="stable") == np.argsort(-belief, axis=1, kind="stable")
    ).all()


def test_rounds_follow_the_number_of_verdicts() -> None:
    assert [rounds_for(n) for n in (0, 1, 49, 50, 199, 200, 499, 500, 9999)] == [
        0, 0, 0, 1, 1, 2, 2, 4, 4,
    ]  # fmt: skip


def test_ambiguous_answers_soften_the_shares_and_not_the_belief() -> None:
    seen = SEEN[:150]
    plain = learn(EVIDENCE, Verdicts(seen, TRUTH[seen], np.ones(150)))
    unsure = np.where(np.arange(150) % 3 == 0, -1, TRUTH[seen])
    softer = learn(EVIDENCE, Verdicts(seen, unsure, np.ones(150)))
    assert softer.shares.max(axis=1).mean() < plain.shares.max(axis=1).mean() - 0.03
    assert softer.belief.max(axis=1).mean() > softer.shares.max(axis=1).mean()
