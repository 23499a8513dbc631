from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fercurate.decisions import Decision, settle
from fercurate.labels import INDEX
from fercurate.rerank import verdicts


def decided(name: str, label: str, mode: str = "queue", who: str = "anna") -> Decision:
    return Decision(name, "relabel", who, given="sad", label=label, mode=mode)  # type: ignore[arg-type]


def test_each_reviewer_is_heard_and_verdicts_on_one_image_share_its_weight() -> None:
    log = [
        decided("b", "happy"),
        decided("c", "fear"), decided("c", "sad", who="ben"),
        Decision("d", "ambiguous", "anna"), Decision("e", "exclude", "anna"),
        decided("not audited", "sad"),
    ]  # fmt: skip
    found = verdicts.gather(list("abcde"), settle(log), None)
    assert found.names == ("anna", "ben")
    assert found.index.tolist() == [1, 2, 2, 3]
    assert found.truth.tolist() == [INDEX["happy"], INDEX["fear"], INDEX["sad"], -1]
    assert found.who.tolist() == [0, 0, 1, 0]
    assert found.weight / verdicts.CHOSEN == pytest.approx([1, 0.5, 0.5, 1])
    assert found.of_class().n_images == 2


@pytest.mark.parametrize("again", ["repeat", "queue"])
def test_an_image_that_was_drawn_stays_a_random_one(again: str) -> None:
    log = [decided("a", "sad", "sample"), decided("a", "fear", again), decided("b", "sad")]
    found = verdicts.gather(list("ab"), settle(log), None)
    assert found.truth.tolist() == [INDEX["fear"], INDEX["sad"]]
    assert found.weight.tolist() == [1.0, verdicts.CHOSEN]


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
