from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded import write_table

from fercurate.errors import InputError
from fercurate.evaluate import audit_scores
from fercurate.labels import FERPLUS_COLUMNS
from fercurate.workspace import Workspace


def votes(**counts: int) -> list[int]:
    return [counts.get(name, 0) for name in FERPLUS_COLUMNS]


def audit_table() -> pd.DataFrame:
    """Ten images labelled sad; the first four are neutral, and the audit finds three of them."""
    return pd.DataFrame(
        {
            "row": range(10),
            "label": ["sad"] * 10,
            "label_quality": [0.0, 0.1, 0.2, 0.9, 0.3, 0.5, 0.6, 0.7, 0.8, 1.0],
            "is_label_issue": [True] * 3 + [False] + [True] + [False] * 5,
            "suggested_label": ["neutral", "neutral", "angry", "sad", "neutral"] + ["sad"] * 5,
            "margin": np.linspace(1, 0, 10),
        }
    )


GOLD = np.array([6] * 4 + [4] * 5 + [-1])


def test_scores_by_hand() -> None:
    found = audit_scores.score(audit_table(), GOLD)
    assert (found.n_gold, found.n_errors) == (9, 4)
    assert found.average_precision == pytest.approx((1 + 1 + 1 + 4 / 9) / 4)
    assert found.precision_worst_5 == found.precision_worst_10 == 1
    assert found.issue_precision == pytest.approx(3 / 4)
    assert found.issue_recall == pytest.approx(3 / 4)
    assert found.suggestion_accuracy == pytest.approx(2 / 4)
    assert found.suggestion_accuracy_flagged == pytest.approx(2 / 3)
    assert found.by_score["margin"] < found.by_score["label_quality"]
    assert found.by_class["sad"]["recall"] == pytest.approx(3 / 4)
    assert set(found.by_class) == {"sad"}


def test_votes_that_contradict_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="no error"):
        audit_scores.score(audit_table(), np.full(10, 4))


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "d")
    names = [f"fer{i:07d}" for i in range(8)] + ["train-0000008", "train-0000009"]
    table = pd.DataFrame({"row": range(10), "sample_id": names, "sha256": "0" * 64})
    write_table(made.manifest_path, table)
    write_table(made.audit_path, audit_table())
    return made


def votes_file(path: Path, names: list[str]) -> Path:
    rows = [votes(neutral=8) if i < 4 else votes(sadness=9) for i in range(len(names))]
    table = pd.DataFrame(rows, columns=list(FERPLUS_COLUMNS))
    table.insert(0, "Image name", names)
    table.insert(0, "Usage", "Training")
    table.to_csv(path, index=False)
    return path


def test_a_votes_file_is_joined_by_name(space: Workspace, tmp_path: Path) -> None:
    names = [f"fer{i:07d}.png" for i in range(8)] + ["", "fer0099999.png"]
    found = audit_scores.run(space, votes_file(tmp_path / "v.csv", names))
    assert (found.n_gold, found.n_errors) == (8, 4)


def test_votes_of_the_import_are_taken_without_a_file(space: Workspace) -> None:
    with pytest.raises(InputError, match="without votes"):
        audit_scores.run(space, None)
    rows = [votes(neutral=8)] * 4 + [votes(sadness=9)] * 6
    write_table(space.votes_path, pd.DataFrame(rows, columns=list(FERPLUS_COLUMNS)))
    assert audit_scores.run(space, None).n_gold == 10


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no file"),
        ("a,b\n1,2\n", "no FER\\+ votes file"),
        (b"\xff\xfe\x00\x01", "no FER\\+ votes file"),
    ],
)
def test_files_that_are_no_votes(
    space: Workspace, tmp_path: Path, content: str | bytes | None, says: str
) -> None:
    path = tmp_path / "v.csv"
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        audit_scores.run(space, path)
    assert caught.value.fix


def test_votes_of_another_dataset_are_refused(space: Workspace, tmp_path: Path) -> None:
    path = votes_file(tmp_path / "v.csv", [f"img{i}.png" for i in range(10)])
    with pytest.raises(InputError, match="hardly any"):
        audit_scores.run(space, path)
