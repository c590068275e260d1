"""Part of the Engine protocol: an image that runs as `docker run` runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..oci.config import RuntimeConfig

__all__ = ["Health", "OnOutput", "Port", "RunningContainer", "StartSpec"]

OnOutput = Callable[[bytes], None]
Health = Literal["starting", "healthy", "unhealthy"]


@dataclass(frozen=True)
class Port:
    """A port of a running container.

    Args:
        container: What its programs listen on.
        host: Where it is reached on the loopback interface of the engine's machine; asked for as 0:
            a free one.
    """

    container: int
    host: int = 0
    protocol: Literal["tcp", "udp"] = "tcp"

    @classmethod
    def exposed(cls, config: RuntimeConfig) -> list[Port]:
        """The ports that EXPOSE names, written "80/tcp"."""
        found = []
        for text in config.exposed_ports:
            number, _, protocol = text.partition("/")
            if number.isdecimal() and 0 < int(number) < 65536:
                found.append(cls(int(number), protocol="udp" if protocol == "udp" else "tcp"))
        return found


@dataclass(frozen=True)
class StartSpec:
    """What an image is started with, beside what its config says.

    Args:
        arguments: In place of CMD, behind ENTRYPOINT.
        env: Added to the image's environment.
        ports: To be published.
        publish_exposed: Ports that the image EXPOSEs are published on free ports.
    """

    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    publish_exposed: bool = False


class RunningContainer(Protocol):
    """A container that runs an image as `docker run` does; nothing of it is committed.

    All methods but `follow` return soon and may be called from any thread at any time.
    """

    @property
    def id(self) -> str:
        """Container ID."""

    @property
    def ports(self) -> tuple[Port, ...]:
        """Where its ports are reached."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how it runs here; a sentence each."""

    def follow(self, on_output: OnOutput) -> int:
        """Passes all output on as it comes (stdout and stderr, raw) and returns the exit code.

        To be called once, by a thread of its own; it returns when no process is left.

        Raises:
            EngineError: the command could not be started, or the container was lost.
        """

    def health(self) -> Health | None:
        """What HEALTHCHECK found last; None where there is no check."""

    def stop(self, timeout: float) -> None:
        """Sends the image's stop signal; what lives `timeout` seconds later is killed.

        Returns at once; `follow` tells the end.
        """

    def kill(self) -> None:
        """Kills all its processes."""

    def remove(self) -> None:
        """Kills it and removes all that it wrote. Idempotent; may finish in the background."""
