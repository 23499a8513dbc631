from __future__ import annotations

import imagehash
import numpy as np
import pytest
from clean_copies import compressed, made_faces
from numpy.typing import NDArray
from PIL import Image

from fercurate.clean import matching
from fercurate.clean.matching import Signatures, from_hex, signatures, to_hex


def nearest(copy: Signatures, listed: Signatures) -> NDArray[np.int64]:
    """With all listed images different from one another."""
    return matching.nearest(copy, listed, np.arange(len(listed.grey)).astype(object))


def test_different_images_with_the_same_signature_match_nothing_and_exact_copies_do() -> None:
    faces = made_faces(2)
    twice = signatures(faces[[0, 0, 1]])
    assert matching.nearest(signatures(faces), twice, np.array(["a", "b", "c"])).tolist() == [-1, 2]
    assert matching.nearest(signatures(faces), twice, np.array(["a", "a", "c"])).tolist() == [0, 2]


def test_anybody_can_make_the_hash_with_imagehash() -> None:
    faces = made_faces(5)
    expected = [str(imagehash.phash(Image.fromarray(f), hash_size=16)) for f in faces]
    assert to_hex(signatures(faces).phash) == expected


def test_hex_digits_are_read_as_they_were_written() -> None:
    made = signatures(made_faces(20))
    read = from_hex(to_hex(made.phash), to_hex(made.grey))
    assert (read.phash == made.phash).all()
    assert (read.grey == np.rint(made.grey)).all()


@pytest.mark.parametrize(("phash", "grey"), [("00", "0" * 32), ("z" * 64, "0" * 32)])
def test_what_is_no_hash_is_refused(phash: str, grey: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        from_hex([phash], [grey])


@pytest.mark.parametrize("quality", [98, 95, 90])
def test_compressed_images_in_any_order_are_found(quality: int) -> None:
    faces = made_faces(200)
    order = np.random.default_rng(1).permutation(200)
    found = nearest(signatures(compressed(faces[order], quality)), signatures(faces))
    assert (found == order).all()


def _noise(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, faces.shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "strangers",
    [
        pytest.param(lambda faces: made_faces(200, seed=9), id="others"),
        pytest.param(_noise, id="noise"),
        pytest.param(lambda faces: faces[:, :, ::-1], id="mirrored"),
        pytest.param(lambda faces: 255 - faces, id="negatives"),
    ],
)
def test_other_images_are_not(strangers) -> None:  # type: ignore[no-untyped-def]
    faces = made_faces(200)
    found = nearest(signatures(np.ascontiguousarray(strangers(faces))), signatures(faces))
    assert (found == -1).all()


def test_two_listed_frames_that_are_too_alike_match_nothing() -> None:
    faces = np.minimum(made_faces(3), 250)
    twin = faces[:1].copy()
    twin[0, :12, :12] += 1
    listed = signatures(np.concatenate([faces, twin]))
    between = faces[:1].copy()
    between[0, :12:2, :12] += 1
    assert nearest(signatures(between), listed).tolist() == [-1]
    assert nearest(signatures(faces[1:]), listed).tolist() == [1, 2]


def test_nothing_matches_an_empty_list() -> None:
    faces = made_faces(3)
    assert nearest(signatures(faces), signatures(faces[:0])).tolist() == [-1] * 3
    assert len(nearest(signatures(faces[:0]), signatures(faces))) == 0
