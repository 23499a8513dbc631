"""Makes the published list of a dataset from its workspace.

    python tools/make_curation.py datasets/fer2013 > datasets/fer2013/curation.csv

Screen and audit the dataset first. The same workspace gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fercurate.clean import listing
from fercurate.errors import FercurateError
from fercurate.workspace import Workspace


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("Usage: python tools/make_curation.py DATASET_FOLDER > curation.csv")
    space = Workspace(Path(sys.argv[1]))
    try:
        screen = space.screen()
        if screen is None:
            raise SystemExit(f"Screen it first: fercurate screen --dataset {space.name}")
        manifest, audit, summary = space.manifest(), space.audit(), space.audit_summary()
        profile = summary.get("profile")
        named = "audit" if profile in (None, "generic") else f"audit + profile {profile}"
        table = listing.build(manifest, np.asarray(space.faces()), screen, audit, named)
    except FercurateError as error:
        raise SystemExit(str(error)) from error
    table.to_csv(sys.stdout, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
