"""The file that is only appended to: nothing that was acknowledged is lost or changed unnoticed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fercurate import journal
from fercurate.errors import InputError
from fercurate.journal import Journal

WORDS = [b'{"n": %d}' % n for n in range(5)]


@pytest.fixture
def log(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "log.jsonl", "verdict")
    for word in WORDS:
        made.append([word])
    return made


def unchecked(path: Path, *numbers: int) -> None:
    """Delete the checks of some lines by hand, as the advice says."""
    lines = path.read_bytes().splitlines(keepends=True)
    for number in numbers:
        lines[number - 1] = re.sub(rb', "check": "[0-9a-f]*"', b"", lines[number - 1])
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("cut", [1, 3])
@pytest.mark.parametrize(
    "torn", [b"", b"\0" * 100_000, b'{"id": "' + b"x" * 200_000, b"\0" * 65_536, b"{", b"\xff"]
)
def test_behind_a_torn_tail_of_any_length_nothing_is_lost(
    log: Journal, torn: bytes, cut: int
) -> None:
    with log.path.open("ab") as file:
        file.write(journal.checked(b'{"n": 9}', "0" * 8)[:-cut] + torn)
    kept = [b'{"n": 9}'] * (cut == 1 and not torn)  # a whole line that lacks its newline is sound
    assert log.read() == [*WORDS, *kept]
    log.append([b'{"n": 5}', b'{"n": 6}'])
    assert log.read() == [*WORDS, *kept, b'{"n": 5}', b'{"n": 6}']


def test_what_an_older_version_appended_behind_a_power_cut_is_read(tmp_path: Path) -> None:
    log = Journal(tmp_path / "log.jsonl", "verdict")
    log.path.write_bytes(b'{"n": 0}\n' + b"\0" * 999 + b'{"n": 1}\n')
    log.append([b'{"n": 2}'])
    assert log.read() == WORDS[:3]


@pytest.mark.parametrize("position", range(0, 170, 3))
def test_one_changed_byte_anywhere_is_noticed(log: Journal, position: int) -> None:
    data = bytearray(log.path.read_bytes())
    position %= len(data)
    data[position] ^= 0x04
    log.path.write_bytes(data)
    with pytest.raises(InputError, match=r"log\.jsonl") as caught:
        log.read()
    assert "copy of the file" in caught.value.fix


def test_a_line_that_was_changed_is_named_and_the_advice_works(log: Journal) -> None:
    log.path.write_bytes(log.path.read_bytes().replace(b'"n": 2', b'"n": 7'))
    with pytest.raises(InputError, match="line 3 is not as it was saved") as caught:
        log.read()
    assert "from it and from the line after it" in caught.value.fix
    unchecked(log.path, 3, 4)
    assert log.read() == [*WORDS[:2], b'{"n": 7}', *WORDS[3:]]


@pytest.mark.parametrize(
    ("order", "named"), [([0, 2, 3, 4], 2), ([1, 2, 3, 4], 1), ([0, 2, 1, 3, 4], 2)]
)
def test_a_line_that_was_taken_out_or_moved_is_noticed(
    log: Journal, order: list[int], named: int
) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[i] for i in order))
    with pytest.raises(InputError, match=f"before line {named} is gone or was moved"):
        log.read()
    if len(order) == 4:
        unchecked(log.path, named)
        assert log.read() == [WORDS[i] for i in order]


@pytest.mark.parametrize("left", [-1, -20, 36, 0])
def test_a_file_that_was_cut_is_noticed_by_who_reads_and_who_appends(
    log: Journal, left: int
) -> None:
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:left])
    if left == -1:  # the newline alone
        assert log.read() == WORDS
        return
    for call in (log.read, lambda: log.append([b'{"n": 5}'])):
        with pytest.raises(InputError, match=r"not in .*: the file ends before it") as caught:
            call()
    assert str(log.end_path) in caught.value.fix
    log.path.write_bytes(whole)
    assert log.read() == WORDS, "a copy put back is sound"


def test_a_file_that_was_deleted_is_noticed_and_the_advice_works(log: Journal) -> None:
    log.path.unlink()
    for call in (log.read, lambda: log.append([b'{"n": 5}'])):
        with pytest.raises(InputError, match="the file is gone") as caught:
            call()
    assert not log.path.exists()
    assert f"delete {log.end_path}" in caught.value.fix
    log.end_path.unlink()
    assert log.read() == []
    log.append([b'{"n": 5}'])
    assert log.read() == [b'{"n": 5}']


def test_two_whole_files_may_be_put_one_behind_the_other(log: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other.jsonl", "verdict")
    other.append([b'{"m": 1}'])
    log.path.write_bytes(other.path.read_bytes() + log.path.read_bytes())
    assert log.read() == [b'{"m": 1}', *WORDS]


def test_the_disk_is_full_in_the_middle_of_a_line(
    log: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = log.path.read_bytes(), os.write

    def full(file: int, data: bytes) -> int:
        if len(data) > 20:
            return write(file, bytes(data[:20]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.append([b'{"n": 55555}'])
    assert log.path.read_bytes() == before, "the torn tail is taken away"
    monkeypatch.undo()
    log.append([b'{"n": 5}'])
    assert log.read() == [*WORDS, b'{"n": 5}']


def test_the_end_of_an_earlier_line_is_enough(log: Journal) -> None:
    """A power cut may take the small file back to what it was: nothing is refused for that."""
    early = log.end_path.read_bytes()
    log.append([b'{"n": 5}'])
    for kept in (early, b"", b"\0" * 9):
        log.end_path.write_bytes(kept)
        assert len(log.read()) == 6
    log.end_path.write_bytes(early)
    log.append([b'{"n": 6}'])
    assert len(log.read()) == 7


def test_both_files_are_their_owners_alone(log: Journal) -> None:
    assert {path.stat().st_mode & 0o777 for path in (log.path, log.end_path)} == {0o600}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 60), st.booleans())
def test_whatever_happens_to_the_bytes_it_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, put: bytes, at: int, instead: int, is_end: bool
) -> None:
    log = Journal(tmp_path_factory.mktemp("log") / "log.jsonl", "verdict")
    log.append(WORDS)
    path = log.end_path if is_end else log.path
    data = path.read_bytes()
    at = min(at, len(data))
    path.write_bytes(data[:at] + put + data[at + instead :])
    try:
        found = log.read()
    except InputError:
        return
    assert [line for line in found if line in WORDS] == WORDS


def test_all_lines_are_replaced_at_once_and_the_old_ones_kept(log: Journal) -> None:
    old = log.path.read_bytes()
    log.rewrite([b'{"m": 1}', b'{"m": 2}'])
    assert log.read() == [b'{"m": 1}', b'{"m": 2}']
    kept = log.path.with_name("log-before-1.jsonl")
    assert kept.read_bytes() == old
    assert kept.stat().st_mode & 0o777 == 0o600
    log.append([b'{"m": 3}'])
    assert len(log.read()) == 3
