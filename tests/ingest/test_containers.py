from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_cases import folder_of, tar_of, zip_of

from fercurate.errors import InputError
from fercurate.ingest.containers import open_container

TEXT = b"emotion,pixels\n0,1 2 3\n"
FILES = {"a/x.csv": TEXT, "a/readme.txt": b"hello", "b/1.png": b"png"}
LIMIT = 1e9


def contents(path: Path, limit: float = LIMIT) -> dict[str, bytes]:
    found = {}
    for member, opener in open_container(path, limit).each():
        with opener() as stream:
            found[member.name] = stream.read()
    return found


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(zip_of(FILES), "zip archive", id="zip"),
        pytest.param(tar_of(FILES, "w"), "tar archive", id="tar"),
        pytest.param(tar_of(FILES, "w:gz"), "tar archive", id="tar.gz"),
        pytest.param(tar_of(FILES, "w:xz"), "tar archive", id="tar.xz"),
    ],
)
def test_archives_are_known_by_content(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "download"
    path.write_bytes(data)
    container = open_container(path, LIMIT)
    assert container.kind == kind
    assert {m.name: m.head for m in container.members if m.head} == {"a/x.csv": TEXT}
    assert contents(path) == FILES


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_a_single_file_is_decompressed_by_content(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.csv.gz"
    path.write_bytes(pack(TEXT))
    container = open_container(path, LIMIT)
    assert [(m.name, m.head) for m in container.members] == [("x.csv", TEXT)]
    assert contents(path) == {"x.csv": TEXT}


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    outside = folder_of(tmp_path / "elsewhere", {"2.png": b"two"})
    folder = folder_of(
        tmp_path / "set",
        {**FILES, ".cache/x": b"", "a/.DS_Store": b"", "z.csv.gz": gzip.compress(TEXT)},
    )
    (folder / "linked").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "b" / "pipe.png")
    found = contents(folder)
    assert list(found) == ["a/readme.txt", "a/x.csv", "b/1.png", "linked/2.png", "z.csv"]
    assert found["z.csv"] == TEXT


def test_undecodable_names_become_valid_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"x")
    [name] = contents(tmp_path)
    assert name == "caf\ufffd.txt"


def test_junk_in_archives_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of({"__MACOSX/a/._1.png": b"", "a/._1.png": b"", "a/1.png": b"1"}))
    assert contents(path) == {"a/1.png": b"1"}


@pytest.mark.parametrize(
    "name",
    [
        "../evil.csv",
        "/etc/evil.csv",
        "a/../../evil.csv",
        "..\\evil.csv",
        "\\evil.csv",
        "C:\\evil.csv",
    ],
)
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path, name: str, make) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x"
    path.write_bytes(make({"fer2013.csv": TEXT, name: TEXT}))
    with pytest.raises(InputError, match="leaves the archive's folder"):
        open_container(path, LIMIT)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("fer2013.csv")
        info.type, info.linkname = kind, "../../etc/passwd"
        archive.addfile(info)
    with pytest.raises(InputError, match="is a link, a device or sparse"):
        open_container(path, LIMIT)


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("fer2013.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="is a link or a device"):
        open_container(path, LIMIT)


BOMB = bytes(5_000_000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(BOMB), id="gz"),
        pytest.param(lzma.compress(BOMB), id="xz"),
        pytest.param(bz2.compress(BOMB), id="bz2"),
        pytest.param(zip_of({"x.csv": BOMB}), id="zip"),
        pytest.param(zip_of({"x.csv.gz": gzip.compress(BOMB)}), id="gz in zip"),
        pytest.param(tar_of({"x.csv": BOMB}), id="tar.gz"),
        pytest.param(tar_of({"x.csv.gz": gzip.compress(BOMB)}, "w"), id="gz in tar"),
    ],
)
def test_unpacking_past_the_limit_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert len(data) < 100_000
    with pytest.raises(InputError, match="unpacks to more than"):
        contents(path, limit=4e6)
    assert sum(map(len, contents(path, limit=6e6).values())) == len(BOMB)


def test_a_zip_whose_header_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    honest = zip_of({"x.csv": BOMB})
    path = tmp_path / "x.zip"
    path.write_bytes(honest.replace(len(BOMB).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(InputError):
        contents(path, limit=1e6)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(os.urandom(9000))[:-900], id="gz"),
        pytest.param(lzma.compress(os.urandom(9000))[:-900], id="xz"),
        pytest.param(zip_of(FILES)[:-30], id="zip"),
        pytest.param(tar_of({"x.csv": os.urandom(9000)})[:-900], id="tar.gz"),
    ],
)
def test_a_file_cut_short_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "cut"
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        contents(path)


def test_missing_and_special_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_container(tmp_path / "none", LIMIT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe, not a file"):
        open_container(tmp_path / "pipe", LIMIT)


_ARCHIVES = [
    zip_of(FILES),
    tar_of(FILES, "w"),
    tar_of(FILES),
    gzip.compress(TEXT),
    lzma.compress(TEXT),
]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(_ARCHIVES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=4),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_damaged_archives_raise_nothing_but_input_errors(
    tmp_path: Path, data: bytes, edits: list[tuple[float, bytes]], cut: float | None
) -> None:
    damaged = io.BytesIO(data)
    for where, put in edits:
        damaged.seek(int(where * (len(data) - len(put))))
        damaged.write(put)
    kept = damaged.getvalue()
    path = tmp_path / "x"
    path.write_bytes(kept if cut is None else kept[: int(cut * len(kept))])
    try:
        found = contents(path)
    except InputError as error:
        found = {error.message: b""}
    assert all(isinstance(name, str) for name in found)
