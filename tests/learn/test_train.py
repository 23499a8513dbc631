from __future__ import annotations

import numpy as np
import pytest
import torch

from fercurate.learn import train
from fercurate.learn.models import FaceNet, FaceNetConfig
from fercurate.learn.predict import predict
from fercurate.learn.recipe import Recipe
from fercurate.learn.train import Trainer

CPU = torch.device("cpu")
TINY = FaceNetConfig(widths=(8, 8, 16))
RECIPE = Recipe(epochs=3, batch=16, sides=((0.5, 16), (1.0, 24)), predict_side=24)


def two_kinds(n: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Faces that are bright on top or bright below."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 120, (n, 48, 48), dtype=np.uint8)
    labels = np.arange(n) % 2
    for face, label in zip(faces, labels, strict=True):
        half = face[:24] if label else face[24:]
        half += 100
    return faces, labels.astype(np.int64)


def trainer(seed: int = 0) -> Trainer:
    torch.manual_seed(seed)
    return Trainer(FaceNet(TINY), *two_kinds(), RECIPE, CPU, seed)


def test_it_learns_and_margins_show_it() -> None:
    faces, labels = two_kinds()
    labels[0] = 1 - labels[0]
    torch.manual_seed(0)
    made = Trainer(FaceNet(TINY), faces, labels, Recipe(epochs=6, batch=16), CPU, 0)
    losses: list[float] = []
    train.fit(made, [lambda _, loss: losses.append(loss)])
    assert losses[-1] < losses[0]
    logits, embeddings = predict(made.average, faces, CPU, side=40)
    assert logits.shape == (96, 7)
    assert embeddings.shape == (96, 16)
    assert (logits.argmax(1) == labels)[1:].mean() > 0.9
    assert made.margins[0] < made.margins[1:].median()


def test_going_on_from_a_checkpoint_gives_the_same_curve() -> None:
    whole: list[float] = []
    one = trainer()
    train.fit(one, [lambda _, loss: whole.append(loss)])
    stopped = trainer()
    stopped.run_epoch()
    state = stopped.state_dict()
    resumed = trainer(seed=0)
    resumed.load_state_dict(state)
    rest: list[float] = []
    train.fit(resumed, [lambda _, loss: rest.append(loss)])
    assert rest == pytest.approx(whole[1:], rel=1e-4)
    assert torch.allclose(one.margins, resumed.margins, rtol=1e-3, atol=1e-3)


def test_the_state_is_plain_enough_to_load_safely(tmp_path: object) -> None:
    made = trainer()
    made.run_epoch()
    path = f"{tmp_path}/state.pt"
    torch.save(made.state_dict(), path)
    other = trainer()
    other.load_state_dict(torch.load(path, weights_only=True))
    assert other.epochs_done == 1


def test_the_seed_decides() -> None:
    first, same, other = (trainer(seed).run_epoch() for seed in (0, 0, 1))
    assert first == same
    assert first != other


def test_every_image_is_seen_once_an_epoch() -> None:
    seen: list[int] = []
    trainer().run_epoch(seen.append)
    assert sum(seen) == 96


@pytest.mark.parametrize(("epoch", "side"), [(0, 16), (1, 16), (2, 24)])
def test_resolution_grows(epoch: int, side: int) -> None:
    assert RECIPE.side(epoch) == side


def test_the_learning_rate_is_a_triangle() -> None:
    assert RECIPE.learning_rate(0.2) == pytest.approx(1.0)
    assert RECIPE.learning_rate(0.1) == pytest.approx(0.5)
    assert RECIPE.learning_rate(1.0) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("logits", "label", "margin"), [([1.0, 3.0, 2.0], 1, 1.0), ([1.0, 3.0, 2.0], 0, -2.0)]
)
def test_label_margin(logits: list[float], label: int, margin: float) -> None:
    found = train.label_margin(torch.tensor([logits]), torch.tensor([label]))
    assert found.tolist() == [margin]


def test_predictions_do_not_depend_on_mirroring() -> None:
    faces, _ = two_kinds(8)
    torch.manual_seed(0)
    model = FaceNet(TINY).eval()
    logits, _ = predict(model, faces, CPU)
    mirrored, _ = predict(model, faces[:, :, ::-1], CPU)
    assert logits == pytest.approx(mirrored, abs=2e-2)


def test_faces_and_labels_must_match() -> None:
    faces, labels = two_kinds()
    with pytest.raises(ValueError, match="96 faces and 95 labels"):
        Trainer(FaceNet(TINY), faces, labels[:-1], RECIPE, CPU, 0)
