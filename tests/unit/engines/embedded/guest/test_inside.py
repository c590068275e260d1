"""Paths inside a root, while the machine is busy with other things."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest.inside import Inside

#: Has nothing to do with the root, and renames a file all the time.
RENAMES = """
import os, sys
one, other = sys.argv[1:]
open(one, "w").close()
print(flush=True)
while True:
    os.rename(one, other)
    os.rename(other, one)
"""


@pytest.fixture
def renames(tmp_path: Path) -> Iterator[None]:
    command = [sys.executable, "-c", RENAMES, tmp_path / "one", tmp_path / "other"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


@pytest.mark.usefixtures("renames")
def test_way_up_is_found_while_others_rename(tmp_path: Path) -> None:
    """The kernel gives up some hundred of so many: it cannot tell what the renames changed."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "up").symlink_to("../../../../../../etc")
    inside = Inside(str(root))
    expected = (root / "etc").stat()
    for _ in range(5000):
        descriptor = inside.open_folder("/up")
        assert os.path.samestat(os.fstat(descriptor), expected)
        os.close(descriptor)
    inside.close()
