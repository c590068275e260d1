"""Trees of an ordinary user without a user namespace: modes deny it what it owns."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.folders import remove_entry
from dockernb.engines.embedded.files.look import pack_path, stat_path
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.engines.embedded.files.scan import scan_tree
from dockernb.engines.embedded.guest.namespaces import try_in_child

NOBODY = 61234
#: As of a distribution that closes "/" and /etc, and worse. Name, mode, content.
ENTRIES: list[tuple[str, int, bytes | None]] = [
    (".", 0o555, None),
    ("etc", 0o555, None),
    ("etc/shadow", 0, b"x"),
    ("closed", 0, None),
    ("closed/in", 0o400, b"y"),
    ("closed/deep", 0, None),
    ("closed/deep/er", 0o111, b"z"),
]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are for their owner only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def layer() -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode, content in ENTRIES:
            info = tarfile.TarInfo(name)
            info.mode, info.uid = mode, 7
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.size = len(content or b"")
            tar.addfile(info, io.BytesIO(content or b""))
    buffer.seek(0)
    return buffer


def modes(root: Path) -> dict[str, int]:
    return {path: mark.mode & 0o7777 for path, mark in scan_tree(str(root)).items()}


def use(root: Path, packed: Path) -> None:
    """What an engine does with a tree; raises where something is not as it should be."""
    root.mkdir()
    apply_tar(layer(), str(root), NOTED)
    expected = {name: mode for name, mode, _ in ENTRIES if name != "."}
    assert modes(root) == expected
    found = stat_path(str(root), "/closed/in", NOTED)
    assert found is not None
    assert found.size == 1
    with packed.open("wb") as file:
        pack_path(str(root), "/", file.fileno(), NOTED)
    assert modes(root) == expected
    assert root.stat().st_mode & 0o7777 == 0o555
    parent = os.open(root.parent, os.O_RDONLY | os.O_DIRECTORY)
    remove_entry(parent, root.name)
    assert not root.exists()


def test_an_ordinary_user_keeps_trees_that_modes_close(open_folder: Path) -> None:
    root, packed = open_folder / "root", open_folder / "packed.tar"

    def attempt() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            use(root, packed)
        except AssertionError as error:
            raise OSError(0, f"not as expected: {error}") from error

    assert try_in_child(attempt) == ""
    with tarfile.open(packed) as tar:
        members = {member.name.strip("./"): member for member in tar}
        assert {name: member.mode for name, member in members.items()} == {
            name.strip("."): mode for name, mode, _ in ENTRIES
        }
        content = tar.extractfile(members["closed/deep/er"])
        assert content is not None
        assert content.read() == b"z"
    assert {member.uid for member in members.values()} == {7}
    shutil.rmtree(root, ignore_errors=True)
