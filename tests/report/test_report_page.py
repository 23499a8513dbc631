"""What the page is made of: heat map, bars, histogram, verdicts, pictures."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fercurate.report import environment, images, page


def test_heat_map_scales_errors_to_the_largest_and_keeps_the_diagonal_apart():
    rows = page.heat_map(["a", "b"], [[0.9, 0.1], [0.05, 0.95]])
    cells = [c for row in rows for c in row["cells"]]
    assert [c["diagonal"] for c in cells] == [True, False, False, True]
    assert [c["opacity"] for c in cells] == [0.63, 0.7, 0.35, 0.665]
    assert [row["given"] for row in rows] == ["a", "b"]


@pytest.mark.parametrize("matrix", [None, [], [[1.0]]])
def test_heat_map_without_a_fitting_matrix_is_empty(matrix):
    assert page.heat_map(["a", "b"], matrix) == []


def test_heat_map_of_an_empty_class_and_of_no_noise():
    rows = page.heat_map(["a", "b"], [[None, None], [0.0, 1.0]])
    assert [c["opacity"] for c in rows[0]["cells"]] == [0.0, 0.0]
    assert rows[0]["cells"][0]["share"] is None


def test_issue_bars_fill_the_longest_and_put_the_main_suggestion_first():
    by_class = {
        "a": {"audited": 10, "issues": 5, "share": 0.5, "suggested": {"b": 1, "c": 4}},
        "b": {"audited": 20, "issues": 2, "share": 0.1, "suggested": {"c": 2}},
        "c": {"audited": 0, "issues": 0, "share": None, "suggested": {}},
    }
    bars = page.issue_bars(by_class)
    assert bars[0]["parts"] == [{"label": "c", "width": 80.0}, {"label": "b", "width": 20.0}]
    assert bars[0]["mostly"] == ["c", "b"]
    assert bars[1]["parts"] == [{"label": "c", "width": 20.0}]
    assert bars[2]["parts"] == []


def test_histogram_is_relative_to_its_highest_bin():
    bars = environment.histogram([2, 0, 0], [2, 1, 0])
    assert [(b["issues"], b["others"]) for b in bars] == [(50.0, 50.0), (0.0, 25.0), (0.0, 0.0)]
    assert environment.histogram([0], [0])[0]["others"] == 0.0


def test_a_root_lifts_small_bars_and_keeps_their_parts():
    bars = environment.histogram([1, 0, 0], [3, 400, 0], power=0.5)
    assert [(b["issues"], b["others"]) for b in bars] == [(2.5, 7.5), (0.0, 100.0), (0.0, 0.0)]


def test_verdict_rows_share_and_unknown_kind():
    rows = page.verdict_rows({"ok": 3, "strange": 1})
    assert [(r["kind"], r["share"]) for r in rows] == [("ok", 0.75), ("other", 0.25)]
    assert page.verdict_rows({"ok": 0})[0]["share"] is None


def test_data_uri_is_lossless():
    face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    head, _, body = images.data_uri(face).partition(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(body)))), face)


def _luminance(rgb: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", ["heat", "less"])
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_numbers_on_the_darkest_cell_are_legible(theme, colour):
    block = (environment.HERE / "audit.css").read_text(encoding="utf-8").split(":root {")[theme + 1]
    ink, ground = (
        [int(re.search(rf"--{name}: #(\w+)", block)[1][i : i + 2], 16) / 255 for i in (0, 2, 4)]
        for name in ("ink", "bg")
    )
    heat = [int(c) / 255 for c in re.search(rf"--{colour}: (\d+) (\d+) (\d+)", block).groups()]
    share = environment.STRONGEST
    cell = [share * h + (1 - share) * g for h, g in zip(heat, ground, strict=True)]
    low, high = sorted((_luminance(ink), _luminance(cell)))
    assert (high + 0.05) / (low + 0.05) >= 4.5
