"""The classifier on fixed features: it never answers for an image that it was fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import fixed, folds, scores


def made(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features in three clusters, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = rng.normal(size=(3, 10))
    features = centres[labels] + 0.5 * rng.normal(size=(n, 10))
    return fixed.unit(features.astype(np.float32)), labels


def test_held_out_answers_know_the_classes() -> None:
    features, labels = made()
    fold_of = folds.assign(labels, np.arange(len(labels)), 4, 0)
    answer = fixed.cross_fit(features, labels, fold_of, 3)
    assert answer.logits.shape == (600, 3)
    assert (answer.logits.argmax(axis=1) == labels).mean() > 0.9
    held_out = np.arange(4)[:, None] == fold_of
    assert (np.isnan(answer.margins) == held_out).all()
    assert (scores.area_under_margin(answer.margins) > 0).mean() > 0.9


def test_no_label_speaks_for_its_own_image() -> None:
    """Other labels in a fold change what is said of the others; of its own, the sharpness alone."""
    features, labels = made()
    fold_of = folds.assign(labels, np.arange(len(labels)), 4, 0)
    other = labels.copy()
    other[np.flatnonzero(fold_of == 2)[:20]] += 1
    other %= 3
    first, second = (fixed.cross_fit(features, given, fold_of, 3) for given in (labels, other))

    def direction(answer: fixed.Answer, fold: int) -> np.ndarray:
        said = answer.logits[fold_of == fold]
        return said / np.linalg.norm(said)

    assert direction(first, 2) == pytest.approx(direction(second, 2), abs=1e-5)
    assert np.abs(direction(first, 1) - direction(second, 1)).max() > 1e-4


def test_noise_gets_the_strongest_ridge_and_flat_answers() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 7, 200)
    features = fixed.unit(rng.normal(size=(200, 150)).astype(np.float32))
    fold_of = folds.assign(labels, np.arange(200), 5, 0)
    probs = scores.softmax(fixed.cross_fit(features, labels, fold_of, 7).logits)
    assert probs.max() < 0.4


def test_a_class_without_images_gets_little() -> None:
    features, labels = made()
    fold_of = folds.assign(labels, np.arange(len(labels)), 4, 0)
    probs = scores.softmax(fixed.cross_fit(features, labels, fold_of, 7).logits)
    assert probs[:, 3:].max() < 0.2
    assert probs.sum(axis=1) == pytest.approx(np.ones(len(labels)), abs=1e-5)


def test_the_margin_is_to_the_best_other_class() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]], np.float32)
    assert fixed.logit_margin(logits, np.array([1, 0])).tolist() == [1, -2]
    assert logits.tolist() == [[1, 3, 2]] * 2


@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_sharpness_undoes_a_temperature(factor: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5)).astype(np.float32)
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    found = fixed.sharpness(logits / np.float32(factor), labels)
    assert found == pytest.approx(factor, rel=0.1)


def test_gradients_are_the_same_in_a_mirror() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    faces[2] = 90
    found = fixed.gradients(faces)
    assert found.shape == (3, 900)
    assert found == pytest.approx(fixed.gradients(faces[:, :, ::-1]), abs=1e-6)
    assert np.isfinite(found).all()


def test_principal_components_are_scaled_together() -> None:
    values = np.random.default_rng(0).normal(size=(500, 6)) * np.array([9, 3, 1, 1, 1, 1])
    found = fixed.principal(values.astype(np.float32), 3)
    assert found.shape == (500, 3)
    assert (found**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)
    assert found.std(axis=0)[0] > 2.5 * found.std(axis=0)[1]
    assert fixed.principal(np.ones((4, 5), np.float32), 9).tolist() == [[0] * 5] * 4


def test_copies_are_no_neighbours_and_share_a_fold() -> None:
    rng = np.random.default_rng(0)
    n = 60
    faces = rng.integers(0, 256, (n, 48, 48), np.uint8)
    labels = np.arange(n) % 3
    groups = np.arange(n)
    groups[1] = 0
    found = fixed.view(rng.normal(size=(n, 12)).astype(np.float32), faces, labels, groups, 3, 0, 7)
    assert 1 not in found.neighbours[0]
    assert found.evidence.probs.shape == found.evidence.votes.shape == (n, 7)
    assert found.spaces.embeddings.shape[:2] == (1, n)
    assert (found.spaces.folds == 0).all()
    assert np.isfinite(found.evidence.margins).all()
