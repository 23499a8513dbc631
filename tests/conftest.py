"""What all tests share: which run beside each other, which alone, and in what order.

`make test` runs two processes beside each other. Tests that share something dear, such as a
database or a trained dataset, stay in one of them. A test marked `alone` depends on the machine's
speed or on its screen: these run last and one at a time, and one that fails is run once more, with
the first failure printed.
"""

from __future__ import annotations

import os

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # two processes on two cores: no threads wait for others
    os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = ("audit", "screen", "report")
"""Folders of tests that share what is made once a session."""

SLOW = ("review", "train", "test_cli.py", "audit", "screen", "evaluate", "infer", "live")
"""These begin, so that the quick ones fill the gaps at the end."""

_failures: list[str] = []


def _place(item: pytest.Item) -> tuple[str, ...]:
    """The parts of its file's path below tests."""
    return item.path.relative_to(item.config.rootpath / "tests").parts


def _group(item: pytest.Item) -> str:
    place = _place(item)
    if "fo" in getattr(item, "fixturenames", ()):
        return "database"
    return place[0] if place[0] in SHARED else "/".join(place)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {name: i for i, name in enumerate(SLOW)}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(
        key=lambda item: (
            item.get_closest_marker("alone") is not None,
            first.get(_place(item)[0], len(SLOW)),
        )
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.outcome == "rerun":  # type: ignore[comparison-overlap]
        _failures.append(f"{report.nodeid}\n{report.longreprtext}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _failures:
        terminalreporter.section("run a second time, because the first one failed")
        for text in _failures:
            terminalreporter.write_line(text)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names bytes by their argument: an archive holds the time, and each process collects anew."""
    return argname if isinstance(val, bytes) and len(val) > 20 else None
