"""What a trained network says of faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fercurate.learn.device import autocast, memory_format
from fercurate.learn.models import FaceNet, standardise
from fercurate.learn.train import to_device

BATCH = 512


@torch.inference_mode()
def predict(
    model: FaceNet,
    faces: NDArray[np.uint8],
    device: torch.device,
    side: int = 48,
    on_batch: Callable[[int], None] = lambda images: None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and embeddings, both averaged over a face and its mirror image.

    Args:
        model: A network with `embed` and `head`, in evaluation mode afterwards.
        faces: uint8 [N, 48, 48].
        device: Where the model is.
        side: Resolution to predict at, pixels.
        on_batch: Called after each batch with the number of images in it.

    Returns:
        float32 [N, 7] logits and float32 [N, D] embeddings.
    """
    model.eval()
    logits: list[Tensor] = []
    embeddings: list[Tensor] = []
    for batch in _batches(faces, device, side):
        with autocast(device):
            embedded = (model.embed(batch).float() + model.embed(batch.flip(3)).float()) / 2
            logits.append(model.head(embedded).float().cpu())
        embeddings.append(embedded.cpu())
        on_batch(len(batch))
    return torch.cat(logits).numpy(), torch.cat(embeddings).numpy()


@torch.inference_mode()
def logits_of(
    model: nn.Module,
    faces: NDArray[np.uint8],
    device: torch.device,
    side: int = 48,
    mirrored: bool = True,
    on_batch: Callable[[int], None] = lambda images: None,
) -> NDArray[np.float32]:
    """Logits of each face: float32 [N, logits], those of all heads side by side.

    Args:
        model: From standardised faces to logits, in evaluation mode afterwards.
        faces: uint8 [N, 48, 48], one at least.
        device: Where the model is.
        side: Resolution to predict at, pixels.
        mirrored: Take the mean over a face and its mirror image; twice the time.
        on_batch: Called after each batch with the number of images in it.
    """
    model.eval()
    found = []
    for batch in _batches(faces, device, side):
        with autocast(device):
            logits = model(batch).float()
            if mirrored:
                logits = (logits + model(batch.flip(3)).float()) / 2
        found.append(logits.cpu().numpy())
        on_batch(len(batch))
    return np.concatenate(found)


def _batches(faces: NDArray[np.uint8], device: torch.device, side: int) -> Iterator[Tensor]:
    """Standardised faces at `side` pixels: float32 [B, 1, side, side]."""
    for start in range(0, len(faces), BATCH):
        batch = standardise(to_device(faces[start : start + BATCH], device))
        if side != batch.shape[-1]:
            batch = F.interpolate(batch, size=side, mode="bilinear", antialias=True)
        yield batch.contiguous(memory_format=memory_format(device))
