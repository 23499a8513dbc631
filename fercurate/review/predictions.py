"""A model's answers in FiftyOne: a field of predictions, and FiftyOne's own evaluation of them.

The scores of record are those of `fercurate evaluate`. Here a person sees which faces a model
gets wrong: `fercurate review --view models-mistakes-val`. FiftyOne's panel Model Evaluation, with
its confusion matrix to click through, opens in FiftyOne's own App alone: it runs Python that the
page sends, so that it is closed in a review (`hardening.CLOSED`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.config import SyncConfig
from fercurate.errors import FercurateError
from fercurate.labels import CLASSES, COLOURS
from fercurate.progress import Progress
from fercurate.review import sync
from fercurate.review.connection import opened
from fercurate.workspace import Workspace

FIELD = "prediction"
TRUTH = "ground_truth"
KEY = {"val": "model_val", "test": "model_test"}
"""FiftyOne's evaluation key of each split; also the field that says which answers are right."""

NOTE = "fercurate-prediction"
"""Key in `dataset.info` under which the dataset remembers whose predictions it shows."""

VIEW = {"val": "Model's mistakes (val)", "test": "Model's mistakes (test)"}


@dataclass(frozen=True)
class PredictionResult:
    """What is in FiftyOne now.

    Attributes:
        dataset: Of FiftyOne.
        n_predictions: Samples with a prediction of this split.
        eval_key: Of FiftyOne's evaluation; None where no sample has a label.
        accuracy: As FiftyOne counts it, against given labels, 0..1; None likewise.
        seconds: Taken.
    """

    dataset: str
    n_predictions: int
    eval_key: str | None
    accuracy: float | None
    seconds: float


def run(
    workspace: Workspace,
    model: str,
    split: str,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    progress: Progress,
    others: Mapping[str, NDArray[np.floating[Any]]] = MappingProxyType({}),
) -> PredictionResult:
    """Bring the dataset up to date and write a model's answers into it.

    Args:
        workspace: Its FiftyOne dataset is made where it is missing.
        model: Name of the model; predictions of another one are replaced, on all splits.
        split: val or test.
        rows: int64 [n], rows of the manifest.
        probabilities: float [n, 7], rows adding up to 1.
        progress: Told of the steps.
        others: The same of the model's other heads, by name: fields `prediction_<head>`.

    Raises:
        FercurateError: the database does not start or fails, or a field `prediction` of the
            user's own is there.
    """
    from pymongo.errors import PyMongoError

    try:
        with opened(workspace) as fo:
            sync.sync(fo, workspace, SyncConfig(), progress)
            return write(fo, workspace, model, split, rows, probabilities, others)
    except PyMongoError as error:
        raise FercurateError(
            f"The FiftyOne database failed: {error}", "Try again with: fercurate evaluate"
        ) from error


def write(
    fo: ModuleType,
    workspace: Workspace,
    model: str,
    split: str,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    others: Mapping[str, NDArray[np.floating[Any]]] = MappingProxyType({}),
) -> PredictionResult:
    """The same over a FiftyOne that is connected, and a dataset that is up to date."""
    started = time.monotonic()
    dataset = fo.load_dataset(workspace.name)
    dataset.reload()
    _make_room(dataset, model)
    names = workspace.manifest(["sample_id"])["sample_id"].to_numpy(str)[rows]
    labels = _answers(fo, names, probabilities)
    fields = {FIELD: labels}
    fields |= {f"{FIELD}_{head}": _answers(fo, names, shares) for head, shares in others.items()}
    for field in fields:
        if not dataset.has_sample_field(field):
            dataset.add_sample_field(
                field,
                fo.EmbeddedDocumentField,
                embedded_doc_type=fo.Classification,
                description="the model's answer with its probability",
            )
    dataset.info[NOTE] = {"model": model, "heads": list(others)}
    dataset.save()
    for field, values in fields.items():
        dataset.set_values(field, values, key_field="sample_id")
        _show(dataset, field)
    view = dataset.match(fo.ViewField("sample_id").is_in(list(labels)))
    labelled = view.exists(f"{TRUTH}.label")
    key, accuracy = None, None
    if len(labelled):
        key = KEY[split]
        if key in dataset.list_evaluations():
            dataset.delete_evaluation(key)
        found = labelled.evaluate_classifications(
            FIELD, gt_field=TRUTH, eval_key=key, classes=list(CLASSES)
        )
        accuracy = float(found.metrics()["accuracy"])
        mistakes = dataset.match(fo.ViewField(key) == False).sort_by(  # noqa: E712
            f"{FIELD}.confidence", reverse=True
        )
        dataset.save_view(
            VIEW[split],
            mistakes,
            description="Answers that differ from the given label, the surest first",
            overwrite=True,
        )
    return PredictionResult(
        dataset.name, len(labels), key, accuracy, round(time.monotonic() - started, 2)
    )


def _answers(
    fo: ModuleType, names: NDArray[np.str_], probabilities: NDArray[np.floating[Any]]
) -> dict[str, Any]:
    """FiftyOne's labels by sample id, of probabilities float [n, 7]."""
    best, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return {
        str(name): fo.Classification(label=CLASSES[answer], confidence=float(confidence))
        for name, answer, confidence in zip(names, best, sure, strict=True)
    }


def _make_room(dataset: Any, model: str) -> None:
    """Take another model's predictions away.

    Raises:
        FercurateError: the field is not ours.
    """
    note = dataset.info.get(NOTE)
    if note is None:
        if dataset.has_sample_field(FIELD):
            raise FercurateError(
                f"The FiftyOne dataset {dataset.name!r} has a field {FIELD!r} of your own.",
                "Rename it in FiftyOne: dataset.rename_sample_field('prediction', 'mine')",
            )
        return
    if note.get("model") == model:
        return
    for split, key in KEY.items():
        if key in dataset.list_evaluations():
            dataset.delete_evaluation(key)
        if VIEW[split] in dataset.list_saved_views():
            dataset.delete_saved_view(VIEW[split])
    for field in (FIELD, *(f"{FIELD}_{head}" for head in note.get("heads", ()))):
        if dataset.has_sample_field(field):
            dataset.clear_sample_field(field)


def _show(dataset: Any, field: str) -> None:
    """Colour the answers as the labels are, and tick them in the sidebar."""
    config = dataset.app_config
    scheme = config.color_scheme
    if scheme is not None and not any(f["path"] == field for f in scheme.fields or []):
        colours = [{"value": name, "color": colour} for name, colour in COLOURS.items()]
        ours = {"path": field, "colorByAttribute": "label", "valueColors": colours}
        scheme.fields = [*(scheme.fields or []), ours]
    active = config.active_fields
    if active is not None and field not in active.paths:
        active.paths = [*active.paths, field]
    dataset.save()
