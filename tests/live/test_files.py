"""Videos in files: their clock, their faults, and what OpenCV makes of them."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_cases import picture
from PIL import Image

from fercurate.errors import FercurateError, InputError
from fercurate.images import decode_face
from fercurate.live import files
from fercurate.live.files import VideoFile, open_file
from fercurate.live.frame import Frame
from fercurate.predict.inputs import find_images


def film(path: Path, n: int = 20, size: tuple[int, int] = (64, 48), rate: float = 10.0) -> Path:
    """A film whose n-th frame is lighter than the one before."""
    code = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), code, rate, size)
    assert writer.isOpened()
    for i in range(n):
        writer.write(np.full((size[1], size[0], 3), (20 + 10 * i) % 256, np.uint8))
    writer.release()
    return path


def grey_film(path: Path, pixels: str, size: tuple[int, int]) -> Path:
    """Two middle grey frames, "mono" or "mono16"."""
    level = np.uint16(128 * 257) if pixels == "mono16" else np.uint8(128)
    frame = b"FRAME\n" + np.full(size, level).tobytes()
    head = f"YUV4MPEG2 W{size[0]} H{size[1]} F10:1 Ip A1:1 C{pixels}\n"
    path.write_bytes(head.encode() + 2 * frame)
    return path


def frames(source: VideoFile, most: int = 1000) -> list[Frame]:
    found = []
    while len(found) < most and (frame := source.read(1.0)) is not None:
        found.append(frame)
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_every_frame_once_by_the_files_own_clock(suffix: str, tmp_path: Path) -> None:
    source = open_file(str(film(tmp_path / f"a{suffix}")))
    assert source.name == f"a{suffix}"
    assert source.rate == pytest.approx(10)
    assert not source.is_live
    found = frames(source)
    assert [frame.index for frame in found] == list(range(20))
    assert [frame.time for frame in found] == pytest.approx([i / 10 for i in range(20)], abs=0.01)
    levels = [float(frame.image.mean()) for frame in found]
    assert levels == pytest.approx([20 + 10 * i for i in range(20)], abs=6)
    assert source.read(1.0) is None
    source.close()
    source.close()
    assert source.read(1.0) is None


class Fake:
    """A reader of frames with the times given; stands in for `cv2.VideoCapture`."""

    def __init__(self, times: list[float], *, promised: float, rate: float = 10.0) -> None:
        self.times, self.promised, self.rate = times, promised, rate
        self.at = -1
        self.released = False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, object]:
        self.at += 1
        return (True, picture(32, 24)) if self.at < len(self.times) else (False, None)

    def get(self, what: int) -> float:
        if what == cv2.CAP_PROP_POS_MSEC:
            return 1000 * self.times[min(max(self.at, 0), len(self.times) - 1)]
        return self.promised if what == cv2.CAP_PROP_FRAME_COUNT else self.rate

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 0.1, 0.5, 0.52, 2.0], [0, 0.1, 0.5, 0.52, 2.0]),  # variable
        ([3.0, 3.1, 3.2], [0, 0.1, 0.2]),  # a cut out of a longer one
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),  # no times
        ([0, 0.1, 0.05, 0.3], [0, 0.1, 0.2, 0.3]),  # one goes back
        ([0, float("nan"), 0.2], [0, 0.1, 0.2]),
    ],
)
def test_times_of_all_kinds(
    times: list[float], expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "open_address", lambda address: Fake(times, promised=len(times)))
    found = frames(VideoFile("a", "a"))
    assert [frame.time for frame in found] == pytest.approx(expected)


def test_a_first_frame_that_is_no_picture_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = Fake([0.0], promised=1)
    monkeypatch.setattr(fake, "read", lambda: (True, np.zeros((24, 32), np.float32)))
    monkeypatch.setattr(files, "open_address", lambda address: fake)
    with pytest.raises(FercurateError, match="no picture"):
        VideoFile("a.mp4", "a.mp4")
    assert fake.released


def test_a_loop_goes_on_in_time_and_number(tmp_path: Path) -> None:
    source = open_file(str(film(tmp_path / "a.mp4", n=5)), loop=True)
    found = frames(source, most=23)
    source.close()
    assert [frame.index for frame in found] == list(range(23))
    assert [frame.time for frame in found] == pytest.approx([i / 10 for i in range(23)], abs=0.01)


def test_a_loop_over_a_file_that_went_away_ends(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", n=3)
    source = open_file(str(path), loop=True)
    path.unlink()
    assert len(frames(source)) == 3
    source.close()


@pytest.mark.parametrize(
    ("name", "content", "says", "fix"),
    [
        ("empty.mp4", b"", "is empty", "again"),
        ("noise.mp4", bytes(range(256)) * 64, "cannot be read as a video", "/noise.mp4 -pix_fmt"),
        *[
            (f"a{suffix}", b"no video\n" * 99, "is a text file", "Give a video")
            for suffix in (".mp4", ".txt", ".TXT", ".nfo", ".csv", ".ans", ".asc", "")
        ],
        ("a.txt", "kein Vidéo\n".encode() * 99, "is a text file", "Give a video"),
        ("a.txt", ("no video\n" * 99).encode("utf-16"), "is a text file", "Give a video"),
        ("a.ans", b"\x1b[31mred\n" * 99, "is a text file", "Give a video"),
        ("a.mp4", b"ffconcat version 1.0\nfile b.mp4\n", "is a list of videos", "one of them"),
        ("a.mp4", bytes(4) + b"ftypavif" + bytes(99), "is a still image", "fercurate predict"),
        ("a.zip", b"PK\x03\x04" + bytes(999), "is an archive", "Unpack it"),
        ("a.mp4", b"\x1f\x8b\x08" + bytes(999), "is an archive", "Unpack it"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(range(256)), "is a PDF file", "Give a video"),
        ("a.mp4", b"ID3\x04" + bytes(999), "is a sound file", "Give a video"),
        ("face.png", b"\x89PNG", "is a still image", "fercurate predict"),
    ],
)
def test_files_that_are_no_video(
    name: str, content: bytes, says: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        open_file(str(tmp_path / name))
    assert name in error.value.message
    assert fix in error.value.fix


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".ppm"])
@pytest.mark.parametrize("name", ["a.mp4", "a", None])
def test_a_picture_is_told_by_its_content_and_predict_takes_it(
    kind: str, name: str | None, tmp_path: Path
) -> None:
    path = tmp_path / (name or f"a{kind}")
    path.write_bytes(cv2.imencode(kind, picture(64, 48))[1].tobytes())
    with pytest.raises(InputError, match="is a still image") as error:
        open_file(str(path))
    command, named = error.value.fix.rsplit(" ", 1)
    assert command == "For images: fercurate predict"
    assert find_images([Path(named)]).paths == [path]
    assert decode_face(path.read_bytes()).shape == (48, 48)


@pytest.mark.parametrize(("n", "plays"), [(1, False), (2, True), (5, True)])
def test_a_gif_is_a_video_where_it_moves(n: int, plays: bool, tmp_path: Path) -> None:
    images = [Image.fromarray(np.full((48, 64), 40 * i, np.uint8)) for i in range(n)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=100)
    if plays:
        source = open_file(str(tmp_path / "a.gif"))
        found = frames(source)
        source.close()
        assert [frame.index for frame in found] == list(range(n))
    else:
        with pytest.raises(InputError, match="is a still image"):
            open_file(str(tmp_path / "a.gif"))


def test_the_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.mp3"), "w") as song:
        stream = song.add_stream("libmp3lame", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), "s16p", "mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            song.mux(packet)
    cover = b"\0image/jpeg\0\3\0" + cv2.imencode(".jpg", picture(64, 48))[1].tobytes()

    def size(n: int) -> bytes:
        return bytes(n >> shift & 127 for shift in (21, 14, 7, 0))

    tag = b"APIC" + size(len(cover)) + b"\0\0" + cover
    path = tmp_path / "covered.mp3"
    path.write_bytes(b"ID3\4\0\0" + size(len(tag)) + tag + (tmp_path / "song.mp3").read_bytes())
    with pytest.raises(InputError, match="is a sound file"):
        open_file(str(path))


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_would_be_waited_for_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    with pytest.raises(InputError, match="pipe, a socket or a device"):
        open_file(str(path))


def test_no_source_at_all() -> None:
    with pytest.raises(InputError, match="No source was named"):
        open_file("")


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder") as error:
        open_file(str(tmp_path))
    assert f"fercurate predict {tmp_path}" in error.value.fix
    with pytest.raises(InputError, match="There is no file"):
        open_file(str(tmp_path / "a.mp4"))


def test_a_header_without_frames(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.release()
    with pytest.raises(InputError):
        open_file(str(tmp_path / "a.avi"))


def test_an_mp4_without_its_end_cannot_be_read(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-400])  # its index is there
    with pytest.raises(InputError, match="cannot be read as a video"):
        open_file(str(path))


def test_a_file_that_is_cut_off_says_where(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", n=60)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    said: list[str] = []
    source = open_file(str(path), say=said.append)
    n = len(frames(source))
    source.close()
    assert 15 < n < 45
    assert len(said) == 1
    assert said[0].startswith(f"a.avi ends at second {(n - 1) / 10:.1f} of 6.0")


@pytest.mark.parametrize(
    ("times", "promised"),
    [
        ([i / 10 for i in range(60)], 62),  # a few less
        ([i / 10 for i in range(60)], 0),  # promises nothing
        ([i / 2 for i in range(60)], 300),  # a variable rate: the number is guessed from the time
        ([i / 10 for i in range(60)], -9e18),
    ],
)
def test_what_is_not_cut_off(
    times: list[float], promised: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "open_address", lambda address: Fake(times, promised=promised))
    said: list[str] = []
    assert len(frames(VideoFile("a", "a", say=said.append))) == 60
    assert said == []


def test_damage_in_the_middle_is_got_over_and_nothing_of_ffmpegs_own_is_said(
    tmp_path: Path,
) -> None:
    """In a process of its own: FFmpeg takes its level from the first who uses it."""
    path = film(tmp_path / "damaged.avi", n=40, size=(320, 240))
    data = bytearray(path.read_bytes())
    inside_a_frame = data.index(b"00dc", len(data) // 2) + 30
    data[inside_a_frame : inside_a_frame + 300] = bytes(300)
    path.write_bytes(data)
    (tmp_path / "text.mp4").write_bytes(b"no video\n" * 99)
    code = (
        "import sys\n"
        "from fercurate.errors import FercurateError, InputError\n"
        "from fercurate.live.files import open_file\n"
        "try: open_file(sys.argv[1])\n"
        "except InputError: pass\n"
        "source, n = open_file(sys.argv[2]), 0\n"
        "while source.read(1) is not None: n += 1\n"
        "source.close()\n"
        "print(n)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "text.mp4"), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) >= 38
    assert done.stderr == ""


@pytest.mark.parametrize("size", [(63, 47), (3, 1), (3840, 2160)])
def test_sizes_of_all_kinds(size: tuple[int, int], tmp_path: Path) -> None:
    source = open_file(str(grey_film(tmp_path / "a.y4m", "mono", size)))
    found = frames(source)
    source.close()
    assert [frame.image.shape for frame in found] == [(size[1], size[0], 3)] * 2


@pytest.mark.parametrize("pixels", ["mono", "mono16"])
def test_a_grey_and_a_16_bit_video_come_as_8_bit_colour(pixels: str, tmp_path: Path) -> None:
    source = open_file(str(grey_film(tmp_path / "a.y4m", pixels, (64, 48))))
    found = frames(source)
    source.close()
    assert [frame.image.shape for frame in found] == [(48, 64, 3)] * 2
    assert abs(float(found[0].image.mean()) - 128) < 12


def test_a_phones_video_is_turned_upright(tmp_path: Path) -> None:
    """The matrix of its track says by how much: here a quarter to the right."""
    path = film(tmp_path / "a.mp4", n=3, size=(64, 48))
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    assert struct.unpack(">9i", data[at : at + 36])[0] == 1 << 16
    turned = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[at : at + 36] = struct.pack(">9i", *turned)
    path.write_bytes(data)
    source = open_file(str(path))
    assert frames(source)[0].image.shape == (64, 48, 3)
    source.close()
