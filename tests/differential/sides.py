"""The engines that the harness runs its cases on, each with a kernel of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient

from dockernb.engines.base import Engine
from dockernb.engines.docker.engine import connect
from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conftest import need_rung

from .kernel_build import running_kernel

# Name -> rung of the embedded engine's ladder; None: Docker.
SIDES = {"docker": None, "embedded": 1, "embedded_without_mounts": 4}


@dataclass(frozen=True)
class Side:
    """An engine, and a kernel that builds on it."""

    name: str
    engine: Engine
    kernel: BlockingKernelClient


@contextmanager
def opened_side(name: str, docker_host: str, home: Path, bases: Path) -> Iterator[Side]:
    """The engine with the base images, and a kernel with a cache of its own.

    Args:
        bases: Archive of the base images, for the engines that do not have them.
    """
    rung = SIDES[name]
    environment = {"DOCKER_HOST": docker_host, "DOCKERNB_HOME": str(home), "DOCKERNB_ENGINE": name}
    with ExitStack() as stack:
        if rung is None:
            engine: Engine = connect(docker_host)
        else:
            environment |= {"DOCKERNB_ENGINE": "embedded", "DOCKERNB_RUNG": str(rung)}
            engine = stored = EmbeddedEngine(home / "store", rung=rung)
            need_rung(stored, rung)
            stored.load(bases, lambda _: None, threading.Event())
        stack.callback(engine.close)
        yield Side(name, engine, stack.enter_context(running_kernel(environment)))
