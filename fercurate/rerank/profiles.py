"""What a reviewer's verdicts taught about one dataset's labels, kept for the next audit of it.

A profile is a table of coefficients: general settings, no image's own answer. `fercurate audit
--save-profile FILE` writes one, `--profile FILE` starts from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fercurate.errors import InputError
from fercurate.files import write_json
from fercurate.labels import CLASSES
from fercurate.rerank.choice import UNINFORMED, Coefficients, Prior
from fercurate.strict import Table, parse_json

SHIPPED = Path(__file__).with_name("profiles")

ENOUGH = 1000
"""Verdicts that a profile is taken to have learnt from where an older version did not say."""

FIRM = 30.0
"""How much harder a profile's coefficients are held than uninformed ones."""


@dataclass(frozen=True)
class Profile:
    """Where a ranking starts.

    Attributes:
        name: Said in each report.
        source: Of the verdicts that it was learnt from, in words.
        prior: The coefficients.
        key: What loads it again: a name or a file.
    """

    name: str
    source: str
    prior: Prior
    key: str


GENERIC = Profile("generic", "no verdict", UNINFORMED, "generic")


def load(name_or_file: str) -> Profile:
    """A shipped profile by its name, or one from a file.

    Raises:
        InputError: there is none, or the file is no profile of these classes.
    """
    if name_or_file == GENERIC.name:
        return GENERIC
    path = SHIPPED / f"{name_or_file}.json"
    if not path.exists():
        path = Path(name_or_file)
    try:
        stored = Table(parse_json(path.read_bytes()))
        if (classes := stored.texts("classes")) != list(CLASSES):
            raise ValueError(f"its classes are {', '.join(classes)[:80]}")
        mean = Coefficients.of_dict(stored.table("coefficients"))
        shares = stored.table("shares", None)
        prior = prior_of(
            mean,
            mean if shares is None else Coefficients.of_dict(shares),
            n_verdicts=stored.whole("n_verdicts", 0, 10**9, ENOUGH),
            firm=stored.number("firm", 0.001, 1e6),
        )
        key = name_or_file if path.parent == SHIPPED else str(path.resolve())
        return Profile(stored.text("name"), stored.text("source"), prior, key)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no profile {name_or_file!r}.",
            f"Give a file, or one of: {', '.join(known())}",
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no profile: {error}.", "Make one with: fercurate audit --save-profile FILE"
        ) from error


def prior_of(
    learned: Coefficients, of_shares: Coefficients, n_verdicts: int, firm: float = FIRM
) -> Prior:
    """Coefficients that were learnt elsewhere on `n_verdicts` images, held firmly."""
    return Prior(learned, n_verdicts=n_verdicts, of_shares=of_shares).times(firm)


def known() -> list[str]:
    """Names that need no file."""
    return [GENERIC.name, *sorted(path.stem for path in SHIPPED.glob("*.json"))]


def save(
    path: Path,
    name: str,
    source: str,
    learned: Coefficients,
    of_shares: Coefficients,
    *,
    n_verdicts: int,
    firm: float = FIRM,
) -> None:
    """Write a profile.

    Args:
        path: The file.
        name: Said in each report that used it.
        source: Of the verdicts, in words.
        learned: The coefficients; `of_shares` those of what share of people would say what.
        n_verdicts: Images that they were learned on.
        firm: How much harder they are to be held than uninformed ones.
    """
    write_json(
        path,
        {
            "name": name,
            "source": source,
            "classes": list(CLASSES),
            "firm": firm,
            "n_verdicts": n_verdicts,
            "coefficients": learned.as_dict(),
            "shares": of_shares.as_dict(),
        },
    )
