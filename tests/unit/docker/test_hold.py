"""The program that keeps a container running for its mounts."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from dockernb.engines.docker import hold
from dockernb.oci.platforms import platform_of


def test_it_runs_until_its_stdin_ends(tmp_path: Path) -> None:
    here = platform_of("linux", platform.machine()).architecture
    program = hold.program(here)
    if program is None:
        pytest.skip(f"there is none for {here}")
    path = tmp_path / "hold"
    path.write_bytes(program)
    path.chmod(0o755)
    with subprocess.Popen([path], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"x" * 1000)
        process.stdin.flush()
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize(("architecture", "machine"), [("amd64", 62), ("arm64", 183)])
def test_it_is_an_elf_file_of_one_segment(architecture: str, machine: int) -> None:
    program = hold.program(architecture)
    assert program is not None
    assert program[:4] == b"\x7fELF"
    assert int.from_bytes(program[18:20], "little") == machine
    assert int.from_bytes(program[96:104], "little") == len(program)


def test_there_is_none_for_other_machines() -> None:
    assert hold.program("s390x") is None
