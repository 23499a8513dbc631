"""The front of the audit: workspace in, `audit.parquet` and `pred_probs.npy` out."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fercurate import copies
from fercurate.audit import profiles, scores
from fercurate.audit.evidence import Evidence, gather
from fercurate.audit.noise import NoiseModel
from fercurate.config import AuditConfig
from fercurate.errors import InputError
from fercurate.files import fingerprint, write_array, write_json, write_table
from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.progress import Progress
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from fercurate.audit.crossfit import HeldOut, Plan
    from fercurate.audit.rank import Ranking

STAGE = "audit"
TRAINING, RANKING = 2, 4
"""Raised when the same input would give other networks, or another ranking of the same."""

MIN_IMAGES = 20
"""Fewer labelled images than this cannot be cross-fitted in any sensible way."""


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes:
        n_audited: Images with a label in the audited split.
        n_issues: Labels held for wrong.
        verdicts: Images of each verdict.
        profile: "generic" or "fer2013".
        device: In words.
        seconds: Of this run; of the run that made the present output when `skipped`.
        skipped: The output was there already.
    """

    n_audited: int
    n_issues: int
    verdicts: dict[str, int]
    profile: str
    device: str
    seconds: float
    skipped: bool = False


def run(
    workspace: Workspace, config: AuditConfig, progress: Progress, *, force: bool = False
) -> AuditResult:
    """Audit the labels of a workspace.

    Writes `audit.parquet`, `pred_probs.npy` and `audit.json`. The trained folds stay in
    `runs/`, so that an audit which was killed goes on, and one that differs in the profile
    alone trains nothing.

    Args:
        workspace: An imported dataset.
        config: Effort, folds, device, seed and profile.
        progress: Shows the cross-fitting.
        force: Train again even if the result is there.

    Raises:
        InputError: too few labelled images, folds that do not fit, an unknown device.
    """
    manifest = workspace.manifest(["row", "sample_id", "split", "label", "sha256", "is_constant"])
    audited = _audited(manifest, config, workspace)
    profile = _profile(workspace, config)
    trained = fingerprint(STAGE, TRAINING, _content(audited), _without_profile(config))
    wanted = fingerprint(trained, RANKING, profile)
    if not force and workspace.fingerprint_of(STAGE) == wanted and workspace.audit_path.exists():
        return _earlier(workspace)

    import torch

    from fercurate.audit import crossfit, plans
    from fercurate.learn import device as devices

    started = time.monotonic()
    try:
        device = devices.choose(config.device)
    except ValueError as error:
        raise InputError(
            f"--device {config.device}: {error}.", "Leave it out, or use cpu."
        ) from error
    plan = plans.plan_for(config, len(audited))
    folder = workspace.run_dir(f"audit-{trained}")
    if force:
        _forget(folder)
    faces = np.ascontiguousarray(workspace.faces()[audited["row"].to_numpy()])
    labels = audited["label"].map(dict(INDEX)).to_numpy(np.int64)
    groups = _groups(folder, faces, progress)
    distinct = len(np.unique(groups))
    if not 2 <= plan.folds <= distinct:
        raise InputError(
            f"{plan.folds} folds cannot be made of {distinct} distinct images.",
            "Leave --folds out, or use 2 or more.",
        )
    before = _seconds_before(folder)
    is_trained = len(list(folder.glob("*.npz"))) == plan.folds * plan.repeats
    torch.manual_seed(config.seed)
    try:
        repeats = crossfit.run(faces, labels, groups, plan, device, folder, progress)
    finally:
        if not is_trained:
            spent = before + time.monotonic() - started
            write_json(folder / "config.json", {**asdict(plan), "seconds": spent})
    model = profiles.fer2013() if profile == "fer2013" else None
    table, probs, joint = _assess(audited, labels, repeats, model)
    seconds = before + time.monotonic() - started
    summary = _summary(table, joint, config, plan, profile, devices.describe(device), seconds)
    everything = np.full((len(manifest), N_CLASSES), np.nan, np.float32)
    everything[audited["row"]] = probs
    write_array(workspace.pred_probs_path, everything)
    write_json(workspace.audit_summary_path, {"fingerprint": wanted, **summary})
    write_table(workspace.audit_path, table)
    workspace.record(STAGE, wanted, summary)
    return _result(summary)


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
        groups = copies.near_duplicate_groups(faces, on_block=advance)
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


def _profile(workspace: Workspace, config: AuditConfig) -> str:
    if config.profile != "auto":
        return config.profile
    try:
        about = json.loads(workspace.dataset_path.read_text())
    except (OSError, ValueError):
        about = {}
    return "fer2013" if about.get("is_fer2013") else "generic"


def _without_profile(config: AuditConfig) -> dict[str, Any]:
    return {k: v for k, v in asdict(config).items() if k != "profile"}


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


def _assess(
    audited: pd.DataFrame,
    labels: NDArray[np.int64],
    repeats: list[list[HeldOut]],
    model: NoiseModel | None,
) -> tuple[pd.DataFrame, NDArray[np.float32], NDArray[np.int64]]:
    """The table, the out-of-sample probabilities and the confident joint."""
    from fercurate.audit import rank

    evidence, neighbours = gather(repeats, labels)
    ranking = rank.rank(evidence, labels, model)
    table = _table(audited, labels, evidence, ranking)
    rows = audited["row"].to_numpy()
    nearest = rank.confident_neighbours(neighbours, ranking, labels)
    table["neighbours"] = [rows[found].tolist() for found in nearest]
    return table, evidence.probs, ranking.joint


def _table(
    audited: pd.DataFrame, labels: NDArray[np.int64], evidence: Evidence, ranking: Ranking
) -> pd.DataFrame:
    from fercurate.audit import rank

    names = np.array(CLASSES)
    suggested, confidence = rank.suggest(ranking, labels)
    verdict = rank.verdicts(ranking, evidence, confidence)
    # what cannot be seen cannot be labelled
    verdict = np.where(audited["is_constant"], "outlier", verdict)
    table: pd.DataFrame = audited[["row", "sample_id", "split", "label"]].copy()
    table["label_quality"] = ranking.quality
    table["rank"] = np.empty(len(table), np.int32)
    table.loc[np.argsort(ranking.quality, kind="stable"), "rank"] = np.arange(
        len(table), dtype=np.int32
    )
    table["is_label_issue"] = ranking.is_issue
    table["suggested_label"] = names[suggested]
    table["suggested_confidence"] = confidence
    table["verdict"] = verdict
    top = np.argsort(-ranking.belief, axis=1, kind="stable")[:, :3]
    for place in range(3):
        table[f"top{place + 1}_label"] = names[top[:, place]]
        table[f"top{place + 1}_prob"] = np.take_along_axis(
            ranking.belief, top[:, place : place + 1], axis=1
        )[:, 0]
    table["self_confidence"] = scores.self_confidence(evidence.probs, labels)
    table["margin"] = scores.normalized_margin(evidence.probs, labels)
    table["entropy"] = scores.confidence_weighted_entropy(evidence.probs, labels)
    table["aum"] = evidence.margins
    table["neighbour_agreement"] = scores.self_confidence(evidence.votes, labels)
    table["typicality"] = evidence.typicality
    return table


def _summary(
    table: pd.DataFrame,
    joint: NDArray[np.int64],
    config: AuditConfig,
    plan: Plan,
    profile: str,
    device: str,
    seconds: float,
) -> dict[str, Any]:
    counts = joint.astype(np.float64)
    given = counts.sum(axis=1, keepdims=True)
    return {
        "effort": config.effort,
        "split": config.split,
        "folds": plan.folds,
        "repeats": plan.repeats,
        "epochs": plan.recipe.epochs,
        "seed": config.seed,
        "device": device,
        "profile": profile,
        "seconds": round(seconds, 1),
        "n_audited": len(table),
        "n_issues": int(table["is_label_issue"].sum()),
        "verdicts": {name: int(n) for name, n in table["verdict"].value_counts().items()},
        "held_out_accuracy": float((table["margin"] > 0.5).mean()),
        "classes": list(CLASSES),
        "joint": counts / counts.sum(),
        "noise_matrix": np.divide(counts, given, out=np.zeros_like(counts), where=given > 0),
        "versions": {name: version(name) for name in ("fercurate", "torch", "cleanlab", "numpy")},
    }


def _result(summary: dict[str, Any], *, skipped: bool = False) -> AuditResult:
    names = ("n_audited", "n_issues", "verdicts", "profile", "device", "seconds")
    return AuditResult(**{name: summary[name] for name in names}, skipped=skipped)


def _earlier(workspace: Workspace) -> AuditResult:
    return _result(workspace.stages()[STAGE]["summary"], skipped=True)
