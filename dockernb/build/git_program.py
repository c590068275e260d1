"""The machine's own git, as a builder runs it: the reader's configuration has no effect on files.

Of the configuration only credential helpers count: they say who asks, and change no file. The
secrets GIT_AUTH_TOKEN and GIT_AUTH_HEADER (of one host with ".HOST" behind) do what they do in
BuildKit's `source/git/source.go`.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dockernb.errors import BuildError, BuildInterruptedError

from .remote_source import without_credentials

__all__ = ["NO_ACCESS", "GitAccess", "run_git"]

_SECONDS = 0.2
_NO_CONFIG = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "git:http:https:ssh",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    "LC_ALL": "C",
}
_OF_THE_READER = (
    *("PATH", "HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "http_proxy", "https_proxy", "no_proxy"),
)
# One token serves all repositories of these hosts, submodules too.
_WHOLE_HOSTS = ("https://github.com/", "https://www.github.com/")


@dataclass(frozen=True)
class GitAccess:
    """How git may prove who asks.

    Args:
        secrets: The secrets of the build.
        ssh_socket: Socket of an ssh agent; "": the reader's own.
    """

    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    ssh_socket: str = ""

    def environment(self, remote: str) -> dict[str, str]:
        """Variables for git. They hold secrets, which must stand in no file and no command line."""
        settings = [*_credential_helpers()]
        if header := self._header(remote):
            scope = next((host for host in _WHOLE_HOSTS if remote.startswith(host)), remote)
            settings.append((f"http.{scope}.extraheader", f"Authorization: {header}"))
        found = {"SSH_AUTH_SOCK": self.ssh_socket} if self.ssh_socket else {}
        for number, (key, value) in enumerate(settings):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return {**found, "GIT_CONFIG_COUNT": str(len(settings))}

    def _header(self, remote: str) -> str:
        if not remote.startswith(("http://", "https://")):
            return ""
        host = urlsplit(remote).netloc
        for name in (f"GIT_AUTH_HEADER.{host}", "GIT_AUTH_HEADER"):
            if name in self.secrets:
                return self.secrets[name].decode("utf-8", "surrogateescape").strip()
        for name in (f"GIT_AUTH_TOKEN.{host}", "GIT_AUTH_TOKEN"):
            if name in self.secrets:
                user = b"x-access-token:" + self.secrets[name].strip()
                return f"basic {base64.b64encode(user).decode()}"
        return ""


NO_ACCESS = GitAccess()


def run_git(
    words: Sequence[str],
    folder: Path | None,
    remote: str,
    access: GitAccess,
    cancel: threading.Event | None,
) -> str:
    """What git printed.

    Args:
        remote: The repository that is spoken to, for what errors say and for `access`.

    Raises:
        BuildError: git is not installed, or failed.
        BuildInterruptedError: `cancel` was set.
    """
    shown = without_credentials(remote)
    program = shutil.which("git")
    if program is None:
        raise BuildError(
            f'"{shown}" cannot be fetched: git is not installed here',
            hint="Install it: apt-get install git",
        )
    process = subprocess.Popen(
        [program, *words],
        cwd=folder,
        env={**_reader(), **_QUIET, **_NO_CONFIG, **access.environment(remote)},
        umask=0o022,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )
    with process:
        printed, said = _ended(process, cancel, shown)
    if process.returncode != 0:
        raise BuildError(
            f'"{shown}" cannot be fetched: git {words[0]} failed',
            rule=without_credentials(said.strip()),
            hint=_hint(remote),
        )
    return printed


def _hint(remote: str) -> str:
    hint = "Look whether the address is right and this machine reaches it."
    if remote.startswith(("http://", "https://")):
        return f"{hint}\nA private repository: %secret id=GIT_AUTH_TOKEN,src=FILE"
    if not remote.startswith("git://"):
        return f"{hint}\nA key for it: ssh-add FILE, or %build --ssh default=FILE"
    return hint


def _reader() -> dict[str, str]:
    return {name: os.environ[name] for name in _OF_THE_READER if name in os.environ}


def _credential_helpers() -> Iterator[tuple[str, str]]:
    """The `credential.*` settings of the reader and of the machine, in order."""
    asked = subprocess.run(
        ["git", "config", "--null", "--get-regexp", r"^credential\."],
        cwd=os.sep,  # no repository: only what counts everywhere
        env=_reader(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    for item in filter(None, asked.stdout.split("\0")):
        key, _, value = item.partition("\n")
        yield key, value


def _ended(
    process: subprocess.Popen[str], cancel: threading.Event | None, shown: str
) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            if cancel is not None and cancel.is_set():
                process.kill()
                process.communicate()
                raise BuildInterruptedError(f'fetching "{shown}" was interrupted') from None
