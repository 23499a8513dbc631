from __future__ import annotations

import dataclasses
import gc
import weakref

import numpy as np
import pytest
import torch

from fercurate.learn import train
from fercurate.learn.augment import Augmentation
from fercurate.learn.batches import Batch
from fercurate.learn.graph import Step
from fercurate.learn.models import FaceNet, FaceNetConfig
from fercurate.learn.predict import predict
from fercurate.learn.recipe import Optimizer, Recipe
from fercurate.learn.targets import smoothed
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


def test_soft_labels_that_are_one_hot_train_like_labels() -> None:
    faces, labels = two_kinds()
    losses = []
    for targets in (labels, np.eye(7, dtype=np.float32)[labels]):
        torch.manual_seed(0)
        losses.append(Trainer(FaceNet(TINY), faces, targets, RECIPE, CPU, 0).run_epoch())
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_a_class_of_weight_nothing_is_not_learnt() -> None:
    faces, labels = two_kinds()
    weights = np.array([1, 0, 1, 1, 1, 1, 1], np.float32)
    torch.manual_seed(0)
    made = Trainer(
        FaceNet(TINY), faces, labels, Recipe(epochs=4, batch=16, label_smoothing=0.0), CPU, 0,
        class_weights=weights,
    )  # fmt: skip
    train.fit(made)
    logits, _ = predict(made.average, faces, CPU, side=40)
    named = logits.argmax(1)
    assert (named[labels == 0] == 0).all()
    assert not (named == 1).any()


def test_sample_weights_say_how_often_an_image_is_drawn() -> None:
    faces, labels = two_kinds()
    made = Trainer(
        FaceNet(TINY), faces, labels, RECIPE, CPU, 0, sample_weights=(labels == 0).astype("f4")
    )
    made.run_epoch()
    assert (made.margins[torch.from_numpy(labels == 1)] == 0).all()
    assert (made.margins[torch.from_numpy(labels == 0)] != 0).any()


def test_prior_logits_are_in_the_loss_alone() -> None:
    faces, labels = two_kinds()
    prior = np.log(np.array([0.9, 0.05, *[0.01] * 5], np.float32))
    torch.manual_seed(0)
    made = Trainer(
        FaceNet(TINY), faces, np.zeros_like(labels), Recipe(epochs=3, batch=16), CPU, 0,
        prior_logits=prior,
    )  # fmt: skip
    torch.manual_seed(0)
    plain = Trainer(FaceNet(TINY), faces, np.zeros_like(labels), Recipe(epochs=3, batch=16), CPU, 0)
    assert made.run_epoch() < plain.run_epoch()


@pytest.mark.parametrize("optimizer", ["muon", "nesterov", "adamw"])
def test_every_optimizer_learns(optimizer: Optimizer) -> None:
    faces, labels = two_kinds()
    lr = 0.08 if optimizer == "muon" else 0.02
    recipe = dataclasses.replace(RECIPE, epochs=5, optimizer=optimizer, lr=lr)
    torch.manual_seed(0)
    made = Trainer(FaceNet(TINY), faces, labels, recipe, CPU, 0)
    losses: list[float] = []
    train.fit(made, [lambda _, loss: losses.append(loss)])
    assert losses[-1] < losses[0] - 0.1


def test_alternating_flips_mirror_each_image_every_other_epoch() -> None:
    faces, labels = two_kinds()
    faces[:, :, :24] //= 2  # one side darker
    still = Augmentation(0, 0, 0, flip="alternate")
    recipe = dataclasses.replace(RECIPE, sides=((1.0, 48),), augmentation=still)
    made = Trainer(FaceNet(TINY), faces, labels, recipe, CPU, 0)
    sides = []
    for epoch in range(2):
        made.epochs_done = epoch
        is_left = torch.zeros(96, dtype=torch.bool)
        for batch in made.drawn():
            drawn, _ = made.augmented(batch, 48)
            left, right = drawn[..., :24].mean((1, 2, 3)), drawn[..., 24:].mean((1, 2, 3))
            is_left[batch.images] = left > right
        sides.append(is_left.numpy())
    assert 20 < sides[0].sum() < 76
    assert (sides[0] != sides[1]).all()


def test_mixup_softens_the_targets() -> None:
    recipe = dataclasses.replace(RECIPE, mixup=1.0, label_smoothing=0.0)
    made = Trainer(FaceNet(TINY), *two_kinds(), recipe, CPU, 0)
    drawn = [made.augmented(batch, 16)[1] for batch in made.drawn()]
    targets = torch.cat(drawn)
    assert targets.shape == (96, 1, 7)
    assert targets.sum((1, 2)).tolist() == pytest.approx([1.0] * 96)
    assert ((targets > 0).sum((1, 2)) == 2).any()


def test_smoothing_goes_to_the_shares_of_the_classes() -> None:
    """Nine images of class 0 and one of class 1, and a second head that knows half of them."""
    first = torch.eye(7)[[0] * 9 + [1]]
    second = torch.eye(7)[[2] * 10] * (torch.arange(10) % 2 == 0)[:, None]
    found = smoothed(torch.stack([first, second], dim=1), 0.1)
    assert found[0, 0, :3].tolist() == pytest.approx([0.9 + 0.09, 0.01, 0.0])
    assert found[9, 0, :3].tolist() == pytest.approx([0.09, 0.9 + 0.01, 0.0])
    assert found[0, 1].tolist() == pytest.approx([0, 0, 1, 0, 0, 0, 0])
    assert not found[1, 1].any()


def test_smoothing_leaves_the_rare_class_as_rare_as_it_is() -> None:
    """Uniform smoothing of 0.1 would make one image in 70 of the rarest class."""
    targets = torch.eye(7)[torch.arange(500).clamp_max(6)][:, None]
    found = smoothed(targets, 0.1)
    assert found.mean((0, 1)).tolist() == pytest.approx(targets.mean((0, 1)).tolist(), rel=1e-4)
    assert found[499, 0, 0] == pytest.approx(0.1 / 500)


def test_each_head_learns_what_it_is_taught_and_nothing_where_it_is_not() -> None:
    """One head is taught the labels, the other the reverse on every second image."""
    faces, labels = two_kinds()
    targets = np.stack([np.eye(7)[labels], np.eye(7)[1 - labels]], axis=1).astype(np.float32)
    targets[::4, 1] = targets[1::4, 1] = 0
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, n_classes=14)
    made = Trainer(FaceNet(config), faces, targets, Recipe(epochs=6, batch=16), CPU, 0)
    train.fit(made)
    logits, _ = predict(made.average, faces, CPU, side=40)
    given, votes = logits.reshape(-1, 2, 7).argmax(2).T
    assert (given == labels).mean() > 0.9
    assert (votes == 1 - labels).mean() > 0.9


def test_a_head_without_targets_is_not_moved() -> None:
    faces, labels = two_kinds()
    targets = np.zeros((96, 2, 7), np.float32)
    targets[:, 0] = np.eye(7)[labels]
    config = dataclasses.replace(TINY, n_classes=14)
    model = FaceNet(config)
    before = model.head.weight[7:].detach().clone()
    recipe = Recipe(epochs=1, batch=16, weight_decay=0.0)
    made = Trainer(model, faces, targets, recipe, CPU, 0)
    made.run_epoch()
    assert torch.equal(made.model.head.weight[7:], before)


@pytest.mark.parametrize("optimizer", ["muon", "nesterov", "adamw"])
def test_a_step_reads_the_tensors_of_its_batch_alone(optimizer: Optimizer) -> None:
    """As a CUDA graph replays it: from one batch's memory, which holds each batch in turn."""
    faces, labels = two_kinds(100)  # batches of 17 and 16
    recipe = dataclasses.replace(
        RECIPE, epochs=2, optimizer=optimizer, mixup=0.5, augmentation=Augmentation(cutout=0.2)
    )
    made = []
    for is_replayed in (False, True):
        torch.manual_seed(0)
        one = Trainer(FaceNet(TINY), faces, labels, recipe, CPU, 0)
        held: dict[int, Batch] = {}
        step = one.step

        def replayed(
            batch: Batch, side: int, held: dict[int, Batch] = held, step: Step = step
        ) -> None:
            mine = held.setdefault(len(batch.images), batch.clone())
            mine.copy_(batch)
            step(mine, side)

        if is_replayed:
            one.take = replayed  # type: ignore[method-assign]
        losses = [one.run_epoch(), one.run_epoch()]
        made.append((losses, one))
        if is_replayed:
            assert set(held) == {16, 17}
    (losses, direct), (again, by_replay) = made
    assert losses == again
    for name, value in direct.average.state_dict().items():
        assert torch.equal(value, by_replay.average.state_dict()[name]), name
    assert torch.equal(direct.margins, by_replay.margins)


def test_dropout_acts_while_training_alone() -> None:
    model = FaceNet(dataclasses.replace(TINY, dropout=0.5))
    faces = torch.randn(4, 1, 24, 24)
    assert not torch.equal(model.train()(faces), model(faces))
    assert torch.equal(model.eval()(faces), model(faces))


def test_a_trainer_that_is_dropped_gives_its_memory_back_at_once() -> None:
    made = trainer()
    made.run_epoch()
    gone = weakref.ref(made)
    gc.disable()
    try:
        del made
        assert gone() is None
    finally:
        gc.enable()


def test_progress_counts_every_image_of_uneven_batches() -> None:
    faces, labels = two_kinds(100)
    seen: list[int] = []
    Trainer(FaceNet(TINY), faces, labels, RECIPE, CPU, 0).run_epoch(seen.append)
    assert sum(seen) == 100
    assert set(seen) == {16, 17}
