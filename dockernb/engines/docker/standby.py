"""A container that is started before its command is known.

Of what a RUN costs, more than four fifths are the daemon's start of a container. So while the
reader types, one container with a waiting shell is made on the newest snapshot's layers; the next
RUN of a shell is handed to it (handover.py). All that follows is the ordinary container's.

It is made from a working image, not from the snapshot: then nothing of the snapshot's config is in
it, a metadata cell in between does not matter, and `docker image rm` of the snapshot is not
refused because of it. The layers stay on the disk as long as it stands, which `docker ps` shows;
it takes no processor time, the memory of a shell and of the daemon's process beside it, and goes
with the engine, with the next snapshot, or after ten minutes. A change of the host's name servers
in these minutes does not reach it.

Its stdin ends with our connection (StdinOnce), and the shell with its stdin: when this process is
killed, what is left is a container that has ended, for `remove_leftovers` to remove.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from dockernb.engines.base import ContainerSpec, Mount
from dockernb.errors import DockernbError, EngineError, EngineNotAvailableError

from .api import LONG
from .attachment import Attachment
from .container import DockerContainer, Parts
from .handover import SHELL, after_mark, command_script, greeting, greeting_answer
from .images import ImageStore
from .output import exit_code
from .stubs import Stub
from .volumes import StepVolumes

__all__ = ["StandbyContainer", "StandbyKeeper"]

# An ordinary start takes no longer; a reader's interrupt must not wait longer either.
_MOST_WAIT = 1.0
# The container has its network's settings from its start; they should not get old.
_IDLE_SECONDS = 600.0
_CLOSE_SECONDS = 3.0


class StandbyContainer(DockerContainer):
    """A container with a shell that waits for its command."""

    def __init__(
        self,
        parts: Parts,
        container_id: str,
        parent: str,
        *,
        working_image: str | None = None,
        mounts: tuple[Mount, ...] = (),
        volumes: StepVolumes | None = None,
    ) -> None:
        super().__init__(
            parts, container_id, parent,
            working_image=working_image, mounts=mounts, volumes=volumes,
        )  # fmt: skip
        self._stubs: list[Stub] = []
        self._attachment: Attachment | None = None
        self._script = b""
        self._mark = secrets.token_hex(16)

    def warm_up(self) -> None:
        """Starts it and makes sure that its shell can hand over to any command.

        Raises:
            EngineError: it cannot.
        """
        self._stubs = self._prepare_mounts()
        self._attachment = attachment = Attachment(self._parts.api, self.id)
        self._parts.api.request("POST", f"/containers/{self.id}/start", timeout=LONG)
        attachment.send(greeting(self._mark))
        answer = next(attachment.frames(), None)
        if answer != (1, greeting_answer(self._mark)):
            raise EngineError("the image's shell or `env` cannot hand over to a command")
        attachment.no_timeout()

    def is_alive(self) -> bool:
        """Whether it still waits, as far as one can tell from here."""
        return self._attachment is not None and self._attachment.is_quiet()

    def use(self, parent: str, script: bytes) -> None:
        """Makes it the container of a step on `parent`, which has the same layers."""
        self._parent, self._script = parent, script

    @property
    def mark(self) -> str:
        """The line behind which the output of the command begins."""
        return self._mark

    def _end(self) -> None:
        super()._end()
        if self._attachment is not None:
            self._attachment.close()

    def _life(self) -> Iterator[bytes | int]:
        """Output and exit code of the command that it becomes."""
        attachment = self._attachment
        assert attachment is not None  # noqa: S101 - `warm_up` came before
        attachment.send(self._script)
        begun = False
        for item in after_mark(attachment.frames(), self._mark):
            if item is None:
                begun = True
            else:
                yield item
        code = exit_code(self._parts.api, self.id)
        if self._stubs:
            self._remove_stubs(self._stubs)
        if not begun:  # never take the end of a shell that got nothing for a success
            raise EngineError(
                "the waiting container ended before it got its command",
                state="the command did not run; no snapshot was committed",
                hint="run the cell again",
            )
        yield code


@dataclass(frozen=True)
class _Key:
    """What must be the same for a container to serve a step."""

    layers: tuple[str, ...]
    user: str
    working_dir: str
    network: str
    platform: str

    @classmethod
    def of(cls, layers: tuple[str, ...], spec: ContainerSpec) -> _Key | None:
        """None: a step with such needs is the ordinary way's."""
        if spec.command[:1] != (SHELL,) or spec.mounts or spec.extra_hosts or spec.secret_env:
            return None
        if spec.ulimits or spec.shm_size or spec.has_terminal:
            return None
        if spec.security != "sandbox" or not layers:
            return None
        return cls(layers, spec.user, spec.working_dir, spec.network, str(spec.platform))


@dataclass(eq=False)
class _Standby:
    """One container from its first thought to its use."""

    key: _Key
    settled: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)
    container: StandbyContainer | None = None
    thread: threading.Thread | None = None


class StandbyKeeper:
    """Keeps at most one container ready.

    Args:
        make: Creates, and does not start, a container for it on an image's layers.
    """

    def __init__(
        self, images: ImageStore, make: Callable[[str, ContainerSpec], StandbyContainer]
    ) -> None:
        self._images = images
        self._make = make
        self._lock = threading.Lock()
        self._current: _Standby | None = None
        self._refused: set[_Key] = set()
        self._closed = False

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        """Makes one in a thread, unless there is a fitting one; one that does not fit goes."""
        try:
            key = self._key(parent, spec)
        except EngineError:
            return
        with self._lock:
            old = self._current
            if self._closed or key is None or (old is not None and old.key == key):
                return
            self._current = new = None if key in self._refused else _Standby(key)
        if old is not None:
            self._let_go(old)
        if new is not None:
            new.thread = threading.Thread(
                target=self._keep, args=(new, parent, spec), name="dockernb-standby", daemon=True
            )
            new.thread.start()

    def take(self, parent: str, spec: ContainerSpec) -> StandbyContainer | None:
        """The container for this step, if there is one; one that is about to be is waited for."""
        current = self._current
        if current is None or current.key != self._key(parent, spec):
            return None
        if not current.settled.wait(_MOST_WAIT):
            return None
        with self._lock:
            container = current.container
            script = command_script(spec, container.mark) if container else None
            if self._current is not current or container is None or script is None:
                return None  # another thread was quicker, or it cannot serve this one
            self._current = current.container = None
        current.gone.set()
        if not container.is_alive():
            container.remove()
            return None
        container.use(parent, script)
        return container

    def close(self) -> None:
        """Removes what there is; none is made any more."""
        with self._lock:
            self._closed = True
            current, self._current = self._current, None
        if current is None:
            return
        self._let_go(current)
        if current.thread is not None:
            current.thread.join(_CLOSE_SECONDS)

    def _key(self, parent: str, spec: ContainerSpec) -> _Key | None:
        if spec.command[:1] != (SHELL,):
            return None
        return _Key.of(self._images.known(parent).config.diff_ids, spec)

    def _let_go(self, standby: _Standby) -> None:
        """Removes it; one that is still being made, its thread removes."""
        with self._lock:
            container, standby.container = standby.container, None
        standby.gone.set()
        if container is not None:
            container.remove()

    def _keep(self, standby: _Standby, parent: str, spec: ContainerSpec) -> None:
        """The life of one, in its thread: made, ready, and gone after a while without use."""
        ready = self._made_ready(standby, parent, spec)
        with self._lock:
            if not ready and self._current is standby:
                self._current = None
        standby.settled.set()
        if ready and not standby.gone.wait(_IDLE_SECONDS):
            with self._lock:
                if self._current is standby:
                    self._current = None
            self._let_go(standby)

    def _made_ready(self, standby: _Standby, parent: str, spec: ContainerSpec) -> bool:
        container = None
        try:
            container = self._make(parent, spec)
            container.warm_up()
            with self._lock:
                if self._current is standby:
                    standby.container, container = container, None
                    return True
        except EngineNotAvailableError:
            pass  # nothing is known of the image
        except DockernbError:
            with self._lock:
                self._refused.add(standby.key)
        finally:
            if container is not None:
                with suppress(RuntimeError):  # the engine has been closed meanwhile
                    container.remove()
        return False
