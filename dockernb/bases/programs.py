"""Running the machine's programs: they can be interrupted, and failing they are quoted."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from dockernb.errors import BaseImageError, BuildInterruptedError

__all__ = ["Programs", "interrupted"]

_PIECE = 1 << 18
_PAUSE = 0.1
_TAIL_LINES = 12
_MAX_LINE = 1 << 20
OnLine = Callable[[str], None]


def interrupted() -> BuildInterruptedError:
    """The error of a base whose making was interrupted."""
    return BuildInterruptedError(
        "making the base image was interrupted",
        state="No image was made; the packages that were downloaded are kept for the next time.",
    )


def _ignore(_line: str) -> None:
    pass


@dataclass(frozen=True)
class Programs:
    """Runs programs with one environment.

    Args:
        cancel: When it is set, the program that runs is ended and `BuildInterruptedError` raised.
        variables: Added to this process's environment.
    """

    cancel: threading.Event
    variables: Mapping[str, str]

    def run(
        self,
        command: Sequence[str],
        on_line: OnLine = _ignore,
        *,
        on_status: OnLine | None = None,
    ) -> None:
        """Runs a program of the apt family to its end.

        Args:
            on_line: Gets each line of standard output.
            on_status: Gets each line of what apt-get tells on its status file descriptor.

        Raises:
            BaseImageError: It failed, with its own words; or it is not installed.
        """
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(tempfile.TemporaryFile())
            streams: dict[int, OnLine] = {}
            extra: tuple[int, ...] = ()
            words = list(command)
            if on_status is not None:
                reading, writing = os.pipe()
                stack.callback(os.close, reading)
                extra = (writing,)
                streams[reading] = on_status
                words[1:1] = ["-o", f"APT::Status-Fd={writing}"]
            try:
                process = stack.enter_context(self._started(words, subprocess.PIPE, errors, extra))
            finally:
                for descriptor in extra:
                    os.close(descriptor)
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            streams[process.stdout.fileno()] = on_line
            self._follow(streams)
            self._check(process, command, errors)

    @contextlib.contextmanager
    def output(self, command: Sequence[str]) -> Iterator[IO[bytes]]:
        """Standard output of a program as a file; the program must end well, or not be read out.

        Raises:
            BaseImageError: It failed, with its own words; or it is not installed.
        """
        with (
            tempfile.TemporaryFile() as errors,
            self._started(command, subprocess.PIPE, errors, ()) as process,
        ):
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            yield process.stdout
            while process.stdout.read(_PIECE):
                self._look()
            self._check(process, command, errors)

    @contextlib.contextmanager
    def _started(
        self, command: Sequence[str], stdout: int, errors: IO[bytes], extra: tuple[int, ...]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The running program; it and its children are killed if it is left early."""
        program = shutil.which(command[0])
        if program is None:
            raise BaseImageError(
                f'"{command[0]}" is not installed on this machine',
                rule="A base is made with apt-get, apt-cache, apt-config and dpkg-deb, "
                "which Debian and its relatives always have.",
                hint="On another system pull the image instead, or make it on a Debian machine "
                "and bring it here: docker save, docker load.",
            )
        process = subprocess.Popen(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=errors,
            env=os.environ
            | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
            | dict(self.variables),
            pass_fds=extra,
            start_new_session=True,  # apt's methods are children; Ctrl-C is for us alone
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _follow(self, streams: Mapping[int, OnLine]) -> None:
        """Reads all streams to their ends."""
        with selectors.DefaultSelector() as selector:
            rest = dict.fromkeys(streams, b"")
            for descriptor in streams:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                self._look()
                for key, _ in selector.select(_PAUSE):
                    data = os.read(key.fd, _PIECE)
                    if not data:
                        selector.unregister(key.fd)
                    *lines, last = (rest[key.fd] + data).split(b"\n")
                    rest[key.fd] = last[:_MAX_LINE]
                    if not data and last:
                        lines.append(last)
                    for line in lines:
                        streams[key.fd](line.decode("utf-8", "replace"))

    def _check(
        self, process: subprocess.Popen[bytes], command: Sequence[str], errors: IO[bytes]
    ) -> None:
        while True:
            self._look()
            try:
                code = process.wait(_PAUSE)
                break
            except subprocess.TimeoutExpired:
                continue
        if code == 0:
            return
        errors.seek(0)
        said = errors.read(_PIECE).decode("utf-8", "replace").strip().splitlines()
        name = " ".join(command[:2])
        first = next((": " + line[3:] for line in said if line.startswith("E: ")), "")
        raise BaseImageError(
            f'"{name}" ended with exit code {code}{first}',
            rule="\n".join(said[-_TAIL_LINES:]) or None,
        )

    def _look(self) -> None:
        if self.cancel.is_set():
            raise interrupted()
