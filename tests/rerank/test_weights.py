from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fercurate.decisions import Decision, settle
from fercurate.labels import INDEX
from fercurate.rerank import verdicts


def decided(name: str, label: str, mode: str = "queue", who: str = "anna") -> Decision:
    return Decision(name, "relabel", who, given="sad", label=label, mode=mode)  # type: ignore[arg-type]


def test_what_has_no_class_teaches_nothing() -> None:
    log = [
        decided("b", "happy"),
        decided("c", "fear"), decided("c", "sad", who="ben"),
        Decision("d", "ambiguous", "anna"), Decision("e", "exclude", "anna"),
        decided("not audited", "sad"),
    ]  # fmt: skip
    found = verdicts.gather(list("abcde"), settle(log), None)
    assert found.index.tolist() == [1]
    assert found.truth.tolist() == [INDEX["happy"]]
    assert found.weight.tolist() == [verdicts.CHOSEN]


def test_random_verdicts_count_as_many_images_as_they_stand_for() -> None:
    names = [f"{i}" for i in range(40)]
    frame = pd.DataFrame({"sample_id": names, "stratum": np.repeat([0, 1], [30, 10])})
    log = [decided(n, "sad", "sample") for n in ("0", "1", "30", "31")] + [decided("5", "sad")]
    found = verdicts.gather(names, settle(log), frame)
    weight = dict(zip((names[i] for i in found.index), found.weight, strict=True))
    assert weight["0"] == pytest.approx(3 * weight["30"])
    assert np.mean([weight[n] for n in ("0", "1", "30", "31")]) == pytest.approx(1)
    assert weight["5"] == verdicts.CHOSEN


def test_no_weight_is_extreme() -> None:
    names = [f"{i}" for i in range(1000)]
    frame = pd.DataFrame({"sample_id": names, "stratum": np.repeat([0, 1], [990, 10])})
    weight = verdicts.weigh(["0", *names[990:]], np.ones(11, bool), frame)
    assert weight.max() <= verdicts.HEAVIEST
    assert weight.min() >= verdicts.LIGHTEST
