from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded import note, write_json, write_table

from fercurate.errors import InputError
from fercurate.evaluate import played, review_loop
from fercurate.identity import packed
from fercurate.labels import CLASSES, FERPLUS_COLUMNS, FERPLUS_OF_CLASS
from fercurate.progress import Quiet
from fercurate.report import review_loop as page
from fercurate.rerank import known
from fercurate.workspace import Workspace

N = 900


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A dataset where half of neutral is called sad; ten annotators know better."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 7, N)
    labels = np.where((truth == 6) & (rng.random(N) < 0.5), 4, truth)
    centres = rng.normal(size=(7, 12))
    pictures = centres[truth] + 0.7 * rng.normal(size=(N, 12))
    start = np.exp(pictures @ centres.T / 3)
    start /= start.sum(1, keepdims=True)
    start[:, 4] += start[:, 6] * 0.6  # the networks have learnt the system
    start[:, 6] *= 0.4
    made = Workspace(tmp_path / "made")
    made.root.mkdir()
    rows = np.arange(N)
    names = [f"train-{i:04d}" for i in rows]
    given = np.array(CLASSES)[labels]
    write_table(
        made.manifest_path,
        pd.DataFrame(
            {
                "row": rows,
                "sample_id": names,
                "sha256": [f"{i:064x}" for i in rows],
                "split": "train",
                "label": given,
                "duplicate_group": -1,
            }
        ),
    )
    belief = {f"belief_{name}": start[:, k] for k, name in enumerate(CLASSES)}
    quality = start[rows, labels]
    write_table(
        made.audit_path,
        pd.DataFrame({"row": rows, "label": given, "label_quality": quality, **belief}),
    )
    write_json(made.audit_summary_path, {"n_verdicts": 0})
    votes = np.zeros((N, 10), np.int64)
    columns = [FERPLUS_COLUMNS.index(FERPLUS_OF_CLASS[name]) for name in CLASSES]
    votes[rows, np.array(columns)[truth]] = 8
    votes[:, FERPLUS_COLUMNS.index("unknown")] = 2
    votes[:40] = 0
    write_table(made.votes_path, pd.DataFrame(votes, columns=list(FERPLUS_COLUMNS)))
    known.write(
        made,
        {
            "rows": rows,
            "sha256": packed([f"{i:064x}" for i in rows]),
            "labels": labels,
            "groups": rows,
            "embeddings": pictures[None].astype(np.float16),
            "folds": (rows % 2)[None],
            "start": start.astype(np.float32),
            "transition": np.full((7, 7), 0.05) + 0.65 * np.eye(7),
            "evenness": rng.normal(size=N).astype(np.float32),
            "quality": quality.astype(np.float32),
        },
    )
    note(made.evidence_path)
    return made


def test_verdicts_buy_a_better_ranking(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(played, "AFTER_RANDOM", 60)
    monkeypatch.setattr(played, "FROM_THE_QUEUE", (20,))
    found = review_loop.run(space, None, Quiet(), seeds=2, sizes=(20, 60, 200))
    of = {(p.how, p.reviewer, p.n): p for p in found.points}
    assert found.n_gold == N - 40
    audit, taught = of["the audit", "", 0], of["random", "majority", 200]
    assert taught.average_precision > audit.average_precision
    assert taught.label_accuracy > found.given_accuracy
    assert taught.suggestion_accuracy > 0.8
    assert {r for how, r, n in of if n == 20 and how == "random"} == {
        *played.REVIEWERS, *played.CARELESS
    }  # fmt: skip
    constant = of["random", "always neutral", 20]
    assert constant.average_precision >= audit.average_precision - 0.02, "nothing is learned"
    assert constant.certain == 0
    assert constant.follows is not None
    assert constant.follows < 0.3
    assert ("random, then queue", "majority", 80) in of
    assert ("queue alone", "majority", 20) in of
    assert len(found.halves) == 2
    path = page.write(tmp_path / "report", "made", found.as_dict())
    text = path.read_text()
    assert f"| 200, random | majority | {taught.average_precision:.3f}" in text
    careful, careless = text.split("## Reviewers who do not look")
    assert "| always neutral |" in careless
    assert "| always neutral |" not in careful
    assert (path.parent / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_votes_are_refused(space: Workspace) -> None:
    with pytest.raises(InputError, match="too few"):
        review_loop.run(space, None, Quiet())


def test_what_the_votes_answer() -> None:
    votes = np.zeros((3, 10), np.int64)
    votes[0, FERPLUS_COLUMNS.index("sadness")] = 10
    votes[1, FERPLUS_COLUMNS.index("contempt")] = 10
    rng = np.random.default_rng(0)
    for reviewer in played.REVIEWERS:
        assert played.answers(votes[:2], reviewer, rng).tolist() == [CLASSES.index("sad"), -1]
    split = np.zeros((2000, 10), np.int64)
    split[:, FERPLUS_COLUMNS.index("sadness")] = 7
    split[:, FERPLUS_COLUMNS.index("anger")] = 3
    drawn = played.answers(split, "random", rng)
    assert (drawn == CLASSES.index("sad")).mean() == pytest.approx(0.7, abs=0.05)
    assert set(drawn) == {CLASSES.index("sad"), CLASSES.index("angry")}


def test_what_careless_reviewers_answer() -> None:
    votes = np.zeros((4000, 10), np.int64)
    votes[:2000, FERPLUS_COLUMNS.index("sadness")] = 10
    votes[2000:, FERPLUS_COLUMNS.index("happiness")] = 10
    sad, happy, neutral = (CLASSES.index(name) for name in ("sad", "happy", "neutral"))
    truth = np.repeat([sad, happy], 2000)
    rng = np.random.default_rng(0)
    of = {who: played.answers(votes, who, rng) for who in played.CARELESS}
    assert (of["slips"] == truth).mean() == pytest.approx(1 - played.SLIPS, abs=0.03)
    assert set(of["slips"]) == set(range(7))
    assert set(of["always neutral"]) == {neutral}
    assert of["sad called neutral"].tolist() == np.where(truth == sad, neutral, truth).tolist()
    assert (of["inverted"] != truth).all()
