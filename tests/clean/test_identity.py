"""What was said of an image is tied to its pixels: it follows them into another import."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import recorded
from clean_cases import belief_of, write_audit, write_screen

from fercurate.clean import stage as clean
from fercurate.config import CleanConfig, ImportConfig
from fercurate.decisions import Decision, Log
from fercurate.errors import InputError
from fercurate.identity import Images, packed, unpacked
from fercurate.ingest import stage as ingest
from fercurate.labels import CLASSES
from fercurate.progress import Quiet
from fercurate.review import sampling
from fercurate.review.history import History
from fercurate.workspace import Workspace

IMPORTED = datetime(2026, 1, 1, tzinfo=timezone.utc)
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def images(*rows: tuple[str, str, str, str]) -> Images:
    """Name, pixels, label and split of each."""
    table = pd.DataFrame(rows, columns=["sample_id", "sha256", "label", "split"])
    return Images(table, IMPORTED)


def verdict(name: str, sha256: str | None = None, **other: object) -> Decision:
    told = {"given": "sad", "label": "happy", "when": "2026-02-01T00:00:00+00:00", **other}
    return Decision(name, "relabel", "ann", sha256=sha256, **told)  # type: ignore[arg-type]


def test_digests_come_back() -> None:
    assert packed([A, B]).shape == (2, 32)
    assert unpacked(packed([A, B])) == [A, B]
    assert packed([]).shape == (0, 32)


def test_a_verdict_follows_its_image_to_another_name() -> None:
    now = images(("s0", B, "sad", "train"), ("s1", A, "sad", "train"))
    placed = now.placed([verdict("s0", A), verdict("s9", C)])
    assert [event.sample_id for event in placed.events] == ["s1"]
    assert (placed.n_here, placed.n_moved, placed.n_gone, placed.n_untied) == (1, 1, 1, 0)


def test_an_undo_goes_with_its_verdict() -> None:
    now = images(("s0", B, "sad", "train"), ("s1", A, "sad", "train"))
    first = verdict("s0", A)
    undone = Decision("s0", "undo", "ann", given="sad", undoes=first.id, sha256=A)
    placed = now.placed([first, undone])
    assert [event.sample_id for event in placed.events] == ["s1", "s1"]
    assert (placed.n_here, placed.n_gone) == (0, 0)


def test_a_name_that_two_images_bore_keeps_both_verdicts_apart() -> None:
    now = images(("x", A, "sad", "train"), ("y", B, "sad", "train"))
    placed = now.placed([verdict("s0", A, label="fear"), verdict("s0", B, label="happy")])
    assert {e.sample_id: e.label for e in placed.events} == {"x": "fear", "y": "happy"}
    assert placed.n_here == placed.n_moved == 2


@pytest.mark.parametrize(
    ("name", "label", "found"),
    [("s2", "happy", "s2"), ("gone", "happy", "s1"), ("gone", "sad", "s0"), ("gone", None, "s1")],
)
def test_of_exact_copies_the_same_name_is_meant_then_the_label_then_the_split(
    name: str, label: str | None, found: str
) -> None:
    now = images(("s0", A, "sad", "val"), ("s1", A, "happy", "train"), ("s2", A, "happy", "train"))
    assert now.name_of(A, name, label) == found
    assert now.name_of(B, "s0") is None


@pytest.mark.parametrize(
    ("event", "is_tied"),
    [
        (verdict("s0"), True),
        (verdict("s0", when="2025-12-31T23:59:59+00:00"), False),
        (verdict("s0", when="no time"), False),
        (verdict("s0", given="fear"), False),
        (verdict("other"), False),
    ],
)
def test_a_line_of_an_earlier_version_is_tied_where_it_is_certain(
    event: Decision, is_tied: bool
) -> None:
    placed = images(("s0", A, "sad", "train")).placed([event])
    assert (placed.n_here, placed.n_untied) == ((1, 0) if is_tied else (0, 1))
    assert [e.sha256 for e in placed.events] == [A] * is_tied


# -- on real files --------------------------------------------------------------------------
N = 40


def face(i: int) -> np.ndarray:
    return np.random.default_rng(i).integers(0, 256, 2304).astype(np.uint8)


def source(path: Path, order: list[int]) -> Path:
    """FER2013's csv with these images in this order; image i has class i modulo 7."""
    lines = ["emotion,pixels,Usage"]
    lines += [f"{i % 7},{' '.join(map(str, face(i)))},Training" for i in order]
    path.write_text("\n".join(lines) + "\n")
    return path


def imported(folder: Path, order: list[int]) -> tuple[Workspace, ingest.ImportResult]:
    space = Workspace(folder / "datasets" / "one")
    config = ImportConfig(source=source(folder / "faces.csv", order))
    return space, ingest.run(space, config, Quiet(), force=space.manifest_path.exists())


def decide(space: Workspace, rows: list[int]) -> dict[str, str]:
    """Relabel the images of some rows as `surprise`; their names by pixels."""
    manifest = space.manifest().iloc[rows]
    history = History(Log(space.decisions_path), space.images())
    history.append(
        [
            Decision(name, "relabel", "ann", given=label, label="surprise")
            for name, label in zip(manifest["sample_id"], manifest["label"], strict=True)
        ]
    )
    return dict(zip(manifest["sha256"], manifest["sample_id"], strict=True))


ORDERS = {
    "without the first row": list(range(1, N)),
    "shuffled": [int(i) for i in np.random.default_rng(3).permutation(N)],
    "reversed": list(range(N - 1, -1, -1)),
    "with new rows before": [*range(100, 107), *range(N)],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_verdicts_are_applied_to_their_own_pictures_after_any_import(
    tmp_path: Path, order: list[int]
) -> None:
    space, _ = imported(tmp_path, list(range(N)))
    told = decide(space, [0, 7, 9, 14, 20, 39])
    _, result = imported(tmp_path, order)
    there = set(space.manifest()["sha256"]) & set(told)
    assert result.verdicts.here == len(there)
    assert result.verdicts.gone == len(told) - len(there)
    found = clean.run(space, CleanConfig(policy="decided"), Quiet())
    table = space.clean()
    changed = table.loc[table["label"] != table["given_label"], "sha256"]
    assert set(changed) == there
    assert found.summary["n_decided_elsewhere"] == result.verdicts.gone
    assert len(Log(space.decisions_path).read()) == 6, "nothing leaves the log"


def test_an_image_that_comes_back_has_its_verdict_again(tmp_path: Path) -> None:
    space, _ = imported(tmp_path, list(range(N)))
    decide(space, [0])
    assert imported(tmp_path, list(range(1, N)))[1].verdicts.gone == 1
    assert imported(tmp_path, list(range(N)))[1].verdicts.here == 1
    assert [d.sample_id for d in space.decisions()] == ["train-0000000"]


def test_an_import_ties_the_lines_of_an_earlier_version_before_it_replaces_theirs(
    tmp_path: Path,
) -> None:
    space, _ = imported(tmp_path, list(range(N)))
    manifest = space.manifest()
    old = Decision(manifest["sample_id"][3], "keep", "ann", given="happy", label="happy")
    lost = Decision(
        manifest["sample_id"][5], "keep", "ann", given="surprise", label="surprise",
        when="2001-01-01T00:00:00+00:00",
    )  # fmt: skip
    Log(space.decisions_path).append([old, lost])
    _, result = imported(tmp_path, list(range(1, N)))
    assert (result.verdicts.here, result.verdicts.untied) == (1, 1)
    [placed] = space.decisions()
    assert placed.sha256 == manifest["sha256"][3]
    assert len(list(space.root.glob("decisions-before-*.jsonl"))) == 1, "the log as it was"


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_no_stage_is_used_on_other_images_than_its_own(tmp_path: Path, order: list[int]) -> None:
    space, _ = imported(tmp_path, list(range(N)))
    manifest = space.manifest()
    write_screen(space, manifest)
    write_audit(space, manifest, {i: belief_of(fear=0.99) for i in range(N)})
    assert clean.run(space, CleanConfig(), Quiet()).summary["n_relabeled"] > 0
    imported(tmp_path, order)
    for read in (space.screen, space.audit, space.clean):
        with pytest.raises(InputError, match="is older than what it was made from"):
            read()
    with pytest.raises(InputError) as caught:
        clean.run(space, CleanConfig(), Quiet())
    assert caught.value.fix.startswith("Make it with: fercurate screen")


def test_a_drawn_sample_follows_its_images(tmp_path: Path) -> None:
    space, _ = imported(tmp_path, list(range(N)))
    manifest = space.manifest()
    write_audit(space, manifest, {i: belief_of(**{CLASSES[i % 7]: 0.9}) for i in range(N)})
    audit = pd.read_parquet(space.audit_path).assign(label_quality=0.9)
    recorded.write_table(space.audit_path, audit)
    drawn = sampling.run(space, 25)
    imported(tmp_path, ORDERS["without the first row"])
    carried, now = space.drawn_sample(), space.manifest()
    assert carried is not None
    assert set(carried["sha256"]) == set(drawn["sha256"]) & set(now["sha256"])
    there = now.set_index("row").loc[carried["row"]]
    assert there["sha256"].tolist() == carried["sha256"].tolist()
    assert there["sample_id"].tolist() == carried["sample_id"].tolist()
