"""What is known beforehand about the label noise of a dataset.

A profile is one small table of confusion rates: a general setting, no image's own answer.
"""

from __future__ import annotations

import numpy as np

from fercurate.audit.noise import NoiseModel, from_counts

FER2013_COUNTS = (
    # true class (row) by FER2013's label (column), in the order of labels.CLASSES
    (656, 21, 110, 4, 26, 4, 2),
    (1, 21, 0, 0, 0, 1, 0),
    (6, 0, 148, 0, 3, 19, 0),
    (33, 3, 33, 3179, 15, 104, 140),
    (85, 18, 259, 2, 751, 7, 52),
    (28, 0, 177, 56, 6, 1116, 5),
    (400, 5, 422, 126, 873, 50, 1935),
)
"""Of 10,902 training images of FER2013, on which more than half of FER+'s ten annotators
agree: their class by FER2013's label.

Counted on the half of FER+'s votes that the reports are scored on, so
reports/record/fer2013-audit/ablation.md also has the score with the table counted on one half of
the rows and used on the other. FER+'s annotators hardly ever see disgust or fear: the table
says so too.
"""


def fer2013() -> NoiseModel:
    """The confusion of FER2013's labels as FER+ shows it (https://arxiv.org/abs/1608.01041)."""
    return from_counts(np.array(FER2013_COUNTS))
