from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from live_cases import CLASS_NAMES, DOUBTFUL, HAPPY, Box, grid, live_face, picture, result

from fercurate.infer.heads import Head, OperatingPoint
from fercurate.labels import COLOURS, GROUPS
from fercurate.live import draw
from fercurate.live.controls import Controls
from fercurate.live.draw import overlay
from fercurate.live.look import INKS, UNCLEAR, Look, look_of
from fercurate.live.stats import Meter, Stats
from fercurate.live.text import ink_on, width_of

LOOK = Look(CLASS_NAMES)


def stats() -> Stats:
    meter = Meter()
    meter.add(result(), 1.0)
    return meter.stats()


def count(image: np.ndarray, ink: tuple[int, int, int]) -> int:
    """Pixels of exactly this colour."""
    return int((image == np.array(ink, np.uint8)).all(axis=2).sum())


def test_the_frame_itself_stays_as_it_is() -> None:
    found = result(live_face((200, 100, 120, 120)))
    before = found.frame.image.copy()
    shown = overlay(found, LOOK, stats())
    assert (found.frame.image == before).all()
    assert shown.shape == before.shape
    assert (shown != before).any()


def test_nothing_found_and_nothing_asked_for_is_the_frame() -> None:
    found = result()
    assert (overlay(found, LOOK) == found.frame.image).all()
    assert (overlay(found, Look(CLASS_NAMES, mirror=True)) == found.frame.image[:, ::-1]).all()


@pytest.mark.parametrize("label", CLASS_NAMES)
def test_a_box_has_its_class_colour(label: str) -> None:
    shares = np.full(7, 0.02)
    shares[CLASS_NAMES.index(label)] = 0.88
    shown = overlay(result(live_face((200, 100, 120, 120), shares.tolist(), label)), LOOK)
    assert tuple(shown[160, 200]) == INKS[label]


def test_no_answer_is_neither_neutral_nor_any_other_class() -> None:
    shown = overlay(result(live_face((200, 100, 120, 120), DOUBTFUL, None)), LOOK)
    assert tuple(shown[160, 200]) == tuple(picture()[160, 200])  # corners alone
    assert tuple(shown[101, 201]) == INKS[UNCLEAR]
    assert INKS[UNCLEAR] not in {INKS[name] for name in COLOURS}


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_a_bar_is_as_long_as_its_probability(share: float) -> None:
    rest = (1 - share) / 6
    both = [
        overlay(result(live_face((200, 100, 120, 120), values, None)), LOOK)
        for values in ([rest, rest, rest, share, rest, rest, rest], [0, 0, 0, 1.0, 0, 0, 0])
    ]
    lengths = [count(shown, INKS["happy"]) for shown in both]
    assert lengths[0] / lengths[1] == pytest.approx(share, abs=0.02)


def test_groups_sum_their_classes() -> None:
    look = Look(CLASS_NAMES, grouped=True)
    shares = look.shares(np.array((0.1, 0.1, 0.1, 0.2, 0.1, 0.25, 0.15), np.float32))
    assert look.names == tuple(GROUPS)
    assert dict(zip(look.names, shares.tolist(), strict=True)) == pytest.approx(
        {"positive": 0.2, "neutral": 0.15, "negative": 0.4, "surprise": 0.25}
    )


def test_a_model_with_few_classes_of_its_own_is_shown_too() -> None:
    face = live_face((200, 100, 120, 120), (0.8, 0.2), "bored")
    assert (overlay(result(face), Look(("bored", "happy"))) != picture()).any()
    assert (overlay(result(face), Look(("bored", "happy"), grouped=True)) != picture()).any()


def test_the_mirror_turns_boxes_and_not_words() -> None:
    found = result(live_face((60, 100, 120, 120)))
    plain, turned = overlay(found, LOOK), overlay(found, Look(CLASS_NAMES, mirror=True))
    assert tuple(plain[160, 60]) == INKS["happy"]
    assert tuple(turned[160, 640 - 60 - 1]) == INKS["happy"]
    # the words stand in the chip above the box, the same in both
    words = slice(82, 99)
    assert (plain[words, 66:130] == turned[words, 466:530]).all()


def test_a_paused_picture_says_so() -> None:
    found = result()
    assert (overlay(found, Look(CLASS_NAMES, paused=True)) != picture()).any()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ["answers as votes, balance 0.25"]),
        ({"paused": True}, ["answers as votes, balance 0.25", "paused: p goes on"]),
        (
            {"paused": True, "head": "given", "balance": 0.0},
            [
                "answers as votes, balance 0.25",
                "paused: p goes on, then it answers as given, balance 0",
            ],
        ),
        ({"heads": 1}, ["balance 0.25"]),
    ],
)
def test_it_says_how_its_answers_were_made(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], says: list[str]
) -> None:
    """What stands in the corner holds for the picture, whatever was pressed since."""
    written: list[str] = []
    monkeypatch.setattr(draw, "write", lambda image, text, *_: written.append(text))
    point = OperatingPoint(Head("votes", (1 / 7,) * 7), 1, balance=0.25, threshold=0.4)
    look = replace(Look(CLASS_NAMES, head="votes", balance=0.25, heads=2), **changes)
    overlay(replace(result(), point=point), look, stats())
    assert written[0].split("   ")[3:] + written[1:] == says


def test_how_it_answers_does_not_cover_the_legend(monkeypatch: pytest.MonkeyPatch) -> None:
    point = OperatingPoint(Head("corrected", (1 / 7,) * 7), 1, balance=0.25, threshold=0.4)
    look = Look(CLASS_NAMES, head="corrected", balance=0.25, heads=2, half_life=0.35)
    for width in range(640, 1920, 40):
        written: list[tuple[str, int, int, int]] = []
        monkeypatch.setattr(draw, "write", lambda _, *words, to=written: to.append(words[:4]))
        found = replace(result(*grid(20, width, 480), image=picture(width, 480)), point=point)
        overlay(found, look, stats())
        text, left, top, size = written[-1]
        assert "answers as corrected" in text
        beside = [at for name, at, up, _ in written if name in CLASS_NAMES and abs(up - top) < size]
        assert all(at > left + width_of(text, size) for at in beside)


EDGES: list[Box] = [
    (-30, -30, 100, 100),
    (600, 440, 100, 100),
    (0, 0, 640, 480),
    (-50, -50, 800, 700),
    (700, 500, 50, 50),
    (-80, 200, 50, 50),
    (320, 240, 0.4, 0.4),
]


@pytest.mark.parametrize("box", EDGES)
@pytest.mark.parametrize("mirror", [False, True])
def test_faces_at_and_beyond_the_edges(box: Box, mirror: bool) -> None:
    look = Look(CLASS_NAMES, mirror=mirror)
    for shares, label in ((HAPPY, "happy"), (DOUBTFUL, None)):
        shown = overlay(result(live_face(box, shares, label)), look, stats())
        assert shown.shape == (480, 640, 3)


@pytest.mark.parametrize("size", [(64, 48), (160, 120), (480, 848), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("n", [1, 4, 20])
def test_any_size_and_number_of_faces(size: tuple[int, int], n: int) -> None:
    width, height = size
    found = result(*grid(n, width, height), image=picture(width, height))
    shown = overlay(found, Look(CLASS_NAMES, paused=True, half_life=0.35), stats())
    assert shown.shape == (height, width, 3)


def test_words_grow_with_the_picture() -> None:
    inks = []
    for scale in (1, 3):
        face = live_face((200 * scale, 100 * scale, 120 * scale, 120 * scale))
        image = picture(640 * scale, 480 * scale)
        inks.append(count(overlay(result(face, image=image), LOOK), INKS["happy"]))
    assert 5 < inks[1] / inks[0] < 12


@pytest.mark.parametrize("level", [20, 128, 235])
def test_names_are_legible_on_dark_and_light(level: int) -> None:
    """Contrast of the bars' names and their ground, 4.5 to 1 or more (WCAG 2, AA)."""
    shown = overlay(result(live_face((200, 100, 120, 120)), image=picture(level=level)), LOOK)
    panel = shown[110:200, 328:365].astype(float).mean(axis=2) / 255
    light, dark = (np.percentile(panel, p) ** 2.2 for p in (99.5, 40))
    assert (light + 0.05) / (dark + 0.05) > 4.5


@pytest.mark.parametrize("name", [*CLASS_NAMES, *GROUPS])
def test_labels_are_legible_on_every_colour(name: str) -> None:
    def luminance(ink: tuple[int, int, int]) -> float:
        return float((np.array(ink) / 255) ** 2.2 @ [0.0722, 0.7152, 0.2126])

    both = sorted((luminance(INKS[name]), luminance(ink_on(INKS[name]))))
    assert (both[1] + 0.05) / (both[0] + 0.05) > 4.5


def test_the_look_follows_the_switches() -> None:
    controls = Controls(0.2)
    for key in "mgp+":
        controls.press(key)
    assert look_of(controls, CLASS_NAMES) == Look(CLASS_NAMES, True, True, True, 0.35)


def test_lines_are_as_wide_as_the_longest() -> None:
    assert width_of("sad\nsurprise", 14) == width_of("surprise", 14) > width_of("sad", 14)


@pytest.mark.alone
def test_it_is_cheap() -> None:
    """Under 3 ms at 1280x720 with one face; four times that for a busy machine."""
    found = result(live_face((500, 200, 200, 200)), image=picture(1280, 720))
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        overlay(found, LOOK, stats())
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.003
    assert np.median(times) < 0.012


def test_bars_stay_where_they_are_while_there_is_room() -> None:
    def places(left: float) -> dict[int, int]:
        overlay(result(live_face((left, 100, 120, 120))), LOOK, sides=sides)
        return dict(sides)

    sides: dict[int, int] = {}
    right, left_side = places(200), places(500)
    assert right != left_side
    assert places(200) == left_side  # there is room on the right again
    assert places(0) == right
    overlay(result(live_face((0, 100, 120, 120), track=2)), LOOK, sides=sides)
    assert set(sides) == {2}
