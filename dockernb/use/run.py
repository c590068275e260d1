"""One running container of a notebook: its output, its state, and who listens to them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ..build.log import LogBuffer
from ..build.result import StepLog
from ..engines.base import Health, Port, RunningContainer
from ..errors import DockernbError, EngineError

__all__ = ["Listener", "Run", "RunFacts", "RunState", "RunStatus"]

log = logging.getLogger(__name__)

RunStatus = Literal["running", "stopping", "exited", "failed"]
STOP_SECONDS = 10.0  # as `docker stop`
_HEALTH_SECONDS = 0.5
_TAIL_SECONDS = 0.1


@dataclass(frozen=True)
class RunFacts:
    """What does not change while a container runs.

    Args:
        command: What replaces CMD; empty: the image's own.
    """

    name: str
    image_id: str
    ports: tuple[Port, ...] = ()
    command: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunState:
    """How it is.

    Args:
        exit_code: When it has exited.
        error: Why it failed: it could not be started, or it was lost.
        seconds: From its start to its end, or to now.
    """

    status: RunStatus = "running"
    exit_code: int | None = None
    health: Health | None = None
    error: DockernbError | None = None
    seconds: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.status in {"exited", "failed"}


Listener = Callable[[bytes | RunState], None]


class Run:
    """A container that was launched. Threads of its own follow it from `begin` on."""

    def __init__(self, facts: RunFacts, container: RunningContainer) -> None:
        self.facts = facts
        self._container = container
        self._started = time.monotonic()
        self._log = LogBuffer()
        self._state = RunState()
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._over = threading.Event()
        self._begun = False

    @property
    def state(self) -> RunState:
        with self._lock:
            return self._now()

    def output(self) -> StepLog:
        """What it has printed; of very much, the beginning and the end."""
        with self._lock:
            return self._log.finish()

    def begin(self, listener: Listener | None = None) -> None:
        """Follows the container. `listener` gets all output and every change, from two threads."""
        if listener is not None:
            self._listeners.append(listener)
        self._begun = True
        for work in (self._follow, self._watch_health):
            name = f"dockernb-{self.facts.name}"
            threading.Thread(target=work, name=name, daemon=True).start()

    def tail(self, cancel: threading.Event) -> Iterator[str | bytes]:
        """What it has printed (text), then more as it comes, to its end or until `cancel`."""
        waiting: queue.Queue[bytes | RunState] = queue.Queue()
        with self._lock:
            so_far = self._log.finish().text
            self._listeners.append(waiting.put)
        try:
            yield so_far
            while not cancel.is_set():
                try:
                    item = waiting.get(timeout=_TAIL_SECONDS)
                except queue.Empty:
                    if self._over.is_set():
                        return
                    continue
                if isinstance(item, bytes):
                    yield item
        finally:
            with self._lock:
                self._listeners.remove(waiting.put)

    def stop(self) -> None:
        """Sends the stop signal, and kills it ten seconds later; asked again, at once.

        Raises:
            EngineError: the engine does not answer.
        """
        with self._lock:
            before = self._state.status
        if before == "running":
            self._set(status="stopping")
            self._container.stop(STOP_SECONDS)
        elif before == "stopping":
            self._container.kill()

    def wait(self, seconds: float) -> bool:
        """Waits for its end; whether it has ended."""
        return self._over.wait(seconds)

    def remove(self) -> None:
        """Ends it and takes it away. Never raises."""
        try:
            self._container.remove()
        except DockernbError as error:
            log.warning('the container "%s" could not be removed: %s', self.facts.name, error)
        if not self._begun:
            self._over.set()

    def _follow(self) -> None:
        try:
            code = self._container.follow(self._hear)
        except DockernbError as error:
            self._set(status="failed", error=error)
        except Exception as error:
            log.exception('following "%s" failed', self.facts.name)
            self._set(status="failed", error=EngineError(f"the container was lost: {error}"))
        else:
            self._set(status="exited", exit_code=code)
        finally:
            self._over.set()
            self.remove()

    def _watch_health(self) -> None:
        while True:
            try:
                health = self._container.health()
            except DockernbError:
                return  # its end will be told
            if health is None:
                return
            if health != self.state.health:
                self._set(health=health)
            if self._over.wait(_HEALTH_SECONDS):
                return

    def _hear(self, data: bytes) -> None:
        with self._lock:
            self._log.append(data)
            listeners = tuple(self._listeners)
        self._tell(listeners, data)

    def _set(self, **changes: object) -> None:
        with self._lock:
            if self._state.is_over:
                return
            changed = replace(self._state, **changes)  # type: ignore[arg-type]
            if changed.is_over:
                changed = replace(changed, seconds=time.monotonic() - self._started, health=None)
            self._state = changed
            state, listeners = self._now(), tuple(self._listeners)
        self._tell(listeners, state)

    def _now(self) -> RunState:
        if self._state.is_over:
            return self._state
        return replace(self._state, seconds=time.monotonic() - self._started)

    def _tell(self, listeners: tuple[Listener, ...], item: bytes | RunState) -> None:
        for listener in listeners:
            try:
                listener(item)
            except Exception:
                log.exception("a listener of a running container failed")
