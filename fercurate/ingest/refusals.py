"""Whether an import may leave out what was rejected, or would lose a class or mean another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fercurate.errors import InputError
from fercurate.folders import not_looked_at
from fercurate.ingest.batch import Rejection, excerpt
from fercurate.ingest.classes import is_number, meaning_of
from fercurate.labels import SPLIT_TITLES

EXPECTED = (
    "Expected is a csv with the columns emotion,pixels,Usage (fer2013.csv), alone or in an "
    "archive, or a folder of images as train/<class>/1.jpg or <class>/1.jpg."
)
_SHOWN = 8


@dataclass(frozen=True)
class Refused:
    """What rejected rows have in common; fields as in `Rejection`."""

    label: str
    known: str
    left_out: bool
    split: str

    @classmethod
    def of(cls, rejection: Rejection) -> Refused:
        return cls(rejection.label, rejection.known, rejection.left_out, rejection.split)


@dataclass(frozen=True)
class Taken:
    """What a source came to.

    Attributes:
        source: For messages.
        labels, splits: How many rows were taken, by class and by split.
        refused: How many were not, by what they have in common.
        first: The first of those, for messages.
        is_table: Whether rows are lines and not files: a lone odd cell is damage there.
        numbered: Whether the numbers 0 to 6 of a table were taken as FER2013's.
        others: Files that were not looked at, by their endings.
    """

    source: str
    labels: Counter[str]
    splits: Counter[str]
    refused: Counter[Refused]
    first: Sequence[Rejection]
    is_table: bool
    numbered: bool
    others: Mapping[str, int]

    @property
    def n(self) -> int:
        return self.splits.total() + self.refused.total()

    @property
    def n_bad(self) -> int:
        """Rows that were rejected, without those that the user left out."""
        return sum(n for kind, n in self.refused.items() if not kind.left_out)


def judge(taken: Taken, max_rejected: float) -> None:
    """Refuse a source whose rejected rows may not be left out.

    Where all of a class or of a split is rejected, or a class is unknown, the share that
    `max_rejected` allows does not matter: the dataset would be another one.

    Args:
        taken: What was read.
        max_rejected: Largest share of bad rows, 0 to 1.

    Raises:
        InputError: it may not be imported so; the text says what to do.
    """
    bad = Counter({kind: n for kind, n in taken.refused.items() if not kind.left_out})
    _refuse_numbers(taken, bad)
    _refuse_unknown(taken, bad)
    told = f"{taken.n_bad} of {taken.n} rows are bad. The first:"
    first = [f"  {rejection}" for rejection in taken.first]
    _refuse_lost_splits(taken, bad)
    if not taken.splits:
        head = f"{taken.source} has no usable row"
        if taken.n_bad:
            last = f"{first[-1]}{_seen(taken)}" if first else _seen(taken)
            raise InputError((f"{head}: {told}", *first[:-1], last), EXPECTED)
        why = "all is left out" if taken.n else "it is empty"
        raise InputError(f"{head}: {why}{_seen(taken)}", EXPECTED)
    _refuse_lost_classes(taken, bad, told, first)
    left_out = taken.refused.total() - taken.n_bad
    if taken.n_bad > max_rejected * (taken.n - left_out):
        raise InputError(
            (f"{taken.source}: {told}", *first),
            f"At most {max_rejected:.2%} may be: mend them, or allow more with --max-rejected.",
        )


def _refuse_numbers(taken: Taken, bad: Counter[Refused]) -> None:
    numbers = {k.label.strip() for k in bad if not k.known and is_number(k.label)}
    if not numbers:
        return
    listed = ", ".join(sorted(numbers, key=int)[:_SHOWN])
    if taken.numbered:
        what = f"the class {listed} beside FER2013's 0 to 6, so its numbers mean something else"
        numbers |= set(map(str, range(7)))
    else:
        what = f"classes that are bare numbers ({listed}); a number names no class"
    raise InputError(f"{taken.source} has {what}.", meaning_of(numbers))


def _refuse_unknown(taken: Taken, bad: Counter[Refused]) -> None:
    unknown: Counter[str] = Counter()
    for kind, n in bad.items():
        if kind.label and not kind.known:
            unknown[kind.label] += n
    least = 2 if taken.is_table else 1
    classes = [(name, n) for name, n in unknown.most_common() if n >= least]
    if not classes:
        return
    shown = ", ".join(f"{excerpt(name)} ({n:,})" for name, n in classes[:_SHOWN])
    more = f" and {len(classes) - _SHOWN} more" if len(classes) > _SHOWN else ""
    fix = "Rename them, or say what they are with --classes OTHER=happy; none leaves one out"
    plain = [name for name, _ in classes if "," not in name and "=" not in name]
    if plain and len(plain) <= _SHOWN:
        fix += ": --classes " + _quoted(",".join(f"{name}=none" for name in plain))
    raise InputError(
        f"{taken.source} has classes that are none of the seven: {shown}{more}.", f"{fix}."
    )


def _refuse_lost_splits(taken: Taken, bad: Counter[Refused]) -> None:
    lost: Counter[str] = Counter()
    for kind, n in bad.items():
        if kind.split and not taken.splits[kind.split]:
            lost[kind.split] += n
    for split, n in lost.items():
        why = next((r.reason for r in taken.first if r.split == split), "is rejected")
        raise InputError(
            f"{taken.source}: no image of {SPLIT_TITLES[split]} can be used ({n:,} of {n:,}); "
            f"the first {why}{_seen(taken)}",
            EXPECTED,
        )


def _refuse_lost_classes(taken: Taken, bad: Counter[Refused], told: str, first: list[str]) -> None:
    lost = sorted({k.known for k in bad if k.known and not taken.labels[k.known]})
    if not lost:
        return
    names = sorted({k.label for k in bad if k.known in lost})
    out = ",".join(f"{name}=none" for name in names)
    raise InputError(
        (f"{taken.source}: nothing of {', '.join(lost)} can be used. {told}", *first),
        f"Mend them, or leave the class out: --classes {_quoted(out)}",
    )


def _seen(taken: Taken) -> str:
    return f". In it {not_looked_at(taken.others)}." if taken.others else "."


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
