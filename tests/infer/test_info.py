"""What a model's file says about it."""

from __future__ import annotations

import json

import pytest

from fercurate.detect.framing import BOX_SIDE
from fercurate.errors import InputError
from fercurate.infer.info import ModelInfo
from fercurate.labels import CLASSES

FULL = ModelInfo(
    "vit", side=40, mirrored=False, temperature=0.8, threshold=0.4, provenance={"seed": 3}
)


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
        json.dumps({**FULL.as_dict(), "temperature": 0}),
        json.dumps({**FULL.as_dict(), "temperature": float("nan")}),
        json.dumps({**FULL.as_dict(), "threshold": 1.5}),
        json.dumps({**FULL.as_dict(), "classes": []}),
        json.dumps({**FULL.as_dict(), "classes": None}),
        json.dumps({**FULL.as_dict(), "side": "wide"}),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_file(text: str) -> None:
    with pytest.raises(InputError, match=r"bad\.onnx"):
        ModelInfo.from_json(text, "bad.onnx")
