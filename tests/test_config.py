from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fercurate import config, settings
from fercurate.errors import EXIT_USAGE, InputError


def test_build_takes_dashes_paths_and_whole_numbers() -> None:
    table = {"source": "a.csv", "max-rejected": 1, "ferplus": None}
    built = settings.build(config.ImportConfig, table, "import")
    assert built == config.ImportConfig(source=Path("a.csv"), max_rejected=1.0)


def test_build_takes_a_list_for_a_tuple() -> None:
    assert settings.build(config.SyncConfig, {"columns": ["aum"]}, "sync").columns == ("aum",)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"efort": "quick"}, "unknown setting 'efort'"),
        ({"effort": "fast"}, "effort is 'fast'"),
        ({"folds": "3"}, "folds is '3'"),
        ({"folds": True}, "folds is True"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": 10**30}, "seed is 1000"),
        ({"profile": "a\0b"}, "profile is 'a"),
        ({"save_profile": "a\0b"}, "save_profile is 'a"),
    ],
)
def test_build_refuses_what_the_stage_does_not_know(table: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=r"recipe\.toml") as caught:
        settings.build(config.AuditConfig, table, "recipe.toml [audit]")
    assert says in caught.value.message
    assert caught.value.fix
    assert caught.value.code == EXIT_USAGE


@pytest.mark.parametrize(
    "cls",
    [
        config.SampleConfig,
        config.ImportConfig,
        config.AuditConfig,
        config.ReportConfig,
        config.TrainConfig,
        config.CompareConfig,
        config.SyncConfig,
    ],
)
def test_every_option_has_a_help_text(cls: Any) -> None:
    for field in cls.__dataclass_fields__.values():
        assert field.metadata["help"], field.name


def test_an_optional_choice_takes_its_values_and_no_other() -> None:
    assert settings.build(config.TrainConfig, {"labels": "votes"}, "train").labels == "votes"
    with pytest.raises(InputError, match="labels is 'all'") as caught:
        settings.build(config.TrainConfig, {"labels": "all"}, "train")
    assert "given, corrected, votes" in caught.value.fix


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", [1]])
def test_a_number_is_a_number(value: Any) -> None:
    with pytest.raises(InputError, match="max-rejected is"):
        settings.build(config.ImportConfig, {"max-rejected": value}, "import")


@pytest.mark.parametrize("value", [[1], [["aum"]], [True], ["a\0"], 3, {"aum": 1}])
def test_a_list_holds_what_it_is_to_hold(value: Any) -> None:
    with pytest.raises(InputError, match="columns"):
        settings.build(config.SyncConfig, {"columns": value}, "sync")
