"""What the measurements share: kernels, engines, references; each opened when first needed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from dockernb.engines.docker.engine import DockerEngine, connect
from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.testbed.errors import TestbedError
from tests.testbed.stored import load_from_daemon

from .buildah import Buildah, opened_buildah
from .kernel import TimedKernel, started_kernel
from .measure import Action, Measurement, alternate
from .pull import DockerPull, docker_pull
from .reference import BareApi, DockerBuild, builders
from .sizes import Sizes

__all__ = ["SMALL_BASE", "WAYS", "Machine"]

SMALL_BASE = "busybox:noconfig"

#: Ways of the embedded engine to run commands: their rungs.
WAYS = {"overlay": 1, "no mounts": 4}


class Machine:
    """The testbed that the environment names, in a `with` block that ends all that was opened."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._stack = ExitStack()
        self._kernels: dict[str, TimedKernel] = {}
        self._engines: dict[str, EmbeddedEngine] = {}
        self._homes: dict[str, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def alternate(self, *things: tuple[str, Action], runs: int) -> tuple[Measurement, ...]:
        """As `measure.alternate`, with a first run that does not count if the sizes say so."""
        return alternate(*things, runs=runs, warm_up=self.sizes.warm_up)

    # --- Docker ---------------------------------------------------------------------------------
    @cached_property
    def docker_host(self) -> str:
        return os.environ["DOCKERNB_TEST_DOCKER_HOST"]

    @cached_property
    def docker_root(self) -> Path:
        """The root of the testbed's Docker, in which its command line runs."""
        return Path(os.environ["DOCKERNB_TEST_DOCKER_ROOT"])

    @cached_property
    def docker_kernel(self) -> TimedKernel:
        """A kernel on Docker, with a cache of its own."""
        return self._start_docker_kernel(self.folder())

    def new_docker_kernel(self, home: Path) -> TimedKernel:
        """Another one; what an earlier one with the same home has built is in its cache."""
        return self._start_docker_kernel(home) if self.sizes.new_kernels else self.docker_kernel

    def _start_docker_kernel(self, home: Path) -> TimedKernel:
        names = {"DOCKER_HOST": self.docker_host, "DOCKERNB_ENGINE": "docker"}
        return self._stack.enter_context(started_kernel({**names, "DOCKERNB_HOME": str(home)}))

    @cached_property
    def docker_engine(self) -> DockerEngine:
        engine = connect(self.docker_host)
        self._stack.callback(engine.close)
        return engine

    @cached_property
    def api(self) -> BareApi:
        api = BareApi(self.docker_host)
        self._stack.callback(api.close)
        return api

    @cached_property
    def _builders(self) -> tuple[DockerBuild, DockerBuild]:
        return self._stack.enter_context(builders())

    @property
    def buildx(self) -> DockerBuild:
        """BuildKit, with an empty context."""
        return self._builders[0]

    @property
    def classic(self) -> DockerBuild:
        """The classic builder, with an empty context."""
        return self._builders[1]

    # --- the embedded engine --------------------------------------------------------------------
    def home(self, way: str) -> Path:
        """A new DOCKERNB_HOME whose store has the testbed's images, one for each way."""
        if way not in self._homes:
            home = self.folder()
            engine = EmbeddedEngine(home / "store", rung=WAYS[way])
            try:
                load_from_daemon(engine, [self.sizes.base, SMALL_BASE])
            finally:
                engine.close()
            self._homes[way] = home
        return self._homes[way]

    def embedded_kernel(self, way: str) -> TimedKernel:
        """A kernel on the embedded engine."""
        if way not in self._kernels:
            self._kernels[way] = self.start_embedded_kernel(way)
        return self._kernels[way]

    def new_embedded_kernel(self, way: str) -> TimedKernel:
        """Another one on the same store."""
        return (self.start_embedded_kernel if self.sizes.new_kernels else self.embedded_kernel)(way)

    def start_embedded_kernel(self, way: str) -> TimedKernel:
        """Another one on the same store, even where one would do."""
        names = {"DOCKERNB_ENGINE": "embedded", "DOCKERNB_RUNG": str(WAYS[way])}
        kernel = started_kernel({**names, "DOCKERNB_HOME": str(self.home(way))})
        return self._stack.enter_context(kernel)

    def embedded_engine(self, way: str) -> EmbeddedEngine:
        """The engine itself, on the same store."""
        if way not in self._engines:
            engine = EmbeddedEngine(self.home(way) / "store", rung=WAYS[way])
            self._stack.callback(engine.close)
            self._engines[way] = engine
        return self._engines[way]

    @cached_property
    def buildah(self) -> Buildah | None:
        """A reference that not every machine has."""
        try:
            return self._stack.enter_context(opened_buildah(self.pulled.image))
        except (TestbedError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
            sys.stderr.write(f"bench: without buildah: {error} {said}\n")
            return None

    @cached_property
    def pulled(self) -> DockerPull:
        """An image of the testbed's registry."""
        return self._stack.enter_context(docker_pull(self.sizes.base))

    # --- folders --------------------------------------------------------------------------------
    def folder(self, within: Path | None = None) -> Path:
        """A new folder, removed in the end."""
        made = tempfile.TemporaryDirectory(prefix="bench-", dir=within)
        return Path(self._stack.enter_context(made))
