"""The private apt, against archives on loopback."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.bases.apt import PrivateApt
from dockernb.bases.name import BaseName
from dockernb.bases.report import Moment, Reporter
from dockernb.errors import BaseImageError, BuildInterruptedError

from .packages import archive

Served = tuple[Path, str, list[str]]
ReadSources = Callable[[str], None]

PACKAGES = [
    "Package: base-files\nEssential: yes\nPre-Depends: libc",
    "Package: init\nPriority: required\nDepends: usrmerge | usr-is-merged\nRecommends: extra",
    "Package: libc\nPriority: optional",
    "Package: apt\nPriority: important",
    "Package: usrmerge",
    "Package: usr-is-merged",
    "Package: extra\nPriority: standard",
]
WANTED = {"base-files", "init", "libc", "apt", "usr-is-merged"}


class Bench:
    """Resolves and downloads into a folder; keeps what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moments: list[Moment] = []
        self.notes: list[str] = []
        self.cancel = threading.Event()

    def files(self) -> dict[str, Path]:
        """Name of each package -> its file."""
        apt = PrivateApt(
            self.folder,
            BaseName.parse("debian:bookworm"),
            "amd64",
            reporter=Reporter(self.moments.append, self.notes.append),
            cancel=self.cancel,
        )
        with apt.packages() as packages:
            assert packages.size == sum(path.stat().st_size for path in packages.files)
            return {path.name.partition("_")[0]: path for path in packages.files}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "cache")


def test_it_fetches_what_is_required_and_what_that_needs(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, _ = served
    archive(root / "debian", "bookworm", PACKAGES)
    read_sources(f"deb [trusted=yes] {address}/debian bookworm main\n")
    assert set(bench.files()) == WANTED
    assert {moment.phase for moment in bench.moments} == {"lists", "download"}
    assert bench.moments[-1].fraction == 1.0
    assert bench.notes == []


def test_packages_are_kept_and_a_spoiled_one_is_fetched_again(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, asked = served
    archive(root / "debian", "bookworm", PACKAGES)
    read_sources(f"deb [trusted=yes] {address}/debian bookworm main\n")
    files = bench.files()
    good = files["libc"].read_bytes()
    files["libc"].write_bytes(bytes(len(good)))
    (files["libc"].parent / "old_1_amd64.deb").write_bytes(b"of another time")
    asked.clear()
    assert bench.files() == files
    assert files["libc"].read_bytes() == good
    assert [path for path in asked if path.endswith(".deb")] == ["/debian/pool/libc_1_amd64.deb"]
    assert set(files["libc"].parent.glob("*.deb")) == set(files.values())


def test_an_archive_without_signature_is_refused_with_apts_words(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, _ = served
    archive(root / "debian", "bookworm", PACKAGES)
    read_sources(f"deb {address}/debian bookworm main\n")
    with pytest.raises(BaseImageError) as caught:
        bench.files()
    assert "is not signed" in str(caught.value.rule)


def test_a_package_that_is_not_what_the_list_says_is_refused(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, _ = served
    archive(root / "debian", "bookworm", PACKAGES)
    path = root / "debian" / "pool" / "libc_1_amd64.deb"
    path.write_bytes(bytes(path.stat().st_size))
    read_sources(f"deb [trusted=yes] {address}/debian bookworm main\n")
    with pytest.raises(BaseImageError) as caught:
        bench.files()
    assert "Hash Sum mismatch" in str(caught.value.rule)


def test_an_archive_of_somebody_else_takes_no_part(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, _ = served
    archive(root / "debian", "bookworm", PACKAGES)
    archive(root / "other", "bookworm", ["Package: spy\nEssential: yes"], origin="Other")
    read_sources(
        f"deb [trusted=yes] {address}/other bookworm main\n"
        f"deb [trusted=yes] {address}/debian bookworm main\n"
    )
    assert set(bench.files()) == WANTED


def test_an_archive_that_is_gone_is_told_and_the_old_lists_serve(
    bench: Bench, served: Served, read_sources: ReadSources
) -> None:
    root, address, _ = served
    archive(root / "debian", "bookworm", PACKAGES)
    read_sources(f"deb [trusted=yes] {address}/debian bookworm main\n")
    files = bench.files()
    (root / "debian").rename(root / "away")
    assert bench.files() == files
    assert "404" in bench.notes[0]


def test_a_machine_without_debian_is_told_so(bench: Bench, read_sources: ReadSources) -> None:
    read_sources("deb http://mirror.test/ubuntu noble main\n")
    with pytest.raises(BaseImageError, match="no Debian archive") as caught:
        bench.files()
    assert "sources.list" in str(caught.value.rule)
    assert not bench.folder.exists()


def test_it_can_be_interrupted(bench: Bench, read_sources: ReadSources) -> None:
    read_sources("deb http://mirror.test/debian bookworm main\n")
    bench.cancel.set()
    with pytest.raises(BuildInterruptedError):
        bench.files()


def test_a_machine_without_apt_is_told_what_is_needed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(BaseImageError, match='"apt-config" is not installed') as caught:
        bench.files()
    assert "pull" in str(caught.value.hint)
