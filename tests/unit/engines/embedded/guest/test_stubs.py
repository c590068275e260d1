"""Mount points leave no trace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest.inside import Inside
from dockernb.engines.embedded.guest.network_files import hosts_file
from dockernb.engines.embedded.guest.stubs import Stubs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    for path in (tmp_path / "etc", tmp_path):
        os.utime(path, ns=(10**18, 10**18))
    return tmp_path


@pytest.fixture
def stubs(root: Path) -> Iterator[Stubs]:
    inside = Inside(str(root))
    yield Stubs(inside)
    inside.close()


def test_empty_mount_points_go_and_times_stay(root: Path, stubs: Stubs) -> None:
    stubs.make("/etc/hosts", folder=False)
    stubs.make("/a/b/c", folder=True)
    assert (root / "a/b/c").is_dir()
    assert root.stat().st_mtime_ns == (root / "etc").stat().st_mtime_ns == 10**18
    assert stubs.remove() == ()
    assert os.listdir(root) == ["etc"]
    assert os.listdir(root / "etc") == []
    assert root.stat().st_mtime_ns == (root / "etc").stat().st_mtime_ns == 10**18


def test_filled_mount_point_stays(root: Path, stubs: Stubs) -> None:
    stubs.make("/a/b", folder=True)
    (root / "a/new").write_text("x")
    assert stubs.remove() == ("/a",)
    assert os.listdir(root / "a") == ["new"]


def test_link_does_not_lead_out_of_the_root(root: Path, stubs: Stubs, tmp_path: Path) -> None:
    (root / "out").symlink_to("../../../../../../etc")
    stubs.make("/out/made", folder=True)
    assert (root / "etc/made").is_dir()
    assert stubs.remove() == ()


def test_link_that_leads_nowhere_is_an_error(root: Path, stubs: Stubs) -> None:
    (root / "dangling").symlink_to("/none")
    with pytest.raises(OSError, match="leads nowhere"):
        stubs.make("/dangling", folder=True)


def test_hosts_have_buildkits_lines_foreign_names_and_extra_ones() -> None:
    host = "127.0.0.1 localhost\n127.0.1.1 laptop\n10.0.0.5 mirror m # x\nff02::1 all\nbad line\n"
    assert hosts_file({"db": "1.2.3.4"}, host=host).decode() == (
        "127.0.0.1\tlocalhost buildkitsandbox\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "10.0.0.5\tmirror m\n"
        "1.2.3.4\tdb\n"
    )
