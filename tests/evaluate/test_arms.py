"""What the arms of a comparison mean."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from recorded import write_table

from fercurate.errors import InputError
from fercurate.evaluate import arms
from fercurate.workspace import Workspace

RUN = "train-raw-given-facenet-s0-0123abcd"


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    """Two datasets: `one` has everything, `bare` has a manifest alone."""
    for name in ("one", "bare"):
        space = Workspace(tmp_path / name)
        space.root.mkdir()
        write_table(space.manifest_path, pd.DataFrame({"row": [0], "split": ["train"]}))
    one = Workspace(tmp_path / "one")
    for path in (one.clean_path, one.audit_path, one.votes_path):
        write_table(path, pd.DataFrame({"row": [0]}))
    for run in (RUN, RUN.replace("s0", "s1")):
        one.run_dir(run).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "dataset", "on", "labels"),
    [
        ("raw", "one", "raw", "given"),
        ("clean", "one", "clean", "corrected"),
        ("clean:given", "one", "clean", "given"),
        ("random-control", "one", "random-control", "given"),
        ("raw:corrected", "one", "raw", "corrected"),
        ("raw:votes", "one", "raw", "votes"),
        ("bare:raw", "bare", "raw", "given"),
        ("one:clean:corrected", "one", "clean", "corrected"),
    ],
)
def test_an_arm_is_read(datasets, text, dataset, on, labels):
    arm = arms.parse(text, Workspace(datasets / "one"), datasets)
    assert (arm.name, arm.workspace.name, arm.on, arm.labels) == (text, dataset, on, labels)
    assert arm.runs == ()


def test_a_folder_is_named_by_its_last_part(datasets):
    arm = arms.parse(f"{datasets / 'bare'}:raw", Workspace(datasets / "one"), Path("elsewhere"))
    assert arm.name == "bare:raw"
    assert arm.workspace.root == datasets / "bare"


def test_finished_runs_are_an_arm_of_several_seeds(datasets):
    both = f"{RUN}+{RUN.replace('s0', 's1')}"
    arm = arms.parse(f"one:{both}", Workspace(datasets / "bare"), datasets)
    assert arm.runs == tuple(both.split("+"))
    assert [f.parent for f in arm.folders()] == [datasets / "one" / "runs"] * 2
    assert arm.name == f"one:{RUN} and 1 more"
    assert not arm.is_control


@pytest.mark.parametrize(
    ("text", "says", "fix"),
    [
        ("cleaned", "no training set and no run", "random-control"),
        ("cleaned:given", "no training set 'cleaned'", "random-control"),
        ("raw:gven", "no labels 'gven'", "given, corrected"),
        ("nowhere:raw", "no dataset 'nowhere'", "one"),
        ("bare:clean", "no clean set", "fercurate clean --dataset "),
        ("bare:random-control", "no clean set", "fercurate clean --dataset "),
        ("bare:raw:corrected", "not audited", "fercurate audit --dataset "),
        ("bare:raw:votes", "without votes", "--ferplus"),
        ("../one", "no training set and no run", "Write"),
        ("", "no training set and no run", "Write"),
    ],
)
def test_an_arm_that_means_nothing_says_what_to_write(datasets, text, says, fix):
    with pytest.raises(InputError) as caught:
        arms.parse(text, Workspace(datasets / "one"), datasets)
    assert says in caught.value.message
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("raw",), "two arms"),
        (("raw", "raw:given"), "same arm"),
        (("clean", "one:clean:corrected"), "same arm"),
    ],
)
def test_a_comparison_needs_two_different_arms(datasets, texts, says):
    with pytest.raises(InputError, match=says):
        arms.parse_all(texts, Workspace(datasets / "one"), datasets)


def test_two_datasets_of_one_name_are_no_two_arms(datasets, tmp_path):
    other = tmp_path / "elsewhere" / "one"
    other.mkdir(parents=True)
    write_table(Workspace(other).manifest_path, pd.DataFrame({"row": [0]}))
    with pytest.raises(InputError, match="called 'one:raw'"):
        arms.parse_all((f"{other}:raw", "one:raw"), Workspace(datasets / "bare"), datasets)


def test_the_control_of_the_same_dataset_comes_first(datasets):
    other = Workspace(datasets / "other")
    first = arms.Arm("random-control", Workspace(datasets / "one"), "random-control", "given")
    own = arms.Arm("other:random-control", other, "random-control", "given")
    clean = arms.Arm("other:clean", other, "clean", "corrected")
    assert arms.control_of(clean, [first, own, clean]) is own
    assert arms.control_of(clean, [first, clean]) is first
    assert arms.control_of(clean, [clean]) is None
    assert arms.control_of(own, [own, clean]) is None
