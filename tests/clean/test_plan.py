from __future__ import annotations

import numpy as np
import pytest
from clean_cases import belief_of, evidence_of, manifest_of, settled_of, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate.clean import reasons
from fercurate.clean.evidence import BELIEFS
from fercurate.clean.plan import Plan, plan
from fercurate.clean.policy import POLICIES
from fercurate.decisions import Decision
from fercurate.labels import CLASSES, INDEX, SPLITS

CONFIDENT, DECIDED, STRICT = (POLICIES[n] for n in ("confident", "decided", "strict"))


def test_a_label_that_is_certain_stays_one_hot_and_a_doubtful_one_becomes_the_belief() -> None:
    manifest = manifest_of(["sad", "sad"])
    doubt = belief_of(sad=0.5, neutral=0.4)
    made = plan(manifest, evidence_of(manifest, {0: belief_of(sad=0.97), 1: doubt}), {}, CONFIDENT)
    assert made.why.tolist() == [reasons.KEPT, reasons.SOFTENED]
    assert made.target[0].tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert made.target[1] == pytest.approx(doubt)
    assert made.label.tolist() == [INDEX["sad"], INDEX["sad"]]
    assert made.confidence[1] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("belief", "why", "label"),
    [
        (belief_of(neutral=0.96), reasons.RELABELED, "neutral"),
        (belief_of(neutral=0.93), reasons.SOFTENED, "sad"),
        (belief_of(sad=0.01, neutral=0.3, fear=0.3), reasons.WRONG, "sad"),
        (belief_of(sad=0.01, neutral=0.6), reasons.SOFTENED, "sad"),
    ],
)
def test_relabel_and_drop_only_where_it_is_nearly_certain(
    belief: np.ndarray, why: str, label: str
) -> None:
    manifest = manifest_of(["sad"])
    made = plan(manifest, evidence_of(manifest, {0: belief}), {}, CONFIDENT)
    assert made.why[0] == why
    assert made.label[0] == INDEX[label]
    assert made.stays[0] == (why != reasons.WRONG)


def test_strict_drops_more() -> None:
    manifest = manifest_of(["sad"] * 2)
    evidence = evidence_of(
        manifest, {0: belief_of(sad=0.08, neutral=0.45), 1: belief_of(neutral=0.93)}
    )
    assert plan(manifest, evidence, {}, CONFIDENT).stays.all()
    made = plan(manifest, evidence, {}, STRICT)
    assert made.why.tolist() == [reasons.WRONG, reasons.RELABELED]


@pytest.mark.parametrize(
    ("kind", "confidence", "by_eye", "why"),
    [
        ("nonface", 0.9, False, reasons.NONFACE),
        ("drawn", 0.9, False, reasons.DRAWN),
        ("drawn", 0.7, False, reasons.KEPT),
        ("drawn", 0.7, True, reasons.DRAWN),
        ("human", 0.9, True, reasons.KEPT),
    ],
)
def test_what_is_no_human_face_leaves_where_that_is_sure(
    kind: str, confidence: float, by_eye: bool, why: str
) -> None:
    manifest = manifest_of(["sad"])
    evidence = evidence_of(
        manifest, kind={0: kind}, kind_confidence={0: confidence}, kind_by_eye={0: by_eye}
    )
    assert plan(manifest, evidence, {}, CONFIDENT).why[0] == why
    assert plan(manifest, evidence, {}, DECIDED).why[0] == reasons.KEPT
    kept = plan(manifest, evidence, settled_of(verdict(0, "keep", "sad")), CONFIDENT)
    assert kept.why[0] == reasons.DECIDED_KEEP


@pytest.mark.parametrize(
    ("verdicts", "why", "label", "gold"),
    [
        ([verdict(0, "keep", "sad")], reasons.DECIDED_KEEP, "sad", "sad"),
        ([verdict(0, "accept", "fear")], reasons.DECIDED_LABEL, "fear", "fear"),
        ([verdict(0, "ambiguous")], reasons.DECIDED_AMBIGUOUS, "sad", None),
        ([verdict(0, "exclude")], reasons.DECIDED_EXCLUDE, None, None),
        (
            [verdict(0, "relabel", "fear"), verdict(0, "relabel", "angry", "bob")],
            reasons.DECIDED_DISPUTED, "angry", None,
        ),
        (
            [verdict(0, "exclude"), verdict(0, "keep", "sad", "bob")],
            reasons.DECIDED_DISPUTED, "sad", None,
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", [DECIDED, CONFIDENT])
def test_what_a_person_decided_goes_before_the_audit(
    verdicts: list[Decision], why: str, label: str | None, gold: str | None, policy: object
) -> None:
    manifest = manifest_of(["sad"])
    evidence = evidence_of(manifest, {0: belief_of(happy=0.99)})
    made = plan(manifest, evidence, settled_of(*verdicts), policy)  # type: ignore[arg-type]
    assert made.why[0] == why
    assert made.gold[0] == gold
    assert made.stays[0] == (label is not None)
    if label is not None:
        assert CLASSES[made.label[0]] == label


def test_a_dispute_becomes_a_label_over_the_classes_that_were_named() -> None:
    manifest = manifest_of(["sad"])
    stands = settled_of(verdict(0, "relabel", "fear"), verdict(0, "keep", "sad", "bob"))
    made = plan(manifest, evidence_of(manifest), stands, DECIDED)
    assert made.target[0] == pytest.approx([0, 0, 0.5, 0, 0.5, 0, 0])
    assert made.who[0] == "ann, bob"
    assert CLASSES[made.label[0]] == "sad"


def test_an_image_without_a_label_stays_only_when_somebody_labels_it() -> None:
    manifest = manifest_of([None, None, None, None])
    stands = settled_of(verdict(1, "relabel", "fear"), verdict(2, "ambiguous"))
    made = plan(manifest, evidence_of(manifest), stands, DECIDED)
    assert made.why.tolist() == [
        reasons.NO_LABEL, reasons.DECIDED_LABEL, reasons.NO_LABEL, reasons.NO_LABEL
    ]  # fmt: skip


def test_exact_copies_that_disagree_become_one_with_a_soft_label_or_none() -> None:
    manifest = manifest_of(["sad", "fear", "happy"], groups=[0, 0, -1])
    made = plan(manifest, evidence_of(manifest), {}, CONFIDENT)
    assert made.why.tolist() == [reasons.MERGED, reasons.COPY, reasons.KEPT]
    assert made.target[0] == pytest.approx([0, 0, 0.5, 0, 0.5, 0, 0])
    assert made.label[0] == INDEX["sad"]
    out = plan(manifest, evidence_of(manifest), {}, CONFIDENT, merge="drop")
    assert out.why.tolist() == [reasons.CONFLICT, reasons.CONFLICT, reasons.KEPT]


def test_a_person_settles_what_exact_copies_show() -> None:
    manifest = manifest_of(["sad", "fear", "fear"], groups=[0, 0, 0])
    made = plan(
        manifest, evidence_of(manifest), settled_of(verdict(1, "relabel", "angry")), CONFIDENT
    )
    assert made.why.tolist() == [reasons.COPY, reasons.DECIDED_LABEL, reasons.COPY]
    gone = plan(manifest, evidence_of(manifest), settled_of(verdict(1, "exclude")), CONFIDENT)
    assert gone.why.tolist() == [reasons.DECIDED_EXCLUDE] * 3
    assert gone.who.tolist() == ["ann"] * 3


def test_of_near_copies_the_screens_choice_stays_with_its_own_label() -> None:
    manifest = manifest_of(["sad", "fear", "sad"])
    evidence = evidence_of(manifest, copy_group={0: 4, 1: 4}, copy_keep={0: False})
    made = plan(manifest, evidence, {}, CONFIDENT)
    assert made.why.tolist() == [reasons.COPY, reasons.KEPT, reasons.KEPT]
    assert made.label[1] == INDEX["fear"]


def test_if_the_one_to_keep_leaves_another_copy_stays() -> None:
    manifest = manifest_of(["sad", "sad"])
    evidence = evidence_of(manifest, copy_group={0: 4, 1: 4}, copy_keep={1: False})
    made = plan(manifest, evidence, settled_of(verdict(0, "exclude")), CONFIDENT)
    assert made.stays.tolist() == [False, True]


@pytest.mark.parametrize(
    ("splits", "cleaned", "why"),
    [
        (["train", "test"], "train", [reasons.LEAK, reasons.UNTOUCHED]),
        (["train", "val"], "train", [reasons.LEAK, reasons.UNTOUCHED]),
        (["val", "test"], "train", [reasons.UNTOUCHED, reasons.UNTOUCHED]),
        (["val", "test"], "all", [reasons.LEAK, reasons.KEPT]),
    ],
)
def test_copies_across_splits_leave_the_one_that_is_scored_first(
    splits: list[str], cleaned: str, why: list[str]
) -> None:
    manifest = manifest_of(["sad", "sad"], splits, groups=[0, 0])
    stands = settled_of(verdict(0, "keep", "sad")) if splits[0] == "train" else {}
    made = plan(manifest, evidence_of(manifest), stands, CONFIDENT, cleaned)  # type: ignore[arg-type]
    assert made.why.tolist() == why
    near = manifest_of(["sad", "sad"], splits)
    evidence = evidence_of(near, copy_split={0: splits[1]})
    assert plan(near, evidence, {}, CONFIDENT, cleaned).why.tolist() == why  # type: ignore[arg-type]


labels = st.sampled_from([*CLASSES, None])


@st.composite
def datasets(draw: st.DrawFn) -> tuple[object, object, object]:
    n = draw(st.integers(1, 12))
    some = st.lists
    manifest = manifest_of(
        draw(some(labels, min_size=n, max_size=n)),
        draw(some(st.sampled_from(SPLITS), min_size=n, max_size=n)),
        draw(some(st.sampled_from([-1, 0, 1]), min_size=n, max_size=n)),
        draw(some(st.integers(0, n - 1), max_size=2)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    evidence = evidence_of(
        manifest,
        {i: rng.dirichlet(np.full(7, 0.2)).astype(np.float32) for i in range(0, n, 2)},
        kind={i: str(rng.choice(["human", "drawn", "nonface"])) for i in range(n)},
        kind_confidence={i: float(rng.uniform()) for i in range(n)},
        copy_group={i: int(rng.integers(-1, 3)) for i in range(n)},
        copy_keep={i: bool(rng.integers(0, 2)) for i in range(n)},
    )
    outcomes = some(
        st.tuples(
            st.integers(0, n - 1),
            st.sampled_from(["keep", "ambiguous", "exclude"]),
            st.sampled_from(CLASSES),
            st.sampled_from(["ann", "bob"]),
        ),
        max_size=6,
    )
    verdicts = [
        verdict(row, action, label if action == "keep" else None, who)  # type: ignore[arg-type]
        for row, action, label, who in draw(outcomes)
    ]
    return manifest, evidence, settled_of(*verdicts)


@settings(max_examples=150, deadline=None)
@given(
    datasets(),
    st.sampled_from(sorted(POLICIES)),
    st.sampled_from(["train", "all"]),
    st.sampled_from(["soft", "drop"]),
)
def test_whatever_comes_in_every_image_stays_or_leaves_for_a_reason(
    made_of: tuple[object, object, object], policy: str, splits: str, merge: str
) -> None:
    manifest, evidence, settled = made_of

    def run() -> Plan:
        return plan(manifest, evidence, settled, POLICIES[policy], splits, merge)  # type: ignore

    made = run()
    assert set(made.why[made.stays]) <= set(reasons.STAYS)
    assert set(made.why[~made.stays]) <= set(reasons.LEAVES)
    open_ = (manifest["split"] == "train").to_numpy() | (splits == "all")  # type: ignore
    assert made.stays[~open_].all()
    assert (made.label == made.given)[~open_].all()
    assert (made.label[made.stays & open_] >= 0).all()
    soft = made.target[made.stays & open_]
    assert np.allclose(soft.sum(axis=1), 1, atol=1e-5)
    assert (soft >= 0).all()
    again = run()
    for name in ("label", "target", "why", "stays", "confidence", "who", "gold"):
        np.testing.assert_array_equal(getattr(made, name), getattr(again, name))
    if policy != "decided":
        for column in (manifest["duplicate_group"], evidence.table["copy_group"]):  # type: ignore
            group = column.to_numpy()
            key = [(g, s) for g, s in zip(group, manifest["split"], strict=True)]  # type: ignore
            left = [k for k, keep in zip(key, made.stays & open_, strict=True) if keep]
            shown = [k for k in left if k[0] >= 0]
            assert len(shown) == len(set(shown))


def test_all_beliefs_are_classes() -> None:
    assert [name.removeprefix("belief_") for name in BELIEFS] == list(CLASSES)
