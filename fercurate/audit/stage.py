"""The front of the audit: workspace in, `audit.parquet` and `pred_probs.npy` out."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate import copies, records
from fercurate.audit import kept as kept_files
from fercurate.audit import rank, ranking
from fercurate.audit.evidence import Evidence, Spaces, gather, own_spaces
from fercurate.audit.kept import Kept
from fercurate.audit.ranking import AuditResult, result
from fercurate.config import AuditConfig
from fercurate.errors import InputError
from fercurate.files import fingerprint, write_array, write_json
from fercurate.labels import INDEX, N_CLASSES
from fercurate.progress import Progress
from fercurate.rerank import known
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from fercurate.audit.crossfit import Plan

STAGE = ranking.STAGE
TRAINING = 2
"""Raised when the same input would give other networks."""

MIN_IMAGES = 20
"""Fewer labelled images than this cannot be cross-fitted in any sensible way."""


def run(
    workspace: Workspace, config: AuditConfig, progress: Progress, *, force: bool = False
) -> AuditResult:
    """Audit the labels of a workspace.

    Writes `audit.parquet`, `pred_probs.npy`, `evidence.npz` and `audit.json`. The trained folds
    stay in `runs/`, so that an audit which was killed goes on, and one that differs in the
    profile or the verdicts alone trains nothing. With `config.relearn` nothing but the
    evidence is needed.

    Args:
        workspace: An imported dataset.
        config: Effort, folds, device, seed, profile, whether to rank anew only.
        progress: Shows the cross-fitting.
        force: Train again even if the result is there.

    Raises:
        InputError: too few labelled images, folds that do not fit, an unknown device or
            profile; with `config.relearn`, no audit yet; with instant effort, no screen yet.
    """
    if config.relearn:
        return ranking.relearn(workspace, config)
    manifest = workspace.manifest(["row", "sample_id", "split", "label", "sha256", "is_constant"])
    audited = _audited(manifest, config, workspace)
    settings = _for_training(config) | _screen_of(workspace, config)
    trained = fingerprint(STAGE, TRAINING, _content(audited), settings)
    wanted = ranking.fingerprint_of(workspace, trained, config)
    if not force and workspace.is_done(STAGE, wanted):
        ranking.save_profile(workspace, config)
        return result(workspace.stages()[STAGE]["summary"], skipped=True)
    made_from = _made_from(workspace, config)
    command = records.command_of(STAGE, dataclasses.replace(config, save_profile=None))
    started = time.monotonic()
    folder = workspace.run_dir(f"audit-{trained}")
    before = 0.0 if force else _seconds_before(folder)
    kept, about = _crossfit(workspace, audited, config, folder, progress, force=force)
    outcome = ranking.rank(workspace, kept, config)
    seconds = before + time.monotonic() - started
    about["seconds"] = round(seconds, 1)
    written = ranking.write(
        workspace, audited, kept, outcome, wanted, about, trained, made_from, command
    )
    ranking.save_profile(workspace, config)
    return written


def _made_from(workspace: Workspace, config: AuditConfig) -> dict[str, str]:
    """What puts an audit out of date; a screen only where one was heard."""
    images = "labelled-train" if config.split == "train" else "labelled"
    inputs = {name: workspace.identity(name) for name in (images, "screen")}
    return {name: value for name, value in inputs.items() if value}


def _crossfit(
    workspace: Workspace,
    audited: pd.DataFrame,
    config: AuditConfig,
    folder: Path,
    progress: Progress,
    *,
    force: bool,
) -> tuple[Kept, dict[str, Any]]:
    """Train what is not trained yet; what it says of each image, and what was trained."""
    from fercurate.audit import fixed, plans
    from fercurate.learn import device as devices

    is_instant = config.effort == "instant"
    try:
        device = devices.choose("cpu" if is_instant and config.device == "auto" else config.device)
    except ValueError as error:
        raise InputError(
            f"--device {config.device}: {error}.", "Leave it out, or use cpu."
        ) from error
    rows = audited["row"].to_numpy(np.int64)
    seen = known.general_features(workspace, rows)
    if is_instant and seen is None:
        raise InputError(
            f"An instant audit looks at what the screen saw, and {workspace.name} has no screen.",
            f"Run: fercurate screen{option(workspace)}",
        )
    if force:
        _forget(folder)
    faces = np.ascontiguousarray(workspace.faces()[rows])
    labels = audited["label"].map(dict(INDEX)).to_numpy(np.int64)
    groups = _groups(folder, faces, progress)
    distinct = len(np.unique(groups))
    few = min(fixed.FOLDS, distinct)
    plan = None if is_instant else plans.plan_for(config, len(audited))
    n_folds = plan.folds if plan else config.folds if config.folds is not None else few
    if not 2 <= n_folds <= distinct:
        raise InputError(
            f"{n_folds} folds cannot be made of {distinct} distinct images.",
            "Leave --folds out, or use 2 or more.",
        )
    view = None
    if seen is not None:
        with progress.task("Looking at what the screen saw", len(rows)) as advance:
            asked = n_folds if is_instant else few
            view = fixed.view(seen, faces, labels, groups, asked, config.seed, N_CLASSES)
            advance(len(rows))
    if plan is None:
        if view is None:
            raise ValueError("an instant audit without a screen")
        evidence, neighbours, spaces = view.evidence, view.neighbours, view.spaces
    else:
        found = _trained(faces, labels, groups, plan, device, config.seed, folder, progress)
        evidence, neighbours, spaces = found
        if view is not None:
            evidence = dataclasses.replace(evidence, beside=view.evidence)
    kept = kept_files.keep(
        workspace, rows, audited["sha256"].tolist(), labels, groups, evidence, neighbours, spaces
    )
    probs = rank.agreed([one.probs for one in evidence.views()])
    everything = np.full((len(workspace.faces()), N_CLASSES), np.nan, np.float32)
    everything[rows] = probs
    write_array(workspace.pred_probs_path, everything)
    about = {
        "effort": config.effort,
        "split": config.split,
        "folds": n_folds,
        "repeats": plan.repeats if plan else 1,
        "epochs": plan.recipe.epochs if plan else 0,
        "seed": config.seed,
        "device": devices.describe(device),
        "held_out_accuracy": float((probs.argmax(axis=1) == labels).mean()),
    }
    return kept, about


def _trained(
    faces: NDArray[np.uint8],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    plan: Plan,
    device: torch.device,
    seed: int,
    folder: Path,
    progress: Progress,
) -> tuple[Evidence, NDArray[np.int64], Spaces]:
    """What the networks say, their neighbours int64 [N, k], and their embeddings."""
    import torch

    from fercurate.audit import crossfit

    started = time.monotonic()
    before = _seconds_before(folder)
    is_trained = len(list(folder.glob("*.npz"))) == plan.folds * plan.repeats
    torch.manual_seed(seed)
    try:
        repeats = crossfit.run(faces, labels, groups, plan, device, folder, progress)
    finally:
        if not is_trained:
            spent = before + time.monotonic() - started
            write_json(folder / "config.json", {**asdict(plan), "seconds": spent})
    return *gather(repeats, labels), own_spaces(repeats, len(labels))


def _groups(folder: Path, faces: NDArray[np.uint8], progress: Progress) -> NDArray[np.int64]:
    """Groups of copies, kept in `folder`: going on and ranking anew need not look again."""
    path = folder / "groups.npy"
    try:
        kept: NDArray[np.int64] = np.load(path)
    except (OSError, ValueError):
        kept = np.empty(0, np.int64)
    if len(kept) == len(faces):
        return kept
    with progress.task("Looking for copies", len(faces)) as advance:
        groups = copies.near_duplicate_groups(faces, on_images=advance)
    write_array(path, groups)
    return groups


def _audited(manifest: pd.DataFrame, config: AuditConfig, workspace: Workspace) -> pd.DataFrame:
    wanted = manifest["label"].notna()
    if config.split == "train":
        wanted &= manifest["split"] == "train"
    audited: pd.DataFrame = manifest[wanted].reset_index(drop=True)
    if len(audited) < MIN_IMAGES or audited["label"].nunique() < 2:
        raise InputError(
            f"{workspace.name} has {len(audited)} labelled images of "
            f"{audited['label'].nunique()} classes to audit; that is too few.",
            f"An audit needs {MIN_IMAGES} images and two classes; --split all adds val and test.",
        )
    return audited


def _content(audited: pd.DataFrame) -> str:
    """Follows the audited pixels and labels: an import that only adds votes changes nothing."""
    return fingerprint(audited["sha256"].tolist(), audited["label"].tolist())


def _screen_of(workspace: Workspace, config: AuditConfig) -> dict[str, Any]:
    """The screen that an instant audit, which has no other networks, was made from."""
    screened = workspace.fingerprint_of("screen") if config.effort == "instant" else None
    return {"screen": screened} if screened else {}


def _for_training(config: AuditConfig) -> dict[str, Any]:
    """What decides about the networks; profile and verdicts decide about the ranking alone."""
    return {
        "effort": config.effort,
        "folds": config.folds,
        "split": config.split,
        "seed": config.seed,
        "device": config.device,
    }


def _forget(folder: Path) -> None:
    for name in ("*.pt", "*.npz", "groups.npy", "config.json"):
        for path in folder.glob(name):
            path.unlink()


def _seconds_before(folder: Path) -> float:
    """Time that earlier, killed or re-used, runs of the same training took."""
    try:
        return float(json.loads((folder / "config.json").read_text())["seconds"])
    except (OSError, ValueError, KeyError):
        return 0.0
