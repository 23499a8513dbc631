"""Muon or Nesterov for convolutions, AdamW for the rest; an average of the weights over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fercurate.learn.device import has_fast_bf16
from fercurate.learn.recipe import Recipe


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly: all singular values pulled towards 1.

    Newton-Schulz iteration with the quintic coefficients of Muon (Jordan et al. 2024,
    https://kellerjordan.github.io/posts/muon/).

    Args:
        matrices: float [..., m, n].
        steps: Iterations; five leave the singular values between about 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrices.size(-2) <= matrices.size(-1)
    x: Tensor = matrices if wide else matrices.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.mT


class Muon(torch.optim.Optimizer):
    """Momentum whose step is orthogonalised, for convolution weights.

    The weight's norm is held at the square root of its number of filters: behind each
    convolution stands a batch norm, so only its direction matters, and a fixed norm makes
    the learning rate an angle. Weights of one shape go through the iteration as one stack.
    torch's own Muon takes matrices only.

    Args:
        parameters: Convolution weights [out, in, h, w].
        lr: Step, relative to a weight of unit norm a filter; a number or a tensor.
        momentum: Share of the running gradient that is kept, 0..1.
    """

    def __init__(
        self, parameters: Iterable[Tensor], lr: float | Tensor, momentum: float = 0.6
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        first = next(iter(self.param_groups[0]["params"]))
        self._form = torch.bfloat16 if has_fast_bf16(first.device) else torch.float32

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(weight.shape, []).append(weight)
            for weights in by_shape.values():
                self._step_alike(weights, group["lr"], group["momentum"])

    def _step_alike(self, weights: list[Tensor], lr: float | Tensor, momentum: float) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        running = [_state_of(self, weight, "momentum") for weight in weights]
        torch._foreach_mul_(running, momentum)
        torch._foreach_add_(running, gradients)
        directions = torch._foreach_add(gradients, running, alpha=momentum)
        stack = torch.stack([one.flatten(1) for one in directions]).to(self._form)
        steps = orthogonalise(stack).float() * lr
        norms = torch._foreach_norm(weights)
        torch._foreach_mul_(
            weights, [len(w) ** 0.5 / n for w, n in zip(weights, norms, strict=True)]
        )
        torch._foreach_sub_(weights, list(steps.view(len(weights), *weights[0].shape)))


class Nesterov(torch.optim.Optimizer):
    """Nesterov's momentum as `torch.optim.SGD` has it, whose rate may be a tensor on the device
    without waiting for it.

    Args:
        parameters: Weights.
        lr: A number or a tensor.
        momentum: Share of the running gradient that is kept, 0..1.
        weight_decay: Share of the weights that is added to their gradients.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Tensor,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(parameters, given)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            running = [_state_of(self, weight, "momentum_buffer") for weight in weights]
            gradients = torch._foreach_add(
                [weight.grad for weight in weights], weights, alpha=group["weight_decay"]
            )
            torch._foreach_mul_(running, group["momentum"])
            torch._foreach_add_(running, gradients)
            torch._foreach_add_(gradients, running, alpha=group["momentum"])
            torch._foreach_mul_(gradients, group["lr"])
            torch._foreach_sub_(weights, gradients)


def _state_of(optimizer: torch.optim.Optimizer, weight: Tensor, name: str) -> Tensor:
    """A tensor that an optimizer keeps beside a weight; zeros at first."""
    state = optimizer.state[weight]
    if name not in state:
        state[name] = torch.zeros_like(weight)
    kept: Tensor = state[name]
    return kept


class Optimizers:
    """Several optimizers that step as one; each group's `lr` is a share of its peak."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self._all = optimizers
        self._own = [
            [{k: v for k, v in g.items() if k != "params"} for g in o.param_groups]
            for o in optimizers
        ]
        self._peaks = [[float(g["lr"]) for g in o.param_groups] for o in optimizers]

    def step(self, share: Tensor) -> None:
        """One step at `share` (0..1, float32 []) of every peak learning rate; clears the
        gradients."""
        for optimizer, peaks in zip(self._all, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                if isinstance(group["lr"], Tensor):
                    torch.mul(share, peak, out=group["lr"])
                else:
                    group["lr"] = peak * float(share)
            optimizer.step()
            # gradients of a captured step have a place of their own
            captured = isinstance(optimizer.param_groups[0]["lr"], Tensor)
            optimizer.zero_grad(set_to_none=not captured)

    def state_dict(self) -> list[dict[str, Any]]:
        return [o.state_dict() for o in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for optimizer, state, own in zip(self._all, states, self._own, strict=True):
            # what belongs to the device stays, such as rates that are tensors there; before
            # loading, so that AdamW's counts go there too, and after, since torch copies
            groups = [
                {**group, **settings}
                for group, settings in zip(state["param_groups"], own, strict=True)
            ]
            optimizer.load_state_dict({**state, "param_groups": groups})
            for group, settings in zip(optimizer.param_groups, own, strict=True):
                group.update(settings)


def build(model: nn.Module, recipe: Recipe, *, captured: bool = False) -> Optimizers:
    """The optimizers of a recipe.

    Muon or Nesterov take every convolution but the first, AdamW the first, norms and dense
    layers; or AdamW takes all. Where their steps are captured, the rates are tensors on the device.
    """
    by_kind = recipe.optimizer != "adamw"
    filters = [p for p in model.parameters() if by_kind and p.ndim == 4 and p.shape[1] > 1]
    chosen = {id(p) for p in filters}
    rest = [p for p in model.parameters() if id(p) not in chosen]

    def rate(peak: float) -> float | Tensor:
        return torch.tensor(peak, device=rest[0].device) if captured else peak

    of_rest = torch.optim.AdamW(
        rest, rate(recipe.lr_rest), weight_decay=recipe.weight_decay, capturable=captured
    )
    if not filters:
        return Optimizers(of_rest)
    if recipe.optimizer == "muon":
        return Optimizers(Muon(filters, rate(recipe.lr)), of_rest)
    decay = 5 * recipe.weight_decay  # the usual 5e-4
    return Optimizers(Nesterov(filters, rate(recipe.lr), 0.9, decay), of_rest)


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

    def weight(self, step: int) -> float:
        """Of the weights after a step, from 0, in the average: more in the first steps."""
        return 1 - min(self._decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def update(self, weight: Tensor) -> None:
        """Take a step's weights in, with a weight float32 [], 0..1."""
        averages, current = ([p[i] for p in self._floats] for i in (0, 1))
        if weight.is_cuda:  # a captured step reads it there
            apart = torch._foreach_sub(current, averages)
            torch._foreach_mul_(apart, weight)
            torch._foreach_add_(averages, apart)
        else:
            torch._foreach_lerp_(averages, current, float(weight))
        for average, value in self._others:
            average.copy_(value)
