"""HEALTHCHECK for a container without a daemon, by the rules of Docker.

Source: "HEALTHCHECK" in the Dockerfile reference: a check every `interval` after the one before has
ended; `retries` failures in a row make it unhealthy; failures in the start period do not count, and
the first success ends that period.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dockernb.engines.base import Health
from dockernb.errors import DockernbError
from dockernb.oci.config import Healthcheck, RuntimeConfig

__all__ = ["HealthChecks"]

_NANO = 1_000_000_000
_DEFAULT_SECONDS, _DEFAULT_RETRIES, _DEFAULT_START_SECONDS = 30.0, 3, 5.0
_SHELL = ("/bin/sh", "-c")

RunCheck = Callable[[tuple[str, ...], threading.Event], int]


class HealthChecks:
    """Runs the checks in a thread of its own, between `begin` and `end`.

    Args:
        run: Runs a command in the container and gives its exit code; ends it when the event is set.
        config: An image's, with a HEALTHCHECK.
    """

    def __init__(self, run: RunCheck, config: RuntimeConfig) -> None:
        assert config.healthcheck is not None  # noqa: S101 - the caller has looked
        self._run = run
        self._check = config.healthcheck
        self._command = _command(self._check, config.shell or _SHELL)
        self._over = threading.Event()
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dockernb-health", daemon=True)
        self.health: Health = "starting"

    def begin(self) -> None:
        """The container runs."""
        self._thread.start()

    def end(self) -> None:
        """It runs no more; returns when no check does."""
        self._over.set()
        self._cancel.set()
        self._thread.join()

    def _watch(self) -> None:
        started, failures = time.monotonic(), 0
        starting = self._check.start_period > 0
        while not self._over.wait(self._pause(starting=starting)):
            passed = self._passes()
            if self._over.is_set():
                return
            starting = starting and time.monotonic() - started < self._check.start_period / _NANO
            if passed:
                failures, starting, self.health = 0, False, "healthy"
            elif not starting:
                failures += 1
                if failures >= (self._check.retries or _DEFAULT_RETRIES):
                    self.health = "unhealthy"

    def _pause(self, *, starting: bool) -> float:
        if starting:
            return self._check.start_interval / _NANO or min(
                _DEFAULT_START_SECONDS, self._check.interval / _NANO or _DEFAULT_SECONDS
            )
        return self._check.interval / _NANO or _DEFAULT_SECONDS

    def _passes(self) -> bool:
        """Whether one check succeeds in its time."""
        cancel = self._cancel = threading.Event()
        if self._over.is_set():
            return False
        limit = threading.Timer(self._check.timeout / _NANO or _DEFAULT_SECONDS, cancel.set)
        limit.daemon = True
        limit.start()
        try:
            return self._run(self._command, cancel) == 0
        except (DockernbError, OSError):  # it could not be run, or the container is ending
            return False
        finally:
            limit.cancel()


def _command(check: Healthcheck, shell: tuple[str, ...]) -> tuple[str, ...]:
    """`["CMD", ...]` is run as it is, `["CMD-SHELL", text]` by the image's shell."""
    kind, *words = check.test or ("NONE",)
    return (*shell, *words) if kind == "CMD-SHELL" else tuple(words)
