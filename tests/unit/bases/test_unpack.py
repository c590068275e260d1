"""Packages become one tar stream, read here as an engine reads it."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path

import pytest

from dockernb.bases.programs import Programs
from dockernb.bases.unpack import unpacked
from dockernb.errors import BaseImageError, BuildInterruptedError

from .packages import deb, member

DIR, SYM, LNK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def read(*packages: Path, cancel: threading.Event | None = None) -> dict[str, tarfile.TarInfo]:
    programs = Programs(cancel or threading.Event(), {})
    data = b"".join(unpacked(packages, programs)) + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: info for info in archive}


def test_files_go_where_merged_usr_has_them(tmp_path: Path) -> None:
    package, _ = deb(
        tmp_path,
        "Package: one",
        [
            member("./", DIR),
            member("./bin/", DIR),
            member("./bin/tool", content=b"text"),
            member("./bin/other", LNK, target="./bin/tool"),
            member("./lib64/ld.so", SYM, target="/lib/ld-2.so"),
            member("./etc/conf", content=b"x" * 700),
        ],
    )
    found = read(package)
    assert {name: info.linkname for name, info in found.items()} == {
        "usr": "",
        "usr/bin": "",
        "bin": "usr/bin",
        "usr/bin/tool": "",
        "usr/bin/other": "usr/bin/tool",
        "usr/lib64": "",
        "lib64": "usr/lib64",
        "usr/lib64/ld.so": "/lib/ld-2.so",
        "etc/conf": "",
    }
    assert found["etc/conf"].size == 700


def test_a_package_may_bring_the_links_of_merged_usr(tmp_path: Path) -> None:
    package, _ = deb(tmp_path, "Package: one", [member("./bin", SYM, target="usr/bin")])
    found = read(package)
    assert found["bin"].linkname == "usr/bin"
    assert found["usr/bin"].isdir()


def test_a_later_package_follows_the_link_of_an_earlier_one(tmp_path: Path) -> None:
    first, _ = deb(tmp_path, "Package: one", [member("./var/run", SYM, target="/run")])
    second, _ = deb(
        tmp_path,
        "Package: two",
        [member("./var/run/", DIR), member("./var/run/file", content=b"x")],
    )
    assert set(read(first, second)) == {"var/run", "run", "run/file"}


def test_manuals_and_mount_points_are_left_to_dpkg(tmp_path: Path) -> None:
    names = ["./usr/share/doc/one/copyright", "./usr/share/man/man1/one.1.gz", "./dev/null"]
    package, _ = deb(tmp_path, "Package: one", [member(name) for name in names])
    assert read(package) == {}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (member("../../etc/passwd"), "not allowed"),
        (member("/etc/passwd"), "not allowed"),
        (member("./link", LNK, target="../../etc/shadow"), "not allowed"),
        (member("./dev/sda", tarfile.BLKTYPE), "neither file, folder nor link"),
        (member("./pipe", tarfile.FIFOTYPE), "neither file, folder nor link"),
        (member("./bin", SYM, target="/etc"), 'is a link to "usr/bin"'),
        (member("./lib", content=b"x"), 'is a link to "usr/lib"'),
    ],
)
def test_hostile_entries_are_refused(
    tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes], words: str
) -> None:
    package, _ = deb(tmp_path, "Package: one", [bad])
    with pytest.raises(BaseImageError, match=words):
        read(package)


@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_a_package_that_is_cut_is_refused(tmp_path: Path, keep: int) -> None:
    package, _ = deb(tmp_path, "Package: one", [member("./etc/conf", content=b"x" * 9000)])
    package.write_bytes(package.read_bytes()[:keep])
    with pytest.raises(BaseImageError):
        read(package)


def test_it_can_be_interrupted(tmp_path: Path) -> None:
    package, _ = deb(tmp_path, "Package: one", [member("./etc/conf")])
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(BuildInterruptedError):
        read(package, cancel=cancel)
