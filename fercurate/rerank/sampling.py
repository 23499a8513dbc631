"""A stratified random sample with known inclusion probabilities, drawn for blind review.

Strata are the given class and the thirds of label quality within it, and beside them the images
that are believed to be of a rare class, by given class; all fixed at the first draw.
Each image keeps one random number for good (permanent random numbers, Ohlsson 1995,
"Coordination of samples using permanent random numbers"): of each stratum the images with the
smallest numbers are drawn. A larger sample therefore holds the smaller one, and each is a
simple random sample within its strata, so an image's inclusion probability is the size of
the sample in its stratum over the size of the stratum.

Sizes go by stratum size x standard deviation of "the label is wrong" (Neyman 1934), with the
deviation kept within 0.2 and 0.5 so that no weight is extreme, and a floor in each stratum so
that each class and score range is seen. Each rare class has `LEAST_OF_RARE` verdicts, fewer in a
small sample: a share of all would leave it one or two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate.design_weights import FIRST_RARE, STRATA_PER_CLASS
from fercurate.errors import InputError
from fercurate.labels import INDEX, N_CLASSES
from fercurate.workspace import FRAME_COLUMNS, SAMPLE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

LEAST_DEVIATION = 0.2
"""The audit is sure of some classes and wrong about them; sqrt(p (1 - p)) counts as this much."""

FLOOR = 2
"""Images drawn of each stratum, where the sample is large enough."""

RARE = 0.5
"""A class is rare that is believed of less than this share of what even classes would have."""

LEAST_OF_RARE = 15
"""Images drawn of those believed to be of a rare class, in a sample of `USUAL` or more; fewer of a
smaller one."""

USUAL = 200

FEWEST = 20
"""Images of a given class believed to be of a rare one before they are a stratum of their own."""


def random_numbers(names: Sequence[str], seed: int, purpose: str = "draw") -> NDArray[np.float64]:
    """float64 [N] in [0, 1): a number for each name that depends on nothing but it and the seed."""
    digests = (
        hashlib.blake2b(f"{purpose}:{seed}:{name}".encode(), digest_size=8).digest()
        for name in names
    )
    whole = np.array([int.from_bytes(digest, "big") >> 11 for digest in digests], np.float64)
    return whole / 2**53


def strata(label: NDArray[Any], quality: NDArray[Any]) -> NDArray[np.int64]:
    """int64 [N]: 3 x class index + third of label quality within the class, 0 the worst.

    Args:
        label: int [N], the given class.
        quality: float [N] in [0, 1], low = bad.
    """
    found = np.zeros(len(label), np.int64)
    for code in np.unique(label):
        here = np.flatnonzero(label == code)
        place = np.empty(len(here), np.int64)
        place[np.argsort(quality[here], kind="stable")] = np.arange(len(here))
        found[here] = code * STRATA_PER_CLASS + place * STRATA_PER_CLASS // len(here)
    return found


def rare_classes(believed: NDArray[np.int64]) -> list[int]:
    """Classes that few images, at least `FEWEST`, are believed to be of.

    Args:
        believed: int64 [N], the most probable class of each image.
    """
    counts = np.bincount(believed, minlength=N_CLASSES)
    few = counts < RARE * len(believed) / N_CLASSES
    return [int(c) for c in np.flatnonzero(few & (counts >= FEWEST))]


def with_rare(
    stratum: NDArray[np.int64], label: NDArray[Any], believed: NDArray[np.int64]
) -> NDArray[np.int64]:
    """int64 [N]: `stratum`, but for images that are believed to be of a rare class.

    Args:
        stratum: int64 [N], from `strata`.
        label: int [N], the given class.
        believed: int64 [N], the most probable class.
    """
    found: NDArray[np.int64] = stratum.copy()
    for rare in rare_classes(believed):
        for code in np.unique(label):
            here = (believed == rare) & (label == code)
            if here.sum() >= FEWEST:
                found[here] = FIRST_RARE + N_CLASSES * rare + code
    return found


def least_of_rare(n: int, codes: NDArray[np.int64], size: NDArray[Any]) -> NDArray[np.int64]:
    """int64 [H]: images to draw at least of each stratum, so that each rare class is seen.

    Args:
        n: Images to draw in all.
        codes: int64 [H], the strata.
        size: int [H], their images.
    """
    least = np.zeros(len(codes), np.int64)
    wanted = min(LEAST_OF_RARE, n * LEAST_OF_RARE // USUAL)
    rare = np.where(codes >= FIRST_RARE, (codes - FIRST_RARE) // N_CLASSES, -1)
    for of_class in np.unique(rare[rare >= 0]):
        here = rare == of_class
        least[here] = np.ceil(wanted * size[here] / size[here].sum())
    inside: NDArray[np.int64] = np.minimum(least, size)
    return inside


def uncertainty(stratum: NDArray[Any], quality: NDArray[Any]) -> NDArray[np.float64]:
    """float64 [N] in [0.2, 0.5]: deviation of "the label is wrong", the same in a stratum."""
    n = np.bincount(stratum)
    wrong = np.clip(1 - np.bincount(stratum, quality) / np.maximum(n, 1), 0, 1)
    deviation = np.sqrt(np.clip(wrong * (1 - wrong), LEAST_DEVIATION**2, None))
    found: NDArray[np.float64] = deviation[stratum]
    return found


def allocate(
    n: int, size: NDArray[Any], deviation: NDArray[Any], least: NDArray[Any]
) -> NDArray[np.int64]:
    """How many images to draw of each stratum.

    Args:
        n: Images in all; all there are where there are fewer.
        size: int [H] images of each stratum.
        deviation: float [H], above 0.
        least: int [H] to draw at least (what was drawn before).

    Returns:
        int64 [H] that sums to `min(n, size.sum())`, between `least` and `size`.

    Raises:
        ValueError: `n` is less than one an existing stratum, or than `least` in all.
    """
    size = np.asarray(size, np.int64)
    n = min(n, int(size.sum()))
    filled = size > 0
    low = np.maximum(np.minimum(least, size), filled)
    if n < low.sum():
        raise ValueError(f"{n} are fewer than {low.sum()}")
    floor = np.maximum(low, np.minimum(FLOOR, size))
    low = floor if floor.sum() <= n else low
    # bisection on the rate: what each stratum gets grows with it
    wish = size * np.asarray(deviation, np.float64)
    slow, fast = 0.0, n / float(wish[filled].min()) + 1
    for _ in range(200):
        rate = (slow + fast) / 2
        if np.clip(rate * wish, low, size).sum() < n:
            slow = rate
        else:
            fast = rate
    exact = np.clip(fast * wish, low, size)
    found: NDArray[np.int64] = np.floor(exact + 1e-9).astype(np.int64)
    by_rest = np.argsort(-(exact - found), kind="stable")
    for stratum in by_rest[: n - int(found.sum())]:
        found[stratum] += 1
    return found


def show_order(
    stratum: NDArray[Any], rank: NDArray[Any], jitter: NDArray[Any]
) -> NDArray[np.int64]:
    """int64 [n]: the place of each drawn image, such that any first part is a fair sample.

    Each stratum is spread evenly over the whole, its images by their permanent random numbers.

    Args:
        stratum: int [n].
        rank: float [n]; the order within a stratum.
        jitter: float [n] in [0, 1); random, so that the order tells nothing.
    """
    key = np.empty(len(stratum), np.float64)
    for code in np.unique(stratum):
        here = np.flatnonzero(stratum == code)
        here = here[np.argsort(rank[here], kind="stable")]
        key[here] = (np.arange(len(here)) + jitter[here]) / len(here)
    place = np.empty(len(key), np.int64)
    place[np.argsort(key, kind="stable")] = np.arange(len(key))
    return place


def one_a_group(group: NDArray[Any], random: NDArray[Any]) -> NDArray[np.bool_]:
    """bool [N]: the image with the smallest number of each group of duplicates (-1: no group)."""
    keep = group < 0
    order = np.argsort(random, kind="stable")
    order = order[group[order] >= 0]
    _, first = np.unique(group[order], return_index=True)
    keep[order[first]] = True
    return keep


def draw(frame: pd.DataFrame, before: pd.DataFrame | None, n: int, seed: int) -> pd.DataFrame:
    """A sample of `n` images, those of the draws before among them; pure.

    Args:
        frame: `FRAME_COLUMNS`.
        before: An earlier result, or None.
        n: Size of the whole sample. Where `before` has as many, it comes back as it is.
        seed: For the order in which images are shown.

    Returns:
        `SAMPLE_COLUMNS` in the order to show. `inclusion_probability` is that of the whole.

    Raises:
        InputError: `n` is too small to see each stratum.
    """
    if before is not None and n <= len(before):
        unchanged: pd.DataFrame = before.copy()
        return unchanged
    stratum = frame["stratum"].to_numpy()
    codes, at, size = np.unique(stratum, return_inverse=True, return_counts=True)
    deviation = np.zeros(len(codes))
    deviation[at] = frame["uncertainty"].to_numpy()
    least = np.zeros(len(codes), np.int64)
    if before is not None:
        least = np.array([(before["stratum"] == code).sum() for code in codes], np.int64)
    try:
        rare = np.maximum(least, least_of_rare(n, codes, size))
        taken = allocate(n, size, deviation, rare if rare.sum() + len(codes) <= n else least)
    except ValueError as error:
        raise InputError(
            f"A sample of {n} is too small: each class and score range needs one.",
            f"Draw {max(len(codes), 100)} or more: fercurate review --sample 200",
        ) from error
    random = frame["random"].to_numpy()
    place = np.empty(len(frame), np.int64)
    for code in range(len(codes)):
        here = np.flatnonzero(at == code)
        place[here[np.argsort(random[here], kind="stable")]] = np.arange(len(here))
    drawn = frame[place < taken[at]].copy()
    drawn["inclusion_probability"] = (taken / size)[at][place < taken[at]]
    old = drawn["sample_id"].isin([] if before is None else before["sample_id"])
    new = drawn[~old]
    jitter = random_numbers(new["sample_id"].tolist(), seed, "order")
    drawn[["order", "draw"]] = 0
    drawn.loc[~old, "order"] = show_order(
        new["stratum"].to_numpy(), new["random"].to_numpy(), jitter
    )
    if before is not None:
        drawn.loc[~old, "order"] += int(before["order"].max()) + 1
        drawn.loc[~old, "draw"] = int(before["draw"].max()) + 1
        earlier = before.set_index("sample_id").loc[drawn.loc[old, "sample_id"]]
        for column in ("order", "draw"):
            drawn.loc[old, column] = earlier[column].to_numpy()
    kinds = {"stratum": "int32", "order": "int32", "draw": "int32"}
    made = drawn[list(SAMPLE_COLUMNS)].astype(kinds).sort_values("order")
    found: pd.DataFrame = made.reset_index(drop=True)
    return found


def frame_of(
    table: pd.DataFrame,
    quality: NDArray[Any],
    seed: int,
    believed: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """`FRAME_COLUMNS` of images that can be drawn, one of each exact copy.

    Args:
        table: Columns row, sample_id, sha256, label, duplicate_group.
        quality: float [N] label quality, low = bad.
        seed: Of the random numbers.
        believed: int64 [N], the most probable class of each image, -1 where nothing is believed;
            None makes no strata of rare classes.
    """
    which = random_numbers(table["sample_id"].tolist(), seed, "copies")
    single = one_a_group(table["duplicate_group"].to_numpy(), which)
    table, quality = table[single], quality[single]
    # a fresh number: with the least of k an image with k - 1 copies is drawn k times as often
    random = random_numbers(table["sample_id"].tolist(), seed)
    label = table["label"].map(INDEX).to_numpy(np.int64)
    stratum = strata(label, quality)
    if believed is not None and (believed >= 0).all():
        stratum = with_rare(stratum, label, believed[single])
    made = table.assign(
        stratum=stratum,
        label_quality=quality,
        uncertainty=uncertainty(stratum, quality),
        random=random,
    )
    found: pd.DataFrame = made[list(FRAME_COLUMNS)].reset_index(drop=True)
    return found
