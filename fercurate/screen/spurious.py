"""Links between what the picture is like and the class: what a network could learn instead.

When the dark pictures are the sad ones, a network learns to see darkness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.screen.quality import sharpness

if TYPE_CHECKING:
    import pandas as pd

Properties = Mapping[str, NDArray[np.float32]]

FRAME = 4
"""Width, pixels, of the frame that stands for the background."""

DARK_PIXEL = 50
"""Grey level under which a pixel counts as dark."""

BOUND = 0.1
"""How far from 0.5 an area has to be: at 0.6 the two medians are a third of a standard
deviation apart (normal distributions), a small to medium effect by Cohen's measure."""

LEAST = 10
"""Images that a class and its rest must have each; a rank test says nothing of fewer."""

FOLDS = 5

_BLOCK = 4096
_DEVIATIONS = 1.96
_LINK_COLUMNS = [
    "property", "class", "n", "auc", "auc_low", "auc_high",
    "median_class", "median_rest", "is_spurious_issue",
]  # fmt: skip


def properties(faces: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """What each picture is like, apart from the expression.

    Args:
        faces: uint8 [N, 48, 48].

    Returns:
        float32 [N] by name: `border_brightness` (of a frame of 4 pixels), `brightness` and
        `contrast` (standard deviation), in shares of white; `dark_share`, of pixels darker
        than 50; `sharpness`, as in `quality.sharpness`. All 0..1.
    """
    found: dict[str, list[NDArray[np.float32]]] = {
        "border_brightness": [], "brightness": [], "contrast": [], "dark_share": [],
        "sharpness": [],
    }  # fmt: skip
    frame = np.ones(faces.shape[1:], bool)
    frame[FRAME:-FRAME, FRAME:-FRAME] = False
    for start in range(0, max(len(faces), 1), _BLOCK):
        block = np.asarray(faces[start : start + _BLOCK])
        flat = block.reshape(len(block), frame.size)
        found["border_brightness"].append(flat[:, frame.ravel()].mean(1, dtype=np.float32) / 255)
        found["brightness"].append(flat.mean(1, dtype=np.float32) / 255)
        found["contrast"].append(flat.std(1, dtype=np.float32) / 255)
        found["dark_share"].append((flat < DARK_PIXEL).mean(1, dtype=np.float32))
        found["sharpness"].append(sharpness(block))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def links(
    properties: Properties, labels: NDArray[np.int64], classes: Sequence[str]
) -> pd.DataFrame:
    """How well each property alone tells each class from the rest.

    The area under the ROC curve is the chance that an image of the class has more of the
    property than one of the rest. Its 95 % interval is that of DeLong, DeLong and
    Clarke-Pearson 1988 (https://doi.org/10.2307/2531595), by ranks as in Sun and Xu 2014
    (https://doi.org/10.1109/LSP.2014.2337313). It takes images as independent (duplicates
    make it a little too narrow) and each row by itself.

    Args:
        properties: float [N] each, finite.
        labels: int64 [N], index into `classes`, -1 for none: left out.
        classes: K names.

    Returns:
        One row a property and class: `property`, `class`, `n` images of the class, `auc`
        0..1 (0.5 = no link, below: the class has less of it), `auc_low`, `auc_high`,
        `median_class`, `median_rest`, `is_spurious_issue` (the whole interval is more than
        `BOUND` from 0.5). Where there are fewer than `LEAST` images the numbers are NaN.
    """
    import pandas as pd
    from scipy.stats import rankdata

    labelled = labels >= 0
    given = labels[labelled]
    rows = []
    for name, values in properties.items():
        value = np.asarray(values, np.float64)[labelled]
        ranks = rankdata(value)
        for index, class_name in enumerate(classes):
            inside = given == index
            n = int(inside.sum())
            auc = low = high = median = median_rest = np.nan
            if min(n, len(given) - n) >= LEAST:
                auc, deviation = _area(value, ranks, inside)
                low = max(auc - _DEVIATIONS * deviation, 0.0)
                high = min(auc + _DEVIATIONS * deviation, 1.0)
                median, median_rest = np.median(value[inside]), np.median(value[~inside])
            is_issue = low > 0.5 + BOUND or high < 0.5 - BOUND
            rows.append((name, class_name, n, auc, low, high, median, median_rest, is_issue))
    table: pd.DataFrame = pd.DataFrame(rows, columns=_LINK_COLUMNS)
    return table


def predictability(properties: Properties, labels: NDArray[np.int64]) -> pd.DataFrame:
    """How well each property alone predicts the class.

    The idea is that of cleanlab's Datalab (its spurious correlations issue): a Gaussian
    naive Bayes classifier on the one property, cross-validated, and the room that it leaves
    for improvement. Datalab's own is not called: up to cleanlab 2.9 its baseline is the index
    of the largest class over the number of images, not that class's count, so that it is
    nearly 0 whatever the labels; and it takes plain accuracy, which the largest class rules.
    Here all classes weigh the same, in the classifier's priors and in the accuracy.

    Args:
        properties: float [N] each, finite.
        labels: int64 [N], -1 for none: left out, as are classes of fewer than `LEAST`.

    Returns:
        One row a property: `property`, `balanced_accuracy` and `chance`, 0..1, and `score`,
        0..1, the room left over that at chance; low = the property gives the class away.
        NaN where fewer than two classes are left.
    """
    import pandas as pd
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.naive_bayes import GaussianNB

    present, counts = np.unique(labels[labels >= 0], return_counts=True)
    present = present[counts >= LEAST]
    kept = np.isin(labels, present)
    chance = 1 / len(present) if len(present) > 1 else np.nan
    rows = []
    for name, values in properties.items():
        value = np.asarray(values, np.float64)[kept]
        accuracy = chance
        if len(present) > 1 and np.ptp(value) > 0:
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
            bayes = GaussianNB(priors=np.full(len(present), chance))
            accuracy = cross_val_score(
                bayes, value[:, None], labels[kept], cv=folds, scoring="balanced_accuracy"
            ).mean()
        room = np.minimum(1.0, (1 - accuracy) / (1 - chance))
        rows.append((name, accuracy, chance, room))
    columns = ["property", "balanced_accuracy", "chance", "score"]
    table: pd.DataFrame = pd.DataFrame(rows, columns=columns)
    return table


def _area(
    value: NDArray[np.float64], ranks: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[float, float]:
    """Area under the ROC curve of `value` for `inside`, and its standard deviation."""
    from scipy.stats import rankdata

    n, m = int(inside.sum()), int((~inside).sum())
    # of each image, the share of the other side that lies below it, or above
    below = (ranks[inside] - rankdata(value[inside])) / m
    above = 1 - (ranks[~inside] - rankdata(value[~inside])) / n
    variance = below.var(ddof=1) / n + above.var(ddof=1) / m
    return float(below.mean()), float(np.sqrt(variance))
