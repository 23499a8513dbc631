"""The road: which stages there are, in which order, and how each is called.

The command line and `fercurate run` both go through here, so that a stage has one set of
options. Stages are imported when they run.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fercurate import config, locks, outputs, parts, pngs, settings, workspace
from fercurate.errors import EXIT_STOPPED, FercurateError, InputError
from fercurate.progress import Progress
from fercurate.standing import standing as standing
from fercurate.workspace import Workspace

RELEARN_WAIT = 60.0
"""Seconds that ranking anew waits for another writer; the next verdicts ask for it again."""


def run_sample(
    space: Workspace, options: config.SampleConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.samples import stage

    return stage.write(options.folder, seed=options.seed, force=force)


def run_import(
    space: Workspace, options: config.ImportConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.ingest import stage

    with locks.writing(space):
        return stage.run(space, options, progress, force=force)


def run_enrich(
    space: Workspace, options: config.EnrichConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.ingest import enrich

    with locks.writing(space):
        return enrich.run(space, options, progress)


def run_screen(
    space: Workspace, options: config.ScreenConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.screen import stage

    with locks.writing(space):
        return stage.run(space, options, progress, force=force)


def run_fit_screen(space: Workspace, options: config.FitScreenConfig, progress: Progress) -> Any:
    from fercurate.screen import teach

    if options.out is not None and options.out.absolute() != space.heads_path.absolute():
        reads = [options.kinds or space.kinds_path, options.flaws or space.flaws_path]
        outputs.check(options.out, "out", force=options.force, reads=reads)
    with locks.writing(space):
        return teach.run(space, options, progress)


def run_audit(
    space: Workspace, options: config.AuditConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.audit import stage

    if options.save_profile is not None:
        reads = [] if options.profile is None else [Path(options.profile)]
        outputs.check(options.save_profile, "save-profile", force=force, reads=reads)
    # ranking anew takes seconds, and a review asks for it whatever else is going on
    with locks.writing(space, wait=RELEARN_WAIT if options.relearn else locks.AT_ONCE):
        return stage.run(space, options, progress, force=force)


def run_report(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.report import audit_page

    folder = options.folder or workspace.REPORTS / f"{space.name}-audit"
    outputs.report_folder(folder, "audit", besides=("screen",))
    return audit_page.run(space, options, progress)


def run_screen_report(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> Any:
    """The screen's page; in a folder that was named it leaves room for the audit's."""
    from fercurate.report import screen_page

    if options.folder is not None:
        options = dataclasses.replace(options, folder=options.folder / "screen")
    outputs.report_folder(options.folder or workspace.REPORTS / f"{space.name}-screen", "screen")
    return screen_page.run(space, options, progress)


def run_reports(
    space: Workspace, options: config.ReportConfig, progress: Progress, *, force: bool = False
) -> list[Any]:
    """The page of each stage that has run, the audit's last; without any it says what to do."""
    written = []
    if options.folder is not None:  # both before either is written
        outputs.report_folder(options.folder, "audit", besides=("screen",))
    if space.has("screen"):
        written.append(run_screen_report(space, options, progress))
    if space.has("audit") or not written:
        written.append(run_report(space, options, progress))
    return written


def run_review(space: Workspace, options: config.ReviewConfig, progress: Progress) -> Any:
    """The App until Ctrl-C; the audit is ranked anew in a process of its own meanwhile."""
    from fercurate.review import stage

    if options.export is not None:
        outputs.check(options.export, "export", force=options.force)
    relearn = [
        sys.executable, "-m", "fercurate", "audit", "--relearn", "--no-report", "--no-fiftyone",
        "--dataset", str(space.root.resolve()),
    ]  # fmt: skip
    if options.import_ is None and not options.agreement:
        pngs.restore(space, progress)
    return stage.run(space, options, progress, relearn_command=relearn)


def run_review_loop(
    space: Workspace, options: config.ReviewLoopConfig, progress: Progress
) -> tuple[Any, Path]:
    """Play the review, and write its report; what was found, and the page."""
    from fercurate.evaluate import review_loop
    from fercurate.report import review_loop as page

    folder = options.folder or workspace.REPORTS / f"{space.name}-review-loop"
    outputs.report_folder(folder, "review-loop")
    found = review_loop.run(space, options.votes, progress, options.profile, options.seeds)
    return found, page.write(folder, space.name, found.as_dict())


def run_clean(
    space: Workspace, options: config.CleanConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.clean import stage

    with locks.writing(space):
        return stage.run(space, options, progress, force=force)


def run_train(
    space: Workspace, options: config.TrainConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.train import stage

    return stage.run(space, options, progress, force=force)


def run_compare(
    space: Workspace, options: config.CompareConfig, progress: Progress
) -> tuple[Any, Path]:
    """Train what is missing of each arm, compare, write the report; what was found, the page."""
    from fercurate.evaluate import arms, compare_runs
    from fercurate.report import compare_page

    if options.folder is not None:
        outputs.report_folder(options.folder, "compare")
    chosen = arms.parse_all(options.arms, space, workspace.DATASETS)
    if options.seeds < 1:
        raise InputError(f"--seeds is {options.seeds}.", "Give 1 or more; 3 is the least to go by.")
    if not 0 <= options.at_balance <= 1:
        raise InputError(f"--at-balance is {options.at_balance}.", "It is between 0 and 1.")
    seeds = compare_runs.check(space, chosen, options.split, options.votes, options.seeds)
    if not all(arm.runs for arm in chosen) and len(seeds) < options.seeds:
        progress.warn(f"Not every arm has more seeds than {', '.join(map(str, seeds))}.")
    shared = ("model", "effort", "epochs", "balance", "device", "set")
    alike = {name: getattr(options, name) for name in shared}
    trained = []
    for number, arm in enumerate(chosen, 1):
        folders = arm.folders()
        for seed in () if folders else seeds:
            progress.say(f"Arm {number} of {len(chosen)}: {arm.name}, seed {seed}")
            told = {**alike, "on": arm.on, "labels": arm.labels, "seed": seed}
            wanted = settings.build(config.TrainConfig, told, "compare")
            folders.append(_trained(arm.workspace, wanted, progress))
        trained.append((arm, folders))
    found = compare_runs.run(
        space, trained, options.split, options.votes, head=options.as_, balance=options.at_balance
    )
    told = found.as_dict()
    folder = options.folder or workspace.REPORTS / compare_page.folder_name(told, options)
    outputs.report_folder(folder, "compare")
    return found, compare_page.write(folder, told, options)


def _trained(space: Workspace, options: config.TrainConfig, progress: Progress) -> Path:
    """The folder of one of a comparison's runs; the dataset itself does not count as trained."""
    from fercurate.train import stage

    try:
        return Path(stage.run(space, options, progress, record=False).folder)
    except FercurateError as error:
        if error.code == EXIT_STOPPED:
            error.fix = "Give the same command again: what is trained is kept."
        raise


def run_evaluate(
    space: Workspace, options: config.EvaluateConfig, progress: Progress, *, force: bool = False
) -> tuple[Any, Any, Path]:
    """Score a trained model; what was found, what it was found from, and the report's page."""
    from fercurate.evaluate import model
    from fercurate.report import model_page

    if options.folder is not None:
        outputs.report_folder(options.folder, "evaluate")
    found, made = model.run(space, options, progress)
    name = f"{space.name}-{Path(found.model).stem}-{found.split}"
    folder = outputs.report_folder(options.folder or workspace.REPORTS / name, "evaluate")
    page = model_page.write(folder, found.as_dict())
    return found, made, page


def try_predictions(space: Workspace, scored: Any, progress: Progress) -> Any:
    """Show a model's answers in FiftyOne; None, and a warning, when that fails."""
    from fercurate.evaluate.outputs import others
    from fercurate.review import predictions

    try:
        pngs.restore(space, progress)
        with locks.mirroring(space):
            return predictions.run(
                space,
                scored.name,
                scored.split,
                scored.rows,
                scored.probabilities(),
                progress,
                others(scored),
            )
    except FercurateError as error:
        progress.warn(f"The predictions are not in FiftyOne: {error.message}")
        progress.warn(f"The scores stand. {error.fix}")
        return None


def run_predict(
    options: config.PredictConfig, progress: Progress, lines: Iterable[str] = ()
) -> Any:
    """The faces of some images; `lines` is standard input. Needs no dataset."""
    from fercurate.predict import stage

    return stage.run(options, progress, lines)


def run_live(options: config.LiveConfig, progress: Progress) -> Any:
    """Faces of a camera, a video or a stream until it ends or is ended. Needs no dataset."""
    from fercurate.live import stage

    return stage.run(options, progress)


def bench_live(options: config.BenchConfig, progress: Progress) -> Any:
    """How fast live is, on a video or on one that is made for it. Needs no dataset."""
    from fercurate.live import bench

    if options.video is not None:
        return bench.run(options, progress)
    from fercurate.samples import video

    scene = {1: "one", 4: "four"}.get(options.faces)
    if scene is None:
        raise InputError(f"--faces is {options.faces}.", "Give 1 or 4, or a video of your own.")
    with tempfile.TemporaryDirectory(prefix="fercurate-bench-") as folder:
        made = Path(folder) / f"faces-{options.faces}.mp4"
        progress.say(f"Making a video of moving faces: {options.faces}")
        video.write(made, video.scene(scene))
        return bench.run(dataclasses.replace(options, video=made), progress)


def run_export_model(
    dataset: str | None, options: config.ExportModelConfig, progress: Progress
) -> Any:
    """A model as a file; a checkpoint that is named by its path needs no dataset."""
    from fercurate.predict import export_model

    by_path = options.run is not None and Path(options.run).exists()
    needs_none = by_path and options.format == "onnx" and dataset is None
    space = None if needs_none else workspace.find(dataset)
    return export_model.run(space, options, progress)


def run_export(
    space: Workspace, options: config.ExportConfig, progress: Progress, *, force: bool = False
) -> Any:
    """As plain files, or through FiftyOne for the formats that it knows."""
    from fercurate.clean import export

    if options.as_ != "csv":
        pngs.restore(space, progress)
    if options.as_ in export.FORMATS:
        return export.run(space, options, progress, force=force)
    from fercurate.review import export as through_fiftyone

    return through_fiftyone.run(space, options, progress, force=force)


def run_sync(
    space: Workspace, options: config.SyncConfig, progress: Progress, *, force: bool = False
) -> Any:
    from fercurate.review import sync

    pngs.restore(space, progress)
    with locks.mirroring(space):
        return sync.run(space, options, progress)


def try_sync(
    space: Workspace, options: config.SyncConfig, progress: Progress, *, force: bool = False
) -> Any:
    """Mirror into FiftyOne after other stages; None, and a warning, when that fails.

    The workspace is the truth and FiftyOne a view of it: what was imported or audited
    counts, whether or not a database starts. Where FiftyOne is not installed nothing is said:
    `fercurate doctor` says it.
    """
    if not parts.has("fiftyone"):
        return None
    try:
        return run_sync(space, options, progress)
    except FercurateError as error:
        progress.warn(f"FiftyOne was not brought up to date: {error.message}")
        progress.warn(f"Nothing is lost. {error.fix}")
        progress.warn(f"Later: fercurate sync{workspace.option(space)}")
        return None
