"""A copy of an audited dataset that FER+ votes have reviewed: for the study "did cleaning help?".

    python tools/simulate_review.py datasets/fer2013 fer2013new.csv 500 datasets/fer2013-v500

Votes play the reviewer. N images are drawn as `fercurate review --sample N` draws them, the
majority of the votes on each answers blind, the audit is ranked anew with these verdicts, and
the set is cleaned with the default policy. Nothing else of the votes enters. With N = 0 nobody
reviews: what the audit and the profile do alone. The source is only read; large files of the
copy are links to it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np

from fercurate import road
from fercurate.config import AuditConfig, CleanConfig
from fercurate.console import Terminal
from fercurate.decisions import Decision, Log
from fercurate.errors import FercurateError, InputError
from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.played import answers
from fercurate.labels import CLASSES
from fercurate.rerank.sampling import draw
from fercurate.review import sampling
from fercurate.workspace import Workspace

WHO = "ferplus-majority"


def copy(source: Workspace, folder: Path) -> Workspace:
    """The dataset as it was after its audit: nothing of a review or of a clean set.

    Raises:
        InputError: `folder` is there already.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already.", "Name another folder, or remove it.")
    folder.mkdir(parents=True)
    made = Workspace(folder)
    linked = {p.name for p in (
        made.images_dir, made.faces_path, made.components_path, made.evidence_path
    )}  # fmt: skip
    copied = {p.name for p in (
        made.manifest_path, made.votes_path, made.dataset_path, made.rejected_path,
        made.kinds_path, made.flaws_path, made.heads_path, made.screen_path,
        made.screen_summary_path, made.audit_path, made.audit_summary_path,
        made.pred_probs_path, made.stages_path,
    )}  # fmt: skip
    for path in source.root.resolve().iterdir():
        if path.name in linked:
            (folder / path.name).symlink_to(path.resolve())
        elif path.name in copied:
            shutil.copy(path, folder / path.name)
    return made


def verdicts(space: Workspace, votes_file: Path, n: int, seed: int) -> list[Decision]:
    """Draw `n` images that have votes, write the sample, and answer each by the majority."""
    votes = read_votes(space, votes_file)
    frame = sampling.make_frame(space, seed)
    frame = frame[votes[frame["row"]].sum(axis=1) > 0].reset_index(drop=True)
    sample = draw(frame, None, n, seed)
    sampling.keep(space, frame, sample)
    answer = answers(votes, "majority", np.random.default_rng(seed))
    given = space.manifest(["label"])["label"]
    said = []
    for row, sample_id, sha256 in sample[["row", "sample_id", "sha256"]].itertuples(index=False):
        label = CLASSES[answer[row]] if answer[row] >= 0 else None
        said.append(
            Decision(
                sample_id,
                "ambiguous" if label is None else "keep" if label == given[row] else "relabel",
                WHO,
                given=given[row],
                label=label,
                mode="sample",
                sha256=sha256,
            )
        )
    return said


def simulate(
    source: Path, votes_file: Path, n: int, folder: Path, seed: int, profile: str
) -> Workspace:
    """Copy, rank without verdicts, review, rank anew, clean."""
    progress = Terminal()
    space = copy(Workspace(source), folder)
    relearn = AuditConfig(relearn=True, profile=profile)
    road.run_audit(space, relearn, progress)  # the strata of the draw must know no verdict
    if n:
        Log(space.decisions_path).append(verdicts(space, votes_file, n, seed))
        road.run_audit(space, relearn, progress)
    road.run_clean(space, CleanConfig(), progress)
    return space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="folder of an audited dataset")
    parser.add_argument("votes", type=Path, help="fer2013new.csv")
    parser.add_argument("n", type=int, help="verdicts, 0 for none")
    parser.add_argument("folder", type=Path, help="where to make the copy")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--profile", default="generic", help="where learning starts")
    given = parser.parse_args()
    try:
        space = simulate(
            given.dataset, given.votes, given.n, given.folder, given.seed, given.profile
        )
    except FercurateError as error:
        raise SystemExit(str(error)) from error
    clean = space.clean()
    train = int((clean["split"] == "train").sum())
    print(f"{space.root}: {train:,} train rows of {len(clean):,} in the clean set", file=sys.stderr)


if __name__ == "__main__":
    main()
