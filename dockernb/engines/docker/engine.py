"""The Docker engine: `Engine` of engines/base.py over the Docker Engine API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dockernb.engines.base import ContainerSpec, EngineInfo, FileView, Image, OnProgress
from dockernb.errors import (
    EngineError,
    EngineNotAvailableError,
    ImageNotFoundError,
    UnsupportedByEngineError,
)
from dockernb.oci.config import ImageConfig, Platform, RuntimeConfig
from dockernb.oci.platforms import platform_of

from .api import DockerApi
from .archive import Archive
from .background import Background
from .connection import Endpoint, endpoints
from .container import DockerContainer, Parts
from .errors import DaemonError, start_hint
from .handed_over import hand_over
from .handover import SHELL
from .image_view import ImageView
from .images import ImageStore
from .leftovers import remove_leftovers
from .local import LocalDisk
from .owner import this_process
from .pull import pull_image
from .request import create_body
from .standby import StandbyContainer, StandbyKeeper
from .volumes import StepVolumes, VolumeMaker

__all__ = ["DockerEngine", "connect"]


def connect(address: str | None = None) -> DockerEngine:
    """The engine at `address`, or where Docker's own command line would look, or at a usual socket.

    Raises:
        EngineNotAvailableError: none answers; the text says what was tried.
    """
    tried: list[str] = []
    candidates = endpoints(address)
    for endpoint in candidates:
        path = endpoint.socket_path
        if path is not None and not Path(path).exists():
            tried.append(f"{endpoint.address} ({endpoint.source}): no such socket")
            continue
        try:
            return DockerEngine(endpoint)
        except EngineNotAvailableError as err:
            tried.append(f"{endpoint.address} ({endpoint.source}): {err.rule or err.message}")
    raise EngineNotAvailableError(
        "no Docker daemon answers",
        rule="tried:\n" + "\n".join(f"  {line}" for line in tried),
        hint=start_hint(candidates[0].address),
    )


class DockerEngine:
    """One daemon. Safe to use from several threads; they share its connections.

    Raises:
        EngineNotAvailableError: the daemon does not answer.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._api = DockerApi(endpoint)
        facts = self._api.get_json("/info")
        self._info = _engine_info(endpoint.address, facts)
        self._disk = LocalDisk.from_info(endpoint.socket_path, facts)
        self._images = ImageStore(self._api, self._disk)
        self._background = Background()
        self._parts = Parts(
            self._api, self._disk, self._images, self._background, self._open_archive
        )
        self._volumes = VolumeMaker(
            self._api, self._info.platform, self._background, self.open_image
        )
        self._standbys = StandbyKeeper(self._images, self._make_standby)

    def info(self) -> EngineInfo:
        """Kept from the first answer; the daemon is only asked whether it lives."""
        self._api.ping()
        return self._info

    def image(self, image_id: str) -> Image | None:
        return self._images.find(image_id)

    def find_image(self, reference: str, platform: Platform | None = None) -> Image | None:
        return self._images.of_platform(reference, platform)

    def pull(
        self,
        reference: str,
        platform: Platform | None,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> Image:
        pull_image(self._api, reference, platform, on_progress, cancel)
        image = self.find_image(reference, platform)
        if image is None:
            raise ImageNotFoundError(
                f'the registry has no image "{reference}" for {platform}',
                rule="it sent an image of another platform",
            )
        return image

    def local_references(self) -> list[str]:
        return self._images.references()

    def scratch(self, config: ImageConfig) -> Image:
        return self._images.seal(config, size=0)

    @contextmanager
    def create(self, parent: str, spec: ContainerSpec) -> Iterator[DockerContainer]:
        container = self._standbys.take(parent, spec) or self._create(parent, spec)
        try:
            yield container
        finally:
            container.remove()

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        """One container stands by for the next RUN; see standby.py. Only over a Unix socket."""
        if self._api.endpoint.socket_path is not None:
            self._standbys.prepare(parent, spec)

    def tag(self, image_id: str, reference: str) -> None:
        self._images.tag(image_id, reference)

    @contextmanager
    def open_image(self, image_id: str) -> Iterator[FileView]:
        """A created container; the files that the daemon lays into it are not shown."""
        with self.create(image_id, ContainerSpec(network="none")) as container:
            yield ImageView(container, self._api, self._disk)

    def remove_leftovers(self) -> list[str]:
        return remove_leftovers(self._api, self._images)

    def close(self) -> None:
        self._standbys.close()
        self._background.close()
        self._api.close()

    def _create(self, parent: str, spec: ContainerSpec) -> DockerContainer:
        self._check(spec)
        volumes = self._volumes.make(parent, spec.mounts)
        try:
            if spec.secret_env:
                return hand_over(spec, lambda waiting: self._make_waiting(parent, waiting, volumes))
            return self._create_with(parent, spec, volumes)
        except BaseException:
            self._background.submit(volumes.remove)
            raise

    def _create_with(
        self, parent: str, spec: ContainerSpec, volumes: StepVolumes
    ) -> DockerContainer:
        inherited = self._images.known(parent).config.runtime
        working = None
        if inherited.volumes:
            container_id, working = self._create_bare(parent, spec, volumes)
        else:
            body = create_body(parent, inherited, spec, volumes=volumes.by_mount)
            container_id = self._post_create(parent, body)
        return DockerContainer(
            self._parts, container_id, parent,
            working_image=working, mounts=spec.mounts, volumes=volumes,
        )  # fmt: skip

    def _check(self, spec: ContainerSpec) -> None:
        """Only a daemon of this machine sees the socket of an agent."""
        has_ssh = any(mount.kind == "ssh" for mount in spec.mounts)
        if has_ssh and self._api.endpoint.socket_path is None:
            raise UnsupportedByEngineError(
                "RUN --mount=type=ssh is not possible on a Docker of another machine",
                rule="The Engine API cannot carry the socket of the agent there.",
                state="The command was not started; no snapshot was committed",
                hint="Use a Docker of this machine, or for this step: %engine embedded",
            )

    def _make_standby(self, parent: str, spec: ContainerSpec) -> StandbyContainer:
        return self._make_waiting(parent, replace(spec, command=(SHELL,), env={}), None)

    def _make_waiting(
        self, parent: str, spec: ContainerSpec, volumes: StepVolumes | None
    ) -> StandbyContainer:
        container_id, working = self._create_bare(parent, spec, volumes, stdin=True)
        return StandbyContainer(
            self._parts, container_id, parent,
            working_image=working, mounts=spec.mounts, volumes=volumes,
        )  # fmt: skip

    def _create_bare(
        self,
        parent: str,
        spec: ContainerSpec,
        volumes: StepVolumes | None,
        *,
        stdin: bool = False,
    ) -> tuple[str, str]:
        """A container on the layers of `parent` alone: its ID, and that of its working image."""
        working = self._images.working_image(parent)
        made = volumes.by_mount if volumes is not None else None
        body = create_body(working, RuntimeConfig(), spec, volumes=made, stdin=stdin)
        try:
            return self._post_create(parent, body), working
        except EngineError:
            self._background.submit(lambda: self._images.remove(working))
            raise

    def _post_create(self, parent: str, body: dict[str, Any]) -> str:
        query = {"name": this_process().new_name()}
        try:
            answer = self._api.request("POST", "/containers/create", query=query, body=body)
        except DaemonError as err:
            if err.status != 404:
                raise
            self._images.forget(parent)
            raise EngineError(
                f'the image "{parent}" is gone from the engine', hint="run the cells above again"
            ) from err
        return str(answer.json()["Id"])

    @contextmanager
    def _open_archive(self, image_id: str) -> Iterator[Archive]:
        with self.create(image_id, ContainerSpec(network="none")) as container:
            yield Archive(self._api, container.id)


def _engine_info(address: str, facts: dict[str, Any]) -> EngineInfo:
    return EngineInfo(
        name="docker",
        identity=f"docker:{facts.get('ID') or address}",
        version=facts.get("ServerVersion") or "",
        platform=platform_of(facts.get("OSType") or "", facts.get("Architecture") or ""),
        address=address,
    )
