"""Folders of photographs to 48x48 faces, each with where it came from or why it was left."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fercurate.errors import InputError
from fercurate.folders import Entry, check, sorted_out, valid_text, walk
from fercurate.images import (
    READ_KINDS,
    ImageError,
    is_image,
    quiet_pillow,
    read_photo,
    unread_kind,
)
from fercurate.ingest.batch import Faces, Rejection, no_faces
from fercurate.ingest.layout import label_of_photo

_A_JOB = 4


@dataclass(frozen=True)
class Photo:
    """A file that is taken for a photograph.

    Attributes:
        path: Where it is.
        name: Its path relative to the folder that was given, parts separated by "/".
        label: The class that its folder is named after, else None.
    """

    path: Path
    name: str
    label: str | None


@dataclass(frozen=True)
class Cuts:
    """What one photograph gave.

    Attributes:
        photo: Which one.
        faces: uint8 [n, 48, 48], framed as FER2013 frames them.
        sources: n names: the photograph's, with "#2" for its second face, and so on.
        rejected: Faces left out, or the photograph itself.
        is_read: Whether the photograph could be decoded.
    """

    photo: Photo
    faces: Faces
    sources: Sequence[str]
    rejected: Sequence[Rejection]
    is_read: bool = True


def find_photos(places: Sequence[Path], without: Path) -> tuple[list[Photo], Counter[str]]:
    """The photographs below some folders, by name, each file once; and what is not looked at.

    Args:
        places: Folders, or photographs themselves.
        without: A folder whose files are none: the dataset's own.

    Returns:
        Photographs, those of kinds that are not read among them; and how many files are
        not looked at, by their endings.

    Raises:
        InputError: a place that is not there, is a pipe or holds no photograph, or a folder
            that cannot be listed.
    """
    own = without.resolve()
    found: dict[Path, Photo] = {}
    others: Counter[str] = Counter()
    for place in places:
        check(place, "Give a folder of photographs.")
        if place.is_file():
            entries, wanted = [Entry(valid_text(place.name), "")], {valid_text(place.name)}
            if not is_image(place.name) and not unread_kind(place.name):
                wanted = set()
        else:
            entries = walk(place)
            read, unread, rest = sorted_out(entry.name for entry in entries)
            wanted = {*read, *unread}
            others.update(rest)
        photos = [
            Photo(place / entry.key, entry.name, label_of_photo(place / entry.key))
            for entry in entries
            if entry.name in wanted
        ]
        if not photos:
            raise InputError(
                f"{place} holds no photograph.", f"Photographs are files that end in {READ_KINDS}."
            )
        for photo in photos:
            real = Path(os.path.realpath(photo.path))
            if not real.is_relative_to(own):
                found.setdefault(real, photo)
    return list(found.values()), others


def cut_all(
    photos: Sequence[Photo], min_face: float, min_score: float, jobs: int | None = None
) -> Iterator[Cuts]:
    """The faces of each photograph, in order; on all cores where there are many.

    Args:
        photos: Which to read.
        min_face: Smallest side of a face's box, pixels of the photograph.
        min_score: Lowest score of the detector, 0 to 1.
        jobs: Processes; None for one a core, and a few photographs each at least.

    Raises:
        FercurateError: mediapipe cannot be used.
    """
    from joblib import Parallel

    from fercurate.workers import delayed

    jobs = jobs or max(1, min(os.cpu_count() or 1, len(photos) // _A_JOB))
    calls = (delayed(cut_one)(photo, min_face, min_score) for photo in photos)
    yield from Parallel(n_jobs=jobs, return_as="generator")(calls)


def cut_one(photo: Photo, min_face: float, min_score: float) -> Cuts:
    """The faces of one photograph, the surest first; arguments as in `cut_all`."""
    from fercurate.detect.detector import shared_detector
    from fercurate.detect.framing import cut

    def refused(reason: str, *, is_read: bool = True) -> Cuts:
        return Cuts(photo, no_faces(), [], [Rejection(photo.name, None, reason)], is_read)

    try:
        with quiet_pillow():
            pixels = read_photo(photo.path)
    except ImageError as error:
        return refused(str(error), is_read=False)
    found = shared_detector().in_photo(pixels, min_score)
    if not found:
        return refused("no face found")
    faces, sources, rejected = [no_faces()], [], []
    for number, face in enumerate(found, 1):
        source = photo.name if number == 1 else f"{photo.name}#{number}"
        if face.side < min_face:
            reason = f"the face is {face.side:.0f} pixels wide, less than {min_face:g}"
            rejected.append(Rejection(source, None, reason))
        else:
            faces.append(cut(pixels, face)[None])
            sources.append(source)
    return Cuts(photo, np.concatenate(faces), sources, rejected)
