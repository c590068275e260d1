"""Runs a command in a throw-away container of the snapshot, for a limited time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dockernb.engines.base import ContainerSpec
from dockernb.errors import BuildInterruptedError, UnsupportedByEngineError

from .subject import Subject

__all__ = ["Ended", "Limit", "Output", "own_spec", "run", "start_command"]

_KEPT = 1 << 16
_TAIL_LINES = 8
# How often a limit looks whether the reader has interrupted, in seconds.
_GLANCE = 0.1


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        exit_code: None: it was ended, because its time was over or nothing more was to be seen.
        output: The last 64 KiB that it printed.
    """

    exit_code: int | None
    output: str

    @property
    def tail(self) -> str:
        """The last lines."""
        return "\n".join(self.output.rstrip().splitlines()[-_TAIL_LINES:])


class Output:
    """The last bytes of an output as they arrive."""

    def __init__(self) -> None:
        self._data = b""

    def __call__(self, data: bytes) -> None:
        self._data = (self._data + data)[-_KEPT:]

    @property
    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


class Limit:
    """Ends a command: at the end of its time, when told to, or when the reader interrupts."""

    def __init__(self, cancel: threading.Event, seconds: float) -> None:
        self.stop = threading.Event()
        self._cancel = cancel
        self._left = seconds
        self._changed = threading.Condition()

    @property
    def seconds(self) -> float:
        """What is left."""
        return self._left

    def restart(self, seconds: float) -> None:
        """From now on, so many seconds are left."""
        with self._changed:
            self._left = seconds

    @contextmanager
    def running(self) -> Iterator[threading.Event]:
        """The event that ends the command; it is set only within the block."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,), name="dockernb-check-limit")
        watcher.start()
        try:
            yield self.stop
        finally:
            done.set()
            watcher.join()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(_GLANCE):
            with self._changed:
                self._left -= _GLANCE
                over = self._left <= 0
            if over or self._cancel.is_set():
                self.stop.set()


def start_command(subject: Subject, args: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """ENTRYPOINT and CMD, or ENTRYPOINT and `args`, as `docker run` puts them together."""
    config = subject.image.config.runtime
    return (*(config.entrypoint or ()), *((config.cmd or ()) if args is None else args))


def own_spec(subject: Subject, command: tuple[str, ...]) -> ContainerSpec:
    """What a container of the image gets by default; it has no network but its own loopback."""
    config = subject.image.config.runtime
    return ContainerSpec(
        command=command,
        env=config.environment,
        user=config.user,
        working_dir=config.working_dir or "/",
        network="none",
    )


def run(
    subject: Subject,
    spec: ContainerSpec,
    limit: Limit,
    watch: Callable[[bytes], None] | None = None,
) -> Ended:
    """Runs the command to its end or to its limit.

    Args:
        watch: Gets the output as it arrives, after it was kept.

    Raises:
        BuildInterruptedError: the reader interrupted.
    """
    subject.check_interrupt()
    output = Output()

    def hear(data: bytes) -> None:
        output(data)
        if watch is not None:
            watch(data)

    try:
        with (
            subject.engine.create(subject.image.id, spec) as container,
            limit.running() as stop,
        ):
            code: int | None = container.run(hear, stop)
    except BuildInterruptedError:
        subject.check_interrupt()
        code = None
    except UnsupportedByEngineError:
        if spec.network != "none":
            raise
        # Not every machine lets us make a network of our own; the host's will do.
        return run(subject, replace(spec, network="default"), limit, watch)
    return Ended(code, output.text)
