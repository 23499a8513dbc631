from __future__ import annotations

import pytest

from fercurate.clean.policy import NEVER, POLICIES, policy_of
from fercurate.config import CleanConfig
from fercurate.errors import InputError


def test_strict_is_stricter_everywhere() -> None:
    confident, strict = POLICIES["confident"], POLICIES["strict"]
    assert strict.remove < confident.remove
    assert strict.relabel < confident.relabel
    assert strict.drop > confident.drop
    assert strict.clear > confident.clear


def test_decided_does_nothing_by_itself() -> None:
    policy = POLICIES["decided"]
    assert (policy.remove, policy.relabel, policy.drop) == (NEVER, NEVER, 0)
    assert not policy.copies


def test_thresholds_of_ones_own() -> None:
    policy = policy_of(CleanConfig(relabel=0.97, soften=0.5))
    assert (policy.relabel, policy.soften) == (0.97, 0.5)
    assert policy.drop == POLICIES["confident"].drop


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (CleanConfig(relabel=1.5), "--relabel is 1.5"),
        (CleanConfig(drop=-0.1), "--drop is -0.1"),
        (CleanConfig(policy="decided", drop=0.1), "has no threshold: --drop"),
    ],
)
def test_thresholds_that_make_no_sense(config: CleanConfig, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        policy_of(config)
    assert caught.value.fix
