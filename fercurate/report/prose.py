"""The report's sentences and number formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SPACE = "\u00a0"
"""No-break space: between a number and its unit."""


def number(value: int) -> str:
    """28709 -> "28,709"."""
    return f"{value:,}"


def percent(share: float | None, digits: int = 1) -> str:
    """0.2024 -> "20.2 %", 0.0001 -> "<0.1 %"; None, a share of nothing, is a dash."""
    if share is None:
        return "–"
    least = 10**-digits
    if 0 < 100 * share < least / 2:
        return f"<{least:.{digits}f}{SPACE}%"
    return f"{100 * share:.{digits}f}{SPACE}%"


def cell(share: float | None) -> str:
    """A share as whole per cent without the sign, for a table's cell: "12", "<1", "0", "–"."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<1"
    return f"{100 * share:.0f}"


def decimal(value: float | None) -> str:
    """-0.666 -> "−0.67" with a true minus sign; None is a dash."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def count(n: int, one: str, many: str = "") -> str:
    """ "1 image", "2 images"; `many` where an s is not enough."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """75 -> "1 min 15 s"; from an hour on without seconds."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60}{SPACE}min"


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def summary(facts: Mapping[str, Any]) -> str:
    """The page's first paragraph: what was audited, what was found, how."""
    return " ".join(filter(None, (_looked_at(facts), _found(facts), _how(facts["run"]))))


def _looked_at(facts: Mapping[str, Any]) -> str:
    splits = [name for name, n in facts["audited_splits"].items() if n]
    where = f" ({listed(splits)})" if splits else ""
    return (
        f"The audit compared {count(facts['audited'], 'label')}{where} with the predictions of "
        "models that were trained without the image in question."
    )


def _found(facts: Mapping[str, Any]) -> str:
    issues = facts["label_issues"]
    if not issues["count"]:
        return "No label looks wrong."
    verb = "looks" if issues["count"] == 1 else "look"
    text = f"{count(issues['count'], 'label')} ({percent(issues['share'])}) {verb} wrong."
    pairs = [
        f"labelled {p['given']}, looks {p['suggested']} ({number(p['count'])})"
        for p in issues["confusions"][:3]
    ]
    return f"{text} The most common: {'; '.join(pairs)}." if pairs else text


def _how(run: Mapping[str, Any]) -> str:
    took = "" if run["seconds"] is None else f" took {duration(run['seconds'])}"
    where = "" if run["device"] is None else f" on {run['device']}"
    settings = [
        f"{name} {run[key]}"
        for key, name in (("effort", "effort"), ("seed", "seed"), ("profile", "noise profile"))
        if run[key] is not None
    ]
    if run["folds"] is not None:
        repeats = run["repeats"] or 1
        folds = f"{run['folds']} folds" + (f" repeated {repeats} times" if repeats > 1 else "")
        settings.insert(1 if settings else 0, folds)
    tail = f": {', '.join(settings)}" if settings else ""
    return f"The run{took}{where}{tail}." if took or where or tail else ""
