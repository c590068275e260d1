"""A daemon on another machine, by the system's own `ssh`, as Docker's command line does it.

`ssh HOST docker system dial-stdio` joins its stdin and stdout to the daemon's socket over there.
Keys, agents, host names and jump hosts are the business of ssh and of the reader's ~/.ssh/config.
There is nobody to ask for a password, so ssh is told not to: it fails at once and says why.
"""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from dockernb.errors import EngineNotAvailableError

__all__ = ["SshError", "dial_ssh", "ssh_command", "ssh_trial"]

_OPTIONS = ("BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=30")
_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[^@:/?#]+)@)?(?P<host>\[[^\]/]+\]|[^@:/?#\[\]]+)"
    r"(?::(?P<port>\d{1,5}))?(?P<path>/[^?#]*)?"
)
_END_SECONDS = 5.0
_SSH_FAILED = 255  # ssh(1): else it is the exit code of the command there
_MOST_WORDS = 2000


class SshError(OSError):
    """ssh ended before the daemon answered; the text is what it said."""


def ssh_command(address: str) -> list[str]:
    """The command that speaks to the daemon at `ssh://[USER@]HOST[:PORT][/PATH/OF/SOCKET]`.

    Raises:
        EngineNotAvailableError: it is not of this form.
    """
    options = [word for option in _OPTIONS for word in ("-o", option)]
    where, path = _where(address)
    there = ["docker", "system", "dial-stdio"]
    if path:
        there[1:1] = ["--host", shlex.quote(f"unix://{path}")]
    return ["ssh", *options, "-T", *where, *there]


def ssh_trial(address: str) -> str:
    """The same way by hand, for the reader to try."""
    return shlex.join(["ssh", *_where(address)[0], "docker", "version"]).replace(" -- ", " ")


def dial_ssh(command: list[str], seconds: float | None) -> socket.socket:
    """A connection. It is there at once: what ssh has to say comes with the first read.

    Raises:
        OSError: there is no `ssh`.
    """
    ours, theirs = socket.socketpair()
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
    try:
        # A session of its own: an interrupt at the terminal is ours alone, and ssh cannot ask.
        process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=words,
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        words.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(seconds)
    return _SshSocket(ours, process, words)


class _SshSocket(socket.socket):
    """Our end of a pair whose other end is ssh's stdin and stdout. Ends ssh when it is closed."""

    def __init__(
        self, ours: socket.socket, process: subprocess.Popen[bytes], words: IO[bytes]
    ) -> None:
        seconds = ours.gettimeout()
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self.settimeout(seconds)
        self._process = process
        self._words = words
        self._answered = False
        self._end_lock = threading.Lock()

    def recv(self, *arguments: Any) -> bytes:
        with self._explained():
            data = super().recv(*arguments)
        self._look(len(data))
        return data

    def recv_into(self, *arguments: Any) -> int:
        with self._explained():
            length = super().recv_into(*arguments)
        self._look(length)
        return length

    def sendall(self, *arguments: Any) -> None:
        with self._explained():
            super().sendall(*arguments)

    def close(self) -> None:
        super().close()
        if self.fileno() == -1:  # whoever made a file of it has closed that, too
            self._end()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """An end that comes as an error."""
        try:
            yield
        except (BrokenPipeError, ConnectionResetError):
            self._look(0)
            raise

    def _look(self, length: int) -> None:
        """Raises if this is the end, and nothing came before it, or ssh lost its connection."""
        if length:
            self._answered = True
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        if not self._answered or self._process.returncode == _SSH_FAILED:
            raise SshError(self._said())

    def _said(self) -> str:
        self._words.seek(0)
        text = self._words.read(_MOST_WORDS).decode("utf-8", "replace").strip()
        return text or f"ssh ended with exit code {self._process.returncode}"

    def _end(self) -> None:
        with self._end_lock:
            if self._process.returncode is None:
                self._process.terminate()
                try:
                    self._process.wait(_END_SECONDS)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            self._words.close()


def _where(address: str) -> tuple[list[str], str]:
    """Arguments of ssh that name the host, and the path of the socket there."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise EngineNotAvailableError(
            f'"{address}" is no address for ssh',
            rule="it is ssh://USER@HOST:PORT; a password cannot be part of it",
            hint="use a key, and ~/.ssh/config for all other settings",
        )
    words: list[str] = []
    if found["user"]:
        words += ["-l", found["user"]]
    if found["port"]:
        words += ["-p", found["port"]]
    path = found["path"] or ""
    return [*words, "--", found["host"].strip("[]")], path if path != "/" else ""
