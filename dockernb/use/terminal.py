"""A shell on a terminal, in a container that is thrown away: what a page or a tty types into."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..engines.base import Engine, OnOutput, Terminal, TerminalSize
from ..errors import DockernbError, EngineError
from ..oci.diff import FilesystemDiff
from .interactive import interactive_spec
from .typed import TypedCommands

__all__ = ["Place", "TerminalSession", "TerminalState"]

log = logging.getLogger(__name__)

TerminalStatus = Literal["starting", "open", "ended", "failed"]
_MOST_WAITING = 256  # messages of a page: a page sends some thousand characters in each


@dataclass(frozen=True)
class Place:
    """What a terminal is opened in.

    Args:
        title: For a reader: "snapshot 7c1f0a2b91de", "the failed state of RUN make".
        failed: The files are those that a failed step left.
        cell_id: Of the step that made them, where it is known.
    """

    image_id: str
    title: str
    failed: bool = False
    cell_id: str | None = None


@dataclass(frozen=True)
class TerminalState:
    """How it is.

    Args:
        error: Why it could not be opened, or was lost.
        diff: What a RUN would have committed, when it has ended.
    """

    status: TerminalStatus = "starting"
    exit_code: int | None = None
    error: DockernbError | None = None
    diff: FilesystemDiff | None = None

    @property
    def is_over(self) -> bool:
        return self.status in {"ended", "failed"}


class TerminalSession:
    """One terminal from its opening to its end, which is also that of its container.

    Args:
        place: Where it is opened; called in a thread of its own, as finding it may take a while.
    """

    def __init__(self, engine: Callable[[], Engine], place: Callable[[], Place]) -> None:
        self._engine = engine
        self._find = place
        self._place: Place | None = None
        self._state = TerminalState()
        self._size = TerminalSize()
        self._lock = threading.Lock()
        self._typing: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._terminal: Terminal | None = None
        self._closing = False
        self._quiet = threading.Event()
        self._over = threading.Event()
        self._commands = TypedCommands(secrets.token_hex(8))

    @property
    def place(self) -> Place | None:
        """Where it is; None while that is not known."""
        return self._place

    @property
    def state(self) -> TerminalState:
        return self._state

    def begin(
        self, size: TerminalSize, on_output: OnOutput, on_state: Callable[[TerminalState], None]
    ) -> None:
        """Opens it; returns at once.

        Args:
            on_output: Gets what it shows; while that waits, the programs wait too.
            on_state: Gets every change. Both are called from one thread.
        """
        self._size = size
        work = (on_output, on_state)
        threading.Thread(
            target=self._live, args=work, name="dockernb-terminal", daemon=True
        ).start()

    def type(self, data: bytes) -> bool:
        """Types `data`; False: nobody reads, and too much is waiting already."""
        try:
            self._typing.put_nowait(data)
        except queue.Full:
            return False
        return True

    def resize(self, size: TerminalSize) -> None:
        """The terminal has another size from now on."""
        with self._lock:
            self._size = size
            terminal = self._terminal
        if terminal is not None:
            terminal.resize(size)

    def commands(self) -> tuple[str, ...]:
        """The commands that were typed and succeeded, as far as its shell tells them."""
        return self._commands.succeeded

    def close(self) -> None:
        """Ends it; returns at once. Idempotent."""
        with self._lock:
            self._closing = True
            terminal = self._terminal
        if terminal is not None:
            terminal.close()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until its container is given up; whether it is."""
        return self._over.wait(seconds)

    def _live(self, on_output: OnOutput, on_state: Callable[[TerminalState], None]) -> None:
        try:
            try:
                self._run(on_output, on_state)
            except DockernbError as error:
                self._set(on_state, status="failed", error=error)
            except Exception as error:
                log.exception("a terminal failed")
                lost = EngineError(f"the terminal was lost: {error}")
                self._set(on_state, status="failed", error=lost)
        except Exception:
            log.exception("a terminal's listener failed")
        finally:
            self._over.set()

    def _run(self, on_output: OnOutput, on_state: Callable[[TerminalState], None]) -> None:
        self._place = place = self._find()
        engine = self._engine()
        spec = interactive_spec(engine, place.image_id, self._commands.token)
        with engine.create(place.image_id, spec) as container:
            terminal = container.open_terminal(self._size)
            with self._lock:
                self._terminal, size, closing = terminal, self._size, self._closing
            if closing:
                terminal.close()
            terminal.resize(size)
            self._set(on_state, status="open")
            typist = threading.Thread(target=self._type_all, args=(terminal,), daemon=True)
            typist.start()

            def hear(data: bytes) -> None:
                self._commands.hear(data)
                on_output(data)

            try:
                code = terminal.follow(hear)
            finally:
                with self._lock:
                    self._terminal = None
                self._quiet.set()
                self._type_nothing()
                typist.join()
            diff = None if self._closing else container.diff()
        self._set(on_state, status="ended", exit_code=code, diff=diff)

    def _type_all(self, terminal: Terminal) -> None:
        while not self._quiet.is_set():
            if data := self._typing.get():
                try:
                    terminal.send(data)
                except DockernbError as error:  # `follow` tells what has happened
                    log.debug("nothing can be typed: %s", error.message)

    def _type_nothing(self) -> None:
        """Wakes the typist."""
        while not self.type(b""):
            try:
                self._typing.get_nowait()
            except queue.Empty:
                continue

    def _set(self, tell: Callable[[TerminalState], None], **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        tell(self._state)
