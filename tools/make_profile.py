"""Fits the shipped profile of FER2013 on FER+ votes: a table of coefficients, no image's answer.

    python tools/make_profile.py datasets/fer2013 fer2013new.csv

The dataset must have been screened and audited. Writes fercurate/rerank/profiles/fer2013.json.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.played import answers
from fercurate.rerank import known, profiles
from fercurate.rerank.choice import UNINFORMED, fit, shared_features
from fercurate.rerank.learn import Verdicts, learn
from fercurate.votes import vote_shares
from fercurate.workspace import Workspace


def main(root: str, votes_file: str) -> None:
    space = Workspace(Path(root))
    found = known.load(space)
    votes = read_votes(space, Path(votes_file))[found.rows]
    answer = answers(votes, "majority", np.random.default_rng(0))
    index = np.flatnonzero((votes.sum(axis=1) > 0) & (answer >= 0))
    evidence = found.evidence(known.general_features(space, found.rows))
    verdicts = Verdicts(index, answer[index], np.ones(len(index)))
    taught = learn(evidence, verdicts, to_keep=True)
    features = shared_features(
        taught.picture, found.labels, evidence.transition, evidence.margins
    )  # fmt: skip
    shares = vote_shares(votes)
    voted = np.flatnonzero(~np.isnan(shares[:, 0]))
    of_shares = fit(
        features[voted], found.labels[voted], shares[voted], np.ones(len(voted)), UNINFORMED
    )
    profiles.save(
        profiles.SHIPPED / "fer2013.json",
        "fer2013",
        f"FER+'s votes on {len(index):,} training images of FER2013",
        taught.coefficients,
        of_shares,
        n_verdicts=len(index),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
