"""What the mounts of one RUN show, as volumes of the daemon.

The API mounts volumes and paths of the daemon's machine, nothing else. So the files of a bind mount
are written into a volume of its own, and secrets into one that is a tmpfs. They are written through
a container that is there for that alone, the carrier: the volumes themselves may be read-only in
the container of the step. A tmpfs is kept only while a container with it runs, so with secrets the
carrier runs, as long as we are attached to it (hold.py). All of it goes with the container of the
step; what a crash leaves is found by the names (owner.py).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any, cast

from dockernb.engines.base import ContainerSpec, FileView, Mount
from dockernb.errors import UnsupportedByEngineError
from dockernb.oci.byte_stream import StreamReader
from dockernb.oci.config import Platform, RuntimeConfig

from . import hold
from .api import LONG, DockerApi, Query
from .archive import Archive
from .attachment import Attachment
from .background import Background
from .errors import DaemonError
from .owner import this_process
from .request import Volume, cache_options, cache_volume, create_body

__all__ = ["StepVolumes", "VolumeMaker"]

_PAGE = 4096
_OF_NAMES = {"path", "linkpath"}
_NAMES: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}


@dataclass
class StepVolumes:
    """The volumes of one step; `remove` them when its container is gone.

    Args:
        by_mount: Number of the mount in its spec -> the volume that stands for it.
    """

    api: DockerApi
    by_mount: dict[int, Volume] = field(default_factory=dict)
    carrier: str | None = None
    own: list[str] = field(default_factory=list)
    attachment: Attachment | None = None

    def remove(self) -> None:
        """The carrier, then its volumes."""
        if self.attachment is not None:
            self.attachment.close()
        if self.carrier is not None:
            _delete(self.api, f"/containers/{self.carrier}", {"force": 1, "v": 1})
            self.carrier = None
        while self.own:
            _delete(self.api, f"/volumes/{self.own.pop()}", {"force": 1})


@dataclass(frozen=True)
class VolumeMaker:
    """Makes them on one daemon.

    Args:
        platform: Of the daemon's machine.
        open_image: The files of an image.
    """

    api: DockerApi
    platform: Platform
    background: Background
    open_image: Callable[[str], AbstractContextManager[FileView]]

    def make(self, parent: str, mounts: Sequence[Mount]) -> StepVolumes:
        """The volumes that `mounts` need, filled.

        Args:
            parent: An image for the carrier.

        Raises:
            UnsupportedByEngineError: the daemon cannot mount a single file of a volume.
        """
        self._check(mounts)
        volumes = StepVolumes(self.api)
        try:
            for number, mount in enumerate(mounts):
                if mount.kind == "bind":
                    name = self._new_volume(volumes)
                    volumes.by_mount[number] = Volume(name, "file" if mount.is_file else "")
                elif mount.kind == "cache" and self._is_new(mount):
                    volumes.by_mount[number] = Volume(cache_volume(mount))
            secrets = [(n, mount) for n, mount in enumerate(mounts) if mount.kind == "secret"]
            if secrets:
                name = self._new_volume(volumes, _tmpfs([mount for _, mount in secrets]))
                for number, _ in secrets:
                    volumes.by_mount[number] = Volume(name, str(number))
            if volumes.by_mount:
                self._fill(parent, mounts, volumes)
        except BaseException:
            self.background.submit(volumes.remove)
            raise
        return volumes

    @property
    def can_attach(self) -> bool:
        """Whether the carrier's stdin can be ours. If not, it is open, and nobody's."""
        return self.api.dial is not None

    def _is_new(self, mount: Mount) -> bool:
        """Whether the cache has to be begun with files, a mode or an owner."""
        plain = (mount.mode or 0o755, mount.uid, mount.gid) == (0o755, 0, 0)
        if mount.source_image is None and plain:
            return False
        try:
            self.api.get_json(f"/volumes/{cache_volume(mount)}")
        except DaemonError as err:
            if err.status != 404:
                raise
            return True
        return False

    def _new_volume(self, volumes: StepVolumes, options: dict[str, str] | None = None) -> str:
        name = this_process().new_name()
        body = {"Name": name, "Driver": "local", "DriverOpts": options or {}}
        self.api.request("POST", "/volumes/create", body=body)
        volumes.own.append(name)
        return name

    def _check(self, mounts: Sequence[Mount]) -> None:
        parts = any(mount.kind == "secret" or mount.is_file for mount in mounts)
        if parts and self.api.version < (1, 45):
            raise UnsupportedByEngineError(
                "this Docker cannot mount a secret or a single file",
                rule="Parts of a volume can be mounted since API 1.45 (Docker 26).",
                state="The command was not started; no snapshot was committed",
                hint="Use a newer Docker, or for this step: %engine embedded",
            )

    # --- writing into them ---------------------------------------------------------------------
    def _fill(self, parent: str, mounts: Sequence[Mount], volumes: StepVolumes) -> None:
        volumes.carrier = self._create_carrier(parent, mounts, volumes)
        archive = Archive(self.api, volumes.carrier)
        has_secrets = False
        for number in volumes.by_mount:
            mount, place = mounts[number], f"dockernb-{number}"
            if mount.kind == "bind":
                archive.write(self._files(mount, f"{place}/file" if mount.is_file else place))
            elif mount.kind == "cache":
                archive.write(self._cache(mount, place))
            else:
                has_secrets = True
        if has_secrets:
            self._write_secrets(archive, volumes, mounts)

    def _create_carrier(self, parent: str, mounts: Sequence[Mount], volumes: StepVolumes) -> str:
        spec = ContainerSpec((hold.PATH,), network="none")
        body = create_body(parent, RuntimeConfig(), spec, podman=self.api.is_podman)
        body["User"] = "0"
        body["Healthcheck"] = {"Test": ["NONE"]}
        body["OpenStdin"] = True
        body["StdinOnce"] = self.can_attach
        carried = {
            _place(number, mounts[number]): _carried(mounts[number], volume)
            for number, volume in volumes.by_mount.items()
        }
        body["HostConfig"]["Mounts"] = [
            {"Type": "volume", "Target": place, **mount} for place, mount in carried.items()
        ]
        query = {"name": this_process().new_name()}
        answer = self.api.request("POST", "/containers/create", query=query, body=body)
        return str(answer.json()["Id"])

    def _files(self, mount: Mount, name: str) -> Iterable[bytes]:
        if mount.files is not None:
            yield from mount.files(name)
            return
        assert mount.source_image is not None  # noqa: S101  (a bind has one of the two)
        with self.open_image(mount.source_image) as image:
            yield from _renamed(image.read(mount.source), name)

    def _cache(self, mount: Mount, name: str) -> Iterable[bytes]:
        """The begin of a cache: files of an image, or a directory with its mode and owner."""
        if mount.source_image is not None:
            with self.open_image(mount.source_image) as image:
                yield from _renamed(image.read(mount.base), name)
            return
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE
        info.mode = 0o755 if mount.mode is None else mount.mode
        info.uid, info.gid = mount.uid, mount.gid
        yield info.tobuf() + bytes(2 * tarfile.BLOCKSIZE)

    def _write_secrets(
        self, archive: Archive, volumes: StepVolumes, mounts: Sequence[Mount]
    ) -> None:
        program = hold.program(self.platform.architecture)
        if program is None:
            raise UnsupportedByEngineError(
                f"no secret can be mounted on a Docker for {self.platform.architecture}",
                state="The command was not started; no snapshot was committed",
                hint="Use the embedded engine for this step: %engine embedded",
            )
        archive.write([_tar([(hold.PATH, program, 0o755, 0, 0)])])
        if self.can_attach and volumes.carrier is not None:
            volumes.attachment = Attachment(self.api, volumes.carrier)
        self.api.request("POST", f"/containers/{volumes.carrier}/start", timeout=LONG)
        files = []
        for number, mount in enumerate(mounts):
            if mount.kind == "secret":
                mode = 0o400 if mount.mode is None else mount.mode
                name = f"dockernb-secrets/{number}"
                files.append((name, mount.content or b"", mode, mount.uid, mount.gid))
        archive.write([_tar(files)])


def _place(number: int, mount: Mount) -> str:
    """Where the carrier has the volume of a mount; all secrets are in one."""
    return "/dockernb-secrets" if mount.kind == "secret" else f"/dockernb-{number}"


def _carried(mount: Mount, volume: Volume) -> dict[str, Any]:
    options = cache_options(mount) if mount.kind == "cache" else {"NoCopy": True}
    return {"Source": volume.name, "VolumeOptions": options}


def _tmpfs(secrets: Sequence[Mount]) -> dict[str, str]:
    pages = sum(2 + len(secret.content or b"") // _PAGE for secret in secrets)
    return {"type": "tmpfs", "device": "tmpfs", "o": f"size={(16 + pages) * _PAGE},mode=0755"}


def _tar(files: Iterable[tuple[str, bytes, int, int, int]]) -> bytes:
    """Files as (name, content, mode, uid, gid)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **_NAMES) as tar:
        for name, content, mode, uid, gid in files:
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size, info.mode, info.uid, info.gid = len(content), mode, uid, gid
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _renamed(stream: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The archive of one path with `name` in the place of that path's last name."""
    written = io.BytesIO()
    with (
        tarfile.open(fileobj=_file(stream), mode="r|", **_NAMES) as source,
        tarfile.open(fileobj=written, mode="w|", format=tarfile.PAX_FORMAT, **_NAMES) as target,
    ):
        top = None
        for member in source:
            top = member.name.rstrip("/") if top is None else top
            content = source.extractfile(member) if member.isreg() else None
            kept = member.pax_headers.items()
            member.pax_headers = {key: text for key, text in kept if key not in _OF_NAMES}
            member.name = _below(member.name, top, name)
            if member.islnk():
                member.linkname = _below(member.linkname, top, name)
            target.addfile(member, content)
            if written.tell():
                yield written.getvalue()
                written.seek(0)
                written.truncate()
    yield written.getvalue()


def _file(stream: Iterator[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", StreamReader(stream))


def _below(path: str, top: str, name: str) -> str:
    rest = path.removeprefix(top).strip("/") if top not in {"", "."} else path.strip("./")
    return f"{name}/{rest}" if rest else name


def _delete(api: DockerApi, path: str, query: Query) -> None:
    try:
        api.request("DELETE", path, query=query)
    except DaemonError as err:
        if err.status not in {404, 409}:  # gone, or being removed
            raise
