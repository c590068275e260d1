"""What every engine promises of a command on a terminal, and of the files of a failed command."""

from __future__ import annotations

import contextlib
import shlex
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from dockernb.engines.base import Image, Terminal, TerminalSize, WorkingContainer
from dockernb.errors import EngineError
from tests.conformance.bench import PATH, Bench, next_config, run, shell

_SECONDS = 20.0
_INTERRUPTED = "trap 'echo got it; exit 7' INT; echo rea''dy; while :; do sleep 0.05; done"
_ENV = {"PATH": PATH, "TERM": "xterm", "PS1": "> "}


@dataclass
class Typed:
    """A shell on a terminal, a thread that reads it, and somebody who types."""

    container: WorkingContainer
    terminal: Terminal
    shown: bytearray = field(default_factory=bytearray)
    exit_code: int | None = None
    news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self) -> None:
        self.exit_code = self.terminal.follow(self.hear)

    def hear(self, data: bytes) -> None:
        with self.news:
            self.shown += data
            self.news.notify_all()

    def type(self, line: str) -> None:
        self.terminal.send(f"{line}\r".encode())

    def expect(self, text: str) -> None:
        """Waits for `text`, and forgets all that was shown before it."""
        wanted = text.encode()
        with self.news:
            assert self.news.wait_for(lambda: wanted in self.shown, _SECONDS), bytes(self.shown)
            del self.shown[: self.shown.index(wanted) + len(wanted)]

    def end(self) -> int | None:
        self.thread.join(_SECONDS)
        assert not self.thread.is_alive()
        return self.exit_code


@contextlib.contextmanager
def typed(bench: Bench, image: Image, **spec: object) -> Iterator[Typed]:
    wanted = shell("exec sh -i", env=_ENV, has_terminal=True, **spec)
    with bench.engine.create(image.id, wanted) as container:
        shell_on_it = Typed(container, container.open_terminal(TerminalSize(33, 99)))
        try:
            yield shell_on_it
        finally:
            shell_on_it.terminal.close()
            shell_on_it.end()


def check_a_terminal_is_typed_into_resized_interrupted_and_left(bench: Bench) -> None:
    with typed(bench, bench.base) as one:
        one.expect("> ")
        one.type("stty size; test -t 0 && test -t 1 && test -t 2 && echo all$((40 + 2))")
        one.expect("\r\n33 99\r\n")
        one.expect("all42\r\n")
        one.terminal.resize(TerminalSize(50, 132))
        one.type("stty size")
        one.expect("\r\n50 132\r\n")
        one.type("echo to the te''rminal > /dev/tty; echo caf\N{LATIN SMALL LETTER E WITH ACUTE}")
        one.expect("to the terminal\r\ncaf\u00e9\r\n")
        one.type(f"sh -c {shlex.quote(_INTERRUPTED)}; echo left $?; echo x > /written")
        one.expect("ready\r\n")
        one.terminal.send(b"\x03")
        one.expect("got it\r\nleft 7\r\n")
        one.type("exit 5")
        assert one.end() == 5
        one.terminal.send(b"nobody reads this")
        one.terminal.resize(TerminalSize())
        changed = {entry.path for entry in one.container.diff().entries if entry.type == "file"}
        assert changed <= {"/written", "/root/.ash_history"}


def check_a_closed_terminal_takes_its_processes_with_it(bench: Bench) -> None:
    with typed(bench, bench.base, user="1000") as one:
        one.type("id -u; trap '' HUP TERM INT; echo rea''dy; sleep 1000 & sleep 1000")
        one.expect("1000\r\n")
        one.expect("ready\r\n")
        one.terminal.close()
        one.terminal.close()
        assert one.end() == 137


def check_much_goes_through_a_terminal_both_ways(bench: Bench) -> None:
    with typed(bench, bench.base) as one:
        one.type("stty -echo -icanon; head -c 2000000 /dev/zero | tr '\\0' x; echo; echo en''d")
        one.expect("end\r\n")
        one.type("head -c 300000 | wc -c")
        one.terminal.send(b"y" * 300_000)
        one.expect("300000\r\n")


def check_the_files_of_a_failed_command_are_kept_until_they_are_given_up(bench: Bench) -> None:
    with bench.engine.create(bench.base.id, shell("echo half >/half; exit 3")) as container:
        assert run(container) == (3, "")
        kept = container.keep(next_config(bench.base, "RUN: failed"))
    image = kept.image()
    assert kept.image() == image
    assert image.config.history[-1].created_by == "RUN: failed"
    with bench.engine.create(image.id, shell("cat /half; echo more >/more")) as container:
        assert run(container) == (0, "half\n")
        assert [entry.path for entry in container.diff().entries] == ["/more"]
    assert bench.diff("test ! -e /half") == []
    kept.remove()
    kept.remove()
    with pytest.raises(EngineError, match="the failed state is gone"):
        kept.image()
    with bench.engine.create(bench.base.id, shell("echo half >/half; exit 3")) as container:
        run(container)
        container.keep(next_config(bench.base, "RUN: never looked at")).remove()
