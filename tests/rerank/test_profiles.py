from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fercurate.errors import InputError
from fercurate.labels import INDEX
from fercurate.rerank import profiles
from fercurate.rerank.choice import Coefficients


def test_a_profile_is_saved_and_loaded(tmp_path: Path) -> None:
    learned = Coefficients(np.arange(4.0), np.arange(7.0), np.eye(7))
    path = tmp_path / "mine.json"
    profiles.save(path, "mine", "80 verdicts", learned, firm=5)
    found = profiles.load(str(path))
    assert (found.name, found.source) == ("mine", "80 verdicts")
    assert found.prior.mean.flat() == pytest.approx(learned.flat())
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
