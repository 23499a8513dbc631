"""Where each file of a dataset lies: the only module that knows their names."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Paths:
    """The files below `root`, the folder of one dataset; it need not exist yet."""

    root: Path

    @property
    def manifest_path(self) -> Path:
        return self.root / "manifest.parquet"

    @property
    def faces_path(self) -> Path:
        return self.root / "faces.npy"

    @property
    def images_dir(self) -> Path:
        return self.root / "images"

    @property
    def votes_path(self) -> Path:
        return self.root / "votes.parquet"

    @property
    def rejected_path(self) -> Path:
        return self.root / "rejected.csv"

    @property
    def enrich_rejected_path(self) -> Path:
        """Photographs and faces that the last `fercurate enrich` left out, and why."""
        return self.root / "enrich-rejected.csv"

    @property
    def dataset_path(self) -> Path:
        """What was imported: its source, format and whether it is FER2013."""
        return self.root / "dataset.json"

    @property
    def kinds_path(self) -> Path:
        """What a person says each image is: columns row, kind, how."""
        return self.root / "kinds.csv"

    @property
    def flaws_path(self) -> Path:
        """Flaws that a person has seen: columns row, watermark, hand, sunglasses."""
        return self.root / "flaws.csv"

    @property
    def heads_path(self) -> Path:
        """The screen's classifiers where they were fitted on this dataset's own labels."""
        return self.root / "screen-heads.npz"

    @property
    def screen_path(self) -> Path:
        return self.root / "screen.parquet"

    @property
    def components_path(self) -> Path:
        """What the screen's image network sees, as principal components of all images."""
        return self.root / "components.npy"

    @property
    def screen_summary_path(self) -> Path:
        return self.root / "screen.json"

    @property
    def audit_path(self) -> Path:
        return self.root / "audit.parquet"

    @property
    def audit_summary_path(self) -> Path:
        return self.root / "audit.json"

    @property
    def pred_probs_path(self) -> Path:
        return self.root / "pred_probs.npy"

    @property
    def evidence_path(self) -> Path:
        """What the cross-fitting says of each audited image: what re-ranking starts from."""
        return self.root / "evidence.npz"

    @property
    def sample_path(self) -> Path:
        """Images drawn at random for review, with their strata and inclusion probabilities."""
        return self.root / "sample.parquet"

    @property
    def sample_frame_path(self) -> Path:
        """All images that the sample was drawn from, as they were at the first draw."""
        return self.root / "sample-frame.parquet"

    @property
    def decisions_path(self) -> Path:
        """What reviewers decided, one JSON object a line, only ever appended to."""
        return self.root / "decisions.jsonl"

    @property
    def clean_path(self) -> Path:
        return self.root / "clean.parquet"

    @property
    def clean_summary_path(self) -> Path:
        return self.root / "clean.json"

    @property
    def changes_path(self) -> Path:
        """Each image that cleaning dropped or changed, and why."""
        return self.root / "changes.csv"

    @property
    def plugins_dir(self) -> Path:
        """The folder where FiftyOne finds our plugin and links to the user's own."""
        return self.root / ".plugins"

    def server_log_path(self, who: str) -> Path:
        """What FiftyOne's server logged during the last review of one reviewer."""
        return self.database_dir / f"server-{who}.log"

    def reviewing_path(self, who: str) -> Path:
        """Held by the running review of one reviewer; says at which port."""
        return self.database_dir / f"reviewing-{who}"

    @property
    def lock_path(self) -> Path:
        """Held by the one process that writes here."""
        return self.root / ".writing.lock"

    @property
    def new_lock_path(self) -> Path:
        """The same while there is no folder of the dataset yet."""
        return self.root.parent / f".{self.root.name}.writing.lock"

    @property
    def restoring_dir(self) -> Path:
        """PNGs that are being made again."""
        return self.root / ".restoring"

    @property
    def mirror_lock_path(self) -> Path:
        """Held by the one process that writes to the dataset's FiftyOne mirror."""
        return self.root / ".mirror.lock"

    @property
    def stages_lock_path(self) -> Path:
        """Held for the moment in which `stages.json` is read and written again."""
        return self.root / ".stages.lock"

    @property
    def stages_path(self) -> Path:
        return self.root / "stages.json"

    @property
    def runs_dir(self) -> Path:
        return self.root / "runs"

    @property
    def database_dir(self) -> Path:
        return self.root / ".fiftyone"

    def outputs(self, stage: str) -> tuple[Path, ...]:
        """The files that a stage writes and later ones read; empty for a stage without any."""
        return {
            "import": (self.manifest_path, self.faces_path, self.votes_path, self.dataset_path),
            "screen": (self.screen_path, self.screen_summary_path, self.components_path),
            "audit": (
                self.audit_path,
                self.audit_summary_path,
                self.pred_probs_path,
                self.evidence_path,
            ),
            "sample": (self.sample_path, self.sample_frame_path),
            "clean": (self.clean_path, self.clean_summary_path, self.changes_path),
        }.get(stage, ())

    def image_path(self, sample_id: str) -> Path:
        return self.images_dir / f"{sample_id}.png"

    def run_dir(self, run_id: str) -> Path:
        return self.runs_dir / run_id


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """The files of one training run, below `Paths.run_dir`."""

    folder: Path

    @property
    def lock_path(self) -> Path:
        """Held by the one process that trains it."""
        return self.folder / ".training.lock"

    @property
    def config_path(self) -> Path:
        """What the run was told, its recipe and the fingerprint of its data."""
        return self.folder / "config.json"

    @property
    def last_path(self) -> Path:
        """The whole state after the last epoch: what `--resume` goes on from."""
        return self.folder / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """The model: weights of the best epoch, with its description."""
        return self.folder / "best.safetensors"

    @property
    def metrics_path(self) -> Path:
        """The learning curve, the best epoch and the totals."""
        return self.folder / "metrics.json"

    @property
    def logits_path(self) -> Path:
        """What the model says of val and test: `sha256` uint8 [n, 32] of the pixels, `row` int32
        [n] in the manifest of that time, `logits` float32 [n, 7]."""
        return self.folder / "logits.npz"

    @property
    def tensorboard_dir(self) -> Path:
        return self.folder / "tensorboard"
