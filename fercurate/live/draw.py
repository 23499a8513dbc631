"""Boxes, labels and bars on a frame, legible on whatever is in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fercurate.live.controls import answers
from fercurate.live.frame import LiveFace, Result
from fercurate.live.look import UNCLEAR, Look, ink_of
from fercurate.live.stats import Stats
from fercurate.live.text import (
    Colour,
    Image,
    Rect,
    fill,
    ink_on,
    line_height,
    shade,
    width_of,
    write,
)

_PAPER, _DARK = (255, 255, 255), (28, 26, 24)
_MOST_PANELS = 6
"""With more faces than this the bars bear no names of their own: a legend has them."""


def overlay(
    result: Result,
    look: Look,
    stats: Stats | None = None,
    sides: dict[int, int] | None = None,
) -> Image:
    """A frame with what was found in it.

    Args:
        result: Frame and faces.
        look: What is shown of them.
        stats: Shown in a corner; None for a picture without figures.
        sides: On which side of each track its bars were, from the frame before, and brought up
            to date: they stay there while there is room. None where there was no frame before.

    Returns:
        uint8 [H, W, 3], blue, green, red; the frame itself stays as it is.
    """
    import cv2

    image = result.frame.image
    image = np.asarray(cv2.flip(image, 1), np.uint8) if look.mirror else image.copy()
    height, width = image.shape[:2]
    unit, names, point = _unit(height, width), look.names, result.point
    how = "" if point is None else answers(point.head.name, point.balance, look.heads)
    numbered = any(face.track > 1 for face in result.faces)  # one face alone needs no number
    placed = [_Placed(f, look, (height, width), unit, numbered=numbered) for f in result.faces]
    taken = [one.box for one in placed]  # grows with every panel
    panels: list[Rect | None] = []
    if len(placed) <= _MOST_PANELS:
        sides = {} if sides is None else sides
        panels = [_room(one, unit, names, taken, (height, width), sides) for one in placed]
        for gone in sides.keys() - {one.track for one in placed}:
            del sides[gone]
    for one in placed:
        _frame(image, one.box, ink_of(one.name), max(2, unit // 7), whole=one.name != UNCLEAR)
    # all with panels or all without: which bars belong to whom must be plain
    if panels and all(panels):
        for one, panel in zip(placed, panels, strict=True):
            _panel(image, panel or one.box, one, unit, names)
    elif placed:
        for one in placed:
            _strip(image, one, unit, names)
        _legend(image, names, unit, 24 + len(how) // 2)
    for one in placed:
        _label(image, one, unit)
    if stats is not None:
        _figures(image, stats, look, how, unit)
    if look.paused:
        _paused(image, "" if how == look.answers else look.answers, unit)
    return image


def _unit(height: int, width: int) -> int:
    """Height of the letters, pixels: 13 at 480 rows, 16 at 720, 48 at 2160; 8 is the least."""
    side = min(height, width * 0.75)
    return max(8, round(side / 45), min(13, round(side / 30)))


class _Placed:
    """A face and where it is shown."""

    def __init__(
        self, face: LiveFace, look: Look, size: tuple[int, int], unit: int, *, numbered: bool
    ) -> None:
        height, width = size
        found = face.face.mirrored(width) if look.mirror else face.face
        left, top, wide, high = found.box
        x, y = max(0, round(left)), max(0, round(top))
        right, bottom = min(width, round(left + wide)), min(height, round(top + high))
        self.track = face.track
        self.box = Rect(x, y, max(1, right - x), max(1, bottom - y))
        self.shares = look.shares(face.probabilities)
        best = int(np.argmax(self.shares))
        # a paused picture's label is of how the switch stood
        self.name = UNCLEAR if face.label is None else look.names[best]
        number = f"{face.track}  " if numbered else ""
        self.words = (
            number + self.name + ("" if face.label is None else f" {self.shares[best]:.0%}")
        )
        # small faces stand close together, and so must their words
        self.size = round(min(max(self.box.width / 6, _small(unit)), unit))


def _room(
    one: _Placed,
    unit: int,
    names: Sequence[str],
    taken: list[Rect],
    size: tuple[int, int],
    sides: dict[int, int],
) -> Rect | None:
    """Where a face's bars go: right, left, below or above it; None where there is no room."""
    gap = 2
    wide = width_of("\n".join(names), _small(unit)) + 5 * unit
    high = len(names) * line_height(_small(unit)) + unit
    box, label = one.box, 2 * unit
    corners = (
        (box.right + gap, box.top),
        (box.left - gap - wide, box.top),
        (box.left, box.bottom + gap),
        (box.left, box.top - label - gap - high),
    )
    before = sides.pop(one.track, 0)
    for side in sorted(range(len(corners)), key=lambda side: side != before):
        # it may slide along the face to stay in the picture, not into it
        area = Rect(*corners[side], wide, high).inside(size[1], size[0])
        if not any(area.meets(other) for other in taken):
            taken.append(area)
            sides[one.track] = side
            return area
    return None


def _small(unit: int) -> int:
    return max(8, round(unit * 0.85))


def _frame(image: Image, box: Rect, ink: Colour, thick: int, *, whole: bool) -> None:
    """A box with a dark rim; only its corners where there is no answer."""
    for rim, paint in ((1, _DARK), (0, ink)):
        for across in (box.top, box.bottom - thick):
            _line(image, Rect(box.left, across, box.width, thick), rim, paint, whole=whole)
        for down in (box.left, box.right - thick):
            _line(image, Rect(down, box.top, thick, box.height), rim, paint, whole=whole)


def _line(image: Image, area: Rect, rim: int, paint: Colour, *, whole: bool) -> None:
    if whole:
        fill(image, _grown(area, rim), paint)
        return
    if area.width > area.height:
        piece = area.width // 4
        ends = (area._replace(width=piece), area._replace(left=area.right - piece, width=piece))
    else:
        piece = area.height // 4
        ends = (area._replace(height=piece), area._replace(top=area.bottom - piece, height=piece))
    for end in ends:
        fill(image, _grown(end, rim), paint)


def _grown(area: Rect, rim: int) -> Rect:
    return Rect(area.left - rim, area.top - rim, area.width + 2 * rim, area.height + 2 * rim)


def _label(image: Image, one: _Placed, unit: int) -> None:
    """The answer above the box; within it where there is no room above."""
    size, pad = one.size, max(2, one.size // 3)
    chip = Rect(0, 0, width_of(one.words, size) + 2 * pad, line_height(size) + pad)
    above = one.box.top - chip.height
    top = above if above >= 0 else one.box.top
    chip = chip._replace(left=one.box.left, top=top).inside(image.shape[1], image.shape[0])
    ground = _DARK if one.name == UNCLEAR else ink_of(one.name)
    fill(image, chip, ground)
    write(image, one.words, chip.left + pad, chip.top + pad // 2, size, ink_on(ground))


def _panel(image: Image, area: Rect, one: _Placed, unit: int, names: Sequence[str]) -> None:
    """A row for each name: the name, and a bar as long as its probability."""
    shade(image, area)
    edge = max(2, unit // 7)
    if area.left >= one.box.right:
        fill(image, area._replace(width=edge), ink_of(one.name))
    elif area.right <= one.box.left:
        fill(image, area._replace(left=area.right - edge, width=edge), ink_of(one.name))
    size, pad = _small(unit), unit // 2
    row = line_height(size)
    words = "\n".join(names)
    write(image, words, area.left + pad, area.top + pad, size, _PAPER)
    begin = area.left + 2 * pad + width_of(words, size)
    most = area.right - pad - begin
    for number, (name, share) in enumerate(zip(names, one.shares, strict=True)):
        top = area.top + pad + number * row
        bar = Rect(begin, top + row // 4, most, max(2, row // 2))
        shade(image, bar, 0.6)
        fill(image, bar._replace(width=round(most * float(share))), ink_of(name))


def _strip(image: Image, one: _Placed, unit: int, names: Sequence[str]) -> None:
    """Upright bars under the box, as wide as it; within it at the lower edge of the picture."""
    high = max(8, min(one.box.height // 3, round(1.6 * unit)))
    top = one.box.bottom + 2
    if top + high > image.shape[0]:
        top = one.box.bottom - high
    area = Rect(one.box.left, top, one.box.width, high)
    shade(image, area)
    step = (area.width - 1) / len(names)
    for number, (name, share) in enumerate(zip(names, one.shares, strict=True)):
        left = area.left + 1 + round(number * step)
        wide = max(1, area.left + round((number + 1) * step) - left)
        tall = round((high - 2) * float(share))
        fill(image, Rect(left, area.bottom - 1 - tall, wide, tall), ink_of(name))


def _legend(image: Image, names: Sequence[str], unit: int, figures: int) -> None:
    """The colours' names in a line: at the lower right, at the upper edge where that is narrow.

    `figures`: what stands at the lower left is as wide as so many letters are high.
    """
    size, pad = _small(unit), unit // 2
    row, mark = line_height(size), round(0.6 * size)
    widths = [mark + pad // 2 + width_of(name, size) + pad for name in names]
    area = Rect(0, 0, sum(widths) + pad, row + pad)
    height, width = image.shape[:2]
    is_wide = width > area.width + figures * size + 3 * pad
    top = height - area.height - pad if is_wide else pad
    area = area._replace(left=max(0, width - area.width - pad), top=top)
    shade(image, area)
    left, top = area.left + pad, area.top + pad // 2
    for name, wide in zip(names, widths, strict=True):
        fill(image, Rect(left, top + row // 5, mark, mark), ink_of(name))
        write(image, name, left + mark + pad // 2, top, size, _PAPER)
        left += wide


def _figures(image: Image, stats: Stats, look: Look, how: str, unit: int) -> None:
    """How fast it runs, and how the model answered, in the lower left corner."""
    smoothing = f"{look.half_life:g} s" if look.half_life else "none"
    text = (
        f"{stats.fps:.0f} fps   latency {1000 * stats.p50['total']:.0f} ms, "
        f"p95 {1000 * stats.p95['total']:.0f} ms   smoothing {smoothing}"
        + (f"   {how}" if how else "")
    )
    size, pad = _small(unit), unit // 2
    area = Rect(0, 0, width_of(text, size) + 2 * pad, line_height(size) + pad)
    area = area._replace(left=pad, top=image.shape[0] - area.height - pad)
    shade(image, area)
    write(image, text, area.left + pad, area.top + pad // 2, size, _PAPER)


def _paused(image: Image, then: str, unit: int) -> None:
    """That it is, and how the model answers afterwards where that is otherwise."""
    text, size, pad = "paused: p goes on", round(unit * 1.5), unit
    text += f", then it {then}" if then else ""
    area = Rect(0, 0, width_of(text, size) + 2 * pad, line_height(size) + pad)
    height, width = image.shape[:2]
    area = area._replace(left=(width - area.width) // 2, top=height - area.height - 3 * unit)
    shade(image, area, 0.2)
    write(image, text, area.left + pad, area.top + pad // 2, size, _PAPER)
