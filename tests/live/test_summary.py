"""What each face showed over time: the numbers in the plot, and the plot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live_cases import CLASS_NAMES, DOUBTFUL, HAPPY, live_face, result
from PIL import Image

from fercurate.errors import FercurateError, InputError
from fercurate.live.frame import Result
from fercurate.live.history import History, runs
from fercurate.live.look import UNCLEAR, ink_of
from fercurate.live.stats import Meter
from fercurate.live.summary import Summary, plot

STATS = Meter().stats()
BOX = (10.0, 10.0, 40.0, 40.0)
SAD = (0.02, 0.01, 0.03, 0.02, 0.87, 0.03, 0.02)


def session(seconds: float, rate: float = 10.0, faces: int = 1) -> Iterator[Result]:
    """Faces that are happy, then doubtful; the n-th comes n seconds after the start."""
    for i in range(round(seconds * rate)):
        time = i / rate
        half = time < seconds / 2
        shares, label = (HAPPY, "happy") if half else (DOUBTFUL, None)
        there = [live_face(BOX, shares, label, n + 1) for n in range(faces) if time >= n]
        yield result(*there, time=time, index=i)


def history(results: Iterator[Result]) -> History:
    made = History(CLASS_NAMES)
    for one in results:
        made.add(one)
    return made


def test_a_course_has_the_means_of_its_intervals() -> None:
    made = history(session(4.0, rate=40))
    (course,), others = made.courses(12)
    assert others == 0
    assert course.track == 1
    assert course.times == pytest.approx(np.arange(40) * 0.1 + 0.05)
    assert course.shares[:20] == pytest.approx(np.tile(np.array(HAPPY, np.float32), (20, 1)))
    assert course.shares[20:] == pytest.approx(np.tile(np.array(DOUBTFUL, np.float32), (20, 1)))
    assert course.labels == ("happy",) * 20 + (UNCLEAR,) * 20
    assert course.counted == {"happy": 0.5, UNCLEAR: 0.5}


@pytest.mark.parametrize("minutes", [10, 120])
def test_a_long_session_takes_no_more_memory(minutes: float) -> None:
    made = history(session(60 * minutes, rate=0.5))
    (course,), _ = made.courses(12)
    assert 250 < len(course.times) <= 2048
    assert made.width > 0.1
    assert course.counted["happy"] == pytest.approx(0.5, abs=0.01)
    assert course.times[-1] == pytest.approx(60 * minutes, abs=2 + 2 * made.width)


def test_thousands_of_faces_take_no_more_memory() -> None:
    made = History(CLASS_NAMES)
    for i in range(2000):
        stays = live_face(BOX, HAPPY, "happy", 1)
        passes = live_face(BOX, SAD, "sad", 2 + i // 2)
        made.add(result(stays, passes, time=i / 5, index=i))
    assert len(made._tracks) <= 257
    courses, _ = made.courses(12)
    assert courses[0].track == 1
    assert courses[0].counted == {"happy": 1.0}
    assert len(courses[0].times) > 1400


def test_the_faces_that_were_seen_longest_are_shown() -> None:
    made = history(session(20.0, faces=15))
    courses, others = made.courses(12)
    assert [course.track for course in courses] == list(range(1, 13))
    assert others == 3


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], []),
        ([1.0], [(0, 1)]),
        ([1, 1.1, 1.2], [(0, 3)]),
        ([1, 1.1, 5, 5.1, 9], [(0, 2), (2, 4), (4, 5)]),
    ],
)
def test_a_face_that_was_away(times: list[float], expected: list[tuple[int, int]]) -> None:
    found = [(run.start, run.stop) for run in runs(np.array(times), 1.0)]
    assert found == expected


def test_the_plot_shows_the_shares_and_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.png"
    summary = Summary(path, CLASS_NAMES, "film.mp4")
    for one in session(10.0):
        summary.take(one, STATS)
        summary.idle()
    summary.close()
    pixels = np.asarray(Image.open(path).convert("RGB"))
    assert pixels.shape[1] == 1200
    for name, at_least in (("happy", 0.1), ("neutral", 0.01), (UNCLEAR, 0.01)):
        same = np.abs(pixels.astype(int) - ink_of(name)[::-1]).max(axis=2) <= 2
        assert same.mean() > at_least, name
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


@pytest.mark.parametrize("faces", [0, 1, 4, 12, 15])
def test_a_row_a_face_up_to_twelve(faces: int) -> None:
    figure = plot(history(session(30.0, rate=2, faces=faces)), "film.mp4")
    assert len(figure.axes) == min(max(1, faces), 12)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    if faces:
        assert titles[0] == "Face 1:  happy 50%, unclear 50%"
        assert figure.get_suptitle().endswith("3 seen for a shorter time)") == (faces == 15)
    else:
        assert "No face" in figure.axes[0].texts[0].get_text()


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_other_kinds_of_file(suffix: str, tmp_path: Path) -> None:
    summary = Summary(tmp_path / f"a.{suffix}", CLASS_NAMES)
    summary.take(result(live_face(BOX)), STATS)
    summary.close()
    assert (tmp_path / f"a.{suffix}").stat().st_size > 1000


def test_without_a_frame_there_is_no_plot(tmp_path: Path) -> None:
    Summary(tmp_path / "a.png", CLASS_NAMES).close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_there_meanwhile_stays(tmp_path: Path) -> None:
    for force in (False, True):
        summary = Summary(tmp_path / "a.png", CLASS_NAMES, force=force)
        summary.take(result(live_face(BOX)), STATS)
        (tmp_path / "a.png").write_text("holiday")
        if force:
            summary.close()
        else:
            with pytest.raises(InputError, match="not overwritten"):
                summary.close()
        assert ((tmp_path / "a.png").read_bytes() == b"holiday") == (not force)
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    summary = Summary(tmp_path / "file" / "a.png", CLASS_NAMES)
    summary.take(result(live_face(BOX)), STATS)
    with pytest.raises(FercurateError, match="cannot be written"):
        summary.close()


def test_a_name_is_drawn_as_it_is(tmp_path: Path) -> None:
    """Between two $ matplotlib reads TeX, and fails at what is none."""
    path = tmp_path / "a.svg"
    made = Summary(path, CLASS_NAMES, r"a $\nothing{$ b.mp4")
    for one in session(1.0):
        made.take(one, STATS)
    made.close()
    assert path.exists()
