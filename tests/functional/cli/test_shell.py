"""`dockernb shell` on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest.terminal import set_size

from .conftest import Command

SECONDS = 60.0
DOCKERFILE = "FROM {base}\nRUN echo one >/one\nRUN echo half >/half; exit 3\n"


class Typed:
    """A command on a terminal of its own."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.ours, theirs = pty.openpty()
        set_size(self.ours, 31, 97)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dockernb", *words],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = b""

    def type(self, line: str) -> None:
        os.write(self.ours, f"{line}\r".encode())

    def expect(self, text: str) -> None:
        self.read(lambda: text.encode() in self.shown)
        assert text.encode() in self.shown, self.shown
        self.shown = self.shown.partition(text.encode())[2]

    def end(self) -> int:
        self.read(lambda: False)
        os.close(self.ours)
        return self.process.wait(SECONDS)

    def read(self, enough: Callable[[], bool]) -> None:
        """Until it is enough, or the terminal has ended."""
        deadline = time.monotonic() + SECONDS
        while not enough():
            assert time.monotonic() < deadline, self.shown
            if select.select([self.ours], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.ours, 65536)
                except OSError:  # EIO: nobody has the other end any more
                    return


@pytest.mark.parametrize("engine", ["docker", "embedded"])
def test_a_shell_on_the_command_line_is_typed_into_and_gives_its_exit_code(
    engine: str, dockernb: Command, environment: dict[str, str], registry: str, tmp_path: Path
) -> None:
    environment["DOCKERNB_ENGINE"] = engine
    source, path = tmp_path / "Dockerfile", tmp_path / "lesson.ipynb"
    source.write_text(DOCKERFILE.format(base=f"{registry}/busybox:noconfig"), "utf-8")
    assert dockernb("import", source, "-o", path).returncode == 0

    shell = Typed(["shell", str(path), "--cell", "2"], environment)
    shell.expect("of cell [2]; what it changes is thrown away")
    shell.expect("/ # ")
    shell.type("cat /one; stty size; echo 1 >/new")
    shell.expect("one\r\n31 97\r\n")
    shell.type(
        "sh -c \"trap 'echo got it; exit 0' INT; echo rea''dy; while :; do sleep 0.1; done\""
    )
    shell.expect("ready\r\n")
    os.write(shell.ours, b"\x03")
    shell.expect("got it\r\n")
    shell.type("exit 5")
    shell.expect("thrown away: 1 added, 0 modified, 0 deleted, 2 B")
    assert shell.end() == 5, shell.shown

    shell = Typed(["shell", str(path), "--failed"], environment)
    shell.expect("a shell in the failed state of RUN echo half >/half; exit 3;")
    shell.expect("/ # ")  # what is typed before it, a shell may throw away
    shell.type("cat /half; exit")
    shell.expect("half\r\n")
    assert shell.end() == 0

    refused = dockernb("shell", path)
    assert refused.returncode == 1
    assert "a shell needs a terminal" in refused.stderr
    assert "Nothing was built." in refused.stderr
