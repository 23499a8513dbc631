"""A training step captured once as a CUDA graph and replayed: a launch instead of hundreds."""

from __future__ import annotations

from collections.abc import Callable

import torch

from fercurate.learn.batches import Batch

WARM_UPS = 3
"""Steps of a kind that are taken as they are before one is captured: libraries make their
buffers then, and optimizers their state."""

Step = Callable[[Batch, int], None]


class Graphs:
    """Takes steps; each kind (size of the batch, side of the faces) has a graph of its own.

    The graphs work on the same weights, gradients and optimizer state. What they replay is `step`
    itself, so that the result is that of calling it.

    Args:
        step: Of a batch on the device and a side in pixels; it reads nothing from the host that
            changes between steps, and writes in place.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._taken: dict[tuple[int, int], int] = {}
        self._captured: dict[tuple[int, int], tuple[torch.cuda.CUDAGraph, Batch]] = {}

    def __call__(self, batch: Batch, side: int) -> None:
        kind = len(batch.images), side
        if kind in self._captured:
            graph, held = self._captured[kind]
            held.copy_(batch)
            graph.replay()
            return
        self._taken[kind] = self._taken.get(kind, 0) + 1
        if self._taken[kind] <= WARM_UPS:
            self._beside(batch, side)
            return
        graph, held = torch.cuda.CUDAGraph(), batch.clone()
        with torch.cuda.graph(graph):
            self._step(held, side)
        self._captured[kind] = graph, held
        graph.replay()

    def _beside(self, batch: Batch, side: int) -> None:
        """A step on a stream of its own, as a capture asks for."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._step(batch, side)
        torch.cuda.current_stream().wait_stream(stream)
