from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate.errors import InputError
from fercurate.labels import INDEX
from fercurate.rerank import profiles
from fercurate.rerank.choice import Coefficients


def test_a_profile_is_saved_and_loaded(tmp_path: Path) -> None:
    learned = Coefficients(np.arange(4.0), np.arange(7.0), np.eye(7))
    path = tmp_path / "mine.json"
    of_shares = Coefficients(np.ones(4), np.zeros(7), np.eye(7))
    profiles.save(path, "mine", "80 verdicts", learned, of_shares, n_verdicts=80, firm=5)
    found = profiles.load(str(path))
    assert (found.name, found.source) == ("mine", "80 verdicts")
    assert found.prior.mean.flat() == pytest.approx(learned.flat())
    assert found.prior.of_shares is not None
    assert found.prior.of_shares.flat() == pytest.approx(of_shares.flat())
    assert found.prior.n_verdicts == 80
    assert found.prior.precision() == pytest.approx(5 * profiles.GENERIC.prior.precision())
    assert profiles.load(found.key).name == "mine", "whoever asks, from wherever"


def test_the_shipped_profile_knows_fer2013() -> None:
    assert profiles.known() == ["generic", "fer2013"]
    found = profiles.load("fer2013")
    confusion, bias = found.prior.mean.confusion, found.prior.mean.bias
    fear, neutral, sad = INDEX["fear"], INDEX["neutral"], INDEX["sad"]
    assert confusion[sad, neutral] + bias[neutral] > confusion[sad, sad] + bias[sad]
    assert bias[fear] < bias[neutral], "annotators hardly see fear"
    assert profiles.load("generic") is profiles.GENERIC


def test_a_profile_of_an_earlier_version_says_the_same_of_shares(tmp_path: Path) -> None:
    stored = json.loads(SHIPPED)
    stored = {k: v for k, v in stored.items() if k not in ("shares", "n_verdicts")}
    path = tmp_path / "older.json"
    path.write_text(json.dumps(stored))
    prior = profiles.load(str(path)).prior
    assert prior.of_shares is not None
    assert prior.of_shares.flat() == pytest.approx(prior.mean.flat())
    assert prior.n_verdicts == profiles.ENOUGH


SHIPPED = (profiles.SHIPPED / "fer2013.json").read_text()
PICTURE = re.findall(r'"picture": [0-9.]+', SHIPPED)[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PICTURE, '"picture": NaN'),
        (PICTURE, '"picture": 1e999'),
        (PICTURE, '"picture": 1001'),
        (PICTURE, f'"picture": 1{"0" * 400}'),
        (PICTURE, '"picture": "0.9"'),
        (PICTURE, '"picture": ' + "[" * 9000),
        (PICTURE, '"painting": 1'),
        (PICTURE, f"{PICTURE}, {PICTURE}"),
        ('"firm": 30.0', '"firm": NaN'),
        ('"firm": 30.0', '"firm": -1'),
        ('"firm": 30.0', '"firm": 0'),
        ('"firm": 30.0', '"firm": true'),
        ('"firm": 30.0', f'"firm": 1{"0" * 400}'),
        ('"name": "fer2013"', '"name": null'),
        ('"angry",', '"happy",'),
    ],
)
def test_a_profile_with_a_value_that_is_none_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(SHIPPED.replace(old, new, 1))
    assert path.read_text() != SHIPPED
    with pytest.raises(InputError, match="no profile"):
        profiles.load(str(path))


@settings(deadline=None)
@given(st.integers(0, len(SHIPPED)), st.binary(max_size=3), st.integers(0, 4))
def test_any_change_of_a_profile_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes, instead: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.json"
    data = SHIPPED.encode()
    path.write_bytes(data[:at] + put + data[at + instead :])
    try:
        found = profiles.load(str(path))
    except InputError:
        return
    assert np.isfinite(found.prior.mean.flat()).all()
    assert (found.prior.precision() > 0).all()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"classes": ["a"]}), json.dumps({"classes": 3})]
)
def test_what_is_no_profile_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(InputError, match="no profile"):
        profiles.load(str(path))


def test_a_name_that_is_not_known_lists_those_that_are() -> None:
    with pytest.raises(InputError) as caught:
        profiles.load("affectnet")
    assert "generic, fer2013" in caught.value.fix
