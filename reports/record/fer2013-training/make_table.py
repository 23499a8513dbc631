"""The table of the trials, from what `trials.py` wrote.

python reports/record/fer2013-training/make_table.py trials.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main(path: str) -> None:
    runs = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    base = [run for run in runs if run["trial"] == "base"]
    longer = [run for run in runs if run["trial"] == "12 epochs"]
    print("| trial | given | gold | NLL, nats | NLL against its base | seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for run in runs:
        of = longer if run["trial"].startswith("12 epochs") else base
        change = run["nll"] - np.mean([other["nll"] for other in of])
        print(
            f"| {run['trial']}, seed {run['seed']} | {run['raw']:.4f} | {run['gold']:.4f} "
            f"| {run['nll']:.4f} | {change:+.4f} | {run['seconds']:.0f} |"
        )
    mirrored, single = (
        np.mean([run[key] for run in runs]) for key in ("raw", "raw_without_mirror")
    )
    print(f"\nWithout the mirror image at test time: {single - mirrored:+.4f} on average.")


if __name__ == "__main__":
    main(*sys.argv[1:])
