"""What each face showed over time, kept in a bounded amount of memory however long it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fercurate.live.frame import LiveFace, Result
from fercurate.live.look import UNCLEAR

_WIDTH = 0.1
_MOST_BINS = 2048
_MOST_TRACKS = 256


@dataclass(frozen=True)
class Course:
    """One face over time.

    Attributes:
        track: Its number.
        times: float64 [T], seconds, rising; middles of intervals of `width` in which it was seen.
        shares: float32 [T, classes], mean smoothed probabilities; rows add up to 1.
        labels: [T], the label that it had most of the interval.
        counted: Share of its frames by label, the most frequent first; adds up to 1.
    """

    track: int
    times: NDArray[np.float64]
    shares: NDArray[np.float32]
    labels: tuple[str, ...]
    counted: dict[str, float]


@dataclass
class _Bin:
    total: NDArray[np.float64]
    n: int
    labels: Counter[str]

    def copy(self) -> _Bin:
        return _Bin(self.total.copy(), self.n, self.labels.copy())

    def add(self, other: _Bin) -> None:
        self.total += other.total
        self.n += other.n
        self.labels.update(other.labels)


class History:
    """Adds results up in intervals of time, which get longer as the session does.

    Args:
        classes: The model's, in order.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.width = _WIDTH
        self.end = 0.0
        self.start: float | None = None
        self._tracks: dict[int, dict[int, _Bin]] = {}
        self._frames: Counter[int] = Counter()

    def add(self, result: Result) -> None:
        """Count the faces of a result."""
        time = result.frame.time
        self.start = time if self.start is None else min(self.start, time)
        self.end = max(self.end, time)
        while int(time / self.width) >= _MOST_BINS:
            self._widen()
        for face in result.faces:
            one = _Bin(face.probabilities.astype(np.float64), 1, Counter([face.label or UNCLEAR]))
            self._add(face, int(time / self.width), one)

    def courses(self, most: int) -> tuple[list[Course], int]:
        """The faces that were seen longest, in the order of their numbers, and how many others."""
        by_length = sorted(self._tracks, key=lambda track: -self._frames[track])
        kept = sorted(by_length[:most])
        return [self._course(track) for track in kept], len(by_length) - len(kept)

    def coarser(self, most: int) -> History:
        """The same in at most so many intervals."""
        made = History(self.classes)
        made.width, made.start, made.end = self.width, self.start, self.end
        made._frames = self._frames.copy()
        made._tracks = {
            track: {i: one.copy() for i, one in bins.items()}
            for track, bins in self._tracks.items()
        }
        while (self.end - (self.start or 0.0)) / made.width > most:
            made._widen()
        return made

    def _add(self, face: LiveFace, number: int, one: _Bin) -> None:
        self._frames[face.track] += 1
        bins = self._tracks.setdefault(face.track, {})
        if number in bins:
            bins[number].add(one)
        else:
            bins[number] = one
        if len(self._tracks) > _MOST_TRACKS:
            old = [track for track in self._tracks if number not in self._tracks[track]]
            shortest = min(old, key=self._frames.__getitem__, default=face.track)
            del self._tracks[shortest], self._frames[shortest]

    def _widen(self) -> None:
        self.width *= 2
        for bins in self._tracks.values():
            merged: dict[int, _Bin] = {}
            for number, one in bins.items():
                if number // 2 in merged:
                    merged[number // 2].add(one)
                else:
                    merged[number // 2] = one
            bins.clear()
            bins.update(merged)

    def _course(self, track: int) -> Course:
        bins = self._tracks[track]
        numbers = sorted(bins)
        shares = [bins[i].total / bins[i].n for i in numbers]
        counts: Counter[str] = sum((bins[i].labels for i in numbers), Counter())
        return Course(
            track=track,
            times=(np.array(numbers) + 0.5) * self.width,
            shares=np.array(shares, np.float32).reshape(len(numbers), len(self.classes)),
            labels=tuple(bins[i].labels.most_common(1)[0][0] for i in numbers),
            counted={name: n / counts.total() for name, n in counts.most_common()},
        )


def runs(times: NDArray[np.float64], gap: float) -> Iterable[slice]:
    """Where a face was seen without being away for longer than `gap` seconds."""
    if not len(times):
        return
    breaks = np.flatnonzero(np.diff(times) > gap) + 1
    edges = [0, *breaks.tolist(), len(times)]
    for first, last in pairwise(edges):
        yield slice(first, last)
