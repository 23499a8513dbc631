"""The drawn sample: sizes, probabilities, extension, order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from recorded import write_table
from review_tables import audit_table, manifest_table

from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.labels import CLASSES
from fercurate.rerank import sampling as drawing
from fercurate.review import sampling
from fercurate.workspace import FRAME_COLUMNS, SAMPLE_COLUMNS, Workspace

SHARES = np.array([0.14, 0.015, 0.145, 0.25, 0.17, 0.11, 0.17])


def make_frame(n: int = 6000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.choice(7, n, p=SHARES)
    quality = rng.beta(2, 1 + label % 3, n)
    stratum = drawing.strata(label, quality)
    names = [f"face-{i}" for i in range(n)]
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "sample_id": names,
            "sha256": [f"{i:064x}" for i in range(n)],
            "label": np.array(CLASSES)[label],
            "stratum": stratum,
            "label_quality": quality,
            "uncertainty": drawing.uncertainty(stratum, quality),
            "random": drawing.random_numbers(names, seed),
        }
    )


FRAME = make_frame()


def test_strata_are_thirds_of_quality_within_a_class() -> None:
    label = np.array([0, 0, 0, 2, 2, 2, 2, 2, 2])
    quality = np.array([0.9, 0.1, 0.5, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert drawing.strata(label, quality).tolist() == [2, 0, 1, 8, 8, 7, 7, 6, 6]


@pytest.mark.parametrize(
    ("n", "size", "deviation", "least", "expected"),
    [
        (30, [100, 100, 100], [0.5, 0.5, 0.5], [0, 0, 0], [10, 10, 10]),
        (30, [100, 100, 100], [0.2, 0.4, 0.4], [0, 0, 0], [6, 12, 12]),
        (12, [1000, 3, 0], [0.5, 0.2, 0.2], [0, 0, 0], [10, 2, 0]),
        (500, [100, 10, 3], [0.5, 0.5, 0.5], [0, 0, 0], [100, 10, 3]),
        (20, [100, 100], [0.5, 0.5], [0, 15], [5, 15]),
        (3, [100, 100, 100], [0.5, 0.2, 0.2], [0, 0, 0], [1, 1, 1]),
    ],
)
def test_sizes(n: int, size: list, deviation: list, least: list, expected: list) -> None:
    found = drawing.allocate(n, np.array(size), np.array(deviation), np.array(least))
    assert found.tolist() == expected


@pytest.mark.parametrize("n", [21, 50, 100, 200, 500, 5999, 6000])
def test_the_size_asked_for_is_drawn_and_each_stratum_seen(n: int) -> None:
    sample = drawing.draw(FRAME, None, n, 0)
    assert tuple(sample.columns) == SAMPLE_COLUMNS
    assert len(sample) == n
    assert sample["sample_id"].is_unique
    assert sample["stratum"].nunique() == 21
    assert sample["order"].tolist() == list(range(n))


def test_no_weight_is_extreme() -> None:
    sample = drawing.draw(FRAME, None, 200, 0)
    weight = 1 / sample["inclusion_probability"]
    assert weight.max() / weight.min() < 8
    assert weight.sum() == pytest.approx(len(FRAME))


def test_an_extension_keeps_the_first_draw_and_its_order() -> None:
    first = drawing.draw(FRAME, None, 200, 0)
    more = drawing.draw(FRAME, first, 300, 0)
    assert more["sample_id"].tolist()[:200] == first["sample_id"].tolist()
    assert more["draw"].tolist() == [0] * 200 + [1] * 100
    assert more["order"].tolist() == list(range(300))
    assert (1 / more["inclusion_probability"]).sum() == pytest.approx(len(FRAME))
    assert drawing.draw(FRAME, more, 300, 0).equals(more)


def test_inclusion_probabilities_are_those_of_many_draws() -> None:
    frame = make_frame(420)
    hits = np.zeros(len(frame))
    told = np.zeros(len(frame))
    for seed in range(300):
        drawn = frame.assign(random=drawing.random_numbers(frame["sample_id"].tolist(), seed))
        first = drawing.draw(drawn, None, 60, seed)
        sample = drawing.draw(drawn, first, 90, seed)
        hits[sample["row"]] += 1
        told[sample["row"]] = sample["inclusion_probability"]
    assert (hits[told == 1] == 300).all()
    seen = (told > 0) & (told < 1)
    deviation = (hits[seen] / 300 - told[seen]) / np.sqrt(told[seen] * (1 - told[seen]) / 300)
    assert abs(deviation.mean()) < 0.2
    assert deviation.std() == pytest.approx(1, abs=0.15)


def test_any_first_part_is_spread_over_the_strata() -> None:
    sample = drawing.draw(FRAME, None, 400, 0)
    whole = sample["stratum"].value_counts()
    for k in (50, 100, 200):
        part = sample["stratum"][:k].value_counts().reindex(whole.index, fill_value=0)
        assert (part - whole * k / 400).abs().max() <= 1.5


def test_one_image_of_each_group_of_copies() -> None:
    group = np.array([-1, 0, 0, 1, 1, 1, -1])
    random = np.array([0.9, 0.8, 0.1, 0.5, 0.4, 0.6, 0.0])
    assert drawing.one_a_group(group, random).tolist() == [1, 0, 1, 0, 1, 0, 1]


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(manifest=manifest_table(90), audit=audit_table(90, 90))


def test_a_re_ranked_audit_moves_no_stratum(workspace: Workspace) -> None:
    Log(workspace.decisions_path).append([Decision("train-0005", "exclude", "ann")])
    first = sampling.run(workspace, 30)
    frame = workspace.sample_frame()
    assert frame is not None
    assert tuple(frame.columns) == FRAME_COLUMNS
    assert "train-0005" not in set(frame["sample_id"])
    assert len(frame) == 87  # one excluded, two copies
    audit = workspace.audit()
    write_table(workspace.audit_path, audit.assign(label_quality=1 - audit["label_quality"]))
    more = sampling.run(workspace, 50)
    assert more["sample_id"].tolist()[:30] == first["sample_id"].tolist()
    assert workspace.drawn_sample().equals(more)
    assert workspace.sample_frame().equals(frame)


@pytest.mark.parametrize("n", [-1, 0, 20])
def test_too_small_a_sample_is_refused(workspace: Workspace, n: int) -> None:
    with pytest.raises(InputError, match="sample"):
        sampling.run(workspace, n)
    assert not workspace.sample_path.exists()
