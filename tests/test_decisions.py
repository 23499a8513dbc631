from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate.decisions import Decision, Log, settle, standing
from fercurate.errors import FercurateError, InputError


def relabel(sample_id: str, label: str, who: str = "anna", when: str = "2026-01-01") -> Decision:
    return Decision(sample_id, "relabel", who, given="sad", label=label, when=when)


def undo(of: Decision) -> Decision:
    return Decision(of.sample_id, "undo", of.who, undoes=of.id)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    assert log.read() == []
    first = Decision(
        "fer1", "accept", "anna", given="sad", label="neutral", mode="sample",
        evidence={"label_quality": 0.2, "run": "abc"}, seconds=1.5,
    )  # fmt: skip
    log.append([first, undo(first)])
    log.append([relabel("ë2", "happy")])
    assert [d.action for d in log.read()] == ["accept", "undo", "relabel"]
    assert log.read()[0] == first
    stored = json.loads(log.path.read_text().splitlines()[0])
    assert stored["from"] == "sad"
    assert stored["to"] == "neutral"


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "like"},
        {"action": "keep", "label": None},
        {"action": "relabel", "label": "bored"},
        {"action": "exclude", "label": "sad"},
        {"action": "undo"},
        {"action": "ambiguous", "undoes": "1"},
        {"action": "exclude", "mode": "dream"},
        {"action": "exclude", "sha256": "ab" * 31},
        {"action": "exclude", "sha256": "AB" * 32},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no|not"):
        Decision(**{"sample_id": "a", "who": "anna", **wrong})


def test_an_image_is_named_by_its_pixels_too(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.append([Decision("a", "exclude", "anna", sha256="0a" * 32), relabel("b", "happy")])
    assert [d.sha256 for d in log.read()] == ["0a" * 32, None]
    assert "sha256" not in log.path.read_text().splitlines()[1]


def test_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.append([relabel("a", "happy")])
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_no_decision_is_named_and_the_advice_works(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.append([relabel("a", "happy")])
    with log.path.open("a") as file:
        file.write('{"not": "one"}\n')
    log.append([relabel("b", "sad")])
    with pytest.raises(InputError, match="line 2 is no decision") as caught:
        log.read()
    assert "take the line out by hand, and the check" in caught.value.fix
    first, _, third = log.path.read_text().splitlines(keepends=True)
    log.path.write_text(first + re.sub(', "check": "[0-9a-f]*"', "", third))
    assert [d.sample_id for d in log.read()] == ["a", "b"]


OLD = (
    '{"id": "1", "sample_id": "a", "action": "relabel", "from": "sad", "to": "happy", '
    '"who": "ann", "when": "2026-11-26T04:24:28.816+00:00", "mode": "queue", "evidence": %s}'
)


def test_older_lines_are_read_as_they_are(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.path.write_text(OLD % '{"label_quality": NaN}' + "\n")
    assert log.read()[0].evidence == {"label_quality": None}
    log.append([relabel("b", "fear")])
    assert [d.sample_id for d in log.read()] == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"a"', "[" * 9000),
        ('"a"', "[" * 90 + "]" * 90),
        ('"a"', "7"),
        ('"sad"', "[null]"),
        ('"happy"', "[null]"),
        ('"happy"', '{"a": 1}'),
        ('"relabel"', "[]"),
        ('"queue"', "{}"),
        ("%s", "0"),
        ("%s", '"=1+1"'),
        ("%s", '{"suggested_confidence": "\\ud800"}'),
        ("%s", '{"label_quality": 1e999}'),
        ("%s", '{"label_quality": %s}' % ("1" * 5000)),
        ("%s", '{}, "seconds": -1'),
        ("%s", '{}, "seconds": true'),
        ("%s", '{}, "who": "bob"'),
        ("%s", '{}, "check": "0123456789abcdef", "note": 1'),
        ('"ann"', '"\udcff"'),
    ],
)
def test_a_line_of_any_other_kind_is_refused(tmp_path: Path, old: str, new: str) -> None:
    log = Log(tmp_path / "log.jsonl")
    line = OLD.replace(old, new, 1).replace("%s", "{}")
    log.path.write_bytes(line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(InputError, match="line 1 is no decision"):
        log.read()


def test_a_verdict_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FercurateError, match="not saved"):
        Log(tmp_path / "missing" / "log.jsonl").append([relabel("a", "happy")])


def test_processes_may_write_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fercurate.decisions import Decision, Log\n"
        "log = Log(Path(sys.argv[1]))\n"
        "for i in range(50): log.append([Decision(f'{sys.argv[2]}{i}', 'exclude', sys.argv[2])])\n"
    )
    path = tmp_path / "log.jsonl"
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), who]) for who in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    found = Log(path).read()
    for who in "ab":
        mine = [d.sample_id for d in found if d.who == who]
        assert mine == [f"{who}{i}" for i in range(50)]


def test_undo_brings_the_verdict_before_up_again() -> None:
    first, second = relabel("a", "happy"), relabel("a", "fear")
    assert settle([first, second])["a"].label == "fear"
    assert settle([first, second, undo(second)])["a"].label == "happy"
    assert settle([first, undo(first)]) == {}
    assert standing([first, second, undo(first)])["a"]["anna"] == second


@pytest.mark.parametrize(
    ("verdicts", "outcome", "label", "disputed"),
    [
        ([relabel("a", "happy"), relabel("a", "happy", "ben")], "happy", "happy", False),
        ([relabel("a", "happy"), relabel("a", "fear", "ben")], "ambiguous", None, True),
        ([Decision("a", "exclude", "anna")], "exclude", None, False),
        ([Decision("a", "exclude", "anna"), relabel("a", "sad", "ben")], "ambiguous", None, True),
        (
            [relabel("a", "fear", when="1"), relabel("a", "sad", "ben"), relabel("a", "sad")],
            "sad", "sad", False,
        ),
        (  # the clock was set back between them
            [relabel("a", "fear", when="9"), relabel("a", "sad", when="1")], "sad", "sad", False
        ),
    ],
)  # fmt: skip
def test_what_reviewers_settle_together(
    verdicts: list[Decision], outcome: str, label: str | None, disputed: bool
) -> None:
    found = settle(verdicts)["a"]
    assert (found.outcome, found.label, found.is_disputed) == (outcome, label, disputed)


def test_the_last_is_the_last_in_the_log_whatever_the_clock_said() -> None:
    first, second = relabel("a", "sad", "ben", when="9"), Decision("a", "keep", "ann", label="sad")
    second = dataclasses.replace(second, when="1")
    again = relabel("a", "sad", "ben", when="0")
    assert [v.who for v in settle([first, second])["a"].verdicts] == ["ben", "ann"]
    assert settle([first, second, again])["a"].last == again


LINE = OLD.replace("%s", '{"label_quality": 0.5}')


@settings(deadline=None)
@given(st.data())
def test_any_change_of_a_line_is_a_decision_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(LINE)))
    end = data.draw(st.integers(start, min(len(LINE), start + 25)))
    put = data.draw(
        st.sampled_from(["", "NaN", "[" * 2000, "1" * 400, '"', "{}", "[null]", "\\ud800"])
        | st.text(max_size=3)
    )
    line = (LINE[:start] + put + LINE[end:]).encode("utf-8", "surrogatepass")
    try:
        found = Decision.parse(line)
    except ValueError:
        return
    assert Decision.parse(found.line().encode()) == found
    settle([found])
