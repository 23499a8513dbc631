"""How often the 95 % intervals of a blind sample hold the truth, with FER+'s votes as the truth.

    python tools/simulate_intervals.py datasets/fer2013 [--draws 400] [--sizes 100 200 500]

Import the dataset with its votes, screen and audit it first. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.played import answers, trial
from fercurate.labels import INDEX, N_CLASSES
from fercurate.rerank import sampling
from fercurate.review import estimate
from fercurate.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 500])
    given = parser.parse_args()
    space = Workspace(given.dataset)
    frame = trial(space, None).frame
    votes = read_votes(space, None)[frame["row"].to_numpy()]
    label = frame["label"].map(INDEX).to_numpy(np.int64)
    stratum = frame["stratum"].to_numpy(np.int64)
    truth = answers(votes, "majority", np.random.default_rng(0))
    seen = np.where(truth < 0, estimate.EXCLUDED, truth)
    wrong = (truth >= 0) & (truth != label)
    names = frame["sample_id"].tolist()
    print("| sample | overall: mean estimate | covered | width | classes: covered | width |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for n in given.sizes:
        values, covered, widths, of_class, class_widths = [], [], [], [], []
        for seed in range(given.draws):
            random = sampling.random_numbers(names, seed)
            drawn = sampling.draw(frame.assign(random=random), None, n, seed)
            at = frame["sample_id"].isin(drawn["sample_id"]).to_numpy()
            voices = np.zeros((len(frame), N_CLASSES + 2))
            voices[at, seen[at]] = 1.0
            found = estimate.error_rates(label, stratum, voices)
            if found is None:
                continue
            rate = found.overall.wrong
            values.append(rate.value)
            covered.append(rate.low <= wrong.mean() <= rate.high)
            widths.append(rate.high - rate.low)
            for name, rates in found.by_class.items():
                share = wrong[label == INDEX[name]].mean()
                of_class.append(rates.wrong.low <= share <= rates.wrong.high)
                class_widths.append(rates.wrong.high - rates.wrong.low)
        print(
            f"| {n:,} | {np.mean(values):.3f} (true {wrong.mean():.3f}) | {np.mean(covered):.3f} "
            f"| {np.mean(widths):.3f} | {np.mean(of_class):.3f} | {np.mean(class_widths):.3f} |"
        )


if __name__ == "__main__":
    main()
