"""The working container of the Docker engine."""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from dockernb.engines.base import Image, Mount, OnOutput, PathStat, TerminalSize
from dockernb.errors import BuildError, BuildInterruptedError, EngineError
from dockernb.oci.config import ImageConfig
from dockernb.oci.diff import FilesystemDiff
from dockernb.oci.digest import EMPTY_LAYER_DIFF_ID, short_id
from dockernb.oci.pump import Pump

from .api import LONG, DockerApi, Query
from .archive import Archive
from .background import Background
from .diff import container_diff, overlay_directories
from .errors import DaemonError
from .images import TEMPORARY_LABEL, ImageStore
from .kept import DockerKept, kept_config
from .local import LocalDisk
from .output import ContainerOutput
from .owner import this_process
from .request import is_file, mount_point
from .stubs import Stub, find_stubs, mount_contents, remove_stubs
from .terminal import DockerTerminal
from .volumes import StepVolumes

__all__ = ["DockerContainer", "Parts"]

# Where the daemon mounts files of its own into every container.
_DAEMONS_OWN = {"", "/etc", "/dev", "/proc", "/sys"}

# Exit codes by which a shell, and the daemon, say "found but cannot be run" and "not found".
_NOT_STARTED = {126, 127}

# How Podman says the same; its API knows no exit code of what never ran (libpod/define/errors.go).
_PODMAN_CODES = {
    "OCI permission denied": 126,
    "OCI runtime attempted to invoke a command that was not found": 127,
}

# How runc says that its own first process in the container died before it had set anything up: on
# a loaded machine that is about one of some thousand starts. Nothing of the command ran.
_RUNTIME_BROKE = ("waiting for init preliminary setup: ", "can't get final child's PID from pipe: ")


@dataclass(frozen=True)
class Parts:
    """What a container needs of its engine."""

    api: DockerApi
    disk: LocalDisk
    images: ImageStore
    background: Background
    open_archive: Callable[[str], AbstractContextManager[Archive]]


class DockerContainer:
    """A container on the daemon, see `WorkingContainer`.

    Args:
        parent: ID of the image whose layers it stands on.
        working_image: ID of the image it was made from instead, to be removed with it.
        places: Whether that has one layer more, which is not to be part of what is committed.
        mounts: What is mounted while its command runs.
        volumes: What they show; removed with it.
    """

    def __init__(
        self,
        parts: Parts,
        container_id: str,
        parent: str,
        *,
        working_image: str | None = None,
        places: bool = False,
        mounts: tuple[Mount, ...] = (),
        volumes: StepVolumes | None = None,
    ) -> None:
        self._parts = parts
        self._id = container_id
        self._parent = parent
        self._working_image = working_image
        self._places = places
        self._mounts = mounts
        self._volumes = volumes
        self._removed = self._is_kept = False
        self._written: int | None = None
        self._archive = Archive(parts.api, container_id)

    @property
    def id(self) -> str:
        return self._id

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    @property
    def parent(self) -> str:
        """ID of the image whose layers it stands on."""
        return self._parent

    def run(self, on_output: OnOutput, cancel: threading.Event) -> int:
        """Starts the command and follows it; 126 or 127 also where it could not be started.

        Raises:
            BuildError: the container cannot be started, for example because USER is unknown.
        """
        pump: Pump[bytes | int] = Pump(self._life, f"dockernb-run-{short_id(self._id)}")
        try:
            for item in pump.items(cancel):
                if isinstance(item, int):
                    return item
                on_output(item)
        finally:
            pump.close()
        if not cancel.is_set():
            raise EngineError("the container's end was not told by the daemon")
        self.remove()
        raise BuildInterruptedError(
            "the step was interrupted", state="its container is killed; no snapshot was committed"
        )

    def open_terminal(self, size: TerminalSize) -> DockerTerminal:
        try:
            return DockerTerminal(self._parts.api, self._id, size)
        except DaemonError as err:
            raise self._refused(err) from err

    def header(self, path: str) -> tarfile.TarInfo | None:
        """The tar header of `path` alone."""
        return self._archive.header(path)

    def stat(self, path: str) -> PathStat | None:
        return self._archive.stat(path)

    def read(self, path: str) -> Iterator[bytes]:
        return self._archive.read(path)

    def write(self, tar: Iterable[bytes]) -> None:
        self._archive.write(tar)

    def diff(self) -> FilesystemDiff:
        parts = self._parts
        found = container_diff(
            parts.api,
            parts.disk,
            self._id,
            lambda: parts.open_archive((self._places and self._working_image) or self._parent),
        )
        # Asked of what a mount sits on, the daemon tells of the mount; in the layer it is empty.
        covered = {mount_point(mount) for mount in self._mounts if is_file(mount)}
        if covered:
            entries = (e._replace(size=0) if e.path in covered else e for e in found.entries)
            found = FilesystemDiff(tuple(entries))
        written = (entry.size for entry in found.entries if entry.type == "file")
        self._written = sum(written)
        return found

    def commit(self, config: ImageConfig, *, layer: bool) -> Image:
        parent = self._parts.images.known(self._parent)
        if not layer:
            wanted = replace(config, diff_ids=parent.config.diff_ids)
            return self._parts.images.seal(wanted, size=parent.size, parent=self._parent)
        intermediate = self._commit_layer()
        try:
            inspected = self._parts.images.inspect(intermediate)
            if inspected is None:
                raise EngineError("the layer is gone", state="no snapshot was committed")
            layers = tuple((inspected.get("RootFS") or {}).get("Layers") or ())
            if self._places:
                at = len(parent.config.diff_ids)
                layers = (*layers[:at], *layers[at + 1 :])
            wanted = replace(config, diff_ids=_with_layer(parent.config.diff_ids, layers))
            size = self._parts.images.committed_size(inspected, parent, self._written)
            return self._parts.images.seal(
                wanted, size=size, parent=self._parent, committed=intermediate
            )
        finally:
            # Its layers now belong to the sealed image too.
            if self._parts.api.is_podman:  # see `ImageStore.inspect`
                self._parts.images.remove(intermediate)
            else:
                self._parts.background.submit(lambda: self._parts.images.remove(intermediate))

    def keep(self, config: ImageConfig) -> DockerKept:
        """The container stays as it is, but for one with mounts: secrets must not."""
        self._is_kept = True
        kept = DockerKept(
            lambda: self.commit(kept_config(config), layer=True),
            self._end,
            lambda image_id: self._parts.background.submit(
                lambda: self._parts.images.remove(image_id)
            ),
        )
        if self._mounts:
            try:
                kept.image()
            except BaseException:
                kept.remove()
                raise
        return kept

    def remove(self) -> None:
        if not self._is_kept:
            self._end()

    def _end(self) -> None:
        if not self._removed:
            self._removed = True
            self._parts.background.submit(self._remove)

    def _life(self) -> Iterator[bytes | int]:
        """Output and exit code, from before the start to after the end. Runs in a thread."""
        stubs = self._prepare_mounts()
        try:
            output = self._start()
        except DaemonError as err:
            yield from self._not_started(err)
            return
        for item in output.read():
            if isinstance(item, int) and stubs:
                self._remove_stubs(stubs)
            yield item

    def _prepare_mounts(self) -> list[Stub]:
        """Before the start; what is to be removed after the end."""
        stubs = self._find_stubs()
        if (contents := mount_contents(self._mounts)) is not None:
            self._archive.write([contents])
        return stubs

    def _start(self) -> ContainerOutput:
        """Starts it; once more where the daemon's runtime broke before the command could run."""
        try:
            return self._start_once()
        except DaemonError as err:
            if not any(words in err.words for words in _RUNTIME_BROKE):
                raise
            return self._start_once()

    def _start_once(self) -> ContainerOutput:
        output = ContainerOutput(self._parts.api, self._id)
        try:
            self._parts.api.request("POST", f"/containers/{self._id}/start", timeout=LONG)
        except BaseException:  # also where the daemon is lost
            output.close()
            raise
        return output

    def _find_stubs(self) -> list[Stub]:
        """Looked for in the image: asked of a file, the daemon mounts the volumes first."""
        if not self._mounts:
            return []
        with self._parts.open_archive(self._parent) as image:
            return find_stubs(image, self._mounts)

    def _remove_stubs(self, stubs: list[Stub]) -> None:
        directories = overlay_directories(self._parts.api, self._parts.disk, self._id)
        if directories is not None:
            remove_stubs(directories[0], stubs)

    def _not_started(self, err: DaemonError) -> Iterator[bytes | int]:
        """What a shell would say and answer, where the command cannot be executed."""
        reason = err.words
        state = self._parts.api.get_json(f"/containers/{self._id}/json")["State"]
        code = int(state.get("ExitCode") or 0) or _PODMAN_CODES.get(reason.rpartition(": ")[2], 0)
        if code not in _NOT_STARTED:
            raise self._refused(err, state="no snapshot was committed") from err
        yield f"{reason}\n".encode()
        yield code

    def _refused(self, err: DaemonError, state: str | None = None) -> BuildError:
        return BuildError(
            f"the container could not be started: {err.words}",
            state=state,
            hint=self._what_would_start(err.words),
        )

    def _what_would_start(self, reason: str) -> str | None:
        covering = [mount_point(mount) for mount in self._mounts]
        covering = [path for path in covering if path.rstrip("/") in _DAEMONS_OWN]
        if "unable to find user" in reason or "unable to find group" in reason:
            return "Make it in a cell above (`RUN useradd NAME`), or use a number: `USER 1000`."
        if covering:
            return (
                f'The mount at "{covering[0]}" hides what Docker itself mounts there, '
                "as /etc/hosts and /dev/null: mount it at another target."
            )
        return None

    def _commit_layer(self) -> str:
        mark = f"LABEL {TEMPORARY_LABEL}={this_process().mark}"
        query: Query = {"container": self._id, "pause": 0, "changes": mark}
        answer = self._parts.api.request("POST", "/commit", query=query, body={}, timeout=LONG)
        return str(answer.json()["Id"])

    def _remove(self) -> None:
        query = {"force": 1, "v": 1}
        try:
            self._parts.api.request("DELETE", f"/containers/{self._id}", query=query)
        except DaemonError as err:
            if err.status not in {404, 409}:  # gone, or being removed
                raise
        if self._volumes is not None:
            self._volumes.remove()
        if self._working_image is not None:
            self._parts.images.remove(self._working_image)


def _with_layer(parent: tuple[str, ...], committed: tuple[str, ...]) -> tuple[str, ...]:
    """The parent's layers and one more.

    The daemon's commit drops a layer in which nothing is; BuildKit keeps it, and so do we.
    """
    if committed == parent:
        return (*parent, EMPTY_LAYER_DIFF_ID)
    if committed[:-1] != parent:
        raise EngineError(
            f"the daemon committed {len(committed)} layers on top of {len(parent)}",
            state="no snapshot was committed",
        )
    return committed
