"""The shipped list on the real FER2013, as csv and as JPEG."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clean_copies import compressed
from numpy.typing import NDArray

from fercurate.clean import listing, published
from fercurate.clean.matching import nearest, signatures

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "fer2013.csv.gz"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SOURCE.exists(), reason="no FER2013 in ../shared/data"),
    pytest.mark.skipif(not listing.shipped("fer2013").exists(), reason="no list was made yet"),
]


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    with gzip.open(SOURCE, "rt") as file:
        pixels = pd.read_csv(file, usecols=["pixels"])["pixels"]
    return np.array([np.fromstring(p, np.uint8, sep=" ") for p in pixels]).reshape(-1, 48, 48)


@pytest.mark.parametrize(("quality", "rms"), [(97, 1.1), (95, 1.7), (90, 3.0)])
def test_jpegs_in_any_order_are_found_and_none_wrongly(
    faces: NDArray[np.uint8], quality: int, rms: float
) -> None:
    table, marks = listing.read(listing.shipped("fer2013"))
    order = np.random.default_rng(quality).permutation(len(faces))
    copy = compressed(faces[order], quality)
    apart = np.sqrt(np.mean((copy.astype(np.float32) - faces[order]) ** 2))
    assert apart == pytest.approx(rms, abs=0.15)
    found = nearest(signatures(copy), marks, table["sha256"].to_numpy(object))
    sha = table["sha256"].to_numpy()
    got = found >= 0
    alone = (table["duplicate_group"] == "").to_numpy()[order]
    assert (sha[found[got]] == sha[order[got]]).all()
    assert got[alone].mean() >= 0.995


def test_the_csv_is_found_by_row(faces: NDArray[np.uint8]) -> None:
    import hashlib

    table, marks = listing.read(listing.shipped("fer2013"))
    manifest = table[["row", "split", "label"]].copy()
    manifest["sha256"] = [hashlib.sha256(f.tobytes()).hexdigest() for f in faces]
    found = published.match(manifest, faces, table, marks)
    assert set(found.how) == {"row"}
    made = published.apply(manifest, table, found.at)
    assert (made["copy_keep"] == (table["keep"] == "1")).all()
    assert (made["copy_split"] == table["leak"].where(table["leak"] != "", table["split"])).all()
