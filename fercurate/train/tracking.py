"""How a run is followed: `metrics.json`, TensorBoard, a line on the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from fercurate.console import clock
from fercurate.files import write_json
from fercurate.paths import RunFiles
from fercurate.train.curve import Epoch, best_epoch


class Tracker(Protocol):
    """Told of each epoch."""

    def add(self, epoch: Epoch) -> None: ...


class _TensorBoard:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def add(self, epoch: Epoch) -> None:
        values = {
            "loss/train": epoch.loss,
            "loss/val": epoch.val_loss,
            "accuracy/val": epoch.val_accuracy,
            "lr": epoch.lr,
            "images_per_s": epoch.images_per_s,
        }
        for name, value in values.items():
            if value is not None:
                self._writer.add_scalar(name, value, epoch.epoch)
        self._writer.flush()


@contextmanager
def tensorboard(files: RunFiles, kept: Sequence[Epoch]) -> Iterator[Tracker]:
    """An event log that begins with the epochs that are kept.

    It is made anew: event files of one second are read in no certain order, and an earlier
    start may have written epochs that were not kept.
    """
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(files.tensorboard_dir, ignore_errors=True)
    writer = SummaryWriter(str(files.tensorboard_dir))
    board = _TensorBoard(writer)
    try:
        for epoch in kept:
            board.add(epoch)
        yield board
    finally:
        writer.close()


def write_metrics(files: RunFiles, epochs: Sequence[Epoch], about: dict[str, Any]) -> None:
    """Write `metrics.json`: `about`, the best epoch, the totals and the curve.

    Args:
        files: Of the run.
        epochs: At least one.
        about: What else to say; `finished` is None until the end.
    """
    best = best_epoch(epochs)
    seconds = sum(epoch.seconds for epoch in epochs)
    totals = {
        "epochs_done": len(epochs),
        "best_epoch": best.epoch,
        "chosen_by": "last epoch" if best.val_accuracy is None else "validation accuracy",
        "val_accuracy": best.val_accuracy,
        "val_loss": best.val_loss,
        "seconds": round(seconds, 1),
        "images_per_s": round(len(epochs) / sum(1 / epoch.images_per_s for epoch in epochs), 1),
    }
    curve = [epoch.as_dict() for epoch in epochs]
    write_json(files.metrics_path, {"finished": None, **about, **totals, "epochs": curve})


def line(epochs: Sequence[Epoch], total: int) -> str:
    """The last epoch in one line: losses, accuracy, rate, time left."""
    last, best = epochs[-1], best_epoch(epochs)
    width = len(str(total))
    parts = [f"Epoch {last.epoch:{width}}/{total}: loss {last.loss:.3f}"]
    if last.val_accuracy is not None:
        mark = "the best so far" if best is last else f"best {best.val_accuracy:.1%}"
        parts.append(f"validation {last.val_accuracy:.1%} ({mark})")
    parts.append(f"{last.images_per_s:,.0f} images/s")
    if last.epoch < total:
        recent = [epoch.seconds for epoch in epochs[-3:]]
        parts.append(f"{clock(sum(recent) / len(recent) * (total - last.epoch))} left")
    return ", ".join(parts)
