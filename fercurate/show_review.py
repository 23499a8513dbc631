"""What `review` prints when it has ended."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from fercurate.console import clock, console, table
from fercurate.foreign import line
from fercurate.show import print_json, print_next
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.config import ReviewConfig
    from fercurate.review.agreement import Agreement, AgreementResult
    from fercurate.review.estimate import Estimate, Rates, Share
    from fercurate.review.offline import ExportResult, ImportResult
    from fercurate.review.stage import ReviewResult


def ended(space: Workspace, result: object, *, as_json: bool) -> None:
    """What any of the review's ways of working came to."""
    from fercurate.review.agreement import AgreementResult
    from fercurate.review.offline import ExportResult, ImportResult
    from fercurate.review.stage import ReviewResult

    if isinstance(result, ReviewResult):
        reviewed(space, result, as_json=as_json)
    elif isinstance(result, ExportResult):
        exported(space, result, as_json=as_json)
    elif isinstance(result, ImportResult):
        imported(space, result, as_json=as_json)
    elif isinstance(result, AgreementResult):
        agreed(space, result, as_json=as_json)


def opening(space: Workspace, config: ReviewConfig) -> None:
    """Say what is coming before anything that takes long is imported."""
    if config.export is not None or config.import_ is not None or config.agreement:
        return
    if config.sample is not None:
        what = f"a sample of {config.sample:,} images, drawn at random and shown blind"
    elif config.view.lower() == "queue":
        what = "the labels that are most likely wrong"
    else:
        what = f"the view {config.view}"
    print(line(f"Opening the review of {space.name}: {what}."), file=sys.stderr, flush=True)


def reviewed(space: Workspace, result: ReviewResult, *, as_json: bool) -> None:
    """How many verdicts were given and of which kind, where they are, and the next command."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result), "n_verdicts": result.n_verdicts})
        return
    out = console()
    if not result.n_verdicts:
        out.print(f"Nothing was decided in {clock(result.seconds)}.")
    else:
        kinds = ", ".join(f"{n:,} {action}" for action, n in sorted(result.verdicts.items()))
        back = f", {result.n_undone:,} taken back" if result.n_undone else ""
        out.print(
            f"{result.n_verdicts:,} verdict{'s' * (result.n_verdicts > 1)} by {result.who} "
            f"in {clock(result.seconds)} "
            f"({kinds}{back})"
        )
    if result.n_decided:
        out.print(f"Decided in all sessions: {result.n_decided:,} images")
        out.print(f"Log: {result.log}", soft_wrap=True)
    if result.estimate is not None:
        error_rates(result.estimate)
    print_next(space, _next(result))


def _next(result: ReviewResult) -> str:
    """A sample is gone on with, then comes the queue, and what it decided is cleaned away."""
    if result.sample_left:
        return f"review --sample {result.sample_size}"
    if result.sample_left == 0 or not result.n_decided:
        return "review"
    return "clean"


def error_rates(estimate: Estimate) -> None:
    """Shares of wrong and ambiguous labels, overall and by class, with their intervals."""
    parts: dict[str, Rates] = {"all": estimate.overall, **estimate.by_class}
    rows: list[list[object]] = [
        [name, r.reviewed, _share(r.wrong), _share(r.ambiguous), _share(r.excluded)]
        for name, r in parts.items()
    ]
    header = ["given label", "reviewed", "wrong (95 %)", "ambiguous (95 %)", "to exclude (95 %)"]
    out = console()
    out.print(table("", header, rows))
    n, wrong = estimate.overall.images, estimate.overall.wrong
    out.print(
        f"Of {n:,} images about {wrong.value * n:,.0f} are labelled wrongly "
        f"({wrong.low * n:,.0f} to {wrong.high * n:,.0f}), by the sample drawn at random"
    )
    if estimate.missing:
        out.print(
            f"Not in it: images given as {', '.join(estimate.missing)}. None of them was reviewed."
        )
    if (less := estimate.corrected) is not None:
        out.print(
            f"By {less.pairs:,} images that were seen twice, {less.slips:.0%} of the verdicts are "
            f"slips. Without them {_share(less.wrong)} of the labels are wrong, if slips hit all "
            "images and classes alike."
        )


def _share(share: Share) -> str:
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def exported(space: Workspace, result: ExportResult, *, as_json: bool) -> None:
    """Where the sheet is, and how its verdicts come back."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result)})
        return
    blind = ", blind: no labels and no suggestions" if result.blind else ""
    console().print(f"{result.path}: {result.n_faces:,} faces{blind}")
    print_next(space, "review --import verdicts.csv --who NAME")


def imported(space: Workspace, result: ImportResult, *, as_json: bool) -> None:
    """How many verdicts were added, and what the drawn sample says now."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result)})
        return
    out = console()
    known = f", {result.n_known:,} were there already" if result.n_known else ""
    empty = f", {result.n_empty:,} rows have no verdict" if result.n_empty else ""
    out.print(f"{result.n_added:,} verdicts by {result.who} added{known}{empty}")
    if result.estimate is not None:
        error_rates(result.estimate)
    print_next(space, "audit --relearn" if result.n_added else "review")


def agreed(space: Workspace, result: AgreementResult, *, as_json: bool) -> None:
    """Kappas of each two reviewers and of each with himself, and the disputed images."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result)})
        return
    out = console()
    header = ["", "images", "same", "Cohen's kappa (95 %)"]
    for title, found in (
        ("Two reviewers", result.between),
        ("A reviewer and the same one later (blind repeats)", result.with_self),
    ):
        rows: list[list[object]] = [
            [who, a.n, f"{a.share:.1%}", _kappa(a)] for who, a in found.items()
        ]
        if rows:
            out.print(table(title, header, rows))
    if not result.between and not result.with_self:
        out.print("No image was decided twice yet, by two reviewers or by one.")
        print_next(space, "review --blind-repeats 5%")
        return
    out.print(f"{len(result.disputes):,} images in dispute")
    for dispute in result.disputes:
        said = ", ".join(f"{who}: {outcome}" for who, outcome in dispute.outcomes.items())
        out.print(f"- {dispute.sample_id}  {said}")


def _kappa(found: Agreement) -> str:
    if found.kappa != found.kappa:
        return "undefined"
    if found.low != found.low:
        return f"{found.kappa:.2f}, too few images for an interval"
    return f"{found.kappa:.2f} ({found.low:.2f} to {found.high:.2f})"
