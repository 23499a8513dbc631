"""What `clean` and `export` print when they have ended: tables, or JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fercurate.clean.reasons import LEAVES
from fercurate.console import clock, console, table
from fercurate.show import print_json, print_next
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.clean.stage import CleanResult
    from fercurate.outgoing import ExportResult


def cleaned(space: Workspace, result: CleanResult, *, as_json: bool) -> None:
    """The diff: what happened and why, by class, the balance, and what to expect of it."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result), "changes": str(space.changes_path)})
        return
    out, found = console(), result.summary
    out.print(f"Made from the manifest, {', '.join(found['used']) or 'and nothing else'}")
    rows: list[list[object]] = [
        [why, "dropped" if why in LEAVES else "stays", n] for why, n in found["reasons"].items()
    ]
    out.print(table("", ["why", "", "images"], rows))
    header = ["train: given label", "before", "relabeled", "softened", "dropped", "after", "soft"]
    keys = ("before", "relabeled", "softened", "dropped", "after")
    by_class: list[list[object]] = [
        [name, *(f[key] for key in keys), f"{f['soft_after']:,.0f}"]
        for name, f in found["by_class"].items()
    ]
    totals: list[object] = [sum(f[key] for f in found["by_class"].values()) for key in keys]
    soft = sum(f["soft_after"] for f in found["by_class"].values())
    by_class.append(["all", *totals, f"{soft:,.0f}"])
    out.print(table("", header, by_class))
    _expected(out, found["expected"])
    kept, all_, decided = found["n_kept"], found["n_images"], found["n_decided"]
    out.print(
        f"Policy {result.policy}, {decided:,} images decided by a person: {kept:,} of {all_:,} "
        f"images kept, {found['n_relabeled']:,} relabeled, {found['n_softened']:,} softened"
    )
    if found["n_decided_elsewhere"]:
        out.print(f"{found['n_decided_elsewhere']:,} verdicts are on images that are not here")
    if found["splits_cleaned"] == "train":
        out.print("Validation and test keep every image and label; verdicts stand in gold_label")
    else:
        out.print("Validation and test were cleaned as well: results compare with no others")
    done = "Nothing changed since: was there already" if result.skipped else "Written"
    out.print(f"{done}: {space.clean_path} ({clock(result.seconds)})")
    out.print(f"Each change: {space.changes_path}")
    print_next(space, "train")


def _expected(out: Any, found: dict[str, Any]) -> None:
    if not found:
        return
    rows: list[list[object]] = [
        [
            name,
            step["images"],
            "labelled by eye" if "eye" in name else step["precision"] or "not known",
        ]
        for name, step in found.items()
    ]
    out.print(table("", ["step", "images", "expected right"], rows))


def exported(space: Workspace, result: ExportResult, *, as_json: bool) -> None:
    """Where the files are, how many images of each split, and how to open them."""
    if as_json:
        print_json({"dataset": space.name, **asdict(result)})
        return
    out = console()
    parts = ", ".join(f"{n:,} {split}" for split, n in result.counts.items())
    out.print(f"{result.folder}: {parts}, as {result.format} ({clock(result.seconds)})")
    if result.hint:
        out.print(result.hint)
