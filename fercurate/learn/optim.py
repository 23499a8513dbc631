"""Muon or Nesterov for convolutions, AdamW for the rest; an average of the weights over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fercurate.learn.device import has_fast_bf16
from fercurate.learn.recipe import Recipe


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrix, roughly: all singular values pulled towards 1.

    Newton-Schulz iteration with the quintic coefficients of Muon (Jordan et al. 2024,
    https://kellerjordan.github.io/posts/muon/).

    Args:
        matrix: float [m, n].
        steps: Iterations; five leave the singular values between about 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix.size(0) <= matrix.size(1)
    x: Tensor = matrix if wide else matrix.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """Momentum whose step is orthogonalised, for convolution weights.

    The weight's norm is held at the square root of its number of filters: behind each
    convolution stands a batch norm, so only its direction matters, and a fixed norm makes
    the learning rate an angle. torch's own Muon takes matrices only.

    Args:
        parameters: Convolution weights [out, in, h, w].
        lr: Step, relative to a weight of unit norm a filter.
        momentum: Share of the running gradient that is kept, 0..1.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.6) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                running = state["momentum"]
                running.mul_(group["momentum"]).add_(weight.grad)
                direction = weight.grad.add(running, alpha=group["momentum"])
                matrix = direction.flatten(1)
                if has_fast_bf16(weight.device):
                    matrix = matrix.bfloat16()
                step = orthogonalise(matrix).view_as(weight)
                weight.mul_(len(weight) ** 0.5 / weight.norm()).sub_(
                    step.float(), alpha=group["lr"]
                )


class Optimizers:
    """Several optimizers that step as one; each group's `lr` is a share of its peak."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self._all = optimizers
        self._peaks = [[g["lr"] for g in o.param_groups] for o in optimizers]

    def step(self, share: float) -> None:
        """One step at `share` (0..1) of every peak learning rate; clears the gradients."""
        for optimizer, peaks in zip(self._all, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        return [o.state_dict() for o in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)


def build(model: nn.Module, recipe: Recipe) -> Optimizers:
    """The optimizers of a recipe.

    Muon or Nesterov take every convolution but the first, AdamW the first, norms and dense
    layers; or AdamW takes all.
    """
    by_kind = recipe.optimizer != "adamw"
    filters = [p for p in model.parameters() if by_kind and p.ndim == 4 and p.shape[1] > 1]
    chosen = {id(p) for p in filters}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    of_rest = torch.optim.AdamW(rest, recipe.lr_rest, weight_decay=recipe.weight_decay)
    if not filters:
        return Optimizers(of_rest)
    if recipe.optimizer == "muon":
        return Optimizers(Muon(filters, recipe.lr), of_rest)
    decay = 5 * recipe.weight_decay  # the usual 5e-4
    nesterov = torch.optim.SGD(filters, recipe.lr, 0.9, weight_decay=decay, nesterov=True)
    return Optimizers(nesterov, of_rest)


class WeightAverage:
    """Exponential moving average of a model's weights and batch statistics.

    Args:
        model: Whose weights to follow.
        average: A model of the same shape; its weights become the average.
        decay: Share of the old average that a step keeps, 0..1; less in the first steps.
    """

    def __init__(self, model: nn.Module, average: nn.Module, decay: float) -> None:
        average.load_state_dict(model.state_dict())
        self._decay = decay
        self.steps = 0
        pairs = list(zip(average.state_dict().values(), model.state_dict().values(), strict=True))
        self._floats = [p for p in pairs if p[0].dtype.is_floating_point]
        self._others = [p for p in pairs if not p[0].dtype.is_floating_point]

    @torch.no_grad()
    def update(self) -> None:
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        averages, current = ([p[i] for p in self._floats] for i in (0, 1))
        torch._foreach_lerp_(averages, current, 1 - decay)
        for average, value in self._others:
            average.copy_(value)
        self.steps += 1
