"""What cleaning changed: every change as a row, and the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fercurate.clean import reasons
from fercurate.clean.plan import Plan
from fercurate.labels import CLASSES, SPLITS

if TYPE_CHECKING:
    import pandas as pd

SOFT = tuple(f"soft_{name}" for name in CLASSES)

_QUIET = (reasons.KEPT, reasons.UNTOUCHED, reasons.SOFTENED, reasons.DECIDED_KEEP)
"""What leaves the label as it was, and so is no change of its own."""


def clean_table(manifest: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """One row a kept image, in the manifest's order.

    Returns:
        `row` int32, `sample_id`, `sha256`, `split`, `label` (None: an untouched image without one),
        `given_label`, `gold_label` (what reviewers settled on, None elsewhere), `why` (one of
        `reasons.STAYS`), and `soft_<class>` float32, adding up to 1 (NaN without a label).
    """
    import pandas as pd

    names = np.array([*CLASSES, None], object)
    stays = plan.stays
    table: pd.DataFrame = pd.DataFrame(
        {
            "row": manifest["row"].to_numpy(np.int32)[stays],
            "sample_id": manifest["sample_id"].to_numpy(object)[stays],
            "sha256": manifest["sha256"].to_numpy(object)[stays],
            "split": manifest["split"].to_numpy(object)[stays],
            "label": names[plan.label[stays]],
            "given_label": names[plan.given[stays]],
            "gold_label": plan.gold[stays],
            "why": plan.why[stays],
            **{name: plan.target[stays, i] for i, name in enumerate(SOFT)},
        }
    )
    return table


def changes_table(manifest: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """One row an image that was dropped, relabeled or merged, or softened by a person.

    Returns:
        `row`, `sample_id`, `sha256`, `split`, `from`, `to` (empty: dropped), `change` (dropped,
        relabeled, merged or softened), `reason`, `confidence` (0..1 that the change is right,
        empty where nothing says) and `who` (empty: nobody decided).
    """
    import pandas as pd

    names = np.array([*CLASSES, ""], object)
    relabeled = plan.stays & (plan.label != plan.given)
    changed = ~plan.stays | relabeled | ~np.isin(plan.why, _QUIET)
    change = np.select(
        [~plan.stays, plan.why == reasons.MERGED, relabeled],
        ["dropped", "merged", "relabeled"],
        "softened",
    )
    table = pd.DataFrame(
        {
            "row": manifest["row"].to_numpy(np.int32),
            "sample_id": manifest["sample_id"].to_numpy(object),
            "sha256": manifest["sha256"].to_numpy(object),
            "split": manifest["split"].to_numpy(object),
            "from": names[plan.given],
            "to": np.where(plan.stays, names[plan.label], ""),
            "change": change,
            "reason": plan.why,
            "confidence": np.round(plan.confidence.astype(np.float64), 4),
            "who": plan.who,
        }
    )
    listed: pd.DataFrame = table[changed].reset_index(drop=True)
    return listed


def summary(
    manifest: pd.DataFrame, plan: Plan, kind_by_eye: Any, removal_precision: float | None
) -> dict[str, Any]:
    """Counts of what happened, and the precision to expect of each step.

    Returns:
        `n_images`, `n_kept`, `n_dropped`, `n_relabeled`, `n_softened`, `n_merged`;
        `reasons` (images by reason, all splits); `by_class` (for each given label of the
        train split: before, after, relabeled, softened, dropped); `splits` (before, after);
        `expected` (for each step that was taken: images, and `precision` 0..1 or None).
    """
    train = (manifest["split"] == "train").to_numpy()
    relabeled = plan.stays & (plan.label != plan.given)
    soft = plan.stays & (np.nan_to_num(plan.target).max(axis=1) < 1) & (plan.given >= 0)
    by_class = {}
    for i, name in enumerate(CLASSES):
        was, is_now = train & (plan.given == i), train & plan.stays & (plan.label == i)
        by_class[name] = {
            "before": int(was.sum()),
            "after": int(is_now.sum()),
            "relabeled": int((was & relabeled).sum()),
            "softened": int((was & soft & ~relabeled).sum()),
            "dropped": int((was & ~plan.stays).sum()),
            "soft_after": round(float(np.nansum(plan.target[train & plan.stays, i])), 1),
        }
    names, counts = np.unique(plan.why.astype(str), return_counts=True)
    count = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return {
        "n_images": len(manifest),
        "n_kept": int(plan.stays.sum()),
        "n_dropped": int((~plan.stays).sum()),
        "n_relabeled": int(relabeled.sum()),
        "n_softened": int((soft & ~relabeled).sum()),
        "n_merged": count.get(reasons.MERGED, 0),
        "reasons": {w: count[w] for w in (*reasons.STAYS, *reasons.LEAVES) if w in count},
        "by_class": by_class,
        "splits": {
            s: {
                "before": int((manifest["split"] == s).sum()),
                "after": int(((manifest["split"] == s).to_numpy() & plan.stays).sum()),
            }
            for s in SPLITS
        },
        "expected": _expected(plan, np.asarray(kind_by_eye, bool), removal_precision),
    }


def _expected(plan: Plan, by_eye: Any, removal_precision: float | None) -> dict[str, Any]:
    """The precision of each step as the evidence itself has it, before anybody counts."""
    removed = np.isin(plan.why, (reasons.NONFACE, reasons.DRAWN))
    guessed = removed & ~by_eye
    # both are lower bounds: the one counts doubtful images too, the other is over-cautious
    known = [value for value in (removal_precision,) if value is not None]
    if guessed.any():
        known.append(float(plan.confidence[guessed].mean()))
    steps = {
        "removed, seen by eye": (removed & by_eye, None),
        "removed by the screen": (guessed, max(known, default=None)),
        "relabeled": (plan.why == reasons.RELABELED, "mean"),
        "dropped as wrong": (plan.why == reasons.WRONG, "mean"),
        "softened, label right": (plan.why == reasons.SOFTENED, "mean"),
    }
    found: dict[str, Any] = {}
    for name, (which, precision) in steps.items():
        n = int(which.sum())
        if not n:
            continue
        value = float(plan.confidence[which].mean()) if precision == "mean" else precision
        found[name] = {
            "images": n,
            "precision": None if value is None else round(float(value), 4),
        }
    return found
