"""The engine's side: starts the helper, asks it for workers, talks with them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dockernb.engines.embedded.worker.channel import Channel, ClosedError
from dockernb.engines.embedded.worker.failures import raise_failure
from dockernb.errors import EngineError

__all__ = ["HelperProcess", "WorkerProcess"]

_MODULE = "dockernb.engines.embedded.worker.helper"
_PATIENCE = 10.0
# A helper that was killed is replaced once a call.
_ATTEMPTS = 2


class WorkerProcess:
    """One worker. Calls wait for their answer; one thread at a time."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def call(self, do: str, files: Sequence[int] = (), **message: Any) -> dict[str, Any]:
        """Asks, and waits for the answer.

        Raises:
            OSError, DockernbError: what went wrong in the worker.
            EngineError: the worker is dead.
        """
        self.send(do, files, **message)
        return self.answer()

    def send(self, do: str, files: Sequence[int] = (), **message: Any) -> None:
        """Asks; the answer is to be fetched."""
        try:
            self.channel.send({"do": do, **message}, files)
        except ClosedError as err:
            raise _lost() from err

    def answer(self) -> dict[str, Any]:
        """Fetches the answer."""
        try:
            reply, _ = self.channel.receive()
        except ClosedError as err:
            raise _lost() from err
        raise_failure(reply)
        return reply

    def close(self) -> None:
        """The worker gives up what it has, and ends."""
        self.channel.close()


class HelperProcess:
    """The helper, started when it is first needed, and again when it was killed."""

    def __init__(self, store: Path, rung: int | None = None) -> None:
        self._store = store
        self._environment = os.environ | ({} if rung is None else {"DOCKERNB_RUNG": str(rung)})
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._facts: dict[str, Any] = {}

    def facts(self) -> dict[str, Any]:
        """What the helper told of this machine: `rung`, and the `ladder` of all that it tried.

        Raises:
            EngineNotAvailableError: it cannot work here.
        """
        with self._lock:
            self._started()
            return self._facts

    def worker(self, layers: Sequence[Mapping[str, str]] = ()) -> WorkerProcess:
        """A new worker, which is going to open the image of `layers`."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                ours, theirs = Channel.pair()
                try:
                    channel = self._started()
                    channel.send({"layers": list(layers)}, [theirs.fileno()])
                    channel.receive()  # it has forked; a helper that was killed will not say so
                except ClosedError:
                    self._stop()
                    ours.close()
                else:
                    return WorkerProcess(ours)
                finally:
                    theirs.close()
        raise _lost()

    def close(self) -> None:
        """Ends the helper; its workers must have been closed."""
        with self._lock:
            self._stop()

    def _started(self) -> Channel:
        if self._channel is not None and self._process is not None:
            if self._process.poll() is None:
                return self._channel
            self._stop()
        ours, theirs = Channel.pair()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE, os.fspath(self._store)],
            stdin=theirs.fileno(),
            env=self._environment,
            start_new_session=True,
        )
        theirs.close()
        try:
            self._facts, _ = ours.receive()
            raise_failure(self._facts)
        except ClosedError as err:
            self._stop()
            raise _lost() from err
        except BaseException:
            self._stop()
            raise
        self._channel = ours
        return ours

    def _stop(self) -> None:
        if self._channel is not None:
            self._channel.close()
        process, self._process, self._channel = self._process, None, None
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            if process.poll() is None:
                process.kill()
                process.wait()


def _lost() -> EngineError:
    return EngineError(
        "a process of the embedded engine was killed",
        rule="The system does that where memory runs out.",
        state="Nothing of this step was kept.",
        hint="Run the cell again: the process is started anew.",
    )
