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
        for key, name in (("effort", "effort"), ("seed", "seed"), ("profile", "profile"))
        if run[key] is not None
    ]
    if run["folds"] is not None:
        repeats = run["repeats"] or 1
        folds = f"{run['folds']} folds" + (f" repeated {repeats} times" if repeats > 1 else "")
        settings.insert(1 if settings else 0, folds)
    tail = f": {', '.join(settings)}" if settings else ""
    return f"The run{took}{where}{tail}." if took or where or tail else ""


def screen_summary(facts: Mapping[str, Any]) -> str:
    """What was screened and found, from the facts of `screen_metrics.collect`."""
    return " ".join(filter(None, (_kinds_found(facts), _issues_found(facts), _near_found(facts))))


def _kinds_found(facts: Mapping[str, Any]) -> str:
    text = f"The screen looked at {count(facts['images'], 'image')}."
    strange = facts["not_human"]
    if not strange["images"]:
        return f"{text} All show a human face."
    verb = "shows" if strange["images"] == 1 else "show"
    each = [
        f"{number(kind['images'])} {name}"
        for name, kind in facts["kinds"].items()
        if name != "human" and kind["images"]
    ]
    return (
        f"{text} {number(strange['images'])} ({percent(strange['share'])}) {verb} no photograph "
        f"of a human face: {listed(each)}."
    )


def _issues_found(facts: Mapping[str, Any]) -> str:
    quality = facts["quality"]
    if not quality["images"]:
        return "No image is hard to see."
    verb = "has" if quality["images"] == 1 else "have"
    most = sorted(facts["issues"].items(), key=lambda item: -item[1]["images"])
    named = [
        f"{name.replace('_', ' ')} ({number(found['images'])})"
        for name, found in most
        if found["images"] and name != "near_duplicate"
    ]
    text = f"{number(quality['images'])} ({percent(quality['share'])}) {verb} a quality issue"
    return f"{text}; the most common: {listed(named[:3])}."


def _near_found(facts: Mapping[str, Any]) -> str:
    near = facts["near_duplicates"]
    if near is None:
        return ""
    if not near["groups"]:
        return "No two images are nearly the same."
    text = (
        f"{count(near['images'], 'image')} in {count(near['groups'], 'group')} are near duplicates"
    )
    if not near["leaks"]:
        return f"{text}, none of them across splits."
    verb = "has" if near["leaks"] == 1 else "have"
    return f"{text}; {count(near['leaks'], 'image')} {verb} one in another split."
