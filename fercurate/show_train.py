"""What `train` prints when it has ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fercurate.console import clock, console, table
from fercurate.show import print_json, print_next
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    from fercurate.train.stage import TrainResult


def trained(space: Workspace, result: TrainResult, *, as_json: bool) -> None:
    """What was trained, how good it is on validation, where it lies, and the next command."""
    if not result.is_first:  # one of several processes of torchrun
        return
    if as_json:
        found = asdict(result)
        del found["is_first"]
        print_json({"dataset": space.name, **found})
        return
    out = console()
    each = {
        head: ", ".join(f"{n:,} from {name}" for name, n in counts.items())
        for head, counts in result.targets_from.items()
    }
    heads = [f"{head} ({text})" if len(each) > 1 else text for head, text in each.items()]
    sources = "; ".join(heads)
    accuracy = "not known" if result.val_accuracy is None else f"{result.val_accuracy:.1%}"
    balance = "" if result.balance == "none" else f", balance {result.balance}"
    rows: list[list[object]] = [
        ["run", result.run_id],
        ["network", f"{result.model}, seed {result.seed}{balance}"],
        ["trained on", f"{result.n_train:,} images, {result.on}; labels: {sources}"],
        ["epochs", f"{result.epochs}, the best is {result.best_epoch} by {result.chosen_by}"],
        ["validation accuracy", f"{accuracy} of the {result.n_val:,} given labels that chose it"],
        ["temperature", ", ".join(_temperature(result))],
        ["time", f"{clock(result.seconds)}, {result.images_per_s:,.0f} images/s, {result.device}"],
        ["folder", str(result.folder)],
    ]
    shown = table("", ["", ""], rows)
    shown.show_header = False
    shown.columns[-1].justify = "left"
    shown.columns[-1].no_wrap = False
    out.print(shown)
    if result.skipped:
        out.print("Nothing changed since: it was trained already. --force trains it again.")
    print_next(space, f"evaluate --run {result.run_id}")


def _temperature(result: TrainResult) -> list[str]:
    several = len(result.temperature) > 1
    return [f"{name} {t:.2f}" if several else f"{t:.2f}" for name, t in result.temperature.items()]
