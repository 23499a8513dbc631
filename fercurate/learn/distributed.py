"""Several processes that train one network, as `torchrun` starts them.

Every process holds all faces and draws the same random numbers; of each batch it trains on its
own share. With batch statistics taken over all shares, the result is that of one process up to
rounding.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; one alone is rank 0 of 1."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and tells."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Which of `n` images of a batch are this process's."""
        return slice(n * self.rank // self.world, n * (self.rank + 1) // self.world)


def ranks() -> Ranks:
    """What `torchrun` put into the environment."""
    return Ranks(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))


def start(device: torch.device) -> torch.device:
    """Join the other processes, if there are any; the device that this one is to use."""
    if ranks().world == 1 or dist.is_initialized():
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def stop() -> None:
    """Part from the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def wait() -> None:
    """Until every process has come this far."""
    if dist.is_initialized():
        dist.barrier()


def parallel(model: nn.Module, device: torch.device) -> nn.Module:
    """The model as all processes train it; its batch norms are replaced in place."""
    share_batch_norm(model)
    ids = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=ids)


def share_batch_norm(model: nn.Module) -> None:
    """Replace each batch norm by one with statistics over all processes, in place.

    torch's own knows CUDA alone. Names in the state dict stay as they were.
    """
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d) and not isinstance(child, _SharedBatchNorm):
            shared = _SharedBatchNorm(child.num_features, child.eps, child.momentum)
            shared.load_state_dict(child.state_dict())
            setattr(model, name, shared.to(next(child.parameters()).device))
        else:
            share_batch_norm(child)


class _SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm whose mean and variance are those of the batch over all processes."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        wide = x.float()
        count = wide.new_tensor([wide.numel() / self.num_features])
        sums = torch.cat([wide.sum((0, 2, 3)), (wide * wide).sum((0, 2, 3)), count])
        sums = cast(Tensor, _Sum.apply(sums))
        n = sums[-1]
        mean, square = (sums[:-1] / n).chunk(2)
        variance = (square - mean * mean).clamp_min(0)
        with torch.no_grad():
            rate = self.momentum if self.momentum is not None else 0.1
            mean_over_time, variance_over_time = self.running_mean, self.running_var
            if mean_over_time is not None and variance_over_time is not None:
                mean_over_time.lerp_(mean, rate)
                variance_over_time.lerp_(variance * n / (n - 1), rate)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return (wide * scale[:, None, None] + shift[:, None, None]).to(x.dtype)


class _Sum(torch.autograd.Function):
    """Sum over the processes, with the gradient of each of them."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return total(values.clone())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return total(gradient.clone())


def total(value: Tensor) -> Tensor:
    """Sum over the processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(value)
    return value
