"""What a model's file says about it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infer_cases import TWO

from fercurate.detect.framing import BOX_SIDE
from fercurate.errors import InputError
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES

FULL = ModelInfo(
    "vit", side=40, mirrored=False, heads=TWO, answers_as="given", provenance={"seed": 3}
)


def with_head(**changes: object) -> str:
    """`FULL` as JSON with something else said of its second head."""
    said = FULL.as_dict()
    said["heads"][1] |= changes
    return json.dumps(said)


def test_it_goes_through_json_unchanged() -> None:
    assert ModelInfo.from_json(FULL.as_json(), "x.onnx") == FULL
    assert ModelInfo.from_dict(ModelInfo("simple").as_dict()) == ModelInfo("simple")


def test_it_carries_the_classes_and_the_framing() -> None:
    info = ModelInfo("facenet")
    assert info.classes == CLASSES
    assert info.crop["box_side"] == BOX_SIDE
    assert info.crop["side"] == 48


def test_what_a_later_version_added_is_ignored() -> None:
    assert ModelInfo.from_dict({**FULL.as_dict(), "colour": "blue"}) == FULL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        with_head(temperature=0),
        with_head(temperature=float("nan")),
        with_head(threshold=1.5),
        with_head(balance=2),
        with_head(prior=[]),  # and a balance
        with_head(prior=[0.5, 0.5]),
        with_head(prior=[0.2] * 7),
        with_head(prior=[0, 0.5, 0.5, 0, 0, 0, 0]),
        with_head(prior="abc"),
        with_head(name="given"),
        json.dumps({**FULL.as_dict(), "heads": []}),
        json.dumps({**FULL.as_dict(), "heads": {}}),
        json.dumps({**FULL.as_dict(), "answers_as": "corrected"}),
        json.dumps({**FULL.as_dict(), "classes": []}),
        json.dumps({**FULL.as_dict(), "classes": None}),
        json.dumps({**FULL.as_dict(), "classes": "abc"}),
        json.dumps({**FULL.as_dict(), "classes": ["sad", "sad"]}),
        json.dumps({**FULL.as_dict(), "classes": [str(n) for n in range(1001)]}),
        json.dumps({**FULL.as_dict(), "side": "wide"}),
        json.dumps({**FULL.as_dict(), "side": 10**9}),
        json.dumps({**FULL.as_dict(), "side": 7}),
        json.dumps({**FULL.as_dict(), "side": 48.5}),
        json.dumps({**FULL.as_dict(), "side": float("inf")}),
        json.dumps({**FULL.as_dict(), "mirrored": "false"}),
        json.dumps({**FULL.as_dict(), "mirrored": None}),
        FULL.as_json().replace('"mirrored": false', '"mirrored": ' + "[" * 9000),
        with_head(temperature=1e-300),
        with_head(temperature=10**400),
        with_head(threshold=True),
        json.dumps({**FULL.as_dict(), "crop": []}),
        json.dumps({**FULL.as_dict(), "provenance": {"dataset": "\ud800"}}),
        json.dumps({**FULL.as_dict(), "architecture": 3}),
        FULL.as_json()[:-1] + ', "side": 48}',
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_file(text: str) -> None:
    with pytest.raises(InputError, match=r"bad\.onnx"):
        ModelInfo.from_json(text, "bad.onnx")


@settings(deadline=None)
@given(st.data())
def test_any_change_of_it_is_read_or_refused(data: st.DataObject) -> None:
    text = FULL.as_json()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    put = data.draw(st.sampled_from(["", "NaN", "[" * 2000, "1" * 400, '"', "-", "{}", "null"]))
    try:
        found = ModelInfo.from_json(text[:start] + put + text[end:], "x.onnx")
    except InputError:
        return
    found.as_json().encode()
