"""Image members of a container to batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from fercurate.images import MAX_FILE_BYTES, ImageError, decode_face
from fercurate.ingest.batch import Batch, Faces, Rejection, no_faces
from fercurate.ingest.containers import Container, Member, Opener
from fercurate.ingest.layout import Place
from fercurate.ingest.streams import DamagedError

_FILES_A_BATCH = 256
_BYTES_A_BATCH = 32 << 20
# Decoding a smaller file costs less than handing it to another thread.
_WORTH_A_THREAD = 48 << 10

_Outcome = Faces | str


def read_images(
    container: Container,
    images: Sequence[Member],
    places: Sequence[Place],
    advance: Callable[[float], None],
) -> Iterator[Batch]:
    """Decoded images with their split and label.

    Args:
        container: Where they are.
        images: n of its members.
        places: n of theirs; an image whose place has a reason is rejected unread.
        advance: Told how many were read, for a progress bar.

    Raises:
        InputError: the archive around them is damaged. A damaged image alone is rejected.
    """
    by_key = {image.key: found for image, found in zip(images, places, strict=True)}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        held: list[tuple[Member, Place, _Outcome | Future[_Outcome]]] = []
        n_bytes = next_row = 0
        for member, opener in container.each():
            if member.key not in by_key:
                continue
            found = by_key[member.key]
            data = found.reason or _bytes_of(member, opener, container.independent)
            outcome: _Outcome | Future[_Outcome]
            if isinstance(data, str):
                outcome = data
            elif len(data) < _WORTH_A_THREAD:
                outcome = _decode(data)
            else:
                outcome = pool.submit(_decode, data)
                n_bytes += len(data)
            held.append((member, found, outcome))
            if len(held) >= _FILES_A_BATCH or n_bytes >= _BYTES_A_BATCH:
                yield _batch(held, next_row)
                next_row += len(held)
                advance(len(held))
                held, n_bytes = [], 0
        yield _batch(held, next_row)
        advance(len(held))


def _bytes_of(member: Member, opener: Opener, independent: bool) -> bytes | str:
    try:
        with opener() as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except DamagedError as error:
        if independent:
            return error.message
        raise


def _decode(data: bytes) -> _Outcome:
    try:
        return decode_face(data)
    except ImageError as error:
        return str(error)


def _batch(
    held: Sequence[tuple[Member, Place, _Outcome | Future[_Outcome]]], first_row: int
) -> Batch:
    outcomes = [o.result() if isinstance(o, Future) else o for _, _, o in held]
    good = [index for index, outcome in enumerate(outcomes) if not isinstance(outcome, str)]
    faces = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    return Batch(
        faces=np.stack(faces) if faces else no_faces(),
        splits=[held[index][1].split for index in good],
        labels=[held[index][1].label for index in good],
        sources=[held[index][0].name for index in good],
        rows=[first_row + index for index in good],
        rejected=[
            rejection(member.name, outcome, found)
            for (member, found, _), outcome in zip(held, outcomes, strict=True)
            if isinstance(outcome, str)
        ],
    )


def rejection(name: str, reason: str, found: Place) -> Rejection:
    """An image that is refused, with what its place says of it."""
    return Rejection(
        name, None, reason, found.named, found.label or found.known, found.left_out,
        found.split or found.within,
    )  # fmt: skip
