"""A training step captured once as a CUDA graph and replayed: a launch instead of hundreds."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from fercurate.learn.batches import Batch

WARM_UPS = 3
"""Steps of a kind that are taken as they are before one is captured: libraries make their
buffers then, and optimizers their state."""


class CannotCapture(RuntimeError):
    """A step does what no CUDA graph can hold; the text is CUDA's."""


Step = Callable[[Batch, int], None]
"""Of a batch on the device and a side in pixels. It reads nothing from the host that changes
between steps, writes in place and returns nothing."""


class Graphs:
    """Graphs of one step, each for a size of the batch at the side of the faces that is trained on.

    They work on the same weights, gradients and optimizer state, and replay the step itself, so
    that the result is that of calling it.
    """

    def __init__(self) -> None:
        self._side = 0
        self.forget()

    def forget(self) -> None:
        """Give the graphs back: another side's are not needed, and a loaded state has other
        memory."""
        self._taken: dict[int, int] = {}
        self._captured: dict[int, tuple[torch.cuda.CUDAGraph, Batch]] = {}

    def __call__(self, step: Step, batch: Batch, side: int) -> None:
        """Take a step.

        Raises:
            CannotCapture: the step is none for a graph.
        """
        if side != self._side:
            self._side = side
            self.forget()
        size = len(batch.images)
        if size in self._captured:
            graph, held = self._captured[size]
            held.copy_(batch)
            graph.replay()
            return
        self._taken[size] = self._taken.get(size, 0) + 1
        if self._taken[size] <= WARM_UPS:
            self._beside(step, batch, side)
            return
        graph, held = torch.cuda.CUDAGraph(), batch.clone()
        try:
            with torch.cuda.graph(graph):
                step(held, side)
        except RuntimeError as error:
            raise CannotCapture(str(error)) from error
        self._captured[size] = graph, held
        graph.replay()

    def _beside(self, step: Step, batch: Batch, side: int) -> None:
        """A step on a stream of its own, as a capture asks for."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), warnings.catch_warnings():
            # AdamW says that it could be faster where nothing is captured
            warnings.filterwarnings("ignore", message=".*capturable.*")
            step(batch, side)
        torch.cuda.current_stream().wait_stream(stream)
