"""Unpacking a tar: what comes out, and what a hostile one cannot do."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.engines.embedded.files.apply import Applied, apply_tar
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.errors import OciError
from tests.unit.embedded.tars import Member, folder, hard_link, link, tar_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


def apply(root: Path, *members: Member) -> Applied:
    return apply_tar(io.BytesIO(tar_of(members)), str(root), NOTED)


def owner_of(path: Path) -> tuple[int, int]:
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        status = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        found = NOTED.read(parent, path.name, status)
    finally:
        os.close(parent)
    return found.uid, found.gid


def test_files_have_content_mode_owner_and_time(root: Path) -> None:
    done = apply(root, Member("a/b", b"hello", mode=0o4750, uid=12, gid=34))
    made = root / "a" / "b"
    assert made.read_bytes() == b"hello"
    assert stat.S_IMODE(made.stat().st_mode) == 0o4750
    assert made.stat().st_mtime == 1_000_000_000
    assert owner_of(made) == (12, 34)
    assert (done.entries, done.size) == (1, 5)


def test_missing_parents_are_made_for_all(root: Path) -> None:
    apply(root, Member("a/b/c", b""))
    assert stat.S_IMODE((root / "a" / "b").stat().st_mode) == 0o755


def test_a_folder_keeps_its_content_and_takes_mode_and_time(root: Path) -> None:
    (root / "d").mkdir()
    (root / "d" / "kept").touch()
    apply(root, folder("d", 0o1777, mtime=5), Member("d/new", b""))
    assert (root / "d" / "kept").exists()
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o1777
    assert (root / "d").stat().st_mtime == 5


def test_folders_without_rights_are_filled_all_the_same(root: Path) -> None:
    apply(root, folder("shut", 0o000), Member("shut/in", b"x"))
    assert stat.S_IMODE((root / "shut").stat().st_mode) == 0


def test_a_device_is_noted_and_not_made(root: Path) -> None:
    apply(root, Member("null", type=tarfile.CHRTYPE, device=(1, 3), mode=0o666, uid=1))
    assert stat.S_ISREG((root / "null").stat().st_mode)
    parent = os.open(root, os.O_RDONLY)
    found = NOTED.read(parent, "null", os.stat("null", dir_fd=parent))
    os.close(parent)
    assert (found.type, found.device, found.uid) == (stat.S_IFCHR, (1, 3), 1)


def test_hard_links_are_one_file(root: Path) -> None:
    apply(root, Member("one", b"x"), hard_link("two", "one"))
    assert (root / "one").stat().st_ino == (root / "two").stat().st_ino


@pytest.mark.parametrize(
    ("before", "member"),
    [
        (lambda path: path.mkdir(), Member("x", b"new")),
        (lambda path: path.write_bytes(b"old"), folder("x")),
        (lambda path: path.symlink_to("/etc/passwd"), Member("x", b"new")),
        (lambda path: path.symlink_to("/etc"), folder("x")),
        (lambda path: (path / "deep").mkdir(parents=True), link("x", "nowhere")),
    ],
    ids=["file over folder", "folder over file", "file over link", "folder over link", "link"],
)
def test_what_is_in_the_way_gives_way(
    root: Path, before: Callable[[Path], None], member: Member
) -> None:
    before(root / "x")
    apply(root, member)
    mode = (root / "x").lstat().st_mode
    kinds = {tarfile.DIRTYPE: stat.S_ISDIR, tarfile.SYMTYPE: stat.S_ISLNK}
    assert kinds.get(member.type, stat.S_ISREG)(mode)


def test_a_link_on_the_way_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    apply(root, link("way", str(outside)), Member("way/evil", b"x"))
    assert not list(outside.iterdir())
    assert (root / "way" / "evil").read_bytes() == b"x"


def test_names_that_are_no_utf8_come_out_as_they_are(root: Path) -> None:
    name = b"\xff\n<b>".decode("utf-8", "surrogateescape")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo(name))
    apply_tar(io.BytesIO(buffer.getvalue()), str(root), NOTED)
    assert [os.fsencode(path.name) for path in root.iterdir()] == [b"\xff\n<b>"]


def test_notes_of_the_engine_and_of_overlay_cannot_be_forged(root: Path) -> None:
    pax = {
        "SCHILY.xattr.user.dockernb.owner": "0:0:c:1:1",
        "SCHILY.xattr.user.overlay.opaque": "y",
        "SCHILY.xattr.user.mine": "kept",
    }
    apply(root, Member("f", b"", pax=pax), folder("d"))
    assert os.listxattr(root / "f") == ["user.mine"]


@pytest.mark.parametrize(
    "members",
    [
        [Member("../evil", b"x")],
        [Member("a/../../evil", b"x")],
        [hard_link("x", "/etc/passwd")],
        [hard_link("x", "../outside")],
        [link("way", "/etc"), hard_link("x", "way/passwd")],
        [Member("x", type=b"Q")],
    ],
    ids=["parent", "inner parent", "absolute hard link", "hard link out", "through link", "type"],
)
def test_hostile_entries_are_refused(root: Path, members: list[Member]) -> None:
    (root.parent / "outside").write_text("secret")
    with pytest.raises(OciError):
        apply(root, *members)
    assert not (root.parent / "evil").exists()
    assert not (root / "x").exists()


def test_an_absolute_name_stays_in_the_root(root: Path) -> None:
    apply(root, Member("/etc/made", b"x"))
    assert (root / "etc" / "made").read_bytes() == b"x"


@pytest.mark.parametrize("length", [100, 512, 700, 1024])
def test_an_archive_that_ends_too_early_is_an_error(root: Path, length: int) -> None:
    data = tar_of([Member("a", b"x" * 2000)])[:length]
    with pytest.raises(OciError):
        apply_tar(io.BytesIO(data), str(root), NOTED)


def test_deep_folders_are_made_and_removed(root: Path) -> None:
    deep = "/".join(["d"] * 300)
    apply(root, Member(f"{deep}/f", b"x"))
    apply(root, Member("d", b"a file now"))
    assert (root / "d").read_bytes() == b"a file now"
