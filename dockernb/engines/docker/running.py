"""A container that runs an image as `docker run` does."""

from __future__ import annotations

import logging
import math
import threading
from typing import Any

from dockernb.engines.base import Health, OnOutput, Port, StartSpec
from dockernb.errors import EngineError
from dockernb.oci.config import RuntimeConfig

from .api import LONG
from .container import Parts
from .errors import DaemonError
from .output import ContainerOutput
from .owner import this_process

__all__ = ["DockerRunning", "start_container"]

_log = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_GONE = {304, 404, 409}  # stopped already, removed, not running
_HEALTH: dict[str, Health] = {
    "starting": "starting",
    "healthy": "healthy",
    "unhealthy": "unhealthy",
}


def start_container(
    parts: Parts, image_id: str, config: RuntimeConfig, spec: StartSpec
) -> DockerRunning:
    """Creates and starts it; what the spec leaves open, the daemon takes from the image.

    Raises:
        EngineError: it cannot be started. No container is left.
    """
    body = _body(image_id, config, spec)
    query = {"name": this_process().new_name()}
    try:
        answer = parts.api.request("POST", "/containers/create", query=query, body=body)
    except DaemonError as err:
        raise _not_started(err) from err
    container_id = str(answer.json()["Id"])
    try:
        return DockerRunning(parts, container_id, has_check=_has_check(config))
    except BaseException:
        _remove(parts, container_id)
        raise


class DockerRunning:
    """See `RunningContainer`."""

    def __init__(self, parts: Parts, container_id: str, *, has_check: bool) -> None:
        self._parts = parts
        self._id = container_id
        self._has_check = has_check
        self._removed = False
        self._output = ContainerOutput(parts.api, container_id)
        try:
            parts.api.request("POST", f"/containers/{container_id}/start", timeout=LONG)
        except BaseException as err:  # also where the daemon is lost
            self._output.close()
            if isinstance(err, DaemonError):
                raise _not_started(err) from err
            raise
        self._ports = _published(self._inspect()["NetworkSettings"].get("Ports") or {})

    @property
    def id(self) -> str:
        return self._id

    @property
    def ports(self) -> tuple[Port, ...]:
        return self._ports

    @property
    def notes(self) -> tuple[str, ...]:
        if self._parts.api.endpoint.socket_path is None and self._ports:
            address = self._parts.api.endpoint.address
            return (f"The ports are on the loopback interface of the daemon's machine, {address}.",)
        return ()

    def follow(self, on_output: OnOutput) -> int:
        for item in self._output.read():
            if isinstance(item, int):
                return item
            on_output(item)
        raise EngineError("the container's end was not told by the daemon")

    def health(self) -> Health | None:
        if not self._has_check or self._removed:
            return None
        found = (self._inspect()["State"].get("Health") or {}).get("Status")
        return _HEALTH.get(str(found))

    def stop(self, timeout: float) -> None:
        """The daemon answers when it has stopped; that is not waited for."""

        def ask() -> None:
            try:
                self._ask(f"/containers/{self._id}/stop", {"t": math.ceil(timeout)})
            except EngineError as err:  # `follow` tells that the daemon is gone
                _log.warning("a container could not be stopped: %s", err.message)

        threading.Thread(target=ask, name="dockernb-stop", daemon=True).start()

    def kill(self) -> None:
        self._ask(f"/containers/{self._id}/kill", {})

    def remove(self) -> None:
        if not self._removed:
            self._removed = True
            self._parts.background.submit(lambda: _remove(self._parts, self._id))

    def _ask(self, path: str, query: dict[str, int]) -> None:
        try:
            self._parts.api.request("POST", path, query=query, timeout=LONG)
        except DaemonError as err:
            if err.status not in _GONE:
                raise

    def _inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = self._parts.api.get_json(f"/containers/{self._id}/json")
        return found


def _body(image_id: str, config: RuntimeConfig, spec: StartSpec) -> dict[str, Any]:
    ports = [*spec.ports, *(Port.exposed(config) if spec.publish_exposed else ())]
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        binding = {"HostIp": _LOOPBACK, "HostPort": str(port.host or "")}
        bindings.setdefault(f"{port.container}/{port.protocol}", []).append(binding)
    body: dict[str, Any] = {
        "Image": image_id,
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "ExposedPorts": {key: {} for key in bindings},
        "AttachStdout": True,
        "AttachStderr": True,
        # Read as it comes: the daemon need not keep a second copy on its disk.
        "HostConfig": {"PortBindings": bindings, "LogConfig": {"Type": "none"}},
    }
    if spec.arguments:
        body["Cmd"] = list(spec.arguments)
    return body


def _published(found: dict[str, list[dict[str, str]] | None]) -> tuple[Port, ...]:
    """What the daemon says of "80/tcp": the places where it listens, or nothing."""
    ports = set()
    for text, bindings in found.items():
        number, _, protocol = text.partition("/")
        for binding in bindings or ():
            host = int(binding.get("HostPort") or 0)
            ports.add(Port(int(number), host, "udp" if protocol == "udp" else "tcp"))
    return tuple(sorted(ports, key=lambda port: (port.container, port.protocol, port.host)))


def _has_check(config: RuntimeConfig) -> bool:
    return config.healthcheck is not None and config.healthcheck.test[:1] != ("NONE",)


def _not_started(err: DaemonError) -> EngineError:
    return EngineError(
        f"the container could not be started: {err.words}",
        state="No container is left.",
        hint="If a port is taken, name another one: %run -p OTHER:PORT. "
        "If it is the command, say which one: %run COMMAND",
    )


def _remove(parts: Parts, container_id: str) -> None:
    query = {"force": 1, "v": 1}
    try:
        parts.api.request("DELETE", f"/containers/{container_id}", query=query)
    except DaemonError as err:
        if err.status not in {404, 409}:
            raise
