"""USER, looked up in the guest's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest.command import Credentials
from dockernb.engines.embedded.guest.users import resolve_user
from dockernb.errors import EngineError

PASSWD = """root:x:0:0:root:/root:/bin/sh
# comment
bob:x:1000:1000::/home/bob:/bin/sh
7:x:70:70::/seven:/bin/sh
broken
odd:x:99999999999:1::/:/bin/sh
homeless:x:5:6:::
"""
GROUP = "root:x:0:\nstaff:x:50:bob,root\nsudo:x:27:bob\nbad:x:y:bob\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    (tmp_path / "etc/group").write_text(GROUP)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("", Credentials(0, 0, (50,), "/root")),
        ("bob", Credentials(1000, 1000, (50, 27), "/home/bob")),
        ("1000", Credentials(1000, 1000, (50, 27), "/home/bob")),
        ("bob:sudo", Credentials(1000, 27, (), "/home/bob")),
        ("bob:9", Credentials(1000, 9, (), "/home/bob")),
        ("7", Credentials(7, 0, (), "/")),
        ("1234:5678", Credentials(1234, 5678, (), "/")),
        ("homeless", Credentials(5, 6, (), "/")),
    ],
)
def test_user_is_found(root: Path, user: str, found: Credentials) -> None:
    assert resolve_user(root, user) == found


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("eve", "unable to find user eve: no matching entries in passwd file"),
        ("odd", "unable to find user odd: no matching entries in passwd file"),
        ("bob:none", "unable to find group none: no matching entries in group file"),
        ("99999999999", "unable to find user 99999999999: no matching entries in passwd file"),
    ],
)
def test_unknown_name_is_an_error(root: Path, user: str, said: str) -> None:
    with pytest.raises(EngineError) as caught:
        resolve_user(root, user)
    assert caught.value.message == said


def test_tree_without_files_has_numbers_only(tmp_path: Path) -> None:
    assert resolve_user(tmp_path, "") == Credentials(0, 0, (), "/")
    assert resolve_user(tmp_path, "5:6") == Credentials(5, 6, (), "/")


def test_links_lead_nowhere_outside(root: Path, tmp_path: Path) -> None:
    (root / "etc").rename(root / "real")
    (root / "etc").symlink_to("/real")
    assert resolve_user(root, "bob").uid == 1000
    (root / "etc").unlink()
    (root / "etc").symlink_to("/")
    assert resolve_user(root, "") == Credentials(0, 0, (), "/")


def test_pipe_instead_of_a_file_does_not_block(root: Path) -> None:
    (root / "etc/passwd").unlink()
    os.mkfifo(root / "etc/passwd")
    assert resolve_user(root, "5") == Credentials(5, 0, (), "/")
