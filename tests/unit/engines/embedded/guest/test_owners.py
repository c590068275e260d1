"""Owners in extended attributes; the folder must be on a file system with user.* attributes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest.owners import (
    LINKS_XATTR,
    OWNER_XATTR,
    Device,
    Owner,
    format_owner,
    parse_owner,
    read_owner,
    write_owner,
)

BOB = Owner(1000, 1001)


@pytest.mark.parametrize(
    "owner", [BOB, Owner(0, 42), Owner(0, 0, Device("c", 1, 3)), Owner(5, 6, Device("b", 8, 0))]
)
def test_owner_is_read_as_written(owner: Owner) -> None:
    assert parse_owner(format_owner(owner)) == owner


@pytest.mark.parametrize(
    "value",
    [b"", b"1", b"1:", b"-1:2", b"1:2:3", b"1:2:x:1:3", b"4294967295:0", b"1:99999999999", b"a:b"],
)
def test_what_is_no_owner_is_none(value: bytes) -> None:
    assert parse_owner(value) is None


def test_file_and_folder_keep_their_owners_over_rename(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        assert read_owner(str(tmp_path / name)) is None
        write_owner(str(tmp_path / name), BOB)
        (tmp_path / name).rename(tmp_path / "moved")
        assert read_owner(str(tmp_path / "moved")) == BOB
        (tmp_path / "moved").rename(tmp_path / name)


def test_root_as_owner_leaves_no_attribute(tmp_path: Path) -> None:
    write_owner(str(tmp_path), BOB)
    write_owner(str(tmp_path), Owner())
    assert OWNER_XATTR not in os.listxattr(tmp_path)


def test_link_has_an_owner_and_its_target_has_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    write_owner(str(tmp_path / "link"), BOB)
    assert read_owner(str(tmp_path / "link")) == BOB
    assert read_owner(str(tmp_path / "file")) is None


def test_owner_of_a_link_survives_a_rename_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    write_owner("link", BOB, dir_fd=(folder := os.open(tmp_path, os.O_RDONLY)))
    (tmp_path / "link").rename(tmp_path / "other")
    assert read_owner("other", dir_fd=folder) == BOB
    os.close(folder)


def test_new_link_does_not_get_the_owner_of_one_that_was_removed(tmp_path: Path) -> None:
    for number in range(20):
        link = tmp_path / f"link{number}"
        link.symlink_to("nowhere")
        assert read_owner(str(link)) is None
        write_owner(str(link), BOB)
        link.unlink()


def test_links_of_root_leave_no_attribute(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    write_owner(str(tmp_path / "link"), BOB)
    write_owner(str(tmp_path / "link"), Owner())
    assert LINKS_XATTR not in os.listxattr(tmp_path)


def test_pipe_has_an_owner(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    write_owner(str(tmp_path / "pipe"), BOB)
    assert read_owner(str(tmp_path / "pipe")) == BOB


def test_broken_records_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    os.setxattr(tmp_path, LINKS_XATTR, b"\xff" * 27)
    assert read_owner(str(tmp_path / "link")) is None
