"""Which face of this frame is which of the last: places, speeds and sizes.

A constant-velocity Kalman filter a face, and the assignment with the least cost of overlap,
distance and size (Bewley et al. 2016, SORT, https://arxiv.org/abs/1602.00763). All of it is in
seconds, and in sides of the face's box, so that neither frame rate nor distance matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fercurate.detect.face import Face
from fercurate.live.assignment import assign

MEMORY = 2.0
"""Seconds after which a face that is not seen any more is forgotten; one that is back by then,
near where it was last or where it was heading, keeps its number."""

_NOISE = np.array([0.02, 0.02, 0.04])
"""Of x, y and side in one look, sides (standard deviation)."""
_AGILITY = np.array([8.0, 8.0, 0.5])
"""How quickly speeds change, sides² / s³: by 2 sides/s in half a second."""
_FIRST_SPEED = np.array([1.0, 1.0, 0.3])
"""What the speed of a new face may be, sides/s (standard deviation)."""
_COASTING = 0.7
"""Seconds after which a face that is not seen is thought to have lost half its speed."""

_NEAR, _NEARER_A_SECOND, _NEAR_AT_MOST = 0.6, 1.0, 1.5
"""How far from where it is expected a face may be, sides, and a second that it was not seen."""
_RATIO = 1.6
_NEVER = 1e6


@dataclass(frozen=True)
class Track:
    """A face that is followed.

    Attributes:
        number: From 1; never given twice.
        face: As it was last seen, its box smoothed over about a tenth of a second.
        seen: When that was, seconds.
    """

    number: int
    face: Face
    seen: float


class Tracker:
    """Follows faces. To be used by one thread."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._numbers = 0

    def expected(self, time: float, unseen: float = MEMORY) -> list[Face]:
        """Where the known faces should be at a time, not before the last one.

        Args:
            time: Seconds.
            unseen: Leave out those that have not been seen for longer, seconds.
        """
        return [known.at(time) for known in self._known if time - known.track.seen <= unseen]

    def update(self, faces: Sequence[Face], time: float) -> list[Track]:
        """Give the faces of a frame their numbers.

        Args:
            faces: Found in the frame, none of them twice.
            time: Of the frame, seconds, not before the last one.

        Returns:
            The track of each.
        """
        self._known = [k for k in self._known if time - k.track.seen <= MEMORY]
        given: dict[int, Track] = {}
        for i, j in _pairs(self._known, faces, time):
            given[j] = self._known[i].see(faces[j], time)
        for j, face in enumerate(faces):
            if j not in given:
                self._numbers += 1
                new = _Known(Track(self._numbers, face, time))
                self._known.append(new)
                given[j] = new.track
        return [given[j] for j in range(len(faces))]

    def forget(self) -> None:
        """What comes next has nothing to do with what was before; numbers go on."""
        self._known = []


class _Known:
    """A track and its filter: x, y and side, each with its speed."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self._place = _place(track.face)
        self._speed = np.zeros(3)
        side = track.face.side
        # variances of place and speed, and their covariance
        self._pp = (_NOISE * side) ** 2
        self._pv = np.zeros(3)
        self._vv = (_FIRST_SPEED * side) ** 2

    def at(self, time: float) -> Face:
        return _moved(self.track.face, self._predicted(time - self.track.seen))

    def see(self, face: Face, time: float) -> Track:
        """Take a face as this one's next appearance."""
        passed = time - self.track.seen
        place = self._predicted(passed)
        kept = 0.5 ** (passed / _COASTING)
        noise, agility = (_NOISE * face.side) ** 2, _AGILITY * face.side**2
        pp = self._pp + 2 * passed * self._pv + passed**2 * self._vv + agility * passed**3 / 3
        pv = self._pv + passed * self._vv + agility * passed**2 / 2
        vv = self._vv + agility * passed
        gain, speed_gain = pp / (pp + noise), pv / (pp + noise)
        off = _place(face) - place
        self._place = place + gain * off
        self._speed = kept * self._speed + speed_gain * off
        self._pp, self._pv, self._vv = (1 - gain) * pp, (1 - gain) * pv, vv - speed_gain * pv
        self._place[2] = max(self._place[2], 1.0)
        self.track = replace(self.track, face=_moved(face, self._place), seen=time)
        return self.track

    def _predicted(self, passed: float) -> NDArray[np.float64]:
        # a speed that halves every _COASTING seconds, summed up
        lasting = _COASTING / np.log(2) * (1 - 0.5 ** (passed / _COASTING))
        place = self._place + lasting * self._speed
        place[2] = np.clip(place[2], self._place[2] / _RATIO, self._place[2] * _RATIO)
        return np.asarray(place, np.float64)


def _place(face: Face) -> NDArray[np.float64]:
    return np.array([*face.centre, face.side])


def _moved(face: Face, place: NDArray[np.float64]) -> Face:
    """The same face with its middle and side put elsewhere."""
    scale = place[2] / face.side
    x, y = face.centre
    return face.moved(place[0] - scale * x, place[1] - scale * y, scale)


def _pairs(known: list[_Known], faces: Sequence[Face], time: float) -> list[tuple[int, int]]:
    """Which known face is which found one; those that cannot be are left out."""
    if not known or not faces:
        return []
    expected = np.array([_place(k.at(time)) for k in known])[:, None, :]
    found = np.array([_place(face) for face in faces])[None, :, :]
    side = np.sqrt(expected[..., 2] * found[..., 2])
    distance = np.hypot(expected[..., 0] - found[..., 0], expected[..., 1] - found[..., 1]) / side
    ratio = np.abs(np.log(expected[..., 2] / found[..., 2]))
    unseen = np.array([time - k.track.seen for k in known])[:, None]
    near = np.minimum(_NEAR + _NEARER_A_SECOND * unseen, _NEAR_AT_MOST)
    allowed = (distance <= near) & (ratio <= np.log(_RATIO) * (1 + unseen))
    # squares: where two pass, sums of plain distances are alike both ways round
    cost = distance**2 + ratio**2 + (1 - _overlaps(expected, found)) ** 2
    cost = np.where(allowed, cost, _NEVER)
    return [(i, j) for i, j in assign(cost) if allowed[i, j]]


def _overlaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of squares given by middle and side."""
    reach = (one[..., 2] + other[..., 2]) / 2
    most = np.minimum(one[..., 2], other[..., 2])
    wide = np.clip(reach - np.abs(one[..., 0] - other[..., 0]), 0, most)
    high = np.clip(reach - np.abs(one[..., 1] - other[..., 1]), 0, most)
    both = wide * high
    return np.asarray(both / (one[..., 2] ** 2 + other[..., 2] ** 2 - both), np.float64)
