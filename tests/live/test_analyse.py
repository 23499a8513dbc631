from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import pytest
from fake_model import DOUBTFUL, HAPPY, Finds, Says, analyser, face

from fercurate.detect.framing import cut
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.live.analyse import crop_of
from fercurate.live.controls import Controls
from fercurate.live.frame import Frame


def frame(time: float, index: int = 0) -> Frame:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (240, 320, 3), np.uint8)
    return Frame(image, time, index, perf_counter())


@pytest.mark.parametrize(
    ("x", "y", "side"),
    [
        (160.3, 120.7, 61.4),
        (160, 120, 24),
        (8.2, 120, 60.5),
        (160, 3.1, 90),
        (318.5, 238, 77.7),
        (160, 120, 500),
    ],
)
def test_the_crop_is_the_one_that_import_and_predict_make(x: float, y: float, side: float) -> None:
    image = frame(0.0).image
    expected = cut(np.ascontiguousarray(image[:, :, ::-1]), face(x, y, side))
    assert np.array_equal(crop_of(image, face(x, y, side)), expected)


@pytest.mark.parametrize("x", [-400.0, 900.0])
def test_a_face_outside_has_a_crop(x: float) -> None:
    assert crop_of(frame(0.0).image, face(x, x, 40)).shape == (48, 48)


def test_all_faces_go_through_the_model_at_once() -> None:
    classifier = Says(HAPPY)
    found = [face(60, 60, 40), face(160, 120, 50), face(260, 180, 60)]
    result = analyser(classifier, Finds(found)).analyse(frame(0.0), Controls())
    assert [one.track for one in result.faces] == [1, 2, 3]
    assert [seen.shape for seen in classifier.seen] == [(3, 48, 48)]
    for one, crop in zip(result.faces, classifier.seen[0], strict=True):
        assert np.array_equal(crop, crop_of(result.frame.image, one.face))


def test_faces_come_in_the_order_of_their_numbers() -> None:
    one, two = face(60, 60, 40), face(260, 180, 40)
    live = analyser(Says(HAPPY), Finds([one, two], [two, one]))
    live.analyse(frame(0.0), Controls())
    result = live.analyse(frame(0.1, 1), Controls())
    assert [(f.track, round(f.face.centre[0])) for f in result.faces] == [(1, 60), (2, 260)]


def test_nobody_is_nobody() -> None:
    result = analyser(Says(HAPPY), Finds([])).analyse(frame(0.0), Controls())
    assert result.faces == ()
    assert result.dropped == 0


@pytest.mark.parametrize(
    ("said", "grouped", "label"),
    [
        (HAPPY, False, "happy"),
        (HAPPY, True, "positive"),
        (DOUBTFUL, False, None),
        (DOUBTFUL, True, "negative"),
    ],
)
def test_a_face_is_unclear_where_no_answer_is_sure(
    said: Sequence[float], grouped: bool, label: str | None
) -> None:
    live = analyser(Says(said), Finds([face(160, 120, 50)]))
    (found,) = live.analyse(frame(0.0), Controls(grouped=grouped)).faces
    assert found.label == label
    assert found.probabilities == pytest.approx(np.array(said, np.float32), abs=1e-6)
    assert found.instant == pytest.approx(np.array(said, np.float32), abs=1e-6)


def test_the_keys_choose_the_head_and_the_balance_and_nothing_is_mixed() -> None:
    """The balance of one divides by the shares: 0.9 of happy's 0.4 against 0.1 of sad's 0.1."""
    classifier = Says(HAPPY)
    live, controls = analyser(classifier, Finds([face(160, 120, 50)])), Controls(5.0)
    controls.answer_with(classifier.info, threshold=0.5)
    shown = []
    for index, key in enumerate(("", "b", "bbb", "v", "v")):
        for each in key:
            assert controls.press(each)
        (found,) = live.analyse(frame(index / 30, index), controls).faces
        assert found.probabilities == pytest.approx(found.instant)  # smoothing began anew
        shown.append((controls.as_dict()["head"], controls.as_dict()["balance"], found))
    assert [(head, balance) for head, balance, _ in shown] == [
        ("given", 0.0), ("given", 0.25), ("given", 0.0), ("votes", 0.0), ("given", 0.0)
    ]  # fmt: skip
    given, balanced, back, votes, again = (found for _, _, found in shown)
    shares = np.array([0.9 / 0.4**0.25, 0.1 / 0.1**0.25])
    assert balanced.probabilities[3:5] == pytest.approx(shares / shares.sum(), abs=1e-6)
    assert given.probabilities[3] == back.probabilities[3] == again.probabilities[3]
    assert votes.probabilities == pytest.approx(given.probabilities[::-1])
    assert controls.point is not None
    assert controls.point.threshold == 0.5


def test_each_head_keeps_its_balance_and_the_keys_say_what_they_came_to() -> None:
    said: list[str] = []
    controls = Controls()
    info = Says(HAPPY).info
    controls.answer_with(info, "given", balance=0.3, say=said.append)
    for key in "bvbvp":
        controls.press(key)
    assert said == [
        "It answers as given, balance 0.5.",
        "It answers as votes, balance 0.",
        "It answers as votes, balance 0.25.",
        "It answers as given, balance 0.5.",
    ]
    controls.press("v")
    assert len(said) == 4  # the paused picture says it
    assert controls.point == info.point("votes", 0.25)


def test_the_result_says_how_it_was_answered() -> None:
    classifier = Says(HAPPY)
    live, controls = analyser(classifier, Finds([face(160, 120, 50)])), Controls()
    assert live.analyse(frame(0.0), controls).point == classifier.info.point()
    controls.answer_with(classifier.info, "votes", 0.5)
    assert live.analyse(frame(0.1, 1), controls).point == classifier.info.point("votes", 0.5)


def test_a_model_with_one_head_and_without_shares_has_nothing_to_choose() -> None:
    controls = Controls()
    assert controls.press("v")
    assert controls.press("b")
    assert controls.point is None
    said: list[str] = []
    info = ModelInfo("none", heads=(Head("votes", threshold=0.4),))
    controls.answer_with(info, say=said.append)
    before = controls.as_dict()
    controls.press("v")
    controls.press("b")
    assert controls.as_dict() == before
    assert said == [
        "This model has one head, votes: there is nothing to switch.",
        "This model's file does not say how frequent each class was: no other balance.",
    ]
    assert (before["head"], before["heads"], before["balance"]) == ("votes", 1, 0.0)


def test_what_is_said_is_smoothed_and_what_is_seen_is_not() -> None:
    live = analyser(Says(HAPPY, DOUBTFUL), Finds([face(160, 120, 50)]))
    controls = Controls(0.5)
    live.analyse(frame(0.0), controls)
    live.analyse(frame(1e-6, 1), controls)
    (found,) = live.analyse(frame(0.5, 2), controls).faces
    assert found.instant[3] == pytest.approx(0.1)
    assert found.probabilities[3] == pytest.approx((0.9 + 0.1) / 2, abs=1e-3)
    assert found.label is None


def test_each_face_has_its_own_smoothing() -> None:
    one, two = face(60, 60, 40), face(260, 180, 40)
    live = analyser(Says(HAPPY, DOUBTFUL), Finds([one], [one, two]))
    live.analyse(frame(0.0), Controls(0.5))
    old, new = live.analyse(frame(0.1, 1), Controls(0.5)).faces
    assert old.probabilities[3] > 0.5
    assert new.probabilities[3] == pytest.approx(0.1)


def test_steps_are_timed_and_add_up() -> None:
    shown = frame(0.0)
    timings = analyser(Says(HAPPY), Finds([face(160, 120, 50)])).analyse(shown, Controls()).timings
    parts = timings.wait, timings.detect, timings.crop, timings.classify, timings.track
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(timings.total, abs=1e-4)


def test_frames_that_are_missing_were_dropped_unless_it_was_paused() -> None:
    live = analyser(Says(HAPPY), Finds([]))
    dropped = []
    for index in (0, 1, 5):
        dropped.append(live.analyse(frame(index / 30, index), Controls()).dropped)
    live.skip(frame(9 / 30, 9))
    dropped.append(live.analyse(frame(10 / 30, 10), Controls()).dropped)
    dropped.append(live.analyse(frame(0.0, 0), Controls()).dropped)
    assert dropped == [0, 0, 3, 0, 0]


def test_a_film_that_begins_anew_has_new_faces() -> None:
    finder = Finds([face(160, 120, 50)])
    live = analyser(Says(HAPPY), finder)
    tracks = [
        live.analyse(frame(time, i), Controls()).faces[0].track
        for i, time in enumerate((0.0, 0.1, 0.0, 0.1))
    ]
    assert tracks == [1, 1, 2, 2]
    assert finder.expected == [0, 1, 0, 1]


def test_long_sessions_keep_nothing_of_those_who_left() -> None:
    everywhere = [[face(50 + 30 * (i % 8), 60, 20)] for i in range(400)]
    live = analyser(Says(HAPPY), Finds(*everywhere))
    for i in range(400):
        live.analyse(frame(i / 2, i), Controls())
    assert len(live._smoothers) < 10
    assert len(live._tracker._known) < 10
