"""A container that runs an image as `docker run` does, without a daemon.

Its programs use the host's network, so a port of theirs is a port of this machine. Where another
number was asked for, connections to it are handed on.
"""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack

from dockernb.engines.base import ContainerSpec, Health, OnOutput, Port, StartSpec
from dockernb.engines.embedded.guest import Limits
from dockernb.engines.embedded.health import HealthChecks
from dockernb.engines.embedded.output import Pipes, follow
from dockernb.engines.embedded.ports import forwarded
from dockernb.engines.embedded.run_messages import layers_message, run_message
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.engines.embedded.ways import check_commands_can_run
from dockernb.engines.embedded.worker.channel import Channel
from dockernb.engines.embedded.worker.client import HelperProcess, WorkerProcess
from dockernb.errors import EngineError
from dockernb.oci.config import RuntimeConfig

__all__ = ["EmbeddedRunning"]

# What Docker gives a container whose image says nothing.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 5.0
_NETWORK = (
    "Its programs use this machine's network, without one of their own: what they listen on, "
    "others who reach this machine may reach too."
)


class EmbeddedRunning:
    """See `RunningContainer`: a worker that runs the command, and one beside it for the checks.

    Raises:
        EngineError: there is no command, or a port is taken.
    """

    def __init__(
        self,
        store: ImageStore,
        helper: HelperProcess,
        record: ImageRecord,
        config: RuntimeConfig,
        spec: StartSpec,
        limits: Limits,
    ) -> None:
        check_commands_can_run(helper.facts())
        self._id = secrets.token_hex(32)
        self._signal = _signal_number(config.stop_signal)
        self._command = _command(config, spec)
        self._message = run_message(self._command, store, limits)
        self._cancel = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._followed = False
        self._checks: HealthChecks | None = None
        with ExitStack() as stack:
            self._ports = stack.enter_context(forwarded(_ports(config, spec)))
            self._pipes = stack.enter_context(Pipes())
            layers = layers_message(record, store)
            self._worker = helper.worker(layers)
            stack.callback(self._worker.close)
            with store_errors("opening the image", store.folders.root):
                self._worker.call("open", layers=layers)
            if config.healthcheck is not None and config.healthcheck.test[:1] != ("NONE",):
                self._checks = HealthChecks(self._run_check, config)
                self._beside = self._open_beside()
                stack.callback(self._beside.close)
            self._worker.send("run", [self._pipes.output_end, self._pipes.cancel_end],
                              **self._message)  # fmt: skip
            self._pipes.close_theirs()
            if self._checks is not None:
                self._checks.begin()
            self._parts = stack.pop_all()

    @property
    def id(self) -> str:
        return self._id

    @property
    def ports(self) -> tuple[Port, ...]:
        return self._ports

    @property
    def notes(self) -> tuple[str, ...]:
        return (_NETWORK,)

    def follow(self, on_output: OnOutput) -> int:
        self._followed = True
        try:
            follow(self._pipes, self._worker.channel.fileno(), on_output, self._cancel)
            end = self._worker.answer()
            for warning in end["warnings"]:
                on_output(f"dockernb: {warning}\n".encode())
            return int(end["exit_code"])
        finally:
            if self._checks is not None:
                self._checks.end()  # before `remove` closes what a check uses
            self._ended.set()

    def health(self) -> Health | None:
        return None if self._checks is None else self._checks.health

    def stop(self, timeout: float) -> None:
        with self._lock:
            if not self._ended.is_set():
                self._pipes.send_signal(self._signal)

        def kill_in_time() -> None:
            if not self._ended.wait(timeout):
                self.kill()

        threading.Thread(target=kill_in_time, name="dockernb-stop", daemon=True).start()

    def kill(self) -> None:
        self._cancel.set()

    def remove(self) -> None:
        """The worker ends, and with it all processes and files."""
        self._cancel.set()
        if self._followed:  # its thread uses the pipes until then
            self._ended.wait(_PATIENCE)
        with self._lock:
            self._ended.set()
            self._parts.close()

    def _open_beside(self) -> WorkerProcess:
        ours, theirs = Channel.pair()
        try:
            self._worker.call("beside", [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return WorkerProcess(ours)

    def _run_check(self, command: tuple[str, ...], cancel: threading.Event) -> int:
        """Runs a command of HEALTHCHECK; its output is nobody's."""
        with Pipes() as pipes:
            message = {**self._message, "argv": list(command), "beside": True}
            self._beside.send("run", [pipes.output_end, pipes.cancel_end], **message)
            pipes.close_theirs()
            follow(pipes, self._beside.channel.fileno(), lambda _: None, cancel)
            return int(self._beside.answer()["exit_code"])


def _command(config: RuntimeConfig, spec: StartSpec) -> ContainerSpec:
    words = (*(config.entrypoint or ()), *(spec.arguments or config.cmd or ()))
    if not words:
        raise EngineError(
            "there is no command to run",
            rule="The image has neither ENTRYPOINT nor CMD.",
            hint="Say what to run: %run COMMAND",
        )
    env: Mapping[str, str] = {"PATH": _PATH, **config.environment, **spec.env}
    folder = config.working_dir or "/"
    return ContainerSpec(words, env, user=config.user, working_dir=folder)


def _ports(config: RuntimeConfig, spec: StartSpec) -> list[Port]:
    """What was asked for, and all that is reached anyway because the network is the host's."""
    asked = list(spec.ports)
    named = {(port.container, port.protocol) for port in asked}
    exposed = Port.exposed(config)
    return asked + [port for port in exposed if (port.container, port.protocol) not in named]


def _signal_number(name: str) -> int:
    """STOPSIGNAL as a number: "15", "TERM", "SIGTERM", "SIGRTMIN+3"."""
    base, _, more = name.upper().removeprefix("SIG").partition("+")
    found = int(base) if base.isdecimal() else signal.Signals.__members__.get(f"SIG{base}", 0)
    number = int(found) + (int(more) if more.isdecimal() else 0)
    return number if number in signal.valid_signals() else signal.SIGTERM
