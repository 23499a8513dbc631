from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from screen_cases import made_heads, made_labels

from fercurate.errors import FercurateError
from fercurate.screen import heads
from fercurate.screen.heads import KINDS, Head, Reducer

RNG = np.random.default_rng(0)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "heads.npz"
    made_heads().save(path)
    return path


def test_what_is_saved_comes_back(saved: Path) -> None:
    """Support vectors, components and held-out decisions are kept as halves."""
    made, back = made_heads(), heads.load(saved)
    assert list(back.heads) == list(made.heads) == ["human", "drawn", "occluded"]
    for name, head in made.heads.items():
        other = back.heads[name]
        assert (other.intercept, other.gamma) == (head.intercept, head.gamma)
        assert (other.cut, other.slope) == (head.cut, head.slope)
        assert (other.weights == head.weights).all()
        assert other.support == pytest.approx(head.support, rel=1e-3, abs=1e-4)
        np.testing.assert_allclose(
            back.labelled.held_out[name], made.labelled.held_out[name], rtol=1e-3, atol=1e-4
        )
    assert (back.labelled.digest == made.labelled.digest).all()
    assert (back.labelled.kind == made.labelled.kind).all()
    assert (back.labelled.digest.dtype, back.labelled.kind.dtype) == (np.uint64, np.int8)
    assert back.report == json.loads(json.dumps(made.report))
    features = made_labels(50, seed=1)["features"]
    assert back.reducer(features) == pytest.approx(made.reducer(features), abs=0.01)
    for name, head in made.heads.items():
        decision = head.decide(made.reducer(features))
        assert back.heads[name].decide(back.reducer(features)) == pytest.approx(decision, abs=0.05)


def test_saving_again_changes_nothing(saved: Path, tmp_path: Path) -> None:
    heads.load(saved).save(tmp_path / "again.npz")
    with np.load(saved) as one, np.load(tmp_path / "again.npz") as other:
        assert one.files == other.files
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("damage", ["gone", "empty", "half", "text", "pickle", "one missing"])
def test_a_file_that_cannot_be_read_is_named_with_the_way_out(saved: Path, damage: str) -> None:
    data = saved.read_bytes()
    if damage == "gone":
        saved.unlink()
    elif damage == "one missing":
        with np.load(saved) as stored:
            fewer = {name: stored[name] for name in stored.files if name != "human.weights"}
        np.savez(saved, **fewer)
    else:
        ways = {"empty": b"", "half": data[: len(data) // 2], "text": b"heads"}
        saved.write_bytes(ways.get(damage, pickle.dumps({"names": ["human"]})))
    with pytest.raises(FercurateError, match=r"heads\.npz cannot be read") as caught:
        heads.load(saved)
    assert "fercurate fit-screen" in caught.value.fix


def test_bytes_changed_on_the_way_are_noticed(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    for place in range(2000, len(data) - 4000, 1000):
        data[place] ^= 255
    saved.write_bytes(bytes(data))
    with pytest.raises(FercurateError, match="cannot be read"):
        heads.load(saved)


def test_one_changed_bit_anywhere_is_noticed(saved: Path) -> None:
    data = saved.read_bytes()
    for place in [*range(0, len(data), 397), *range(len(data) - 120, len(data), 7)]:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        saved.write_bytes(changed)
        with pytest.raises(FercurateError, match="cannot be read"):
            heads.load(saved)


@pytest.mark.parametrize("place", [100, 2_000_000, -3])
def test_the_shipped_heads_are_those_that_were_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    data = bytearray(heads.SHIPPED.read_bytes())
    data[place] ^= 1
    monkeypatch.setattr(heads, "SHIPPED", tmp_path / "heads.npz")
    heads.SHIPPED.write_bytes(data)
    with pytest.raises(FercurateError, match="not as it was shipped") as caught:
        heads.load(heads.SHIPPED)
    assert caught.value.fix == "Install fercurate again."
    data[place] ^= 1
    heads.SHIPPED.write_bytes(data)
    assert set(heads.load(heads.SHIPPED).heads) >= {"human", "drawn"}


def test_a_file_of_an_older_version_is_read(saved: Path) -> None:
    with np.load(saved) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(saved, **arrays)
    assert list(heads.load(saved).heads) == list(made_heads().heads)


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import builtins; builtins.sprung = True",)


def test_no_pickle_is_opened(saved: Path) -> None:
    import builtins

    with np.load(saved) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["kind"] = np.array([Trap()], object)
    np.savez(saved, **arrays)
    with pytest.raises(FercurateError, match="cannot be read"):
        heads.load(saved)
    assert not hasattr(builtins, "sprung")


def test_decisions_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.svm import SVC

    rows = RNG.normal(size=(120, 6)).astype(np.float32)
    machine = SVC(C=2, gamma=0.3).fit(rows, rows[:, 0] + rows[:, 1] ** 2 > 1)
    head = Head(
        machine.support_vectors_.astype(np.float32),
        machine.dual_coef_[0].astype(np.float32),
        float(machine.intercept_[0]),
        0.3,
        cut=0.0,
        slope=1.0,
    )
    new = RNG.normal(size=(50, 6)).astype(np.float32)
    expected = machine.decision_function(new)
    assert head.decide(new) == pytest.approx(expected, abs=1e-4)
    assert head.decide(new).dtype == np.float32
    monkeypatch.setattr(heads, "_BLOCK", 7)
    assert head.decide(new) == pytest.approx(expected, abs=1e-4), "blocks change nothing"
    assert head.decide(new[:0]).shape == (0,)


@pytest.mark.parametrize("cut", [-0.10617602074146167, 0.0, 0.3, 1e-20, 7.77])
@pytest.mark.parametrize("slope", [0.1, 2.1238930225372314, 300.0])
def test_a_score_is_below_a_half_exactly_from_the_cut_on(cut: float, slope: float) -> None:
    head = replace(made_heads().heads["human"], cut=cut, slope=slope)
    at = np.float32(cut)
    nearby = [np.nextafter(at, np.float32(way)) for way in (-np.inf, np.inf)]
    decision = np.array([-1000, -2, *nearby, at, 8, 1000], np.float32)
    decision = np.sort(np.r_[decision, RNG.normal(cut, 1, 500).astype(np.float32)])
    score = head.score(decision)
    assert ((score < 0.5) == (decision >= cut)).all()
    assert (np.diff(score) <= 0).all(), "low = the issue is there"
    assert score.dtype == np.float32
    assert 0 <= score.min() < 0.01
    assert 0.99 < score.max() <= 1


def test_the_slope_sets_how_fast_the_score_falls() -> None:
    decision = np.array([0.5, 1.5], np.float32)
    gentle, steep = (
        replace(made_heads().heads["human"], cut=0.5, slope=slope).score(decision)
        for slope in (1.0, 4.0)
    )
    assert gentle[0] == pytest.approx(0.5)
    assert gentle[1] == pytest.approx(1 / (1 + np.exp(1)))
    assert steep[1] == pytest.approx(1 / (1 + np.exp(4)))


def test_far_off_features_are_cut() -> None:
    reducer = Reducer(
        np.ones(2, np.float32), np.full(2, 2, np.float32), np.eye(2, dtype=np.float32)
    )
    found = reducer(np.array([[1, 3], [1e6, -1e6]], np.float32))
    assert found.tolist() == [[0, 1], [5, -5]]
    assert found.dtype == np.float32


def test_digests_are_the_first_eight_bytes() -> None:
    found = heads.digests(["00000000000000ff" + 48 * "0", "f" * 64])
    assert found.dtype == np.uint64
    assert found.tolist() == [255, 2**64 - 1]


@pytest.fixture(scope="module")
def shipped() -> heads.Heads:
    return heads.load()


def test_the_shipped_heads_fit_the_shipped_backbone(shipped: heads.Heads) -> None:
    from fercurate.screen.backbone import DIMENSIONS

    assert {"human", "drawn"} <= set(shipped.heads)
    n_features, n_components = shipped.reducer.components.shape
    assert n_features == len(shipped.reducer.mean) == len(shipped.reducer.scale) == DIMENSIONS
    for name, head in shipped.heads.items():
        assert head.support.shape == (len(head.weights), n_components), name
        assert np.isfinite(head.support).all(), name
        assert len(shipped.labelled.held_out[name]) == len(shipped.labelled.digest), name


def test_the_shipped_report_tells_of_the_shipped_labels(shipped: heads.Heads) -> None:
    labelled = shipped.labelled
    assert len(np.unique(labelled.digest)) == len(labelled.digest)
    counts = {name: int((labelled.kind == i).sum()) for i, name in enumerate(KINDS)}
    assert shipped.report["all"]["labelled"] == counts
    judged = ~np.isnan(labelled.held_out["human"])
    assert (judged == (labelled.kind >= 0)).all()
    flagged = labelled.held_out["human"] >= shipped.heads["human"].cut
    for i, name in enumerate(KINDS[1:], start=1):
        share = flagged[labelled.kind == i].mean()
        assert shipped.report["all"]["recall"][name] == pytest.approx(share, abs=0.01), name
    assert shipped.report["random"]["human_flagged"] < 0.005
