"""One frozen dataclass a stage: what the command line and a pipeline's TOML can set.

A field's metadata holds its help text, so that each option is described in one place.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Effort = Literal["quick", "standard", "thorough"]
AuditEffort = Literal["instant", "quick", "standard", "thorough"]
Device = Literal["auto", "cpu", "cuda", "mps"]
AuditSplit = Literal["train", "all"]
CleanPolicy = Literal["decided", "confident", "strict"]
CleanSplits = Literal["train", "all"]
MergeCopies = Literal["soft", "drop"]
TrainOn = Literal["raw", "clean", "random-control"]
TrainLabels = Literal["given", "corrected", "votes", "given+votes", "given+corrected"]
Balance = Literal["none", "weights", "sampler", "logit-adjust"]
ScoredSplit = Literal["val", "test"]
ModelFormat = Literal["onnx", "onnx-int8"]
LiveView = Literal["auto", "window", "browser", "none"]


_FORCE = "replace files that are there already"


def _option(default: Any, text: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": text})


_AS = (
    "labels to answer as: given, votes or corrected, whichever it learned (default: its own choice)"
)
_BALANCE = "0 leaves rare classes as rare as in training, 1 takes all for equal (default: its own)"


@dataclass(frozen=True)
class SampleConfig:
    """The embedded sample that `fercurate demo` starts from."""

    folder: Path = _option(Path("datasets/demo-source"), "where to write its csv")
    seed: int = _option(0, "same seed, same bytes")


@dataclass(frozen=True)
class ImportConfig:
    """`fercurate import`."""

    source: Path = _option(Path(), "csv, archive or folder to read")
    ferplus: Path | None = _option(None, "fer2013new.csv: FER+ votes, joined by row")
    max_rejected: float = _option(0.01, "largest share of bad input rows, 0 to 1")
    max_unpacked_gb: float = _option(8.0, "refuse an archive that unpacks to more, GB")
    classes: str | None = _option(None, "what classes mean: 1=sad,contempt=none, fer2013, rafdb")
    val_share: float | None = _option(None, "share of train to make a missing val split of: 0.1")
    seed: int = _option(0, "of that split: same seed, same images")


@dataclass(frozen=True)
class EnrichConfig:
    """`fercurate enrich`."""

    photos: tuple[Path, ...] = _option((), "folders of photographs, or photographs")
    min_face: int = _option(24, "leave out faces that are smaller in the photograph, pixels")
    min_score: float = _option(0.6, "leave out faces that the detector is less sure of, 0 to 1")


@dataclass(frozen=True)
class ScreenConfig:
    """`fercurate screen`."""

    jobs: int | None = _option(None, "processes (default: one a core)")


@dataclass(frozen=True)
class FitScreenConfig:
    """`fercurate fit-screen`."""

    kinds: Path | None = _option(None, "labels by eye: sha256, kind (default: the dataset's)")
    flaws: Path | None = _option(None, "flaws seen by eye (default: the dataset's)")
    out: Path | None = _option(None, "where to write (default: the dataset's folder)")
    tie_rows: bool = _option(
        False, "write into lists that have row numbers alone which images of this import they mean"
    )
    force: bool = _option(False, _FORCE)


@dataclass(frozen=True)
class AuditConfig:
    """`fercurate audit`."""

    effort: AuditEffort = _option(
        "standard", "how much time to spend; instant trains no network and needs a screen"
    )
    folds: int | None = _option(None, "cross-fitting folds (default: by effort)")
    split: AuditSplit = _option("train", "which images to audit")
    seed: int = _option(0, "same seed, same ranking on the same device")
    device: Device = _option("auto", "where to train")
    profile: str | None = _option(
        None, "what is known of the labels' errors: generic (nothing), fer2013, or a file"
    )
    relearn: bool = _option(False, "train nothing: rank anew with the verdicts given since")
    save_profile: Path | None = _option(None, "write what the verdicts taught to this file")


@dataclass(frozen=True)
class ReportConfig:
    """`fercurate report`."""

    faces: bool = _option(True, "embed face images; without them the page may be published")
    folder: Path | None = _option(None, "where to write (default: reports/<dataset>-audit)")
    worst: int = _option(100, "how many of the worst images to show")


@dataclass(frozen=True)
class ReviewLoopConfig:
    """`fercurate evaluate review-loop`."""

    votes: Path | None = _option(None, "fer2013new.csv (default: the votes that import joined)")
    profile: str = _option("generic", "where learning starts, as in audit")
    seeds: int = _option(5, "samples drawn for each number of verdicts")
    folder: Path | None = _option(None, "where to write (default: reports/<dataset>-review-loop)")


@dataclass(frozen=True)
class SyncConfig:
    """`fercurate sync`."""

    columns: tuple[str, ...] | None = _option(None, "update these audit columns only")


@dataclass(frozen=True)
class CleanConfig:
    """`fercurate clean`."""

    policy: CleanPolicy = _option("confident", "how far to go beyond what a person decided")
    splits: CleanSplits = _option("train", "which splits to clean; the others keep every label")
    merge: MergeCopies = _option("soft", "exact copies whose labels disagree: one, soft; or none")
    remove: float | None = _option(None, "remove what is no human face from this sureness on, 0..1")
    relabel: float | None = _option(None, "replace a label from this belief in another on, 0..1")
    drop: float | None = _option(None, "drop a label with less belief and no clear other, 0..1")
    soften: float | None = _option(None, "weight of the belief in a soft label, 0..1")
    with_published: Path | None = _option(
        None, "take a published list instead of a screen and an audit"
    )


@dataclass(frozen=True)
class TrainConfig:
    """`fercurate train`."""

    on: TrainOn = _option(
        "clean", "the clean set, the raw one, or as many raw images as clean has, at random"
    )
    labels: TrainLabels | None = _option(
        None,
        "given (one class), corrected (soft, by clean or audit), votes (FER+'s, where there are "
        "any), or two of them for a network with two heads; default: corrected on clean, given "
        "elsewhere",
    )
    model: str = _option(
        "facenet", "simple, facenet, facenet-large, facenet-xl, plain, vit, or torchvision:NAME"
    )
    effort: Effort = _option("standard", "how much time to spend")
    epochs: int | None = _option(None, "passes over the images (default: by effort)")
    balance: Balance = _option(
        "none",
        "against unequal classes: weights in the loss, a sampler that draws them equally often, or "
        "logits shifted by their shares",
    )
    teachers: tuple[str, ...] = _option(
        (), "distillation: finished runs whose mean answer is half of each target"
    )
    seed: int = _option(0, "same seed, same model on the same device")
    device: Device = _option("auto", "where to train")
    resume: bool = _option(False, "go on with the newest run that did not finish")
    set: tuple[str, ...] = _option((), "FIELD=VALUE: another setting of the recipe, as lr=0.05")


@dataclass(frozen=True)
class CompareConfig:
    """`fercurate compare`."""

    arms: tuple[str, ...] = _option((), "[dataset:]set[:labels] each, or a run; first the baseline")
    seeds: int = _option(3, "runs of each arm, with the seeds 0, 1, 2 and so on")
    model: str = _option("facenet", "as in train")
    effort: Effort = _option("quick", "as in train")
    epochs: int | None = _option(None, "as in train")
    balance: Balance = _option("none", "as in train")
    device: Device = _option("auto", "where to train")
    set: tuple[str, ...] = _option((), "as in train: FIELD=VALUE, a setting of the recipe")
    as_: str | None = _option(None, "labels to answer as, of runs with two heads (default: theirs)")
    at_balance: float = _option(
        0.0, "balance of all answers: 0 leaves rare classes as rare as in training, 1 equal"
    )
    split: ScoredSplit = _option("val", "which images score; test is to be looked at once")
    votes: Path | None = _option(None, "fer2013new.csv (default: the votes that import joined)")
    folder: Path | None = _option(
        None, "where to write (default: reports/<dataset>-compare-<arms>-<mark>)"
    )


@dataclass(frozen=True)
class EvaluateConfig:
    """`fercurate evaluate`."""

    run: str | None = _option(None, "training run (default: the newest that finished)")
    model: Path | None = _option(None, "a model file instead: .onnx or .safetensors")
    votes: Path | None = _option(None, "fer2013new.csv (default: the votes that import joined)")
    split: ScoredSplit = _option("val", "val to choose by; test, which is looked at once")
    as_: str | None = _option(None, _AS)
    balance: float | None = _option(None, _BALANCE)
    labels: tuple[str, ...] | None = _option(
        None, "also limit the model to these classes: happy,sad,neutral"
    )
    groups: bool = _option(False, "show it by positive, neutral and negative")
    surprise: bool = _option(False, "show the groups with surprise as one of its own")
    device: Device = _option("auto", "where to run a model file")
    folder: Path | None = _option(None, "where to write (default: reports/<dataset>-<run>-<split>)")


_MODEL = "run's folder, .onnx or .safetensors (default: the model of the package)"
_THRESHOLD = 'probability below which the answer is "unclear", 0 to 1 (default: the model\'s)'


@dataclass(frozen=True)
class PredictConfig:
    """`fercurate predict`."""

    images: tuple[Path, ...] = _option((), "images, folders of them, or - for paths on stdin")
    crops: bool = _option(False, "the images are faces and little else: look for none in them")
    thorough: bool = _option(False, "look into every corner for small faces, which takes longer")
    model: Path | None = _option(None, _MODEL)
    as_: str | None = _option(None, _AS)
    balance: float | None = _option(None, _BALANCE)
    threshold: float | None = _option(None, _THRESHOLD)
    top: int = _option(2, "how many of the likeliest expressions the table names")
    min_score: float = _option(0.6, "leave out faces that the detector is less sure of, 0 to 1")
    jobs: int | None = _option(None, "threads (default: one more than cores)")
    device: Device = _option("auto", "where to classify")


@dataclass(frozen=True)
class LiveConfig:
    """`fercurate live`."""

    source: str = _option(
        "0", "camera's number (default: 0), video, rtsp or http address, or browser"
    )
    view: LiveView = _option(
        "auto", "where to show it (default: a window if one opens, else browser)"
    )
    model: Path | None = _option(None, _MODEL)
    device: Device = _option("auto", "where to classify")
    as_: str | None = _option(None, _AS)
    balance: float | None = _option(None, _BALANCE)
    threshold: float | None = _option(None, _THRESHOLD)
    smoothing: float = _option(0.35, "seconds until a change shows by half, or 0 (default: 0.35)")
    groups: bool = _option(False, "positive, neutral, negative and surprise instead of classes")
    mirror: bool | None = _option(None, "show it as a mirror does (default: cameras, not files)")
    record: Path | None = _option(None, "write the video with what is drawn in it (.mp4)")
    plain: bool = _option(False, "record the frames as they are, without what is drawn")
    jsonl: Path | None = _option(None, "write a line of JSON for each face and frame; - is stdout")
    csv: Path | None = _option(None, "the same as CSV; - is stdout")
    summary: Path | None = _option(None, "plot each face's expressions over time at the end (.png)")
    snapshots: Path = _option(Path("snapshots"), "folder for snapshots (default: snapshots)")
    seconds: float | None = _option(None, "stop after so many seconds of the source")
    loop: bool = _option(False, "begin a video anew when it ends, until it is stopped")
    size: str | None = _option(None, "ask the camera for this size, such as 1280x720")
    fps: float | None = _option(None, "ask the camera for so many frames a second")
    port: int | None = _option(None, "of the page (default: a free one)")
    open: bool = _option(True, "open the page in this machine's browser")
    force: bool = _option(False, _FORCE)


@dataclass(frozen=True)
class BenchConfig:
    """`fercurate bench live`."""

    video: Path | None = _option(None, "video to run through")
    faces: int = _option(1, "faces in the video that is made where none is given: 1 or 4")
    model: Path | None = _option(None, _MODEL)
    device: Device = _option("auto", "where to classify")
    seconds: float = _option(60.0, "to run at full speed, and again at a camera's pace")
    rate: float = _option(30.0, "frames a second of that pace")


@dataclass(frozen=True)
class ExportModelConfig:
    """`fercurate export-model`."""

    run: str | None = _option(
        None, "run's name or folder, or a .safetensors file (default: the newest that finished)"
    )
    to: Path = _option(Path("model.onnx"), "file to write")
    format: ModelFormat = _option("onnx", "onnx, or onnx-int8: smaller, with its loss measured")
    mirrored: bool | None = _option(
        None, "mean over a face and its mirror image: better, twice the time (default: as trained)"
    )
    as_: str | None = _option(None, "labels that the file answers as where none are named")
    balance: float | None = _option(
        None, "its balance of rare classes, 0 to 1 (default: as trained)"
    )
    threshold: float | None = _option(
        None, 'probability below which the answer is "unclear", 0 to 1 (default: as trained)'
    )
    force: bool = _option(False, _FORCE)


@dataclass(frozen=True)
class ExportConfig:
    """`fercurate export`."""

    to: Path = _option(Path(), "folder to make")
    as_: str = _option("csv", "csv, folder, or a dataset type of FiftyOne for labelled images")
    splits: tuple[str, ...] | None = _option(None, "train, val, test (default: all)")


@dataclass(frozen=True)
class ReviewConfig:
    """`fercurate review`."""

    view: str = _option("queue", "saved view to open, such as ambiguous or not-human")
    who: str | None = _option(None, "reviewer (default: your user name)")
    sample: int | None = _option(None, "show this many images drawn at random, blind, first")
    blind_repeats: float = _option(0.0, "share of decided images to show again blind, 5% say")
    port: int | None = _option(None, "where to listen (default: 5151 or the next free one)")
    remote: bool = _option(False, "print the ssh tunnel for a browser on another machine")
    browser: bool = _option(True, "open a browser")
    export: Path | None = _option(None, "write a sheet to review elsewhere (.html, .csv), and stop")
    import_: Path | None = _option(None, "read verdicts from a csv, and stop")
    rows: int = _option(200, "images of an exported sheet, from the top of the queue")
    agreement: bool = _option(False, "compare reviewers with each other and themselves, and stop")
    seed: int = _option(0, "same seed, same sample")
    force: bool = _option(False, _FORCE)
