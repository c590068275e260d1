"""`--ssh ID=KEYFILE`: an ssh agent of our own that holds the key, as BuildKit's client has one.

The key itself goes to no container: only the agent's socket does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import BuildError

__all__ = ["KeyAgents"]

# The agent ends with its command, and that one with its standard input: at our death at the latest.
_SCRIPT = 'echo "$SSH_AGENT_PID"; ssh-add -q -- "$@" </dev/null && echo ready && exec cat'
# Nobody can be asked for a passphrase.
_NOBODY = {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


class KeyAgents:
    """One agent for each set of keys, started when first wanted. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, ...], _Agent] = {}

    def sockets(self, keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """The sockets of agents that hold `keys`: ID -> paths of files.

        Raises:
            BuildError: A key cannot be used, for example because it has a passphrase.
        """
        with self._lock:
            for files in keys.values():
                if files not in self._running:
                    self._running[files] = _Agent(files)
            return {name: str(self._running[files].socket) for name, files in keys.items()}

    def close(self) -> None:
        """Ends the agents."""
        with self._lock:
            while self._running:
                self._running.popitem()[1].close()


class _Agent:
    def __init__(self, files: tuple[str, ...]) -> None:
        if shutil.which("ssh-agent") is None:
            raise BuildError(
                "--ssh: keys in files need ssh-agent, which is not installed here",
                state="Nothing of this cell was run.",
                hint="Install it: apt-get install openssh-client",
            )
        self._folder = Path(tempfile.mkdtemp(prefix="dockernb-agent-"))
        self.socket = self._folder / "agent"
        self._process = subprocess.Popen(
            ["ssh-agent", "-a", str(self.socket), "sh", "-c", _SCRIPT, "sh", *files],
            env={**os.environ, **_NOBODY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101  (asked for above)
        self._agent = self._process.stdout.readline().strip()
        if self._process.stdout.readline().strip() != "ready":
            said = self.close()
            raise BuildError(
                f'--ssh: the key "{", ".join(files)}" cannot be used',
                rule=said,
                state="Nothing of this cell was run.",
                hint="A key with a passphrase: `ssh-add FILE` in a terminal, then --ssh default",
            )

    def close(self) -> str:
        """Ends the agent; what its command had to say."""
        said = self._process.communicate()[1].strip()  # the end of its input ends the command
        if self._agent.isdecimal():
            with suppress(ProcessLookupError):
                os.kill(int(self._agent), signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)
        return said
