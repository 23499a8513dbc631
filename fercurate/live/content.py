"""What a file is that is no video, by its first bytes: what it is called says little."""

from __future__ import annotations

import shlex
from pathlib import Path

from fercurate.errors import InputError

TEXT_CODECS = ("ansi",)
"""In which FFmpeg draws text files as pictures of a terminal."""

_PICTURE_CODECS = ("MJPG", "MPNG", "apng", "gif ", "tiff", "webp", "\0\0\0\0")
"""Of still pictures, and of videos that are made of such; the last is a codec without a name."""

_HEAD = 4096
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P4", b"P5", b"P6")
"""That `fercurate predict` reads; WebP is RIFF with another name behind its length."""

_PICTURE_BOXES = (b"ftypavif", b"ftypmif1", b"ftypheic", b"ftypheix")
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!",
             b"\x28\xb5\x2f\xfd")  # fmt: skip
_SOUND = (b"ID3", b"fLaC", b"OggS", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
_TEXT = frozenset(b"\t\n\v\f\r\x1b") | frozenset(range(0x20, 0x7F)) | frozenset(range(0x80, 0x100))
_MARKS = (b"\xff\xfe", b"\xfe\xff")


def may_be_a_still(codec: str) -> bool:
    """Whether a video's codec, four letters, is one of still pictures."""
    return codec in _PICTURE_CODECS


def is_list(head: bytes) -> bool:
    """Whether it is a list of other files for FFmpeg to read one after the other."""
    return head.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"ffconcat version")


def is_still(head: bytes) -> bool:
    """Whether it is one picture in a video's codec: AVIF."""
    return head[4:12] in _PICTURE_BOXES


def head_of(path: Path) -> bytes:
    """Its first bytes; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def no_video(name: str, path: Path | None) -> InputError:
    """What is said of a file in which no video is found, or no more than one picture.

    Args:
        name: Of it in messages.
        path: Where it is; None behind an address.
    """
    head = b"" if path is None else head_of(path)
    where = "ADDRESS" if path is None else shlex.quote(str(path))
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    if head.startswith(_PICTURES) or is_webp or head[4:12] in _PICTURE_BOXES:
        return InputError(
            f"{name} is a still image, and live reads videos.",
            f"For images: fercurate predict {where}",
        )
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        return InputError(f"{name} is an archive.", "Unpack it, and give a video of it.")
    if head.startswith(_SOUND) or head[4:11] == b"ftypM4A" or head[8:12] == b"WAVE":
        return InputError(f"{name} is a sound file.", "Give a video.")
    if head.startswith(b"%PDF"):
        return InputError(f"{name} is a PDF file.", "Give a video.")
    if _is_text(head):
        return InputError(f"{name} is a text file.", "Give a video.")
    return InputError(
        f"{name} cannot be read as a video.",
        f"If it is one, convert it: ffmpeg -i {where} -pix_fmt yuv420p video.mp4",
    )


def _is_text(head: bytes) -> bool:
    return bool(head) and (head.startswith(_MARKS) or not set(head) - _TEXT)
