"""Folders of photographs to 48x48 faces, each with where it came from or why it was left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fercurate.errors import InputError
from fercurate.images import ImageError, is_image, quiet_pillow, read_photo
from fercurate.ingest.batch import Faces, Rejection, no_faces
from fercurate.ingest.containers import valid_text, walk
from fercurate.ingest.layout import label_of_photo

UNREAD = frozenset(
    (".heic", ".heif", ".avif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2")
)
"""Kinds of photographs that are not read, and are said to be so."""

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


def find_photos(places: Sequence[Path], without: Path) -> list[Photo]:
    """The photographs below some folders, by name, each file once.

    Args:
        places: Folders, or photographs themselves.
        without: A folder whose files are none: the dataset's own.

    Raises:
        InputError: a place that is not there, or that holds no photograph.
    """
    own = without.resolve()
    found: dict[Path, Photo] = {}
    for place in places:
        if not place.exists():
            raise InputError(f"{place} does not exist.", "Give a folder of photographs.")
        keys = [(valid_text(place.name), "")] if place.is_file() else _below(place)
        photos = [Photo(place / key, name, label_of_photo(place / key)) for name, key in keys]
        photos = [p for p in photos if is_image(p.name) or p.path.suffix.lower() in UNREAD]
        if not photos:
            raise InputError(
                f"{place} holds no photograph.",
                "Photographs are files that end in .jpg, .png, .webp, .bmp or .tif.",
            )
        for photo in photos:
            real = photo.path.resolve()
            if not real.is_relative_to(own):
                found.setdefault(real, photo)
    return list(found.values())


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
    from joblib import Parallel, delayed

    jobs = jobs or max(1, min(os.cpu_count() or 1, len(photos) // _A_JOB))
    calls = (delayed(cut_one)(photo, min_face, min_score) for photo in photos)
    yield from Parallel(n_jobs=jobs, return_as="generator")(calls)


def cut_one(photo: Photo, min_face: float, min_score: float) -> Cuts:
    """The faces of one photograph, the surest first; arguments as in `cut_all`."""
    from fercurate.detect.detector import shared_detector
    from fercurate.detect.framing import cut

    def refused(reason: str, *, is_read: bool = True) -> Cuts:
        return Cuts(photo, no_faces(), [], [Rejection(photo.name, None, reason)], is_read)

    suffix = photo.path.suffix.lower()
    if suffix in UNREAD:
        return refused(f"{suffix[1:].upper()} is not read: export it as JPEG", is_read=False)
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


def _below(folder: Path) -> list[tuple[str, str]]:
    return [(name, key) for name, key, _, _ in walk(folder)]
