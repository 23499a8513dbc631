"""From what an audit kept, a profile and the verdicts to its table; trains no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from fercurate.audit import kept as kept_files
from fercurate.audit import rank as ranks
from fercurate.audit import table
from fercurate.audit.kept import Kept
from fercurate.audit.rank import Ranking
from fercurate.config import AuditConfig
from fercurate.decisions import settle
from fercurate.errors import InputError
from fercurate.files import fingerprint, together, write_json, write_table
from fercurate.identity import packed
from fercurate.labels import CLASSES
from fercurate.rerank import known, profiles
from fercurate.rerank.choice import Coefficients
from fercurate.rerank.learn import Learned, learn, modest
from fercurate.rerank.profiles import GENERIC, Profile
from fercurate.rerank.verdicts import gather
from fercurate.workspace import Workspace, option

if TYPE_CHECKING:
    import pandas as pd

STAGE = "audit"
RANKING = 8
"""Raised when the same evidence and verdicts would give another ranking."""


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes:
        n_audited: Images with a label in the audited split.
        n_issues: Labels held for wrong.
        verdicts: Images of each verdict.
        profile: What was known of the labels' errors: "generic" for nothing.
        n_verdicts: A reviewer's verdicts that the ranking learnt from.
        device: In words.
        seconds: Of this run; of the run that made the present output when `skipped`.
        skipped: The output was there already.
    """

    n_audited: int
    n_issues: int
    verdicts: dict[str, int]
    profile: str
    n_verdicts: int
    device: str
    seconds: float
    skipped: bool = False


@dataclass(frozen=True)
class Outcome:
    """A ranking and where it comes from.

    Attributes:
        ranking: Of all audited images.
        profile: Where it started.
        n_verdicts: Verdicts that it learnt from.
        learned: What was learned; None where there was neither a profile nor a verdict.
    """

    ranking: Ranking
    profile: Profile
    n_verdicts: int
    learned: Learned | None


def fingerprint_of(workspace: Workspace, trained: str, config: AuditConfig) -> str:
    """Follows the networks, the screen whose image network is heard, the profile, the verdicts."""
    profile = _profile(workspace, config)
    stands = {
        name: [
            (verdict.outcome, verdict.who, verdict.who in found.drawn_for)
            for verdict in found.verdicts
        ]
        for name, found in settle(workspace.decisions()).items()
    }
    screened = workspace.fingerprint_of("screen")
    return fingerprint(trained, RANKING, screened, profile.name, _prior(profile), stands)


def _prior(profile: Profile) -> dict[str, Any]:
    """What a ranking starts from."""
    prior, mean = profile.prior, profile.prior.mean
    of_shares = prior.of_shares or mean
    return {
        "mean": [mean.shared, mean.bias, mean.confusion],
        "of_shares": [of_shares.shared, of_shares.bias, of_shares.confusion],
        "precision": [prior.shared, prior.bias, prior.confusion],
        "n_verdicts": prior.n_verdicts,
    }


def _profile(workspace: Workspace, config: AuditConfig) -> Profile:
    """The profile asked for; ranking anew without one keeps that of the last audit."""
    name = config.profile
    if name is None and config.relearn:
        name = str(workspace.audit_summary().get("profile_key", GENERIC.key))
    return profiles.load(name or GENERIC.key)


def rank(workspace: Workspace, kept: Kept, config: AuditConfig) -> Outcome:
    """Rank with what is known: nothing, a profile, verdicts, or both."""
    profile = _profile(workspace, config)
    verdicts = gather(
        _names(workspace, kept), settle(workspace.decisions()), workspace.sample_frame()
    )
    labels = kept.known.labels
    if profile is GENERIC and not len(verdicts.index):
        ranking = ranks.rank(kept.evidence, labels, kept.known.untaught())
        return Outcome(replace(ranking, belief=modest(ranking.belief, 0)), profile, 0, None)
    general = known.general_features(workspace, kept.known.rows)
    learned = learn(kept.known.evidence(general), verdicts, profile.prior)
    ranking = ranks.of_belief(
        learned.quality, learned.belief, learned.picture, learned.shares, labels
    )
    return Outcome(ranking, profile, verdicts.of_class().n_images, learned)


def _names(workspace: Workspace, kept: Kept) -> list[str]:
    names: list[str] = workspace.manifest(["sample_id"])["sample_id"].iloc[kept.known.rows].tolist()
    return names


def relearn(workspace: Workspace, config: AuditConfig) -> AuditResult:
    """Rank the images of the last audit anew.

    Raises:
        InputError: there was no audit, or it is damaged, or its images or labels are others now.
    """
    earlier = workspace.audit_summary()
    kept = kept_files.load(workspace)
    columns = ["row", "sample_id", "sha256", "split", "label", "is_constant"]
    audited = workspace.manifest(columns).iloc[kept.known.rows].reset_index(drop=True)
    is_same = (packed(audited["sha256"].tolist()) == kept.known.sha256).all()
    if not is_same or audited["label"].tolist() != [CLASSES[i] for i in kept.known.labels]:
        raise InputError(
            f"{workspace.evidence_path} is of other images or labels.",
            workspace.again(workspace.evidence_path),
        )
    trained = str(earlier["trained"])
    wanted = fingerprint_of(workspace, trained, config)
    if workspace.is_done(STAGE, wanted):
        save_profile(workspace, config)
        return result(workspace.stages()[STAGE]["summary"], skipped=True)
    outcome = rank(workspace, kept, config)
    about = {name: earlier[name] for name in _ABOUT}
    noted = workspace.stages()[STAGE]
    written = write(
        workspace, audited, kept, outcome, wanted, about, trained, noted["inputs"],
        noted["command"],
    )  # fmt: skip
    save_profile(workspace, config)
    return written


_ABOUT = (
    "effort", "split", "folds", "repeats", "epochs", "seed", "device", "held_out_accuracy",
    "seconds",
)  # fmt: skip


def write(
    workspace: Workspace,
    audited: pd.DataFrame,
    kept: Kept,
    outcome: Outcome,
    wanted: str,
    about: dict[str, Any],
    trained: str,
    made_from: Mapping[str, str],
    command: str,
) -> AuditResult:
    """Write the table, the summary and the record.

    Args:
        audited: Rows of the manifest, in the order of `kept`.
        outcome: The ranking.
        wanted: Fingerprint of the ranking; `trained` that of its networks.
        about: What was trained.
        made_from: The inputs, as `Workspace.record` takes them.
        command: What makes this audit anew.
    """
    made = table.build(audited, kept, outcome.ranking)
    counts = outcome.ranking.joint.astype(np.float64)
    given = counts.sum(axis=1, keepdims=True)
    summary = {
        **about,
        "profile": outcome.profile.name,
        "profile_key": outcome.profile.key,
        "n_verdicts": outcome.n_verdicts,
        "n_audited": len(made),
        "n_issues": int(made["is_label_issue"].sum()),
        "verdicts": {name: int(n) for name, n in made["verdict"].value_counts().items()},
        "classes": list(CLASSES),
        "joint": counts / counts.sum(),
        "noise_matrix": np.divide(counts, given, out=np.zeros_like(counts), where=given > 0),
        **_taught(outcome.learned),
        "trained": trained,
        "versions": {name: version(name) for name in ("fercurate", "torch", "cleanlab", "numpy")},
    }
    with together():
        write_json(workspace.audit_summary_path, {"fingerprint": wanted, **summary})
        write_table(workspace.audit_path, made)
    workspace.record(STAGE, wanted, summary, inputs=made_from, command=command)
    return result(summary)


def _taught(learned: Learned | None) -> dict[str, Any]:
    """What verdicts taught, and what each reviewer's are worth."""
    if learned is None:
        return {"learned": None, "learned_shares": None, "reviewers": []}
    return {
        "learned": learned.coefficients.as_dict(),
        "learned_shares": learned.of_shares.as_dict(),
        "reviewers": [
            {
                "who": reviewer.who,
                "n": reviewer.n,
                "follows": reviewer.follows,
                "uncertainty": reviewer.uncertainty,
                "messages": reviewer.messages(),
            }
            for reviewer in learned.reviewers
        ],
    }


def save_profile(workspace: Workspace, config: AuditConfig) -> None:
    """Write what the present ranking learnt, where that was asked for.

    Raises:
        InputError: it learnt from no verdict.
    """
    if config.save_profile is None:
        return
    about = workspace.audit_summary()
    if not about["n_verdicts"] or about["learned"] is None:
        raise InputError(
            "There is nothing to save yet: the ranking learnt from no verdict.",
            f"Give some first: fercurate review --sample 200{option(workspace)}",
        )
    profiles.save(
        config.save_profile,
        config.save_profile.stem,
        f"{about['n_verdicts']} verdicts on {workspace.name}",
        Coefficients.of_dict(about["learned"]),
        Coefficients.of_dict(about["learned_shares"]),
        n_verdicts=about["n_verdicts"],
    )


def result(summary: dict[str, Any], *, skipped: bool = False) -> AuditResult:
    names = (
        "n_audited", "n_issues", "verdicts", "profile", "n_verdicts", "device", "seconds"
    )  # fmt: skip
    return AuditResult(**{name: summary[name] for name in names}, skipped=skipped)
