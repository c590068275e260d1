"""The Docker engine: `Engine` of engines/base.py over the Docker Engine API."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import requests

from dockernb.engines.base import (
    ArchiveFormat,
    ContainerSpec,
    EngineInfo,
    FileView,
    Image,
    OnProgress,
    RemovedCaches,
    StartSpec,
)
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
from .caches import remove_caches
from .connection import Endpoint, endpoints
from .container import DockerContainer, Parts
from .containerd_images import ContainerdImages, is_snapshot_gone
from .errors import DaemonError, start_hint
from .handed_over import hand_over
from .handover import SHELL, WAITING_ENV
from .image_view import ImageView
from .images import ImageStore
from .leftovers import remove_leftovers
from .limits import limits_of
from .local import LocalDisk
from .owner import this_process
from .podman_places import places_layer
from .pull import pull_image
from .push import push_image
from .request import create_body
from .running import DockerRunning, start_container
from .save import save_images
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
        hint=start_hint(candidates[0]),
    )


class DockerEngine:
    """One daemon. Safe to use from several threads; they share its connections.

    Raises:
        EngineNotAvailableError: the daemon does not answer.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._api = DockerApi(endpoint)
        facts = self._api.get_json("/info")
        self._disk = LocalDisk.from_info(endpoint.socket_path, facts)
        self._info = _engine_info(self._api, facts, self._disk)
        images = ContainerdImages if self._disk.has_containerd_store else ImageStore
        self._images = images(self._api, self._disk)
        self._background = Background()
        self._places: dict[str, bytes | None] = {}
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

    def create(self, parent: str, spec: ContainerSpec) -> AbstractContextManager[DockerContainer]:
        return self._container(parent, spec)

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        """One container stands by for the next RUN; see standby.py. Not on Podman.

        There, removing what it is made of disturbs every question about images.
        """
        if not self._api.is_podman and self._api.dial is not None:
            self._standbys.prepare(parent, spec)

    def launch(self, image_id: str, spec: StartSpec) -> DockerRunning:
        config = self._images.known(image_id).config.runtime
        return start_container(self._parts, image_id, config, spec)

    def tag(self, image_id: str, reference: str) -> None:
        self._images.tag(image_id, reference)

    def push(self, reference: str, on_progress: OnProgress, cancel: threading.Event) -> str:
        return push_image(self._api, reference, on_progress, cancel)

    def save(
        self,
        names: Sequence[str],
        out: BinaryIO,
        form: ArchiveFormat,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> None:
        save_images(self._api, self._images, names, out, form, on_progress, cancel)

    @contextmanager
    def open_image(self, image_id: str) -> Iterator[FileView]:
        """A created container; the files that the daemon lays into it are not shown."""
        with self._container(image_id, ContainerSpec(network="none")) as container:
            yield ImageView(container, self._api, self._disk)

    def remove_leftovers(self) -> list[str]:
        return remove_leftovers(self._api, self._images)

    def remove_caches(self) -> RemovedCaches:
        return remove_caches(self._api)

    def close(self) -> None:
        self._standbys.close()
        self._background.close()
        self._images.close()
        self._api.close()

    @contextmanager
    def _container(self, parent: str, spec: ContainerSpec) -> Iterator[DockerContainer]:
        container = self._standbys.take(parent, spec) or self._create(parent, spec)
        try:
            yield container
        finally:
            container.remove()

    def _create(self, parent: str, spec: ContainerSpec) -> DockerContainer:
        self._check_mounts(spec)
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
        if self._api.is_podman and spec.command:
            return self._create_on_places(parent, spec, volumes)
        inherited = self._images.known(parent).config.runtime
        working = None
        if inherited.volumes:
            container_id, working = self._create_bare(parent, spec, volumes)
        else:
            podman = self._api.is_podman
            body = create_body(parent, inherited, spec, volumes=volumes.by_mount, podman=podman)
            container_id = self._post_create(parent, body)
        return DockerContainer(
            self._parts, container_id, parent,
            working_image=working, mounts=spec.mounts, volumes=volumes,
        )  # fmt: skip

    def _check_mounts(self, spec: ContainerSpec) -> None:
        """Only a daemon of this machine sees the socket of an agent."""
        has_ssh = any(mount.kind == "ssh" for mount in spec.mounts)
        if has_ssh and self._api.endpoint.socket_path is None:
            raise UnsupportedByEngineError(
                "RUN --mount=type=ssh is not possible on a Docker of another machine",
                rule="The Engine API cannot carry the socket of the agent there.",
                state="The command was not started; no snapshot was committed",
                hint="Use a Docker of this machine, or for this step: %engine embedded",
            )

    def _create_on_places(
        self, parent: str, spec: ContainerSpec, volumes: StepVolumes
    ) -> DockerContainer:
        """On Podman: the image has one layer more, see podman_places.py."""
        if parent not in self._places:
            with self._open_archive(parent) as archive:
                self._places[parent] = places_layer(archive)
        places = self._places[parent]
        container_id, working = self._create_bare(parent, spec, volumes, places=places)
        return DockerContainer(
            self._parts, container_id, parent,
            working_image=working, places=places is not None, mounts=spec.mounts, volumes=volumes,
        )  # fmt: skip

    def _make_standby(self, parent: str, spec: ContainerSpec) -> StandbyContainer:
        return self._make_waiting(parent, replace(spec, command=(SHELL,), env=WAITING_ENV), None)

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
        places: bytes | None = None,
    ) -> tuple[str, str]:
        """A container on the layers of `parent` alone: its ID, and that of its working image."""
        working = self._images.working_image(parent, places)
        body = create_body(
            working, RuntimeConfig(), spec,
            volumes=volumes.by_mount if volumes is not None else None,
            stdin=stdin, podman=self._api.is_podman,
        )  # fmt: skip
        try:
            return self._post_create(parent, body), working
        except EngineError:
            self._background.submit(lambda: self._images.remove(working))
            raise

    def _post_create(self, parent: str, body: dict[str, Any]) -> str:
        try:
            answer = self._request_create(body)
        except DaemonError as err:
            if err.status != 404:
                raise
            self._images.forget(parent)
            raise EngineError(
                f'the image "{parent}" is gone from the engine', hint="run the cells above again"
            ) from err
        return str(answer.json()["Id"])

    def _request_create(self, body: dict[str, Any]) -> requests.Response:
        """Once more where the image was not unpacked any more: see containerd_images.py."""
        query = {"name": this_process().new_name()}
        try:
            return self._api.request("POST", "/containers/create", query=query, body=body)
        except DaemonError as err:
            if not is_snapshot_gone(err):
                raise
            return self._api.request("POST", "/containers/create", query=query, body=body)

    @contextmanager
    def _open_archive(self, image_id: str) -> Iterator[Archive]:
        with self._container(image_id, ContainerSpec(network="none")) as container:
            yield Archive(self._api, container.id)


def _engine_info(api: DockerApi, facts: dict[str, Any], disk: LocalDisk) -> EngineInfo:
    address = api.endpoint.address
    identity = f"docker:{facts.get('ID') or address}"
    if disk.has_containerd_store:  # the same daemon may have had another one
        identity += ":containerd"
    if api.is_podman:  # its ID is another one each time
        identity = f"podman:{facts.get('Name') or address}:{facts.get('DockerRootDir')}"
    return EngineInfo(
        name="docker",
        identity=identity,
        version=("Podman " if api.is_podman else "") + (facts.get("ServerVersion") or ""),
        platform=platform_of(facts.get("OSType") or "", facts.get("Architecture") or ""),
        address=address,
        way=api.endpoint.way,
        limits=limits_of(api, disk),
    )
