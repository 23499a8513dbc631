from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import recorded
from recorded import write_table

from fercurate.errors import InputError
from fercurate.labels import FERPLUS_COLUMNS
from fercurate.votes import gold_classes, imported_votes, top_classes, vote_shares
from fercurate.workspace import Workspace


def votes(**counts: int) -> list[int]:
    return [counts.get(name, 0) for name in FERPLUS_COLUMNS]


@pytest.mark.parametrize(
    ("row", "gold"),
    [
        (votes(happiness=10), 3),
        (votes(sadness=6, neutral=4), 4),
        (votes(sadness=5, neutral=5), -1),
        (votes(anger=3, unknown=7), -1),
        (votes(anger=6, NF=4), 0),
        (votes(contempt=9, neutral=1), -1),
        (votes(), -1),
    ],
)
def test_gold_is_more_than_half_of_all_votes(row: list[int], gold: int) -> None:
    assert gold_classes(np.array([row])).tolist() == [gold]


@pytest.mark.parametrize(
    ("row", "top"),
    [
        (votes(happiness=10), 3),
        (votes(sadness=4, neutral=3, anger=3), 4),
        (votes(sadness=5, neutral=5), -1),
        (votes(anger=3, unknown=7), -1),
        (votes(anger=6, NF=4), 0),
        (votes(), -1),
    ],
)
def test_the_top_class_has_the_most_votes_and_needs_no_majority(row: list[int], top: int) -> None:
    assert top_classes(np.array([row])).tolist() == [top]


def test_votes_of_the_import(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "faces")
    with pytest.raises(InputError, match="faces was imported without votes") as caught:
        imported_votes(space)
    assert "--ferplus" in caught.value.fix
    recorded.manifest(space)
    rows = [votes(happiness=10), votes(NF=3)]
    write_table(space.votes_path, pd.DataFrame(rows, columns=list(FERPLUS_COLUMNS)))
    assert imported_votes(space).tolist() == rows


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        ({"anger": 10}, [1, 0, 0, 0, 0, 0, 0]),
        ({"anger": 3, "disgust": 3, "contempt": 4}, [0.5, 0.5, 0, 0, 0, 0, 0]),
        ({"surprise": 2, "fear": 2, "unknown": 4}, None),
        ({"surprise": 1, "NF": 9}, None),
        ({}, None),
    ],
)
def test_votes_as_shares(votes: dict[str, int], shares: list[float] | None) -> None:
    row = np.array([[votes.get(name, 0) for name in FERPLUS_COLUMNS]])
    found = vote_shares(row)[0]
    if shares is None:
        assert np.isnan(found).all()
    else:
        assert found == pytest.approx(shares)
