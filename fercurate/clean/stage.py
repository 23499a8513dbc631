"""The front of clean: manifest, evidence and decisions in, the clean table and its diff out."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fercurate import records
from fercurate.clean.policy import Policy, policy_of
from fercurate.config import CleanConfig
from fercurate.decisions import settle
from fercurate.errors import InputError
from fercurate.files import fingerprint, together, write_json, write_table, write_text
from fercurate.foreign import cells
from fercurate.identity import Placed
from fercurate.progress import Progress
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd

    from fercurate.clean.evidence import Evidence

STAGE = "clean"
VERSION = 2
"""Raised when the same input would give another clean table."""


@dataclass(frozen=True)
class CleanResult:
    """What cleaning did.

    Attributes:
        policy: decided, confident or strict.
        summary: As in `clean.json`: policy, counts, reasons, balance, expected precisions.
        notes: What was not there and so was not used.
        seconds: Of this run.
        skipped: The output was there already.
    """

    policy: str
    summary: dict[str, Any]
    notes: tuple[str, ...]
    seconds: float
    skipped: bool = False


def run(
    workspace: Workspace, config: CleanConfig, progress: Progress, *, force: bool = False
) -> CleanResult:
    """Clean a dataset: the same inputs give the same bytes.

    Writes the clean table (`diff.clean_table`), `clean.json`, and a csv of each change
    (`diff.changes_table`).

    Args:
        workspace: An imported dataset; a screen, an audit and verdicts are used where there are
            some.
        config: Policy and thresholds.
        progress: Told what was not used.
        force: Write again even if the result is there.

    Raises:
        InputError: the policy asks for what is not there, or screen or audit are damaged or out
            of date.
    """
    started = time.monotonic()
    policy = policy_of(config)
    inputs = {name: workspace.identity(name) for name in ("images", "decisions")}
    manifest = workspace.manifest()
    placed = workspace.placed_decisions()
    events = placed.events
    if not events and config.policy == "decided":
        raise InputError(
            "Nobody has decided anything yet, and the policy decided does nothing else.",
            f"Review first: fercurate review --sample 200{option(workspace)}",
        )
    evidence = _evidence(workspace, manifest, config)
    for note in evidence.notes:
        progress.warn(note)
    inputs |= evidence.inputs
    published = evidence.published
    for note in _left_out(placed):
        progress.warn(note)
    wanted = fingerprint(
        STAGE, VERSION, _settings(config, policy), inputs, published, evidence.removal_precision
    )
    if not force and workspace.is_done(STAGE, wanted):
        summary = workspace.clean_summary()
        return CleanResult(
            policy.name, summary, evidence.notes, time.monotonic() - started, skipped=True
        )

    from fercurate.clean import diff
    from fercurate.clean.plan import plan

    settled = settle(events)
    known = manifest["sample_id"].isin(settled)
    made = plan(manifest, evidence, settled, policy, config.splits, config.merge)
    changes = diff.changes_table(manifest, made)
    summary = {
        "fingerprint": wanted,
        "policy": asdict(policy),
        "splits_cleaned": config.splits,
        "merge": config.merge,
        "used": [*evidence.used, *(["decisions"] if events else [])],
        "not_used": list(evidence.notes),
        "n_decided": int(known.sum()),
        "n_decided_elsewhere": placed.n_left_out,
        "inputs": inputs,
        "published": published,
        **diff.summary(manifest, made, evidence.table["kind_by_eye"], evidence.removal_precision),
    }
    with together():
        write_text(workspace.changes_path, cells(changes).to_csv(index=False, lineterminator="\n"))
        write_json(workspace.clean_summary_path, summary)
        write_table(workspace.clean_path, diff.clean_table(manifest, made))
    brief = {k: summary[k] for k in ("policy", "n_kept", "n_dropped", "n_relabeled")}
    command = records.command_of(STAGE, config)
    workspace.record(STAGE, wanted, brief, inputs=inputs, command=command)
    return CleanResult(policy.name, summary, evidence.notes, time.monotonic() - started)


def _evidence(workspace: Workspace, manifest: pd.DataFrame, config: CleanConfig) -> Evidence:
    if config.with_published is not None:
        from fercurate.clean import published

        return published.gather(workspace, manifest, config.with_published)
    from fercurate.clean import evidence

    return evidence.gather(workspace, manifest)


def _left_out(placed: Placed) -> list[str]:
    """What to say of verdicts that are not applied."""
    said = []
    if placed.n_gone:
        said.append(f"Verdicts whose image this dataset does not have: {placed.n_gone:,}.")
    if placed.n_untied:
        said.append(
            f"Verdicts of an earlier version that nobody can tie to an image: {placed.n_untied:,}."
        )
    return said


def _settings(config: CleanConfig, policy: Policy) -> dict[str, Any]:
    """What decides about a clean set beside its inputs."""
    return {
        "policy": policy.name,
        "remove": policy.remove,
        "relabel": policy.relabel,
        "drop": policy.drop,
        "clear": policy.clear,
        "certain": policy.certain,
        "soften": policy.soften,
        "copies": policy.copies,
        "splits": config.splits,
        "merge": config.merge,
    }
