"""Which device to train on, and in which number format."""

from __future__ import annotations

import contextlib
import platform
from contextlib import AbstractContextManager

import torch


def choose(name: str = "auto") -> torch.device:
    """The device that `name` means: "cpu", "cuda", "mps", or the best there is ("auto").

    Raises:
        ValueError: the device was named and is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((n for n, there in available.items() if there), "cpu")
    elif not available.get(name, name == "cpu"):
        raise ValueError(f"this machine has no {name}")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device in words, for reports and `fercurate doctor`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    form = "bfloat16" if has_fast_bf16(device) else "float32"
    name = "Apple GPU" if device.type == "mps" else f"{platform.machine()} CPU"
    return f"{name}, {torch.get_num_threads()} threads, {form}"


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there.

    Read from the processor and not measured: a noisy measurement would change the numbers
    that a seed gives. On a CPU it pays 2 to 3 times with AVX-512 bf16 or AMX, and costs
    time where it is emulated.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return False


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where it is faster, float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device))


def reproducible(device: torch.device) -> AbstractContextManager[object]:
    """cuDNN held to kernels that give the same sums each time; nothing elsewhere."""
    if device.type != "cuda":
        return contextlib.nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)


def memory_format(device: torch.device) -> torch.memory_format:
    """channels_last where the convolution kernels want it."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def keep_memory() -> None:
    """Have this process keep the memory that it frees, where the C library is glibc.

    It hands every large block back otherwise, and a network that runs small batches asks
    for the same blocks again layer by layer: a third of its time on the CPU.
    """
    import ctypes
    import sys

    trim_threshold, mmap_threshold, most = -1, -3, 2**31 - 1
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(mmap_threshold, most)
            mallopt(trim_threshold, most)
